"""What a series of counts or values shows: its trend, growth, seasons, changes, anomalies, forecast, and who stays.

A figure that the data do not allow is None, and a ``NoFigure`` says why; none is ever made up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from loopgraph.contracts.analytics.answers import Basis
from loopgraph.contracts.analytics.subjects import Subject
from loopgraph.contracts.base import Contract, Instant, NonNegative, Unit


class Period(StrEnum):
    """How long one period of a series is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def length(self) -> timedelta:
        return {Period.HOUR: timedelta(hours=1), Period.DAY: timedelta(days=1), Period.WEEK: timedelta(weeks=1)}[self]

    @property
    def days(self) -> float:
        return self.length / timedelta(days=1)


class Scale(StrEnum):
    """On which scale the spread of a series is the same at every level, so that one width fits all of it.

    - COUNT: numbers of events; √ (Anscombe), on which counts that are independent have a standard deviation of 1.
    - POSITIVE: durations, costs, tokens; the logarithm.
    - RATE: shares and scores from 0 to 1; the arcsine of the root, on which those that are near 0 or 1 cannot leave these
      bounds.
    - REAL: whatever may be negative; as it is.
    """

    COUNT = "count"
    POSITIVE = "positive"
    RATE = "rate"
    REAL = "real"


class NoFigure(StrEnum):
    """Why there is no figure.

    - NO_DATA: nothing is known, or nothing happened. CONSTANT: nothing varies. TOO_SHORT: the series has too few periods.
    - TOO_FEW: too few executions, or days with any, to tell anything from.
    - NO_BASELINE: there is nothing before to compare with (0 before would make the growth infinite).
    """

    NO_DATA = "no_data"
    CONSTANT = "constant"
    TOO_SHORT = "too_short"
    TOO_FEW = "too_few"
    NO_BASELINE = "no_baseline"


class TrendDirection(StrEnum):
    """Where a series goes. STEADY: no trend could be told from chance, or one that is too small to matter."""

    RISING = "rising"
    FALLING = "falling"
    STEADY = "steady"


class TrendClass(StrEnum):
    """How the use of something develops; ``UsageTrend.rule`` says by which rule, in words with the numbers.

    - ABANDONED: used before, and now silent for longer than is usual for it.
    - EMERGING: first used lately, after a time in which it was not, and used since on several days.
    - GROWING, DECLINING: a trend that is significant and large enough to matter. STABLE: neither.
    """

    GROWING = "growing"
    STABLE = "stable"
    DECLINING = "declining"
    EMERGING = "emerging"
    ABANDONED = "abandoned"


class Trend(Contract):
    """Whether and how fast a series goes up or down.

    ``n`` values are known. ``slope`` (Theil–Sen) is in units of the values per day, with its interval at 95 %; ``change`` is
    what it comes to from the first period to the last, over the mean (None unless that is positive). ``tau`` is Kendall's,
    ``p_value`` that of Mann and Kendall on the series whitened by ``autocorrelation``; ``adjusted_p_value`` is corrected for
    the other series that were looked at together (Benjamini and Hochberg), and decides. ``step`` is of the periods that were
    looked at: days in which little happens are summed to weeks.
    """

    step: Period
    n: int
    slope: float | None = None
    slope_interval: tuple[float, float] | None = None
    change: float | None = None
    tau: float | None = None
    p_value: Unit | None = None
    adjusted_p_value: Unit | None = None
    autocorrelation: float | None = None
    direction: TrendDirection | None = None
    reason: NoFigure | None = None


class Growth(Contract):
    """The last ``days`` against as many before them. ``rate`` is after / before − 1; 0.15 is 15 % more."""

    days: int
    before: NonNegative | None = None
    after: NonNegative | None = None
    rate: float | None = None
    reason: NoFigure | None = None


class Velocity(Contract):
    """``per_day`` are executions per day in the last week, ``acceleration`` their change against the week before, per day:
    executions per day, per day."""

    per_day: NonNegative | None = None
    acceleration: float | None = None
    reason: NoFigure | None = None


class UsageTrend(Contract):
    """How the use of one subject develops, by day. ``rule`` says in words and numbers what led to ``classification``.

    ``silent_days`` are those since the last day of use, ``longest_gap_days`` the longest silence before it, ``age_days`` how
    long ago the first use was (None where none is known).
    """

    classification: TrendClass | None
    rule: str
    reason: NoFigure | None = None
    days: int
    executions: NonNegative
    days_used: int
    silent_days: int | None = None
    longest_gap_days: int | None = None
    age_days: int | None = None
    velocity: Velocity
    weekly: Growth
    monthly: Growth
    trend: Trend


class Volatility(Contract):
    """``deviation`` is the standard deviation of the values, ``relative`` the same over their mean. ``unexplained`` is that
    of what remains when the level and the season are taken away: what nobody could have expected."""

    deviation: NonNegative | None = None
    relative: NonNegative | None = None
    unexplained: NonNegative | None = None
    reason: NoFigure | None = None


class Cycle(StrEnum):
    """What may repeat."""

    HOUR_OF_DAY = "hour_of_day"
    DAY_OF_WEEK = "day_of_week"


class Season(Contract):
    """How much a series repeats by the hour of the day (0..23) or the day of the week (0 is Monday).

    ``strength`` is the share of the variance about the level that the cycle explains, 0..1, corrected for what chance
    explains; ``p_value`` says whether there is a cycle at all. ``profile`` is by how much each position lies above or below
    the level, in units of the values; ``peak`` is the position that lies highest.
    """

    cycle: Cycle
    strength: Unit | None = None
    p_value: Unit | None = None
    profile: tuple[float, ...] = ()
    peak: int | None = None
    reason: NoFigure | None = None


