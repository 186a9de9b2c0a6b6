"""Prompts are held against the learned patterns as they were before them, by what came of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from loopgraph.computes.learning.requests.calibration import Scale
from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.computes.learning.weighing.hindsight import pairs_of
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.lessons import Role, TracePlan, TraceStep
from loopgraph.contracts.learning.matching import MatchPart
from loopgraph.contracts.learning.plans import StepKind
from loopgraph.contracts.learning.weighing import Pair, Past

SCALE = Scale(0.0, 1.0)
FIX = ("Read", "Edit", "Bash")


def past(
    number: int,
    prompt: str = "fix the login",
    steps: Sequence[str] = FIX,
    *,
    pattern: str | None = "login",
    succeeded: bool = True,
    speaks_for: float = 1.0,
    project: str = "/src",
) -> Past:
    taken = tuple(TraceStep(kind=StepKind.TOOL, name=name) for name in steps)
    role = Role.SUCCESS if succeeded else Role.FAILURE
    return Past(
        f"t{number}", f"{number:03}", f"s{number}", prompt, features_of(prompt), MatchContext(project=project), role,
        pattern, TracePlan(steps=taken), speaks_for,
    )  # fmt: skip


def found(*traces: Past, degrees: Sequence[float] | None = None) -> list[Pair]:
    radians = np.radians(np.asarray(degrees or [0.0] * len(traces)))
    return pairs_of(traces, np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32), SCALE)


def part(pair: Pair, which: MatchPart) -> float:
    return pair.parts[list(MatchPart).index(which)]


def test_a_prompt_is_not_its_own_and_has_no_part_in_the_record() -> None:
    assert found(past(1)) == []
    [pair] = found(past(1), past(2), degrees=[0.0, 60.0])
    assert (pair.trace, pair.session, pair.fits, pair.weight) == ("t2", "s2", True, 1.0)
    assert part(pair, MatchPart.SEMANTIC) == pytest.approx(0.5)
    assert (part(pair, MatchPart.KEYWORD), part(pair, MatchPart.INTENT), part(pair, MatchPart.CONTEXT)) == (1, 1, 1)
    [failed] = found(past(1), past(2, succeeded=False), degrees=[0.0, 60.0])
    assert failed == pair._replace(fits=False)  # nothing in the score tells how it ended


def test_what_comes_later_changes_nothing() -> None:
    early = [past(1), past(2, "fix the parser", pattern="parser"), past(3), past(4, succeeded=False)]
    late = [past(5), past(6, "fix the parser", ("Write",), pattern="parser"), past(7, succeeded=False)]
    both = found(*late, *early)  # in whichever order they are told
    assert both[: len(found(*early))] == found(*early)
    assert len(both) > len(found(*early))


def test_what_fits_is_told_by_the_way_that_was_gone_and_not_by_the_pattern_that_was_joined() -> None:
    another_way = found(past(1), past(2, steps=("WebFetch", "Write")))
    assert [pair.fits for pair in another_way] == [False]
    another_pattern = found(past(1), past(2, pattern="other", steps=("Read", "Edit", "Grep")))
    assert [pair.fits for pair in another_pattern] == [True]
    half = found(past(1, steps=("Read", "Edit")), past(2, steps=("Read", "Write")))
    assert [pair.fits for pair in half] == [True]


def test_a_trace_that_was_handed_a_plan_teaches_and_tells_nothing_of_the_weights() -> None:
    pairs = found(past(1), past(2, speaks_for=0.0), past(3, succeeded=False), past(4))
    assert [pair.trace for pair in pairs] == ["t3", "t4"]
    alone = found(past(1), past(3, succeeded=False), past(4))
    assert part(pairs[1], MatchPart.HISTORICAL) > part(alone[1], MatchPart.HISTORICAL)


def test_the_pairs_of_a_trace_come_to_what_it_speaks_for() -> None:
    pairs = found(past(1), past(2, "fix the parser", pattern="parser"), past(3, speaks_for=5.0))
    of_last = [pair for pair in pairs if pair.trace == "t3"]
    assert len(of_last) == 2
    assert math.fsum(pair.weight for pair in of_last) == pytest.approx(5.0)


def test_what_is_no_match_or_has_no_plan_is_no_pair() -> None:
    assert found(past(1), past(2, "delete the login")) == []
    assert found(past(1, steps=()), past(2)) == []
    assert found(past(1, succeeded=False, pattern=None), past(2)) == []


def test_a_pattern_is_where_all_of_its_prompts_were() -> None:
    [_, elsewhere] = found(past(1), past(2), past(3, project="/elsewhere"))
    assert part(elsewhere, MatchPart.CONTEXT) == 0.5
    *_, unknown = found(past(1), past(2, project="/elsewhere"), past(3))
    assert math.isnan(part(unknown, MatchPart.CONTEXT))
