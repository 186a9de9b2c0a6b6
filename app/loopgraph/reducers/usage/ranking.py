"""Plain counts: of a rank, of patterns by how well they succeed, and of one window against the one before it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from operator import add

from loopgraph.contracts.analytics.answers import Change, Ranked
from loopgraph.contracts.analytics.bucket_keys import subject_prefix
from loopgraph.contracts.analytics.figures import Point, Range
from loopgraph.contracts.analytics.subjects import Subject
from loopgraph.contracts.analytics.windows import Count, Counted, Grain
from loopgraph.reducers.samples import success_rate, wilson_interval


def ranked(one: Counted, label: str, points: Sequence[Point] = ()) -> Ranked:
    """The rates of a subject; those of which it is not known what came of them are in no rate."""
    known = one.successes + one.failures
    interval = wilson_interval(one.successes, known)
    return Ranked(
        subject=one.subject,
        label=label,
        executions=one.executions,
        successes=one.successes,
        failures=one.failures,
        success_rate=success_rate(one.successes, known),
        success_rate_interval=interval,
        confidence=interval[0] if interval else None,
        points=tuple(points),
    )


def merged(several: Iterable[Counted]) -> list[Counted]:
    """The counts of each subject as one, in the order in which the graph ranks: the most executions first, then by key."""
    sums: dict[Subject, Counted] = {}
    for one in several:
        if (known := sums.get(one.subject)) is not None:
            one = Counted(one.subject, *map(add, known[1:], one[1:]))
        sums[one.subject] = one
    return sorted(sums.values(), key=lambda one: (-one.executions, subject_prefix(Grain.DAY, one.subject)))


def surest(found: Iterable[Counted], labels: Mapping[str, str], min_samples: int) -> list[Ranked]:
    """Those that have a label, and ``min_samples`` executions of which it is known what came of them: the surest first."""
    rates = [
        ranked(one, label)
        for one in found
        if (label := labels.get(one.subject.name)) is not None and one.successes + one.failures >= max(1, min_samples)
    ]
    return sorted(rates, key=lambda rate: (-(rate.confidence or 0.0), -rate.executions, rate.subject))


def uses(found: Iterable[Counted]) -> dict[str, float]:
    """How many executions each subject has, by its name."""
    return {one.subject.name: one.executions for one in found}


def confidences(found: Iterable[Counted]) -> dict[str, float]:
    """The lower bound of Wilson's interval of each subject's success rate, by its name; without those of which nothing is known
    that succeeded or failed."""
    intervals = {one.subject.name: wilson_interval(one.successes, one.successes + one.failures) for one in found}
    return {name: interval[0] for name, interval in intervals.items() if interval is not None}


def mean_rate(rates: Sequence[Ranked]) -> float | None:
    """The mean of rates, each with the same weight; None of none."""
    known = [rate.success_rate for rate in rates if rate.success_rate is not None]
    return math.fsum(known) / len(known) if known else None


def change(earlier: Iterable[Count], later: Iterable[Count]) -> Change:
    """How the counts of a window differ from those of the one before it."""
    (before, won, of), (after, won_, of_) = _sums(earlier), _sums(later)
    rate, rate_ = success_rate(won, of), success_rate(won_, of_)
    return Change(
        executions_before=before,
        executions_change=after / before - 1 if before else None,
        success_rate_before=rate,
        success_rate_change=rate_ - rate if rate is not None and rate_ is not None else None,
        success_rate_change_interval=difference_interval((won, of), (won_, of_)),
    )


def difference_interval(first: tuple[int, int], second: tuple[int, int]) -> Range | None:
    """The interval at 95 % of the second rate minus the first, each given as successes of executions (Newcombe, Statistics in
    Medicine 17, 1998, method 10: from Wilson's intervals); None where one has no executions."""
    intervals = wilson_interval(*first), wilson_interval(*second)
    if intervals[0] is None or intervals[1] is None:
        return None
    (low, high), (low_, high_) = intervals[0], intervals[1]
    p, p_ = first[0] / first[1], second[0] / second[1]
    return p_ - p - math.hypot(p_ - low_, high - p), p_ - p + math.hypot(high_ - p_, p - low)


def _sums(counts: Iterable[Count]) -> tuple[int, int, int]:
    """Executions, successes, and those of which it is known what came of them."""
    found = list(counts)
    won = sum(count.successes for count in found)
    return sum(count.executions for count in found), won, won + sum(count.failures for count in found)
