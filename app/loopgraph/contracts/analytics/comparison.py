"""Several subjects side by side, and one among its like."""

from __future__ import annotations

from enum import StrEnum

from loopgraph.contracts.analytics.figures import CostFigures, DurationFigures, Range, SuccessFigures, Whole
from loopgraph.contracts.analytics.subjects import Dimension
from loopgraph.contracts.base import Contract, NonNegative, Unit
from loopgraph.contracts.loop.feedback import Reason


class ComparedMeasure(StrEnum):
    """What is compared: the part of executions that succeeds, and what one takes (in milliseconds) and costs (in US dollars)."""

    SUCCESS_RATE = "success_rate"
    DURATION_MS = "duration_ms"
    COST_USD = "cost_usd"


class Compared(Contract):
    """One column of the matrix. ``units`` are the sessions, users or tasks that its executions belong to; ``unit_limit_hit``
    says that buckets had more than they tell apart: what is beyond is in the figures, and in no test."""

    key: str
    label: str
    units: Whole
    unit_limit_hit: bool
    success: SuccessFigures
    duration: DurationFigures
    cost: CostFigures


class Difference(Contract):
    """How the second differs from the first on one measure: second − first.

    ``relative`` is the difference over the first. ``effect_size`` is Hedges' g of the units' means. Intervals are at 95 %, each
    for itself; ``adjusted_p_value`` is Holm's over all tests of one comparison, and ``significant`` goes by it at 5 %. Where
    there is no test, ``reason`` says why. ``summary`` says it in words.
    """

    measure: ComparedMeasure
    first: str
    second: str
    first_value: float | None
    second_value: float | None
    first_units: Whole
    second_units: Whole
    difference: float | None = None
    difference_interval: Range | None = None
    relative: float | None = None
    relative_interval: Range | None = None
    effect_size: float | None = None
    effect_size_interval: Range | None = None
    p_value: Unit | None = None
    adjusted_p_value: Unit | None = None
    significant: bool = False
    reason: Reason | None = None
    summary: str = ""


class MixShare(Contract):
    """Which part of the executions of each has this value."""

    value: str
    first_share: Unit
    second_share: Unit


class MixDifference(Contract):
    """How differently the executions of two fall to a dimension: ``distance`` is the part that would have to have another value
    (total variation, 0..1); ``values`` are those that differ most."""

    dimension: Dimension
    first: str
    second: str
    distance: Unit
    values: tuple[MixShare, ...]


class Comparison(Contract):
    """The matrix, the differences of every two, and what else differs between them.

    It is observational: nobody assigned the executions at random, so a difference may be due to who uses what for which task.
    """

    columns: tuple[Compared, ...]
    differences: tuple[Difference, ...]
    mixes: tuple[MixDifference, ...]
    tests: Whole


class BenchmarkMeasure(StrEnum):
    """On what something is ranked among its like."""

    EXECUTIONS = "executions"
    SUCCESS_RATE = "success_rate"
    DURATION_MEAN_MS = "duration_mean_ms"


class Benchmark(Contract):
    """How one stands among the ``peers`` of its category on one measure (itself among them).

    ``percentile_rank`` (0..100) is the part of them that is worse, and half of those that are equal. Shorter is better. None
    where the measure is not known of it, or of less than two.
    """

    measure: BenchmarkMeasure
    value: NonNegative | None
    peers: Whole
    mean: NonNegative | None
    median: NonNegative | None
    percentile_rank: NonNegative | None
