"""What real frameworks sent, recorded, comes to what it must: role, model, tokens, cost, prompt, answer, tool, session, agent."""

from __future__ import annotations

import pytest

from senders.expected import EXPECTED, check
from senders.record import RECORDED, read


@pytest.mark.parametrize("name", EXPECTED)
def test_what_was_recorded(name: str) -> None:
    check(name, read(name))


OTHERS = {"openai_v2_events", "codex", "gemini_cli"}
"""Recordings of other conversations, which tests of their own read."""


def test_every_recording_is_tested() -> None:
    assert {path.stem for path in RECORDED.glob("*.jsonl")} == EXPECTED.keys() | OTHERS
