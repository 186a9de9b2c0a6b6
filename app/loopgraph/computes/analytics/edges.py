"""What of an hour lies within a part of it: made of the executions themselves, as the hour is (``contribution``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from loopgraph.computes.analytics.contribution import Contributions
from loopgraph.computes.analytics.course import began_at, duration_us
from loopgraph.contracts.analytics.counting import CallFacts, Counts, Facts, StepFacts, Tallies, TraceFacts
from loopgraph.contracts.analytics.counts import add_to, sums_of
from loopgraph.contracts.analytics.subjects import Subject
from loopgraph.contracts.analytics.sums import US_PER_MS, UsageSums

_WITHIN: Final = datetime(1970, 1, 1, 1, tzinfo=UTC)
_ELSEWHERE: Final = _WITHIN - timedelta(hours=1)
_HOUR: Final = 1
"""Of ``_WITHIN``, counted since 1970."""

T = TypeVar("T", TraceFacts, StepFacts, CallFacts)


def sums_within(
    traces: Iterable[Facts], subjects: Collection[Subject], since: datetime, until: datetime, counted: Contributions
) -> dict[Subject, UsageSums]:
    """The sums of each subject over what of some traces began at ``since`` or later and before ``until``, with the durations.

    ``counted`` is how hours are counted.
    """
    counts: dict[Subject, Counts] = {subject: {} for subject in subjects}
    tallies: dict[Subject, Tallies] = {subject: {} for subject in subjects}
    exact = replace(counted, index_of=lambda us: us)
    for facts in traces:
        for part in exact.of(_placed(facts, since, until)):
            if part.hour == _HOUR:
                for subject in counts.keys() & set(part.subjects):
                    add_to(counts[subject], part.counts)
                    _tell_apart(tallies[subject], part.tallies)
    return {subject: _timed(sums_of(counts[subject], tallies[subject]), counted) for subject in subjects}


def _timed(sums: UsageSums, counted: Contributions) -> UsageSums:
    """The sums with their durations as they are, and as the histogram has them."""
    histogram: Counter[int] = Counter()
    for us, count in sums.durations.items():
        histogram[counted.index_of(us)] += count
    timed = tuple(us for us, count in sorted(sums.durations.items()) for _ in range(count))
    return replace(sums, durations=dict(sorted(histogram.items())), timed_us=timed)


def _placed(facts: Facts, since: datetime, until: datetime) -> Facts:
    """The facts, all that is within at one time, and all else at another. What counts of times is when it began and how long it
    took."""

    def placed(one: T) -> T:
        at, us = began_at(one), duration_us(one)
        told = one.duration_ms if one.duration_ms is not None or us is None else us / US_PER_MS
        began = _WITHIN if since <= at < until else _ELSEWHERE
        return one._replace(started_at=began, completed_at=None, duration_ms=told)

    return facts._replace(
        trace=placed(facts.trace),
        steps=tuple(placed(step) for step in facts.steps),
        calls=tuple(placed(call) for call in facts.calls),
    )


def _tell_apart(tallies: Tallies, more: Tallies) -> None:
    for dimension, values in more.items():
        known = tallies.setdefault(dimension, {})
        for value, numbers in values.items():
            known[value] = [a + b for a, b in zip(known[value], numbers, strict=True)] if value in known else numbers
