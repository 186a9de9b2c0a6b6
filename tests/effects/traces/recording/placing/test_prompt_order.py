"""Which tellings are of one prompt follows from the tellings, not from their order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.effects.traces.recording.placing.prompt_order import APART, PromptOrder, Telling, Way
from support.traces import NOON

LATER = timedelta(milliseconds=100)


def telling(id_: str, seconds: float, way: Way, text: str | None = "do it") -> Telling:
    return Telling(id_, NOON + timedelta(seconds=seconds), text, way, None if way is Way.NAMED else {})


def test_a_record_is_the_prompt_that_was_named_next_to_it() -> None:
    order = PromptOrder([telling("n", 0, Way.NAMED), telling("r", 0.1, Way.RECORD)])
    assert order.prompts == {"n": "n", "r": "n"}
    assert order.at(NOON + LATER) == "n"
    assert order.at(NOON - LATER) is None


def test_equal_prompts_one_after_the_other_are_told_apart() -> None:
    named = [telling("n1", 0, Way.NAMED), telling("n2", 1, Way.NAMED)]
    order = PromptOrder([*named, telling("r2", 1.1, Way.RECORD), telling("r1", 0.1, Way.RECORD)])
    assert (order.prompts["r1"], order.prompts["r2"]) == ("n1", "n2")


def test_a_prompt_of_another_text_or_time_or_of_the_same_way_is_another_one() -> None:
    named = telling("n", 0, Way.NAMED)
    for other in (
        telling("r", 0.1, Way.RECORD, "do that"),
        telling("r", APART.total_seconds() + 1, Way.RECORD),
        telling("r", 0.1, Way.NAMED),
        telling("r", 0.1, Way.ALONE),
    ):
        assert PromptOrder([named, other]).prompts == {"n": "n", "r": "r"}


def test_of_two_records_only_one_can_be_a_named_prompt() -> None:
    tellings = [telling("n", 0, Way.NAMED), telling("r1", 0.1, Way.RECORD), telling("r2", 9, Way.RECORD)]
    assert PromptOrder(tellings).prompts == {"n": "n", "r1": "n", "r2": "r2"}


def test_what_was_put_into_a_prompt_may_stand_below_it_and_a_text_may_be_withheld() -> None:
    named = telling("n", 0, Way.NAMED, "see @file")
    for text in (None, "see @file\n--- its content"):
        assert PromptOrder([named, telling("h", 0.1, Way.HOOK, text)]).prompts["h"] == "n"
    assert PromptOrder([named, telling("h", 0.1, Way.HOOK, "see @file too")]).prompts["h"] == "h"


def test_three_tell_of_one_prompt() -> None:
    tellings = [telling("h", 0.2, Way.HOOK), telling("r", 0, Way.RECORD), telling("n", 0.1, Way.NAMED)]
    order = PromptOrder(tellings)
    assert order.prompts == {"h": "n", "r": "n", "n": "n"}
    assert order.begun == [(NOON, "n")]


TELLINGS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(Way), st.sampled_from(["a", "b", None])), max_size=9, unique=True
).map(lambda found: [telling(f"{i}", seconds, way, text) for i, (seconds, way, text) in enumerate(found)])


@pytest.mark.lengthy
@given(TELLINGS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(tellings: list[Telling], random: st.DataObject) -> None:
    shuffled = list(tellings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert PromptOrder(shuffled).prompts == PromptOrder(tellings).prompts
    assert PromptOrder(shuffled).begun == PromptOrder(tellings).begun


@pytest.mark.lengthy
@given(TELLINGS, st.integers(0, 9), st.integers(-1, 45))
def test_moves_bring_everything_to_where_it_belongs(tellings: list[Telling], known: int, second: int) -> None:
    """Whatever has gone by order while less was known is after the moves where it would have gone."""
    before, after = PromptOrder(tellings[:known]), PromptOrder(tellings)
    at = NOON + timedelta(seconds=second)
    place = before.at(at)
    [*moves] = [move for move in before.moves_to(after) if move.since <= at < move.until]
    for move in moves:
        assert move.out_of == place
        place = move.into
    assert place == after.at(at)
    assert len(moves) <= 1


@pytest.mark.lengthy
@given(TELLINGS)
def test_each_prompt_is_told_of_once_on_each_way(tellings: list[Telling]) -> None:
    order = PromptOrder(tellings)
    told = [(prompt, order.tellings[id_].way) for id_, prompt in order.prompts.items()]
    assert len(told) == len(set(told))
    assert all(order.prompts[prompt] == prompt for prompt in order.prompts.values())
