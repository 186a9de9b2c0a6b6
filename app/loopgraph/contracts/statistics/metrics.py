"""What an experiment measures: one value for each unit, and what is made of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loopgraph.contracts.base import Contract, Name, Unit


class Direction(StrEnum):
    """Which way a metric is better."""

    LARGER_IS_BETTER = "larger_is_better"
    SMALLER_IS_BETTER = "smaller_is_better"

    @property
    def sign(self) -> int:
        """What an effect is multiplied by, so that positive is better."""
        return 1 if self is Direction.LARGER_IS_BETTER else -1


class MetricKind(StrEnum):
    """What is made of the values of the units of an arm.

    - mean: their mean. A unit with several executions has the mean (or the sum) of these as its value.
    - proportion: the share of units whose value is 1; the others' is 0. Only where a unit says one thing: of units with several
      executions, successes are a mean of unit means, or a ratio.
    - ratio: the sum of the values over the sum of the denominators, as cost per execution where units have many.
    - rank: nothing but their order: how probable it is that a unit of one arm has more than one of the other.
    """

    MEAN = "mean"
    PROPORTION = "proportion"
    RATIO = "ratio"
    RANK = "rank"


class Winsorised(Contract):
    """Values beyond these quantiles, 0..1, are set to them. The quantiles are of both arms together: those of each arm for
    itself would hide an effect in its tail. The effect is then one on clipped values."""

    treatment: Literal["winsorised"] = "winsorised"
    lower: Unit = 0.0
    upper: Unit = 0.99

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.lower >= self.upper:
            raise ValueError("lower must be below upper")
        return self


class Logarithm(Contract):
    """Logarithms are compared: the effect is the ratio of geometric means. All values must be positive."""

    treatment: Literal["logarithm"] = "logarithm"


class Ordered(Contract):
    """Nothing but the order of the values counts: ranks are compared. The effect is a shift, the value of an arm its median."""

    treatment: Literal["ranks"] = "ranks"


Tail = Annotated[Winsorised | Logarithm | Ordered, Field(discriminator="treatment")]
"""What is done about a heavy tail."""


class MetricDefinition(Contract):
    """A metric. ``tail`` is only for means; ``covariate`` names what was known of a unit before the experiment (its value of the
    same metric, say) and adjusts means and ratios (CUPED)."""

    name: Name
    kind: MetricKind = MetricKind.MEAN
    direction: Direction
    tail: Tail | None = None
    covariate: Name | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.tail is not None and self.kind is not MetricKind.MEAN:
            raise ValueError(f"tail is for means, not for a {self.kind.value}")
        if self.covariate is not None and self.kind not in (MetricKind.MEAN, MetricKind.RATIO):
            raise ValueError(f"covariate adjusts means and ratios, not a {self.kind.value}")
        return self
