"""What real frameworks sent, recorded, comes to what it must: role, model, tokens, cost, prompt, answer, tool, session, agent."""

from __future__ import annotations

import pytest

from senders.expected import EXPECTED, check
from senders.picture import picture_of
from senders.record import RECORDED, read


@pytest.mark.parametrize("name", EXPECTED)
def test_what_was_recorded(name: str) -> None:
    check(name, read(name))


OTHERS = {"openai_v2_events", "codex", "gemini_cli"}
"""Recordings of other conversations, which tests of their own read."""


def test_every_recording_is_tested() -> None:
    assert {path.stem for path in RECORDED.glob("*.jsonl")} == EXPECTED.keys() | OTHERS


def test_a_call_that_failed_has_the_messages_that_were_sent_for_it() -> None:
    picture = picture_of(read("openai_v2_events"))
    failed, *others = sorted(picture.calls.values(), key=lambda call: call["status"])
    assert (failed["status"], failed["error_type"]) == ("error", "InternalServerError")
    assert list(failed["messages"].values()) == [{"role": "user", "content": "FAIL-500"}]
    assert [len(call["messages"]) for call in others] == [3, 2, 0]
    assert others[2]["model"] == "text-embedding-3-small"
    assert picture.logs == {}
