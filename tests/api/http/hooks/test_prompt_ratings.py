"""Prompts that are ratings, through the doors for hook events."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.effects.clock import new_id
from support.service import Service

Json = dict[str, Any]

SAID = """
query Said($session: ID!) {
  traces(first: 20, filter: {sessionId: $session}) { edges { node {
    correlationId promptText source
    feedback(first: 10) { edges { node { rating comment sentiment tags createdBy } } }
  } } }
}
"""


async def send(service: Service, event: Json, client: str = "claude-code", at: str | None = None) -> Json:
    headers = {"X-Event-Timestamp": at} if at else {}
    answer = await service.http.post(f"/api/hooks/{client}", json=event, headers=headers)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def prompt(session: str, text: str, prompt_id: str | None = None) -> Json:
    id_ = prompt_id or new_id()
    return {"hook_event_name": "UserPromptSubmit", "session_id": session, "prompt_id": id_, "prompt": text}


async def traces(service: Service, session: str) -> dict[str, list[Json]]:
    """What was said of each prompt of a session, by its text."""
    edges = (await service.query(SAID, session=session))["traces"]["edges"]
    prompts = [edge["node"] for edge in edges if edge["node"]["source"] == "user_prompt"]
    return {node["promptText"]: [one["node"] for one in node["feedback"]["edges"]] for node in prompts}


@pytest.mark.lengthy
async def test_a_rating_is_feedback_on_the_prompt_before_and_no_prompt(service: Service) -> None:
    session = new_id()
    assert await send(service, prompt(session, "Mend the parser")) == {}
    assert await send(service, {"hook_event_name": "Stop", "session_id": session, "last_assistant_message": "ok"}) == {}
    told = await send(service, prompt(session, "/rate 4 the plan was good #plan"))
    assert told == {
        "decision": "block",
        "reason": "Loopgraph: rated 4 of 5: “Mend the parser”; the comment is taken for positive",
    }
    assert await traces(service, session) == {
        "Mend the parser": [
            {
                "rating": 4,
                "comment": "the plan was good #plan",
                "sentiment": "POSITIVE",
                "tags": ["plan"],
                "createdBy": "anonymous",
            }
        ]
    }


@pytest.mark.lengthy
async def test_a_rating_that_is_told_twice_counts_once(service: Service) -> None:
    """By two handlers of the client, or again from the spool of the shim."""
    session, id_ = new_id(), new_id()
    await send(service, prompt(session, "Mend the parser"), at="2026-03-01T12:00:00Z")
    for _ in range(2):
        told = await send(service, prompt(session, "/rate 2", id_), at="2026-03-01T12:05:00Z")
        assert told["reason"].startswith("Loopgraph: rated 2 of 5")
    await send(service, prompt(session, "Mend it again"), at="2026-03-01T12:06:00Z")
    await send(service, prompt(session, "/rate 2", id_), at="2026-03-01T12:05:00Z")
    said = await traces(service, session)
    assert [one["rating"] for one in said["Mend the parser"]] == [2]
    assert said["Mend it again"] == []


@pytest.mark.lengthy
async def test_a_second_rating_is_about_the_same_work(service: Service) -> None:
    session = new_id()
    await send(service, prompt(session, "Mend the parser"))
    for text in ("/rate 2 it forgot the tests", "lg rate 5"):
        await send(service, prompt(session, text))
    assert sorted(one["rating"] for one in (await traces(service, session))["Mend the parser"]) == [2, 5]


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/rate 9", "nothing was rated: rating must be a whole number from 1 (worst) to 5 (best), not 9"),
        ("/rate", "nothing was rated: rating say 1 (worst) to 5 (best), and behind it what you think"),
    ],
)
async def test_what_is_no_rating_is_answered_with_what_would_be_one(service: Service, text: str, reason: str) -> None:
    session = new_id()
    await send(service, prompt(session, "Mend the parser"))
    told = await send(service, prompt(session, text))
    assert told["decision"] == "block"
    assert reason.replace("rating ", "", 1) in told["reason"].replace("rating: ", "", 1).replace("rating ", "", 1)
    assert await traces(service, session) == {"Mend the parser": []}


@pytest.mark.lengthy
async def test_what_could_be_work_is_a_prompt(service: Service) -> None:
    session = new_id()
    texts = ("Mend the parser", "lg rate limiting is broken, please fix it", "/rate 3 of the 7 tests fail")
    for text in texts:
        assert await send(service, prompt(session, text)) == {}
    assert await traces(service, session) == {text: [] for text in texts}


@pytest.mark.lengthy
async def test_the_prompt_before_cannot_move_the_cursor_or_turn_the_line(service: Service) -> None:
    session = new_id()
    await send(service, prompt(session, "Mend\x1b]0;owned\x07 \u202eresrap\u2066 the\u200b rest"))
    told = await send(service, prompt(session, "/rate 4"))
    assert told["reason"] == "Loopgraph: rated 4 of 5: “Mend ]0;owned resrap the rest”"


@pytest.mark.lengthy
async def test_without_a_prompt_there_is_nothing_to_rate(service: Service) -> None:
    session = new_id()
    told = await send(service, prompt(session, "/rate 4"))
    assert "no prompt of this session is known yet" in told["reason"]
    assert await traces(service, session) == {}


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("client", "begin", "refused"),
    [
        ("codex", {"hook_event_name": "UserPromptSubmit", "session_id": "?", "turn_id": "1"}, "block"),
        ("gemini", {"hook_event_name": "BeforeAgent", "session_id": "?"}, "deny"),
        ("gemini-cli", {"hook_event_name": "BeforeAgent", "session_id": "?"}, "deny"),
        ("cursor", {"hook_event_name": "beforeSubmitPrompt", "conversation_id": "?", "generation_id": "1"}, None),
        ("copilot", {"hook_event_name": "userPromptSubmitted", "sessionId": "?"}, None),
    ],
)
async def test_other_clients_are_answered_in_their_own_way(
    service: Service, client: str, begin: Json, refused: str | None
) -> None:
    session = new_id()
    event = {name: session if value == "?" else value for name, value in begin.items()}
    again = {name: "2" if name in ("turn_id", "generation_id") else value for name, value in event.items()}
    await send(service, {**event, "prompt": "Mend the parser"}, client)
    told = await send(service, {**again, "prompt": "/rate 4 good"}, client)
    said = await traces(service, session)
    assert [one["rating"] for one in said["Mend the parser"]] == [4]
    if client == "copilot":  # whose hook keeps nothing from the model
        assert told == {}
        assert said["/rate 4 good"] == []
        return
    assert list(said) == ["Mend the parser"]
    reason = told["user_message"] if client == "cursor" else told["reason"]
    assert reason.startswith("Loopgraph: rated 4 of 5: “Mend the parser”")
    assert (told.get("continue"), told.get("decision")) == (False if client == "cursor" else None, refused)
