"""What is content and what is not."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.privacy import content
from loopgraph.computes.privacy.content import KINDS, Kind, frame_of_address, frame_of_map
from loopgraph.computes.privacy.names import compact
from loopgraph.contracts.loop.reported_outcomes import NewOutcome
from loopgraph.contracts.loop.user_feedback import NewFeedback
from loopgraph.contracts.traces.events import Alternative, TraceEvent
from loopgraph.contracts.traces.observations import AgentBelow, LogRecorded, MetricMeasured, Observation, SessionSeen
from loopgraph.contracts.traces.uses import MemoryLoaded, PatternUsed

CONTRACTS: list[Any] = [
    *get_args(get_args(TraceEvent)[0]),
    *(SessionSeen, LogRecorded, MetricMeasured, PatternUsed, MemoryLoaded),
    Observation,
    Alternative,
    AgentBelow,
    NewFeedback,
    NewOutcome,
]


def test_every_field_of_every_event_is_told_apart_and_no_other() -> None:
    assert {name for contract in CONTRACTS for name in contract.model_fields} == KINDS.keys()


def test_ids_are_the_fields_that_are_declared_so() -> None:
    for contract in CONTRACTS:
        for name, field in contract.model_fields.items():
            is_id = r"^[A-Za-z0-9][A-Za-z0-9._:/@+#=-]*$" in f"{field.annotation} {field.metadata}"
            assert is_id == (KINDS[name] is Kind.ID), name


def test_what_stays_of_a_map() -> None:
    assert frame_of_map(
        {
            "permission_mode": "plan", "gen_ai.request.model": "m-1", "duration_ms": "12.5", "done": True, "count": 3,
            "prompt": "hello", "file_path": "/home/x/y.py", "full_command": "ls", "user.email": "a@b.de", "note": None,
            "trace": "0af7651916cd43dd8448eb211c80319c", "at": "2026-03-01T12:00:00.5Z", "who": "Bob",
            "gen_ai.response.finish_reasons": ["stop"], "files": ["a.py"], "sizes": [1, 2],
            "events": [{"name": "exception", "attributes": {"exception.type": "E", "exception.message": "m"}}],
            "scope": {"name": "shop", "version": "1"}, "answers": {"q1": 1}, "a key with words": 5,
            "status": "two\nlines",
        }
    ) == {
        "permission_mode": "plan", "gen_ai.request.model": "m-1", "duration_ms": "12.5", "done": True, "count": 3,
        "trace": "0af7651916cd43dd8448eb211c80319c", "at": "2026-03-01T12:00:00.5Z",
        "gen_ai.response.finish_reasons": ["stop"], "sizes": [1, 2],
        "events": [{"name": "exception", "attributes": {"exception.type": "E"}}], "scope": {"name": "shop", "version": "1"},
    }  # fmt: skip


WORDS = "what Bob said to Ann"
UNKNOWN = st.text(max_size=5).filter(lambda name: compact(name) not in content._FRAME)
"""Names that nobody knows; `MODE` is known as `mode` is."""
VALUES = st.recursive(
    st.just(WORDS) | st.integers() | st.booleans() | st.none(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.just(WORDS) | UNKNOWN, inside, max_size=3),
    max_leaves=8,
)


@pytest.mark.lengthy
@given(st.dictionaries(st.sampled_from(["said", "x.y", WORDS, "attributes", "scope", "answer"]), VALUES))
def test_no_text_stays_under_a_name_that_is_not_known(value: dict[str, Any]) -> None:
    assert WORDS not in str(frame_of_map(value))


@pytest.mark.parametrize(
    ("path", "frame"), [("/a/b", "/a/b"), ("/a?q=hello", "/a"), ("/a#hello", "/a"), ("https://h/a?x#y", "https://h/a")]
)
def test_what_stays_of_an_address(path: str, frame: str) -> None:
    assert frame_of_address(path) == frame
