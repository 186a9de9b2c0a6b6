"""How experiments went and stand, and what planned ones would find."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loopgraph.contracts.base import Contract, Id, Instant
from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.experiments import GuardrailResult
from loopgraph.contracts.statistics.decisions import Power
from loopgraph.contracts.statistics.estimates import Estimate
from loopgraph.contracts.statistics.plans import Horizon


class CoursePoint(Contract):
    """What an experiment said when its executions until ``at`` were there. The interval holds however often one looks; both are
    None where too few units are there, or where nothing varies."""

    at: Instant
    control_units: Annotated[int, Field(ge=0)]
    treatment_units: Annotated[int, Field(ge=0)]
    effect: float | None
    interval: tuple[float, float] | None


class Standing(Contract):
    """How an experiment stands, or how it ended: an estimate and its guardrails, which hold as ``estimate.horizon`` says.

    All units are of both arms. ``next_look``: at how many something may be decided next; None where it is over. ``needed`` is how
    many find ``gain`` (relative) with a power of 80 %, by how the units vary that are there; both are None where no gain is known
    that matters. ``units_needed`` is how many are still missing of those.
    """

    metric: Metric
    estimate: Estimate
    guardrails: tuple[GuardrailResult, ...] = ()
    planned_units: int
    most_units: int
    next_look: int | None
    gain: float | None = None
    needed: Power | None = None
    units_needed: int | None = None


class PowerAsked(Contract):
    """Which experiment on a pattern's version in use is planned, and for which relative gain. ``power`` is how surely it is to be
    found; the deviation of units is that of the executions of the last ``time_window_days``. Of several ``candidates`` of a run,
    the first that is shown has its share of the level, and each after it has more."""

    pattern_id: Id
    gain: Annotated[float, Field(gt=0.0, le=10.0)]
    metric: Metric = Metric.DURATION_MS
    horizon: Horizon = Horizon.ALWAYS_VALID
    treatment_share: Annotated[float, Field(ge=0.01, le=0.99)] = 0.5
    min_sample_size: Annotated[int, Field(ge=10, le=10_000)] = 30
    significance_level: Annotated[float, Field(ge=1e-9, lt=1.0)] = 0.05
    power: Annotated[float, Field(ge=1e-9, le=1 - 1e-9)] = 0.8
    time_window_days: Annotated[int, Field(ge=1, le=3650)] = 30
    candidates: Annotated[int, Field(ge=1, le=100)] = 1


class PlannedPower(Contract):
    """What an experiment would find: ``units`` of the version in use, with their ``mean`` and standard ``deviation``; the units
    of both arms that are ``needed``, and the power of the ``planned`` ones."""

    metric: Metric
    gain: float
    units: Annotated[int, Field(ge=0)]
    mean: float | None
    deviation: float | None
    needed: Power
    planned: Power


class Course(Contract):
    """How an experiment went, from its first execution to the last. ``planned_units``, of both arms together, are those at
    which the intervals are made to be narrowest."""

    metric: Metric
    planned_units: int
    level: float
    points: tuple[CoursePoint, ...]
