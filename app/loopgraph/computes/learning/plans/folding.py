"""Loops and retries, folded: what was done several times in a row is one step, and a run of steps that comes again at once is one
run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loopgraph.contracts.learning.lessons import TraceStep

LONGEST_LOOP: Final = 6
"""Steps of a loop: edit, run, look, edit, run, look is three."""

MOST_STEPS: Final = 200
"""Steps of a plan; of a trace that has more after folding, the first."""

MOST_TARGETS: Final = 6


def folded(steps: Sequence[TraceStep]) -> tuple[TraceStep, ...]:
    """The steps without what only repeats, the shortest loops first, until nothing does."""
    found = list(steps)
    while True:
        before = len(found)
        for period in range(1, LONGEST_LOOP + 1):
            found = _without_repeats(found, period)
        if len(found) == before:
            return tuple(found[:MOST_STEPS])


def _without_repeats(steps: list[TraceStep], period: int) -> list[TraceStep]:
    result: list[TraceStep] = []
    at = 0
    while at < len(steps):
        following = steps[at : at + period]
        if len(following) == period and [step.key for step in result[-period:]] == [step.key for step in following]:
            result[-period:] = [_joined(one, other) for one, other in zip(result[-period:], following, strict=True)]
            at += period
        else:
            result.append(steps[at])
            at += 1
    return result


def _joined(one: TraceStep, other: TraceStep) -> TraceStep:
    durations = [step.duration_ms for step in (one, other) if step.duration_ms is not None]
    return TraceStep(
        kind=one.kind,
        name=one.name,
        program=one.program,
        targets=tuple(dict.fromkeys((*one.targets, *other.targets)))[:MOST_TARGETS],
        times=one.times + other.times,
        duration_ms=sum(durations) if durations else None,
        functions=tuple(sorted({*one.functions, *other.functions})),
        gates=tuple(sorted({*one.gates, *other.gates})),
        failed=other.failed,
    )
