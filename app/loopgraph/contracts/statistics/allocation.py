"""Arms that are given more or fewer units as they go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from loopgraph.contracts.base import Contract, Unit
from loopgraph.contracts.statistics.estimates import NoEstimate


class NormalBelief(Contract):
    """What is believed of an arm's mean: Student's distribution around ``mean``; normal without ``degrees_of_freedom``."""

    belief: Literal["normal"] = "normal"
    mean: Annotated[float, Field(allow_inf_nan=False)]
    deviation: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
    degrees_of_freedom: Annotated[float, Field(gt=0.0)] | None = None


class BetaBelief(Contract):
    """What is believed of an arm's rate, from its successes and failures and a prior of one each."""

    belief: Literal["beta"] = "beta"
    successes: Annotated[int, Field(ge=0)]
    failures: Annotated[int, Field(ge=0)]


Belief = Annotated[NormalBelief | BetaBelief, Field(discriminator="belief")]


class Allocation(Contract):
    """The shares of the next units, by arm: those are their propensities, to be logged with each assignment. Where
    ``reason`` says why nothing could be learned yet, they are equal. ``probabilities_best`` is how likely each arm is the
    best one."""

    shares: dict[str, Unit]
    probabilities_best: dict[str, Unit] | None = None
    reason: NoEstimate | None = None


class LoggedUnit(NamedTuple):
    """A unit in the order of assignment: its arm, its value, and the propensity of every arm when it was assigned."""

    arm: str
    value: float
    propensities: Mapping[str, float]
