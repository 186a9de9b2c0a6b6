"""From what several traces teach to one plan.

The best sequence is that of a trace, not an average of them: of the different ways in which successful traces went the one that
has most in common with all of them, each as often as it was gone (the medoid). All others are aligned with it (``alignment``): a
step of it that less than half of them have is left out, one that more than half of them have at the same place is put in.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import orjson

from loopgraph.computes.learning.plans.alignment import aligned, common
from loopgraph.computes.learning.plans.shapes import merged_by_several
from loopgraph.contracts.learning.lessons import Lesson, Role, TraceCall, TraceStep
from loopgraph.contracts.learning.plans import (
    Departure,
    EndpointExpectation,
    Performance,
    Plan,
    PlanStep,
    Range,
    StepKind,
)

SEVERAL: Final = 3
"""In so many successful traces a name has to be that clients do not give, before agents are told it."""

SAMPLE: Final = 100
"""So many successful traces, and so many failed ones, a plan is made of: the newest."""

CANDIDATES: Final = 12
"""Of so many different ways, those that were gone most often, the best is chosen."""

FEW: Final = 3
"""Among fewer successful traces, no step is left out."""

SHARE: Final = 0.5
"""The share of successful traces that have to have a step, and of those with a call that have to make it."""

MOST_TARGETS: Final = 6
MOST_ENDPOINTS: Final = 20
MOST_DEPARTURES: Final = 10

Key = tuple[str, str, str]
Sequence_ = tuple[Key, ...]


_pairs = lru_cache(maxsize=8_192)(aligned)
"""Traces of one kind go few different ways."""


class Merged(NamedTuple):
    """A plan, with the traces that support each of its steps, and those in which it failed and was not made good."""

    plan: Plan
    supporting: tuple[tuple[str, ...], ...]
    failing: tuple[tuple[str, ...], ...]


def merge(lessons: Iterable[Lesson]) -> Merged:
    """One plan of several lessons; in whichever order they come, it is the same. Of no successful trace, it has no steps."""
    ordered = sorted(lessons, key=lambda lesson: (lesson.time_key, lesson.correlation_id))
    successes = [lesson for lesson in ordered if lesson.role is Role.SUCCESS][-SAMPLE:]
    failures = [lesson for lesson in ordered if lesson.role is Role.FAILURE][-SAMPLE:]
    return figures(best_way(lesson.plan.sequence for lesson in successes), successes, failures)


def figures(sequence: Sequence_, successes: Sequence[Lesson], failures: Sequence[Lesson]) -> Merged:
    """What traces tell of a sequence of steps: how often, how long, with what, by whom, and where failed ones leave it."""
    having: list[list[TraceStep]] = [[] for _ in sequence]
    supporting: list[list[str]] = [[] for _ in sequence]
    failing: list[list[str]] = [[] for _ in sequence]
    for lesson in successes:
        for place, at in _pairs(sequence, lesson.plan.sequence):
            having[place].append(lesson.plan.steps[at])
            supporting[place].append(lesson.correlation_id)
    left: Counter[tuple[int, str | None]] = Counter()
    for lesson in failures:
        pairs = _pairs(sequence, lesson.plan.sequence)
        for place, at in pairs:
            if lesson.plan.steps[at].failed:
                failing[place].append(lesson.correlation_id)
        left[_departure(pairs, lesson)] += 1
    steps = tuple(_step(place, key, having[place], len(failing[place])) for place, key in enumerate(sequence))
    plan = Plan(
        agent=_most([lesson.plan.agent for lesson in successes]),
        routing_strategy=_most([lesson.plan.routing_strategy for lesson in successes]),
        steps=steps,
        endpoints=_endpoints(successes),
        performance=_performance(successes),
        departures=tuple(
            Departure(after=after, name=name, traces=traces)
            for (after, name), traces in sorted(left.items(), key=lambda one: (-one[1], one[0][0], one[0][1] or ""))[
                :MOST_DEPARTURES
            ]
        ),
    )
    return Merged(plan, tuple(map(tuple, supporting)), tuple(map(tuple, failing)))


def canonical(plan: Plan) -> str:
    """A plan as JSON that has the same bytes whenever the plan is the same."""
    return orjson.dumps(plan.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS).decode()


def sequence_of(plan: Plan) -> Sequence_:
    """The steps of a plan, as far as they make two plans the same."""
    return tuple(step.key for step in plan.steps)


def best_way(all_ways: Iterable[Sequence_]) -> Sequence_:
    """The sequence that has most in common with all ways that successful traces went."""
    ways = Counter(all_ways)
    if not ways:
        return ()
    often = sorted(ways, key=lambda way: (-ways[way], len(way), way))[:CANDIDATES]

    def shared(way: Sequence_) -> float:
        return sum(
            count * 2 * common(way, other) / (len(way) + len(other) or 1) if way or other else count
            for other, count in ways.items()
        )

    best = max(often, key=shared)  # of several, the one that was gone most often
    return _completed(best, ways)


def _completed(best: Sequence_, ways: Counter[Sequence_]) -> Sequence_:
    """The best way without the steps that most traces do not have, and with those that most have beside it."""
    whole = ways.total()
    if whole < FEW:
        return best
    having: Counter[int] = Counter()
    between: Counter[tuple[int, Key]] = Counter()
    places: defaultdict[tuple[int, Key], list[int]] = defaultdict(list)
    for way, count in ways.items():
        pairs = _pairs(best, way)
        having.update({place: count for place, _ in pairs})
        matched = {at: place for place, at in pairs}
        gap, seen = -1, set[tuple[int, Key]]()
        for at, key in enumerate(way):
            if at in matched:
                gap = matched[at]
            elif (gap, key) not in seen:
                seen.add((gap, key))
                between[gap, key] += count
                places[gap, key].append(at)
    added: defaultdict[int, list[Key]] = defaultdict(list)
    for (gap, key), count in sorted(between.items(), key=lambda one: (statistics.mean(places[one[0]]), one[0])):
        if count > SHARE * whole:
            added[gap].append(key)
    result = list(added[-1])
    for place, key in enumerate(best):
        if having[place] >= SHARE * whole:
            result.append(key)
        result += added[place]
    return tuple(result)


def _departure(pairs: Sequence[tuple[int, int]], lesson: Lesson) -> tuple[int, str | None]:
    """Behind which step a failed trace leaves the path, and what it went on with."""
    after, at = pairs[-1] if pairs else (-1, -1)
    following = lesson.plan.steps[at + 1 :]
    return after, following[0].name if following else None


def _step(place: int, key: Key, having: Sequence[TraceStep], failures: int) -> PlanStep:
    durations = [step.duration_ms for step in having if step.duration_ms is not None]
    return PlanStep(
        position=place,
        kind=StepKind(key[0]),
        name=key[1],
        program=key[2] or None,
        targets=_frequent((step.targets for step in having), MOST_TARGETS),
        times=_range([step.times for step in having]) or Range(median=1, least=1, most=1),
        duration_ms=_range(durations),
        intelligence_functions=_usual([step.functions for step in having]),
        quality_gates=_usual([step.gates for step in having]),
        support=len(having),
        failures=failures,
    )


def _endpoints(successes: Sequence[Lesson]) -> tuple[EndpointExpectation, ...]:
    """The calls that at least half of those make that call anything, and any if these are few; the most supported first."""
    calls: defaultdict[tuple[str, str, str], list[TraceCall]] = defaultdict(list)
    calling = 0
    for lesson in successes:
        calling += bool(lesson.plan.calls)
        for call in lesson.plan.calls:
            calls[call.service, call.endpoint, call.method].append(call)
    found = [
        EndpointExpectation(
            service=service,
            endpoint=endpoint,
            method=method,
            request_template=merged_by_several([call.request_template for call in some], SEVERAL),
            response_schema=merged_by_several([call.response_schema for call in some], SEVERAL),
            duration_ms=_range([call.duration_ms for call in some if call.duration_ms is not None]),
            support=len(some),
        )
        for (service, endpoint, method), some in sorted(calls.items())
        if calling < FEW or len(some) >= SHARE * calling
    ]
    return tuple(sorted(found, key=lambda one: -one.support)[:MOST_ENDPOINTS])


def _performance(successes: Sequence[Lesson]) -> Performance:
    plans = [lesson.plan for lesson in successes]
    none = Range(median=0, least=0, most=0)
    return Performance(
        duration_ms=_range([plan.duration_ms for plan in plans if plan.duration_ms is not None]),
        steps=_range([sum(step.times for step in plan.steps) for plan in plans]) or none,
        endpoint_calls=_range([sum(call.times for call in plan.calls) for plan in plans]) or none,
        rag_queries=_range([plan.rag_queries for plan in plans]) or none,
        tokens=_range([plan.tokens for plan in plans if plan.tokens is not None]),
        cost_usd=_range([plan.cost_usd for plan in plans if plan.cost_usd is not None], digits=9),
    )


def _range(values: Sequence[float], digits: int = 3) -> Range | None:
    if not values:
        return None
    middle, least, most = statistics.median(values), min(values), max(values)
    return Range(median=round(middle, digits), least=round(least, digits), most=round(most, digits))


def _most(values: Sequence[str | None]) -> str | None:
    """The most frequent value, if more than half have it; None can be it."""
    counts = Counter(values)
    if not counts:
        return None
    value, count = max(sorted(counts.items(), key=lambda one: one[0] or ""), key=lambda one: one[1])
    return value if count > SHARE * len(values) else None


def _frequent(many: Iterable[Iterable[str]], most: int) -> tuple[str, ...]:
    counts = Counter(value for some in many for value in some)
    return tuple(sorted(counts, key=lambda value: (-counts[value], value))[:most])


def _usual(many: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Those that at least half have."""
    counts = Counter(value for some in many for value in some)
    return tuple(sorted(value for value, count in counts.items() if count >= SHARE * len(many)))
