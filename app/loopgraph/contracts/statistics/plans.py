"""When an experiment is looked at, and so what its intervals and p-values have to hold against."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from loopgraph.contracts.base import Contract

Units = Annotated[int, Field(ge=2, le=1_000_000_000)]
"""A number of units, of both arms together."""


class ArmUnits(NamedTuple):
    """How many units each arm has."""

    control: int
    treatment: int

    @property
    def whole(self) -> int:
        """Those of both arms."""
        return self.control + self.treatment

    @property
    def fewest(self) -> int:
        """Those of the smaller arm."""
        return min(self)

    @property
    def balanced(self) -> float:
        """How many units in two arms of one size tell as much, where both vary alike: 4·n·m / (n + m). It is in these that
        what is known of an effect grows, whatever the shares of the arms are, and however they change."""
        return 4 * self.control * self.treatment / self.whole if self.whole else 0.0


class Horizon(StrEnum):
    """How often one may look."""

    FIXED = "fixed"
    ALWAYS_VALID = "always_valid"
    GROUP_SEQUENTIAL = "group_sequential"


class Spending(StrEnum):
    """How a group-sequential design spends its error over the share t of its units (Lan & DeMets, Biometrika 70, 1983).

    For each of the two sides, of half the level α: ``obrien_fleming`` 2 − 2·Φ(z(α/4) / √t), little at first; ``pocock``
    (α/2)·ln(1 + (e − 1)·t), nearly evenly.
    """

    OBRIEN_FLEMING = "obrien_fleming"
    POCOCK = "pocock"


class FixedHorizon(Contract):
    """One look, at a size that was fixed before. Shortest intervals; a second look breaks them."""

    horizon: Literal[Horizon.FIXED] = Horizon.FIXED


class AlwaysValid(Contract):
    """Looks at any time, and as many as one likes: a confidence sequence.

    ``planned_units`` is the size, of both arms together, with ``treatment_share`` of them in the treatment, at which the
    sequence is made to be narrowest: tuned to a far larger one
    it is several times too wide. Nothing is said before each arm has ``first_look`` units, since it holds for means that are
    nearly normal and variances that are nearly known.
    """

    horizon: Literal[Horizon.ALWAYS_VALID] = Horizon.ALWAYS_VALID
    planned_units: Units
    treatment_share: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5
    first_look: Annotated[int, Field(ge=2)] = 30


class GroupSequential(Contract):
    """A few looks, by a spending function, until ``planned_units`` are there; at more than these, all of the error is spent.

    ``earlier_looks`` are the units, of both arms together, at which one has looked already, ascending: what was spent there is
    known from them, so looks need not come when they were planned. ``planned_looks`` is only for the power of a design.
    """

    horizon: Literal[Horizon.GROUP_SEQUENTIAL] = Horizon.GROUP_SEQUENTIAL
    planned_units: Units
    spending: Spending = Spending.OBRIEN_FLEMING
    earlier_looks: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(), max_length=100)
    planned_looks: Annotated[int, Field(ge=1, le=100)] = 5

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if list(self.earlier_looks) != sorted(set(self.earlier_looks)):
            raise ValueError("earlier_looks must ascend")
        return self


Plan = Annotated[FixedHorizon | AlwaysValid | GroupSequential, Field(discriminator="horizon")]
"""How an experiment is looked at."""
