"""False alarms and coverage of the statistics of series, on simulated ones: ``python -m bench.trends`` (``RUNS=2000``,
``SEED=1``).

Prints three Markdown tables. In the first, nothing happens in any series: whatever is found is a false alarm. In the second,
the next week of each series is known, so that it can be seen how often the intervals of its forecast hold it. In the third,
something did happen.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from time import process_time
from typing import NamedTuple

import numpy as np

from loopgraph.computes.analytics.trends.anomalies import anomalies
from loopgraph.computes.analytics.trends.changes import change_points
from loopgraph.computes.analytics.trends.classification import usage_trends
from loopgraph.computes.analytics.trends.forecast import forecast
from loopgraph.computes.analytics.trends.seasonality import season
from loopgraph.computes.analytics.trends.series import DAYS_A_WEEK, Floats, Series
from loopgraph.computes.analytics.trends.trend import LEVEL, trend
from loopgraph.contracts.analytics.trends import Cycle, Period, Scale, TrendDirection

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
WEEK = np.array([1.2, 1.3, 1.2, 1.2, 1.1, 0.5, 0.5])

Generator = np.random.Generator


class World(NamedTuple):
    """Where series come from: ``draw(rng, n)`` gives n values."""

    scale: Scale
    draw: Callable[[Generator, int], Floats]
    has_season: bool = False


def autoregressive(rng: Generator, n: int, rho: float) -> Floats:
    """A stationary process with standard deviation 1."""
    values = rng.standard_normal(n)
    for i in range(1, n):
        values[i] = rho * values[i - 1] + np.sqrt(1 - rho**2) * values[i]
    return values


def _poisson(rng: Generator, rate: Floats) -> Floats:
    return rng.poisson(rate).astype(float)


def _week(n: int) -> Floats:
    return np.resize(WEEK, n)


STEADY = {
    "white noise": World(Scale.REAL, lambda rng, n: 10 + rng.standard_normal(n)),
    "AR(0.7)": World(Scale.REAL, lambda rng, n: 10 + autoregressive(rng, n, 0.7)),
    "counts, 20 a day, with a week": World(Scale.COUNT, lambda rng, n: _poisson(rng, 20 * _week(n)), has_season=True),
    "counts, 0.5 a day": World(Scale.COUNT, lambda rng, n: _poisson(rng, np.full(n, 0.5))),
    "counts, 20 a day, that wander (AR(0.7)), with a week": World(
        Scale.COUNT,
        lambda rng, n: _poisson(rng, 20 * _week(n) * np.exp(0.3 * autoregressive(rng, n, 0.7))),
        has_season=True,
    ),
}

GOING_ON = {
    "white noise": STEADY["white noise"],
    "AR(0.7)": STEADY["AR(0.7)"],
    "counts, 20 a day, with a week": STEADY["counts, 20 a day, with a week"],
    "trend, week and noise": World(
        Scale.REAL, lambda rng, n: 10 + 0.1 * np.arange(n) + 5 * _week(n) + rng.standard_normal(n), has_season=True
    ),
    "counts with trend and week": World(
        Scale.COUNT, lambda rng, n: _poisson(rng, (10 + 0.2 * np.arange(n)) * _week(n)), has_season=True
    ),
}


class FalseAlarms(NamedTuple):
    """Which share of series in which nothing happens was found to have a trend, a change, an anomaly, a season."""

    trend: float
    slope: float
    changes: float
    anomalies: float
    season: float


class Coverage(NamedTuple):
    """Which share of the outcomes the intervals held, what share the back-tests had promised, which share of totals was held,
    and how wide the intervals were, in units of the values. All NaN where no series could be forecast."""

    reached: float
    promised: float
    totals: float
    width: float


def daily(world: World, values: Floats) -> Series:
    return Series(MONDAY, Period.DAY, world.scale, values)


def false_alarms(world: World, n: int, runs: int, seed: int) -> FalseAlarms:
    """At 5 % for the trend, its slope's interval and the season, and by the defaults for the others."""
    rng = np.random.default_rng(seed)
    found = np.zeros(len(FalseAlarms._fields))
    for _ in range(runs):
        series = daily(world, world.draw(rng, n))
        going, week = trend(series), season(series, Cycle.DAY_OF_WEEK)
        low, high = going.slope_interval or (0.0, 0.0)
        found += (
            going.p_value is not None and going.p_value < LEVEL,
            low > 0 or high < 0,
            len(change_points(series).points) > 0,
            len(anomalies(series).points) > 0,
            week.p_value is not None and week.p_value < LEVEL,
        )
    return FalseAlarms(*(found / runs))


