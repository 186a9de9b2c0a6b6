"""Scores tell paraphrases from the same words for another task, and what they come from."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from computes.learning.requests.prompts import pairs
from loopgraph.computes.learning.matches.scoring import Candidate, score, weighted
from loopgraph.computes.learning.requests.calibration import scale_of, texts
from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.contracts.learning.features import MatchContext, PromptFeatures
from loopgraph.contracts.learning.matching import MIN_CONFIDENCE, MatchPart, MatchWeights
from loopgraph.effects.learning.offline_model import OfflineModel

NOWHERE = MatchContext()
FIX = PromptFeatures(action="fix", intent="debugging", keywords=("login", "timeout"))

Matches = Callable[[str, str], list[bool]]


@pytest.fixture(scope="module")
def matches() -> Matches:
    """Which pairs of a kind and a part match by the offline model, with nothing known beside the prompts."""
    model = OfflineModel()
    scale = scale_of(model.embed(texts()))

    def of(kind: str, part: str) -> list[bool]:
        found = pairs(kind, part)
        ones, others = model.embed([one for one, _ in found]), model.embed([other for _, other in found])
        told = []
        for (one, other), cosine in zip(found, (ones * others).sum(axis=1), strict=True):
            candidate = Candidate(scale.part(float(cosine)), features_of(other), NOWHERE, None, 0)
            its = score(features_of(one), NOWHERE, candidate)
            told.append(its.total >= MIN_CONFIDENCE and its.vetoed is None)
        return told

    return of


@pytest.mark.lengthy
def test_the_same_words_for_another_task_do_not_match(matches: Matches) -> None:
    tuned, held_out = matches("same_words", "tuned"), matches("same_words", "held_out")
    assert (len(tuned), sum(tuned)) == (64, 0)
    assert (len(held_out), sum(held_out)) == (24, 0)


@pytest.mark.lengthy
def test_opposites_do_not_match(matches: Matches) -> None:
    tuned, held_out = matches("opposites", "tuned"), matches("opposites", "held_out")
    assert (len(tuned), sum(tuned)) == (30, 0)
    assert (len(held_out), sum(held_out)) == (14, 0)


@pytest.mark.lengthy
def test_the_same_kind_of_work_on_something_else_matches(matches: Matches) -> None:
    tuned, held_out = matches("other_arguments", "tuned"), matches("other_arguments", "held_out")
    assert (len(tuned), sum(tuned)) == (16, 16)
    assert (len(held_out), sum(held_out)) == (10, 10)


@pytest.mark.lengthy
def test_paraphrases_match(matches: Matches) -> None:
    tuned, held_out = matches("paraphrases", "tuned"), matches("paraphrases", "held_out")
    assert (len(tuned), sum(tuned) >= 56) == (64, True)
    assert (len(held_out), sum(held_out) >= 20) == (24, True)


def test_the_total_is_the_mean_of_the_parts_by_their_weights() -> None:
    context = MatchContext(project="shop")
    its = score(FIX, context, Candidate(0.5, FIX, context, 0.9, 10, 9))
    assert its.total == pytest.approx(0.4 * 0.5 + 0.2 * 1 + 0.2 * 1 + 0.1 * 1 + 0.1 * 0.9)
    assert its.explanation == (
        f"{its.total:.2f}: meaning 0.50; keywords 1.00 (login, timeout); intent 1.00 (both fix); context 1.00 (same project); "
        "history 0.90 (9 of 10 runs went well)"
    )


def test_what_is_not_known_makes_no_part() -> None:
    its = score(FIX, NOWHERE, Candidate(0.5, FIX, MatchContext(project="shop"), None, 0))
    assert (its.context, its.historical) == (None, None)
    assert its.total == pytest.approx((0.4 * 0.5 + 0.2 + 0.2) / 0.8)
    assert "nothing known to compare" in its.explanation
    assert "not run yet" in its.explanation


def test_another_action_is_a_veto_that_says_so_and_an_unknown_one_is_none() -> None:
    delete = FIX.model_copy(update={"action": "delete"})
    unknown = FIX.model_copy(update={"action": "", "intent": "general"})
    vetoed = score(FIX, NOWHERE, Candidate(1.0, delete, NOWHERE, 1.0, 5))
    assert vetoed.vetoed == "the request asks to fix, and the pattern was learned from prompts that ask to delete"
    assert vetoed.intent == 0.3
    assert score(FIX, NOWHERE, Candidate(1.0, unknown, NOWHERE, 1.0, 5)).vetoed is None
    assert score(unknown, NOWHERE, Candidate(1.0, delete, NOWHERE, 1.0, 5)).intent == 0.5


def test_a_context_that_is_half_the_same() -> None:
    one, other = MatchContext(project="shop", agent="fixer"), MatchContext(project="shop", agent="writer", domain="web")
    its = score(FIX, one, Candidate(1.0, FIX, other, None, 0))
    assert its.context == 0.75
    assert "same project, other agent" in its.explanation


units = st.floats(0, 1)


@pytest.mark.lengthy
@given(st.dictionaries(st.sampled_from(list(MatchPart)), st.none() | units), st.lists(units, min_size=5, max_size=5))
def test_a_total_is_between_the_least_and_the_most_of_its_parts(
    parts: dict[MatchPart, float | None], weights: list[float]
) -> None:
    names = [part.value for part in MatchPart]
    total = weighted(parts, MatchWeights(**dict(zip(names, weights, strict=True))))
    known = [value for value in parts.values() if value is not None] or [0.0]
    assert min([*known, 0.0]) <= total <= max(known) + 1e-9
