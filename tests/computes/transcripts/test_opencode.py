"""Sessions that a real OpenCode kept, row by row and in the graph."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgraph.computes.transcripts.opencode import OpenCodeReader
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, SessionSeen
from loopgraph.contracts.traces.precedence import Ending
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from support.odd_lines import ODD, places, with_odd
from support.recorded_clients import session, tree
from support.rollouts import FOLDER, of, read, record, tokens

Json = dict[str, Any]

TEXT = (FOLDER / "opencode" / "1.18.jsonl").read_text()
ROWS: list[Json] = [json.loads(line) for line in TEXT.splitlines()]
SESSION, CHILD, STOPPED = [row["id"] for row in ROWS if "directory" in row]

USED = sum(100 * n + 7 for n in range(2, 13)), sum(10 + n for n in range(2, 13))
"""To the nth request the stand-in has answered with ``100 n + 7`` and ``10 + n`` tokens; the first was for a title."""


def fresh() -> tuple[list[bytes], str]:
    """The rows under new ids, and that of the session."""
    names: dict[str, str] = {}

    def renamed(found: re.Match[str]) -> str:
        return names.setdefault(found[0], f"{found[0][:17]}{new_id()[-12:]}")

    text = re.sub(r"\b(?:ses|msg|prt)_[A-Za-z0-9]{26}\b", renamed, TEXT)
    return [line.encode() for line in text.splitlines()], names[SESSION]


def told(*, close: bool = False) -> list[Observation]:
    return read(OpenCodeReader, "opencode.db", [json.dumps(row).encode() for row in ROWS], close=close)


def test_sessions_and_their_prompts() -> None:
    seen = {event.session_id: event for event in of(SessionSeen, told())}
    assert set(seen) == {SESSION, STOPPED}
    first = seen[SESSION]
    assert (first.client, first.client_version, first.cwd, first.model) == (
        "opencode",
        "1.18.33",
        "/home/dev/project",
        "m1",
    )
    asked = [event.prompt_text for event in of(TraceStarted, told()) if event.prompt_text and not event.agent_id]
    assert asked == ['"Look-around please"', '"And once more"', '"Sleep long"']


def test_tokens_and_costs_are_those_that_the_client_sums_up() -> None:
    calls = of(EndpointCalled, told())
    for row in ROWS[:2]:
        messages = {message["id"] for message in ROWS if message.get("session_id") == row["id"]}
        own = [call for call in calls if call.call_id in messages]
        assert sum(call.input_tokens for call in own) == row["tokens_input"] + row["tokens_cache_read"]
        assert sum(call.output_tokens for call in own) == row["tokens_output"] + row["tokens_reasoning"]
        assert sum(call.reasoning_tokens for call in own) == row["tokens_reasoning"]
        assert sum(call.cost_usd for call in own) == pytest.approx(row["cost"])


def test_what_was_stopped_is_cut_off_when_nothing_more_comes() -> None:
    """The client that was stopped by a signal has left the call as it ran."""
    assert not [event for event in of(TraceCompleted, told()) if event.correlation_id.startswith(STOPPED)]
    ended = [one for one in told(close=True) if one.source == "transcript.close"]
    assert [(type(one.event).__name__, one.event.status, one.ending) for one in ended] == [  # type: ignore[union-attr]
        ("HookExecuted", TraceStatus.INTERRUPTED, Ending.CUT_OFF),
        ("TraceCompleted", TraceStatus.INTERRUPTED, Ending.CUT_OFF),
    ]


def test_what_is_exported_says_the_same() -> None:
    """The form of ``opencode export``: camel-cased, without the columns of the database."""

    def own(row: Json) -> Json:
        ids = {"id": row["id"], "sessionID": row["session_id"]}
        return {**ids, **({"messageID": row["message_id"]} if "message_id" in row else {}), **row["data"]}

    messages = [row for row in ROWS if row.get("session_id") == SESSION and "message_id" not in row]
    parts = [row for row in ROWS if "message_id" in row]
    info = {
        "id": SESSION,
        "directory": "/home/dev/project",
        "version": "1.18.33",
        "time": {"created": ROWS[0]["time_created"]},
    }
    whole = {
        "info": info,
        "messages": [
            {"info": own(message), "parts": [own(part) for part in parts if part["message_id"] == message["id"]]}
            for message in messages
        ],
    }
    exported = read(OpenCodeReader, "export.json", [json.dumps(whole).encode()])
    kept = [
        one
        for one in told()
        if isinstance(one.event, HookExecuted) and one.event.tool_input.get("command") != "echo deep"
    ]
    calls = {event.execution_id: event.outcome for event in of(HookExecuted, exported)}
    assert len(calls) == 7
    assert calls == {
        event.execution_id: event.outcome for event in of(HookExecuted, kept) if SESSION in event.execution_id
    }
    assert [event.prompt_text for event in of(TraceStarted, exported) if event.prompt_text] == [
        '"Look-around please"',
        '"And once more"',
    ]


def test_prompts_that_were_taken_back_say_so() -> None:
    """By the client's public description: the session names the message that it was taken back to."""
    _, again = [row["id"] for row in ROWS if row.get("session_id") == SESSION and row["data"].get("role") == "user"]
    rows = [{**ROWS[0], "revert": json.dumps({"messageID": again})}, *ROWS[1:]]
    traces = of(TraceStarted, read(OpenCodeReader, "opencode.db", [json.dumps(row).encode() for row in rows]))
    assert {event.correlation_id for event in traces if "abandoned" in event.tags} == {f"{SESSION}/{again}"}


