"""An execution beside the plan that it was offered, step by step.

Steps correspond where they are the same, in a longest common subsequence. Of those that are left over on both sides, a step that
is in both was taken at another place; what then only the plan has was skipped, what only the execution has was added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Final, NamedTuple

from loopgraph.computes.learning.plans.alignment import aligned
from loopgraph.contracts.learning.replays import OWN_TOOLS, Deviation, DeviationKind, Following

MOST_DEVIATIONS: Final = 50

FOLLOWED: Final = 0.5
"""So much of a plan is in an execution that followed it (``Following.adherence``)."""


class Step(NamedTuple):
    """A step of either: what makes it the same as another, and its name."""

    key: Hashable
    name: str


def followed(
    planned: Sequence[Step], taken: Iterable[Step], expected_ms: float | None, actual_ms: float | None
) -> Following:
    """How an execution went beside the plan. Calls of our own tools are no steps."""
    own = [step for step in taken if not step.name.startswith(OWN_TOOLS)]
    pairs = aligned([step.key for step in planned], [step.key for step in own])
    deviations = _deviations(planned, own, pairs)
    whole = len(planned) + len(own)
    return Following(
        planned=len(planned),
        taken=len(own),
        matched=len(pairs),
        adherence=2 * len(pairs) / whole if whole else 1.0,
        deviations=tuple(deviations[:MOST_DEVIATIONS]),
        deviating=len(deviations),
        expected_duration_ms=expected_ms,
        actual_duration_ms=actual_ms,
        variance=variance(expected_ms, actual_ms),
    )


def variance(expected_ms: float | None, actual_ms: float | None) -> float | None:
    """(actual − expected) / expected; None where one is not known, or nothing was expected."""
    return (
        None
        if expected_ms is None or actual_ms is None or expected_ms <= 0
        else (actual_ms - expected_ms) / expected_ms
    )


def _deviations(planned: Sequence[Step], taken: Sequence[Step], pairs: Sequence[tuple[int, int]]) -> list[Deviation]:
    in_plan, in_execution = {place for place, _ in pairs}, {place for _, place in pairs}
    left = [(place, step) for place, step in enumerate(planned) if place not in in_plan]
    over = [(place, step) for place, step in enumerate(taken) if place not in in_execution]
    elsewhere = Counter(step.key for _, step in left) & Counter(step.key for _, step in over)
    found = []
    moved = Counter(elsewhere)
    for place, step in left:
        kind = DeviationKind.REORDERED if moved[step.key] else DeviationKind.SKIPPED
        moved[step.key] -= kind is DeviationKind.REORDERED
        found.append(Deviation(kind=kind, name=step.name, position=place))
    for place, step in over:
        if elsewhere[step.key]:
            elsewhere[step.key] -= 1
        else:
            before = max((at for at, other in pairs if other < place), default=-1)
            found.append(Deviation(kind=DeviationKind.ADDED, name=step.name, position=before))
    return sorted(found, key=lambda one: (one.position, one.kind is DeviationKind.ADDED))
