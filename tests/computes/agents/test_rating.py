"""Prompts that are ratings: what begins one, and what it says."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.api.http.hooks.agent_hooks import DIALECTS
from loopgraph.clients import rating_words
from loopgraph.clients.rating_words import said_behind
from loopgraph.computes.agents.claude_code import observe_hook
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.computes.agents.rating import RatingPrompt, kept_from_the_model, rating_prompt
from loopgraph.errors import InvalidInput
from loopgraph.settings import Settings

WORDS = ("/rate", "lg rate")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENTS: dict[str, dict[str, Any]] = {
    "claude-code": {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt_id": "p"},
    "codex": {"hook_event_name": "UserPromptSubmit", "session_id": "s", "turn_id": "t"},
    "gemini": {"hook_event_name": "BeforeAgent", "session_id": "s"},
    "cursor": {"hook_event_name": "beforeSubmitPrompt", "conversation_id": "s", "generation_id": "g"},
    "copilot": {"hook_event_name": "userPromptSubmitted", "sessionId": "s"},
}


@pytest.mark.parametrize(
    ("prompt", "rest"),
    [
        ("/rate 4 the plan was good", "4 the plan was good"),
        ("  /RATE\t5  ", "5"),
        ("/rate", ""),
        ("lg rate 2\nit forgot the tests", "2\nit forgot the tests"),
        ("/rate 9", "9"),
        ("/rate 4.5", "4.5"),
        ("/rate 4/5", "4/5"),
        ("/rate 4 / 5, quick", "4 / 5, quick"),
        ("lg rate 4 out of 5: nice", "4 out of 5: nice"),
        ("lg rate 5 Stars!", "5 Stars!"),
        ("/rate 1 star - useless", "1 star - useless"),
        ("/rate 4: good", "4: good"),
        ("/rate 4 - good", "4 - good"),
        ("/rate 4 — good", "4 — good"),
        ("/rate 4—good", "4—good"),
        ("/rate 5! wow", "5! wow"),
        ("/rate 4 #plan", "4 #plan"),
    ],
)
def test_a_rating_is_a_word_and_a_number_and_perhaps_a_comment(prompt: str, rest: str) -> None:
    assert said_behind(prompt, WORDS) == rest


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "/rated 4",
        "/rate/4",
        "please /rate 4",
        "lg  rate 4",
        "lg rate limiting is broken, please fix it",
        "/rate limit the endpoint",
        "/rate found the cause at once",
        "lg rate good",
        "lg rate five",
        "lg rate of change",
        "/rate 3 of the 7 tests fail",
        "/rate 3  of the 7 tests fail",
        "/rate 3 of 7",
        "lg rate 3/7 tests fail",
        "/rate 4/5 tests fail",
        "/rate 4 of 5 tests fail",
        "lg rate 4/5,000 requests are refused",
        "lg rate 3 tests fail",
        "lg rate 2 times slower than before",
        "lg rate 2x slower",
        "lg rate 3 requests is too low",
        "lg rate 3 API requests per second",
        "lg rate 4 please fix it",
        "lg rate 404 pages",
        "lg rate 10 good",
        "lg rate 0 is divided by",
        "/rate -1 is returned",
        "/rate 4.5 seconds are too much",
        "lg rate 1. fix the tests 2. run them",
        "lg rate 3, 4 and 5 fail",
        "lg rate 3 - 5 fail",
        "lg rate 3-column layout",
        "lg rate 3:00 job does not run",
        "lg rate 3,5 percent",
        "lg rate 4 % of it",
        "lg rate 5 == 5",
        "lg rate 4 -v",
        "lg rate 4you",
        "lg rate 5 star hotels by price",
    ],
)
def test_what_could_be_work_is_work(prompt: str) -> None:
    assert said_behind(prompt, WORDS) is None
    assert not rating_words.is_rating({**EVENTS["claude-code"], "prompt": prompt}, "claude-code", WORDS)


@pytest.mark.parametrize(
    ("text", "rating", "comment", "tags"),
    [
        ("4 the plan was good", 4, "the plan was good", ()),
        ("5", 5, None, ()),
        ("4/5, quick #plan #docs #plan", 4, "quick #plan #docs #plan", ("plan", "docs")),
        ("3 of 5: so-so", 3, "so-so", ()),
        ("4 Stars, nice", 4, "nice", ()),
        ("4 out of 5", 4, None, ()),
        ("4 - good", 4, "good", ()),
        ("4—good", 4, "good", ()),
        ("2\nit forgot the tests", 2, "it forgot the tests", ()),
        ("1 see issue#7", 1, "see issue#7", ()),
    ],
)
def test_what_a_rating_says(text: str, rating: int | None, comment: str | None, tags: tuple[str, ...]) -> None:
    said = RatingPrompt("s", "p", AT, text).feedback("the-work")
    assert (said.rating, said.comment, said.tags) == (rating, comment, tags)
    assert (said.correlation_id, said.feedback_id) == ("the-work", "rating/p")


@pytest.mark.parametrize("text", ["", "0", "6", "4.5", "-1", f"4 {'x' * 10_001}"])
def test_what_is_no_rating_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        RatingPrompt("s", "p", AT, text).feedback("the-work")


@pytest.mark.lengthy
@given(st.text(max_size=200) | st.text("0123456789 .,:-—/of\n", max_size=9))
def test_what_is_taken_for_a_rating_has_one_or_is_refused(text: str) -> None:
    said = said_behind(f"/rate {text}", WORDS)
    if said is not None:
        with contextlib.suppress(InvalidInput):
            assert RatingPrompt("s", "p", AT, said).feedback("the-work").rating


@pytest.mark.parametrize("client", EVENTS)
def test_the_prompt_of_each_client_is_known_as_a_rating(client: str) -> None:
    observe = {**DIALECTS, "claude-code": observe_hook}[client]
    for prompt, is_rating in (("/rate 4 good", True), ("rate my code", False)):
        event = {**EVENTS[client], "prompt": prompt}
        found = rating_prompt(observe(event, Arrival(AT, True, "own-id")), WORDS)
        assert (found is not None) == is_rating
        if found:
            assert (found.session_id, found.text) == ("s", "4 good")
        assert rating_words.is_rating(event, client, WORDS) == (is_rating and client != "copilot")


def test_what_a_subagent_is_given_is_no_rating() -> None:
    event = {**EVENTS["claude-code"], "agent_id": "a", "prompt": "/rate 4"}
    assert rating_prompt(observe_hook(event, Arrival(AT, True, "own-id")), WORDS) is None
    assert not rating_words.is_rating(event, "claude-code", WORDS)


def test_the_hook_and_the_service_have_the_same_words_and_the_same_answers() -> None:
    assert Settings().rate_words == rating_words.rating_words({}) == rating_words.DEFAULT
    assert rating_words.rating_words({"LOOPGRAPH_RATE_WORDS": " /note , lg rate,"}) == ("/note", "lg rate")
    assert rating_words.rating_words({"LOOPGRAPH_RATE_WORDS": ""}) == ()
    for client in ("claude-code", "codex", "gemini", "cursor"):
        assert json.loads(rating_words.blocked(client, "why")) == kept_from_the_model(client, "why")
    assert kept_from_the_model("copilot", "why") == {}