def coverage(world: World, n: int, runs: int, seed: int, confidence: float = 0.9) -> Coverage:
    """Of forecasts of the week that follows ``n`` days."""
    rng = np.random.default_rng(seed)
    held, promised, totals, widths = [], [], [], []
    for _ in range(runs):
        values = world.draw(rng, n + DAYS_A_WEEK)
        told = forecast(daily(world, values[:n]), confidence=confidence)
        if told.reason:
            continue
        to_come = values[n:]
        held.extend(point.low <= value <= point.high for point, value in zip(told.points, to_come, strict=True))
        widths.extend(point.high - point.low for point in told.points)
        if told.coverage is not None:
            promised.append(told.coverage)
        if told.total is not None:
            totals.append(told.total.low <= to_come.sum() <= told.total.high)
    return Coverage(*(float(np.mean(each)) if each else float("nan") for each in (held, promised, totals, widths)))


class Found(NamedTuple):
    """Which share of series was found to rise by a half, to have changed by a half in their middle (within three days), and
    to have one day with two and a half times what is usual for it."""

    rise: float
    change: float
    day: float


def detection(n: int, runs: int, seed: int) -> Found:
    """In ``n`` days of counts, 20 a day, with a week."""
    rng = np.random.default_rng(seed)
    week, found = 20 * _week(n), np.zeros(len(Found._fields))

    def counted(factor: Floats) -> Series:
        return Series(MONDAY, Period.DAY, Scale.COUNT, _poisson(rng, week * factor))

    for _ in range(runs):
        odd, middle = int(rng.integers(n)), n // 2
        changes = change_points(counted(np.where(np.arange(n) < middle, 1.0, 1.5))).points
        days = anomalies(counted(np.where(np.arange(n) == odd, 2.5, 1.0))).points
        found += (
            trend(counted(np.linspace(0.8, 1.2, n))).direction is TrendDirection.RISING,
            any(abs((point.at - MONDAY).days - middle) <= 3 for point in changes),
            any((point.at - MONDAY).days == odd for point in days),
        )
    return Found(*(found / runs))


def main() -> None:
    runs, seed = int(os.environ.get("RUNS", "500")), int(os.environ.get("SEED", "1"))
    print("| nothing happens in | days | trend | slope | change | anomaly | season |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, world in STEADY.items():
        for n in (28, 60, 90, 180, 365):
            found = false_alarms(world, n, runs, seed)
            season_found = "real" if world.has_season else f"{found.season:.1%}"
            rates = " | ".join(f"{rate:.1%}" for rate in found[:-1])
            print(f"| {name} | {n} | {rates} | {season_found} |", flush=True)
    print("\n| the next week of | days | held (goal: 90 %) | back-test said | totals held | width |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, world in GOING_ON.items():
        for n in (42, 60, 90, 180, 365):
            reached, promised, totals, width = coverage(world, n, runs, seed)
            of_totals = "" if np.isnan(totals) else f"{totals:.1%}"
            print(f"| {name} | {n} | {reached:.1%} | {promised:.1%} | {of_totals} | {width:.2f} |", flush=True)
    print("\n| 20 a day, with a week | days | rises by a half | changes by a half | one day has 2.5 times as many |")
    print("| --- | --- | --- | --- | --- |")
    for n in (28, 60, 90, 180):
        print(f"| found in | {n} | {' | '.join(f'{rate:.0%}' for rate in detection(n, runs, seed))} |", flush=True)
    world = STEADY["counts, 20 a day, with a week"]
    many = [(daily(world, world.draw(np.random.default_rng(i), 90)), None) for i in range(200)]
    usage_trends(many)
    began = process_time()
    usage_trends(many)
    print(f"\nHow 200 uses develop over 90 days takes {(process_time() - began) * 1e3:.0f} ms of a processor.")


if __name__ == "__main__":
    main()
