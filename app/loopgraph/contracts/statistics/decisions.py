"""What estimates are asked for: whether a guardrail holds, how likely the treatment is better, how many units that takes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from loopgraph.contracts.base import Contract, Unit
from loopgraph.contracts.statistics.estimates import Assumption, NoEstimate
from loopgraph.contracts.statistics.plans import Horizon


class Margin(Contract):
    """By how much a guardrail may get worse: in the unit of the metric, or as a share of the control's value (0.05: by 5 %)."""

    value: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
    relative: bool = True


class GuardrailStatus(StrEnum):
    """What is known of a guardrail.

    - held: it is shown that the metric is not worse by more than the margin.
    - breached: it is shown that it is.
    - open: neither is shown, as long as ``reason`` is None by too few units.
    """

    HELD = "held"
    BREACHED = "breached"
    OPEN = "open"


class Guardrail(Contract):
    """A guardrail's test of non-inferiority, one-sided at ``level`` on each side.

    ``loss`` is by how much the metric got worse (negative: better), ``loss_interval`` from at least to at most, both as the
    margin is; ``p_value`` is of a loss as large as the margin or larger.
    """

    margin: Margin
    status: GuardrailStatus
    horizon: Horizon
    level: Unit
    loss: float | None = None
    loss_interval: tuple[float, float] | None = None
    p_value: Unit | None = None
    assumptions: tuple[Assumption, ...] = ()
    reason: NoEstimate | None = None


class Posterior(Contract):
    """What to believe of the treatment after the data. ``mean`` and ``deviation`` are those of the effect, in its scale.

    ``loss_of_treatment`` is what choosing the treatment is expected to lose where it is in truth worse, ``loss_of_control``
    what not choosing it does where it is better; both at least 0, in the scale of the effect.
    """

    probability_better: Unit | None = None
    loss_of_treatment: float | None = None
    loss_of_control: float | None = None
    mean: float | None = None
    deviation: float | None = None
    assumptions: tuple[Assumption, ...] = ()
    reason: NoEstimate | None = None


class NormalPrior(Contract):
    """What is believed of an effect before the data, in its scale."""

    mean: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    deviation: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class Power(Contract):
    """How surely an effect of this size is found with so many units of both arms together. Where a plan looks more than
    once, by its end."""

    units: Annotated[int, Field(ge=0)] | None = None
    power: Unit | None = None
    effect: float
    level: Unit
    horizon: Horizon
    assumptions: tuple[Assumption, ...] = ()
    reason: NoEstimate | None = None
