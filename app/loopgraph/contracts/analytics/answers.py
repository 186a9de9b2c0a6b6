"""What answers are made of figures about several subjects."""

from __future__ import annotations

from loopgraph.contracts.analytics.figures import DurationFigures, Point, Range, SuccessFigures, Whole
from loopgraph.contracts.analytics.subjects import Subject
from loopgraph.contracts.analytics.windows import Exactness
from loopgraph.contracts.base import Contract, Instant, Unit


class Basis(Contract):
    """Of what an answer is made: all that began at ``since`` or later and before ``until``.

    Percentiles, minimum and maximum are within ``relative_error`` of the exact ones; all else is exact about what is committed,
    but for ``pending`` traces that are not counted yet, because very many came at once. ``other_criteria``: uses of patterns are
    counted by other success criteria than those of whoever answers.
    """

    since: Instant
    until: Instant
    exactness: Exactness
    relative_error: Unit
    pending: Whole
    other_criteria: bool = False


class Ranked(Contract):
    """One of the most used. ``points`` are its executions over time."""

    subject: Subject
    label: str
    executions: Whole
    successes: Whole
    failures: Whole
    success_rate: Unit | None
    success_rate_interval: Range | None
    confidence: Unit | None
    points: tuple[Point, ...] = ()


class UsageStats(Contract):
    """The most used subjects of a kind, and what began in all."""

    basis: Basis
    ranked: tuple[Ranked, ...]
    points: tuple[Point, ...]


class SuccessRates(Contract):
    """Patterns by how well they succeed, the surest first: by ``confidence``, the lower bound of the interval of the rate.

    ``average_success_rate`` is the mean of the patterns' rates, each with the same weight; ``high_confidence_count`` are those
    whose confidence reaches ``high_confidence``. ``left_out`` were used, and too few of their executions are known. ``more`` says
    that there are more patterns than were looked at.
    """

    basis: Basis
    rates: tuple[Ranked, ...]
    total_patterns: Whole
    left_out: Whole
    average_success_rate: Unit | None
    high_confidence: Unit
    high_confidence_count: Whole
    more: bool


class Grouped(Contract):
    """One line of a time series: of the value of a dimension, of all others together (None), or of everything."""

    value: str | None
    points: tuple[Point, ...]


class TimeSeries(Contract):
    """One line, or one for each value of a dimension."""

    basis: Basis
    lines: tuple[Grouped, ...]


class TypeSummary(Contract):
    """Patterns of one type together. ``quality`` is the mean of what their executions report, ``quality_std`` its spread."""

    pattern_type: str
    success: SuccessFigures
    duration: DurationFigures
    quality_std: float | None


class Change(Contract):
    """This window against the one of the same length before it; only what of this window is over counts in either.

    ``executions_change`` is relative (0.15 is 15 % more), ``success_rate_change`` in points of the rate (0.03 is from 0.90 to
    0.93), with its interval at 95 % (Newcombe's). None where there is nothing to compare with.
    """

    executions_before: Whole
    executions_change: float | None
    success_rate_before: Unit | None
    success_rate_change: float | None
    success_rate_change_interval: Range | None