class ChangePoint(Contract):
    """The level changed with the period that begins at ``at``: means of the values before it and from it on, each up to the
    next change. ``gain`` is how much better two levels explain the series than one, over the penalty (above 1, or it would
    not be here)."""

    at: Instant
    before: float
    after: float
    gain: float


class Changes(Contract):
    """Where the level of a series changed at once. ``gradual``: a straight line explains the series better than any steps do,
    so that there are none; that is what ``Trend`` is for."""

    points: tuple[ChangePoint, ...] = ()
    gradual: bool = False
    reason: NoFigure | None = None


class Anomaly(Contract):
    """A value outside of what its level and season make one expect. ``score`` is how many standard deviations it lies away."""

    at: Instant
    value: float
    expected: float
    low: float
    high: float
    score: float


class ExpectedRange(NamedTuple):
    """What one period of a series is expected to be within; None where that is not known."""

    at: datetime
    expected: float | None
    low: float | None
    high: float | None


class Anomalies(Contract):
    """``false_alarm_rate`` is how often a series of this length without anomalies would have any, by design."""

    points: tuple[Anomaly, ...] = ()
    ranges: tuple[ExpectedRange, ...] = ()
    false_alarm_rate: Unit | None = None
    reason: NoFigure | None = None


class ForecastMethod(StrEnum):
    """What the next periods are told from: the values of the last weeks, by their mean, by their mean and profile, by a
    straight line, by line and profile, or by a mean that weighs the last ones most, without and with a profile."""

    MEAN = "mean"
    MEAN_AND_SEASON = "mean_and_season"
    LINE = "line"
    LINE_AND_SEASON = "line_and_season"
    SMOOTHED = "smoothed"
    SMOOTHED_AND_SEASON = "smoothed_and_season"


class ForecastPoint(NamedTuple):
    """One period to come: its median, and the interval."""

    at: datetime
    expected: float
    low: float
    high: float


class Forecast(Contract):
    """The next periods, with intervals that hold ``confidence`` of what comes if the series goes on as it went.

    The intervals are as wide as the errors that the same procedure made when it was put to earlier times of the series;
    ``origins`` says how many. ``coverage`` is which share of ``tested`` forecasts there had intervals, made of what was known
    then, that held what came: the proof of ``confidence``. ``total`` are all periods together. ``mean_absolute_error`` is
    that of a single period.
    """

    confidence: Unit
    method: ForecastMethod | None = None
    points: tuple[ForecastPoint, ...] = ()
    total: ForecastPoint | None = None
    origins: int = 0
    coverage: Unit | None = None
    tested: int = 0
    mean_absolute_error: NonNegative | None = None
    reason: NoFigure | None = None


class SeriesAnalysis(Contract):
    """Everything that one series shows."""

    trend: Trend
    volatility: Volatility
    seasons: tuple[Season, ...]
    changes: Changes
    anomalies: Anomalies
    forecast: Forecast


class SubjectTrend(Contract):
    """How the use of one subject develops, and what people call it."""

    subject: Subject
    label: str
    usage: UsageTrend


class UsageTrends(Contract):
    """How the uses of the subjects of a kind develop; their p-values are adjusted for each other. ``subjects`` were looked
    at, the most used; ``more`` says that there are others."""

    basis: Basis
    trends: tuple[SubjectTrend, ...]
    subjects: int
    more: bool


class AnalysedPoint(NamedTuple):
    """One period: its value (None where nothing tells), the mean of a week up to it, and what was to be expected of it."""

    start: datetime
    value: float | None
    moving_average: float | None
    expected: float | None
    low: float | None
    high: float | None


class AnalysedSeries(Contract):
    """One metric of one subject over whole periods that are over, and all that it shows."""

    basis: Basis
    points: tuple[AnalysedPoint, ...]
    weekly: Growth
    monthly: Growth
    analysis: SeriesAnalysis


class Adoption(NamedTuple):
    """One period: how many users were there, how many of them for the first time, and how many of those of the period
    before."""

    start: datetime
    active: int
    new: int
    retained: int
    retention: float | None
    """``retained`` over those active in the period before; None without any."""


class Cohort(NamedTuple):
    """The users who came first in the period that begins at ``start``: ``retained[k]`` of them were there k periods later."""

    start: datetime
    size: int
    retained: tuple[int, ...]


class RetentionAt(NamedTuple):
    """Which share of all users came back ``age`` periods after their first, over the cohorts that are old enough, with Wilson's
    interval at 95 %."""

    age: int
    retained: int
    of: int
    rate: float
    interval: tuple[float, float]


class Retention(Contract):
    """Who comes and who stays. ``users`` are all who were there, ``adoption_rate`` is their share of all users of anything in
    the same time (None where that is not known)."""

    users: int
    periods: tuple[Adoption, ...] = ()
    cohorts: tuple[Cohort, ...] = ()
    curve: tuple[RetentionAt, ...] = ()
    adoption_rate: Unit | None = None
    reason: NoFigure | None = None


class RetainedUsers(Contract):
    """Who comes and who stays, by week. ``at_least``: in some day there were more users than are told apart, so that some are
    missing."""

    basis: Basis
    retention: Retention
    at_least: bool
