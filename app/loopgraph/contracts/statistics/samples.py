"""What the units of one arm come to: sufficient statistics. Those of two parts of an arm are added to those of the whole."""

from __future__ import annotations

from heapq import merge
from typing import Annotated, NamedTuple, Self

from pydantic import Field, model_validator

from loopgraph.contracts.base import Contract
from loopgraph.contracts.statistics.allocation import LoggedUnit
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.errors import InvalidInput


class UnitValue(NamedTuple):
    """One unit: its value, the denominator that it adds to a ratio, and what was known of it before the experiment.

    ``covariate`` is None for a unit that was not there before. ``unit`` is its name, where strata are made by it.
    """

    value: float
    denominator: float = 1.0
    covariate: float | None = None
    unit: str = ""


class JointMoments(Contract):
    """Of several variables of ``n`` units: their means, and the sums of products of their deviations from these.

    ``products`` is the lower triangle of a symmetric matrix: row i has i + 1 entries. Adding is commutative and associative up to
    rounding (Chan, Golub & LeVeque, The American Statistician 37, 1983, for each pair of variables).
    """

    n: Annotated[int, Field(ge=0)]
    means: tuple[float, ...]
    products: tuple[tuple[float, ...], ...]

    @model_validator(mode="after")
    def _triangular(self) -> Self:
        if [len(row) for row in self.products] != list(range(1, len(self.means) + 1)):
            raise ValueError("products must be the lower triangle of a matrix with a row for each mean")
        return self

    def __add__(self, other: JointMoments) -> JointMoments:
        if len(self.means) != len(other.means):
            raise InvalidInput("moments", f"{len(self.means)} variables cannot be added to {len(other.means)}")
        large, small = (self, other) if self.n >= other.n else (other, self)
        if small.n == 0:
            return large
        n = large.n + small.n
        apart = [b - a for a, b in zip(large.means, small.means, strict=True)]
        weight = large.n * small.n / n
        return JointMoments(
            n=n,
            means=tuple(mean + each * (small.n / n) for mean, each in zip(large.means, apart, strict=True)),
            products=tuple(
                tuple(a + b + apart[i] * apart[j] * weight for j, (a, b) in enumerate(zip(*rows, strict=True)))
                for i, rows in enumerate(zip(large.products, small.products, strict=True))
            ),
        )

    def covariance(self, i: int, j: int) -> float:
        """The unbiased covariance of two variables, of at least two units; of one with itself, its variance."""
        return self.products[max(i, j)][min(i, j)] / (self.n - 1)


class BinaryCounts(Contract):
    """Units that say 1 among those that say 0 or 1."""

    n: Annotated[int, Field(ge=0)]
    successes: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _at_most(self) -> Self:
        if self.successes > self.n:
            raise ValueError("successes must not be more than n")
        return self

    def __add__(self, other: BinaryCounts) -> BinaryCounts:
        return BinaryCounts(n=self.n + other.n, successes=self.successes + other.successes)


class RankedValues(Contract):
    """The values of an arm, ascending: of ranks, nothing less is sufficient."""

    values: tuple[float, ...]

    @property
    def n(self) -> int:
        """How many units."""
        return len(self.values)

    def __add__(self, other: RankedValues) -> RankedValues:
        return RankedValues(values=tuple(merge(self.values, other.values)))


Sample = JointMoments | BinaryCounts | RankedValues


class UnitSamples(Contract):
    """The two arms of an experiment on one metric: joint moments of value[, denominator][, covariate] for means and ratios,
    counts for proportions, ranked values for ranks.

    ``strata`` are the same units of a mean by the stage that they were assigned in, where shares changed: an arm is then
    compared with the other one within each. ``logged`` are those of a mean or a rate in the order of their assignment, where
    shares followed from what was seen: the arms, ``control`` and ``treatment``, are then compared by weights. ``reason`` says why
    values cannot be used, and the samples hold the others. ``clipped`` units lay outside ``limits`` and were set to them;
    ``filled`` ones had no covariate and were given the mean of those that have one: then whether it is known is a last variable.
    """

    control: Sample
    treatment: Sample
    strata: tuple[tuple[JointMoments, JointMoments], ...] = ()
    logged: tuple[LoggedUnit, ...] = ()
    limits: tuple[float, float] | None = None
    clipped: Annotated[int, Field(ge=0)] = 0
    filled: Annotated[int, Field(ge=0)] = 0
    reason: NoEstimate | None = None
