"""Which learned patterns should be one, and which should be two."""

from __future__ import annotations

import numpy as np
import pytest

from loopgraph.computes.learning.doubling import Kinds, merge_evidence, smaller_first, split_evidence, two_kinds
from loopgraph.computes.learning.plans.merging import merge
from loopgraph.contracts.learning.embeddings import Vectors
from loopgraph.contracts.learning.lessons import Known, Lesson, Role, TracePlan, TraceStep
from loopgraph.contracts.learning.plans import LearnedPattern, Standing, StepKind


def lesson(id_: str, *names: str, role: Role = Role.SUCCESS) -> Lesson:
    steps = tuple(TraceStep(kind=StepKind.TOOL, name=name) for name in names)
    return Lesson(id_, id_, role, TracePlan(steps=steps))


def known(
    id_: str, *names: str, successes: int = 3, action: str = "fix", standing: Standing = Standing.ACTIVE
) -> Known:
    pattern = LearnedPattern(
        pattern_id=id_, name=id_, node_id=f"{id_}-1", version=1, standing=standing, intent="debugging", action=action,
        keywords=(), successes=successes, failures=1,
    )  # fmt: skip
    return Known(pattern, "key", 1, merge([lesson("a", *names)]).plan, 1, ())


def vectors(*degrees: float) -> Vectors:
    radians = np.radians(np.asarray(degrees))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def test_two_are_one_if_they_ask_for_the_same_and_go_the_same_way() -> None:
    one = known("a", "Read", "Edit", "Bash")
    found = merge_evidence(one, known("b", "Read", "Edit", successes=5), 0.9)
    assert found is not None
    assert (found.score, found.successes, found.failures, found.other_successes) == (0.9, 3, 1, 5)
    assert found.plan_similarity == pytest.approx(0.8)
    for other in (
        known("b", "WebFetch", "Write"),
        known("b", "Read", "Edit", "Bash", action="delete"),
        known("b", "Read", "Edit", "Bash", standing=Standing.MERGED),
    ):
        assert merge_evidence(one, other, 0.9) is None


def test_the_smaller_one_becomes_part_of_the_greater() -> None:
    small, great = known("a", "Read", successes=2), known("b", "Read", successes=7)
    assert smaller_first(small, great) == smaller_first(great, small) == (small, great)
    same = known("c", "Read", successes=7)
    assert smaller_first(same, great) == smaller_first(great, same) == (same, great)


def test_two_kinds_are_found_whatever_comes_first() -> None:
    for turned in (False, True):
        degrees = [0, 5, 80, 85, 90, 3]
        found = two_kinds(vectors(*(reversed(degrees) if turned else degrees)))
        assert found is not None
        told = list(reversed(found.second)) if turned else list(found.second)
        assert told[0] == told[1] == told[5] != told[2] == told[3] == told[4]
        assert found.within > 0.98
        assert found.between < 0.2


@pytest.mark.parametrize("degrees", [(), (10,), (10, 10, 10)])
def test_one_prompt_or_the_same_ones_are_of_one_kind(degrees: tuple[float, ...]) -> None:
    assert two_kinds(vectors(*degrees)) is None if degrees else two_kinds(np.zeros((0, 2), dtype=np.float32)) is None


def test_a_pattern_of_two_kinds_with_two_ways_should_be_two() -> None:
    lessons = [lesson(f"a{at}", "Read", "Edit") for at in range(4)]
    lessons += [lesson(f"b{at}", "WebFetch", "Write") for at in range(3)]
    lessons += [lesson("b3", "WebFetch", role=Role.FAILURE)]
    kinds = Kinds((False,) * 4 + (True,) * 4, 0.9, 0.1)
    found = split_evidence(lessons, kinds, 0.9, 0.2, ["e"])
    assert found is not None
    assert (found.successes, found.failures, found.other_successes, found.other_failures) == (3, 1, 4, 0)
    assert (found.trace_ids, found.exemplar_ids) == (("b0", "b1", "b2", "b3"), ("e",))
    assert (found.plan_similarity, found.score) == (0.0, 0.2)
    assert split_evidence(lessons, kinds, 0.9, 0.7, ["e"]) is None  # not apart enough
    assert split_evidence(lessons, kinds, 0.9, 0.2, []) is None  # no prompt would go
    same = [lesson(f"a{at}", "Read", "Edit") for at in range(8)]
    assert split_evidence(same, kinds, 0.9, 0.2, ["e"]) is None  # done in one way
    few = [*lessons[:4], *lessons[4:6], *lessons[7:], lesson("b9", "WebFetch", role=Role.FAILURE)]
    assert split_evidence(few, kinds, 0.9, 0.2, ["e"]) is None  # two successes of one kind