STATES: list[tuple[Json, str]] = [
    ({"status": "completed", "output": "", "metadata": {"exit": 2}}, "error"),
    ({"status": "completed", "output": "", "metadata": {"exit": None}}, "success"),
    ({"status": "error", "error": "The user rejected permission to use this specific tool call."}, "denied"),
    ({"status": "error", "error": "Tool execution aborted"}, "interrupted"),
    ({"status": "error", "error": "no"}, "error"),
    ({"status": "running", "time": {"start": 1795929203829}}, "in_progress"),
    ({"status": ["completed"]}, "in_progress"),
]


@pytest.mark.parametrize(("state", "expected"), STATES)
def test_how_a_call_ended(state: Json, expected: str) -> None:
    data = {"type": "tool", "tool": "bash", "callID": "call_1", "state": {"input": {}, **state}}
    part = {"id": "prt_1", "message_id": "msg_1", "session_id": "ses_1", "data": data}
    ran = of(HookExecuted, read(OpenCodeReader, "opencode.db", [json.dumps(part).encode()]))[-1]
    assert ran.outcome.value == expected


@settings(max_examples=100, deadline=None)
@given(data=st.data())
@pytest.mark.slow
def test_no_row_fails_whatever_is_in_it(data: st.DataObject) -> None:
    rows: list[Any] = list(ROWS)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(rows) - 1))
        place, odd = data.draw(st.sampled_from(places(rows[at]))), data.draw(ODD)
        rows[at] = with_odd(rows[at], place, odd)
    read(OpenCodeReader, "opencode.db", [json.dumps(row).encode() for row in rows])


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", [0, 1, 2])
async def test_a_session_in_the_graph(graph: Graph, seed: int) -> None:
    lines, id_ = fresh()
    one = read(OpenCodeReader, "opencode.db", lines)
    if seed:
        random.Random(seed).shuffle(one)
    await record(graph, one, size=9)
    await record(graph, one)
    common = {
        "source": "user_prompt",
        "status": "success",
        "answer": "All is done.",
        "steps": [],
        "spawned_by": (None, None),
    }
    assert await tree(graph, id_) == [
        {
            **common,
            "prompt": '"Look-around please"',
            "calls": [
                ("bash", "success"),
                ("bash", "error"),
                ("read", "error"),
                ("no_such_tool", "error"),
                ("bash", "denied"),
                ("task", "success"),
            ],
        },
        {
            **common,
            "source": "subagent",
            "prompt": "Look-deeper",
            "calls": [("bash", "success")],
            "spawned_by": ("task", "exact: client"),
        },
        {**common, "prompt": '"And once more"', "calls": [("bash", "success")]},
    ]
    assert await tokens(graph, id_) == (11, *USED)
    assert (await session(graph, id_))["client"] == "opencode"
