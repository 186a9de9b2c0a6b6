"""One plan of several traces."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.learning.plans.alignment import aligned, common, similarity
from loopgraph.computes.learning.plans.merging import SAMPLE, canonical, merge
from loopgraph.computes.learning.plans.teaching import sample_of
from loopgraph.computes.learning.plans.versions import NewVersion, new_version
from loopgraph.contracts.learning.lessons import Lesson, Role, TracePlan, TraceStep
from loopgraph.contracts.learning.plans import StepKind


def lesson(at: int, way: str, role: Role = Role.SUCCESS, failed: str = "", agent: str | None = None) -> Lesson:
    """A lesson of one step for each letter."""
    steps = tuple(
        TraceStep(kind=StepKind.TOOL, name=letter, duration_ms=float(at + 1), failed=letter in failed) for letter in way
    )
    return Lesson(f"t{at:03d}", f"{at:05d}", role, TracePlan(agent=agent, steps=steps, duration_ms=100.0 * at))


def way_of(lessons: list[Lesson]) -> str:
    return "".join(step.name for step in merge(lessons).plan.steps)


texts = st.text("abcde", max_size=30)


@pytest.mark.lengthy
@given(texts, texts)
def test_what_two_have_in_common_is_told_alike(one: str, other: str) -> None:
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in range(len(one)):
        for j in range(len(other)):
            table[i + 1][j + 1] = table[i][j] + 1 if one[i] == other[j] else max(table[i][j + 1], table[i + 1][j])
    assert common(one, other) == table[-1][-1] == len(aligned(one, other))
    pairs = aligned(one, other)
    assert all(one[i] == other[j] for i, j in pairs)
    assert pairs == sorted(pairs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert 0 <= similarity(one, other) <= 1


@pytest.mark.parametrize(
    ("ways", "best"),
    [
        (["abc"], "abc"),
        (["abc", "abxc"], "abc"),
        (["abc", "abc", "abxc", "abxc", "abxc"], "abxc"),
        (["abcq", "abcr", "abcs"], "abc"),
        (["xabc", "yabc", "zabc", "abc"], "abc"),
        (["ac", "abc", "abc", "abc", "ac"], "abc"),
        ([], ""),
    ],
)
def test_the_best_way_is_the_one_that_has_most_in_common_with_all(ways: list[str], best: str) -> None:
    assert way_of([lesson(at, way) for at, way in enumerate(ways)]) == best


def test_steps_know_who_supports_them_and_in_which_they_failed() -> None:
    lessons = [
        lesson(0, "abc", agent="sorter"),
        lesson(1, "abc", agent="sorter"),
        lesson(2, "axc"),
        lesson(3, "ab", Role.FAILURE, failed="b"),
        lesson(4, "az", Role.FAILURE),
        lesson(5, "q", Role.FAILURE),
        lesson(6, "a", Role.FAILURE),
    ]
    found = merge(lessons)
    assert [step.support for step in found.plan.steps] == [3, 2, 3]
    assert [step.failures for step in found.plan.steps] == [0, 1, 0]
    assert found.supporting == (("t000", "t001", "t002"), ("t000", "t001"), ("t000", "t001", "t002"))
    assert found.failing == ((), ("t003",), ())
    assert found.plan.agent == "sorter"
    assert {(one.after, one.name, one.traces) for one in found.plan.departures} == {
        (-1, "q", 1), (0, "z", 1), (0, None, 1), (1, None, 1),
    }  # fmt: skip
    duration = found.plan.performance.duration_ms
    assert duration is not None
    assert (duration.median, duration.least, duration.most) == (100.0, 0.0, 200.0)


def test_a_plan_has_the_same_bytes_in_whatever_order_its_lessons_come() -> None:
    chance = random.Random(3)
    lessons = [
        lesson(at, "".join(chance.choices("abcdef", k=chance.randint(1, 12))), chance.choice([*Role, Role.SUCCESS]))
        for at in range(60)
    ]
    texts = set()
    for _ in range(5):
        chance.shuffle(lessons)
        texts.add(canonical(merge(lessons).plan))
    assert len(texts) == 1


def test_a_plan_is_made_of_the_newest() -> None:
    before = [lesson(at, "old") for at in range(SAMPLE)]
    sample = sample_of(before, {lesson(900 + at, "new").correlation_id: lesson(900 + at, "new") for at in range(2)})
    assert sample.dropped == ("t000", "t001")
    assert len(sample.lessons) == SAMPLE
    again = sample_of(sample.lessons, {"t901": None})
    assert again.dropped == ()
    assert len(again.lessons) == SAMPLE - 1


def test_ways_that_are_as_good_as_each_other_do_not_take_turns() -> None:
    versions = 0
    lessons = [lesson(0, "abc")]
    in_use, made_of = merge(lessons).plan, 1
    for at in range(1, 40):
        lessons.append(lesson(at, "abc" if at % 2 else "axc"))
        now = merge(lessons).plan
        if reason := new_version(in_use, made_of, now, at + 1, lessons):
            in_use, made_of = now, at + 1
            versions += reason is NewVersion.SEQUENCE
    assert versions <= 1


def test_a_better_way_is_a_new_version_once_it_was_gone_three_times() -> None:
    old = [lesson(0, "abc")]
    for count in range(1, 5):
        lessons = [*old, *(lesson(at, "abcde") for at in range(1, 1 + count))]
        reason = new_version(merge(old).plan, 1, merge(lessons).plan, len(lessons), lessons)
        assert (reason is NewVersion.SEQUENCE) is (count >= 3), count
