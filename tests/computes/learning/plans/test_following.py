"""An execution beside the plan that it was offered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.learning.plans.alignment import aligned
from loopgraph.computes.learning.plans.following import Step, followed, variance
from loopgraph.contracts.learning.replays import DeviationKind, Following

Told = list[tuple[str, str, int]]


def steps(names: str) -> list[Step]:
    return [Step(name, name) for name in names.split()]


def told(following: Following) -> Told:
    return [(one.kind.value, one.name, one.position) for one in following.deviations]


@pytest.mark.parametrize(
    ("plan", "execution", "matched", "deviations"),
    [
        ("read edit test", "read edit test", 3, []),
        ("read edit test", "read test", 2, [("skipped", "edit", 1)]),
        ("read test", "read edit test", 2, [("added", "edit", 0)]),
        ("read edit test", "edit read test", 2, [("reordered", "read", 0)]),
        ("read edit", "write", 0, [("added", "write", -1), ("skipped", "read", 0), ("skipped", "edit", 1)]),
        ("", "read", 0, [("added", "read", -1)]),
        ("", "", 0, []),
        ("read read edit", "read edit read", 2, [("reordered", "read", 1)]),
    ],
)
def test_steps_are_matched_skipped_added_and_reordered(
    plan: str, execution: str, matched: int, deviations: Told
) -> None:
    found = followed(steps(plan), steps(execution), None, None)
    assert (found.planned, found.taken) == (len(plan.split()), len(execution.split()))
    assert found.matched == matched
    assert told(found) == deviations
    assert found.deviating == len(deviations)


def test_adherence_is_what_both_have_in_common() -> None:
    assert followed(steps("a b c d"), steps("a b"), None, None).adherence == pytest.approx(4 / 6)
    assert followed([], [], None, None).adherence == 1.0
    assert followed(steps("a"), [], None, None).adherence == 0.0


def test_asking_for_the_plan_is_no_step_of_it() -> None:
    taken = [*steps("mcp__loopgraph__replay_plan read"), *steps("mcp__loopgraph__rate")]
    found = followed(steps("read"), taken, None, None)
    assert (found.taken, found.adherence, told(found)) == (1, 1.0, [])


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [(100.0, 150.0, 0.5), (100.0, 50.0, -0.5), (None, 1.0, None), (1.0, None, None), (0.0, 1.0, None)],
)
def test_variance_is_relative_to_what_was_expected(
    expected: float | None, actual: float | None, found: float | None
) -> None:
    assert variance(expected, actual) == found
    assert followed([], [], expected, actual).variance == found


NAMES = st.lists(st.sampled_from("abc"), max_size=12)


@pytest.mark.lengthy
@given(NAMES, NAMES)
def test_every_step_is_told_of_once(plan: list[str], execution: list[str]) -> None:
    found = followed([Step(n, n) for n in plan], [Step(n, n) for n in execution], None, None)
    kinds = [one.kind for one in found.deviations]
    skipped, added, moved = (
        kinds.count(kind) for kind in (DeviationKind.SKIPPED, DeviationKind.ADDED, DeviationKind.REORDERED)
    )
    assert found.matched + skipped + moved == len(plan)
    assert found.matched + added + moved == len(execution)
    pairs = aligned(plan, execution)
    assert pairs == sorted(pairs)
    assert all(plan[at] == execution[other] for at, other in pairs)
    assert len(pairs) == len(aligned(execution, plan))
