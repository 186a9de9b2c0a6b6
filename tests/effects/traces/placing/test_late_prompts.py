"""A client that does not name its prompts, told of in any order, also its prompts: everything is of the prompt of its time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from loopgraph.computes.agents.claude_code import Arrival, observe_hook
from loopgraph.contracts.observations import Observation
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.writes import TraceWrites
from loopgraph.errors import UserError
from support.quick import first_quick
from support.recorded_endings import traces
from support.traces import NOON, statement

Json = dict[str, Any]

EVENTS: list[tuple[int, str, Json]] = [
    (0, "Notification", {"message": "before"}),
    (10, "UserPromptSubmit", {"prompt": "first"}),
    (11, "PreToolUse", {"tool_name": "Bash", "tool_use_id": "t1", "tool_input": {"command": "ls"}}),
    (12, "PostToolUse", {"tool_name": "Bash", "tool_use_id": "t1", "tool_response": "ok"}),
    (13, "Stop", {"last_assistant_message": "one"}),
    (20, "UserPromptSubmit", {"prompt": "second"}),
    (21, "PreToolUse", {"tool_name": "Read", "tool_use_id": "t2", "tool_input": {}}),
    (22, "PostToolUse", {"tool_name": "Read", "tool_use_id": "t2", "tool_response": "ok"}),
    (23, "Stop", {"last_assistant_message": "two"}),
    (30, "UserPromptSubmit", {"prompt": "third"}),
    (31, "PreToolUse", {"tool_name": "Grep", "tool_use_id": "t3", "tool_input": {}}),
    (40, "UserPromptSubmit", {"prompt": "fourth"}),
    (41, "PreToolUse", {"tool_name": "Glob", "tool_use_id": "t4", "tool_input": {}}),
    (42, "PostToolUse", {"tool_name": "Glob", "tool_use_id": "t4", "tool_response": "ok"}),
    (43, "StopFailure", {"error": "rate_limit"}),
]

TREE = [
    (None, None, None, ["Notification success"]),
    ("first", "success", "one", ["Bash success"]),
    ("second", "success", "two", ["Read success"]),
    ("third", "interrupted", None, ["Grep interrupted"]),
    ("fourth", "error", None, ["Glob success"]),
]


def session() -> tuple[str, list[tuple[datetime, tuple[Observation, ...]]]]:
    """The id of a session, and what each of its events says."""
    id_ = new_id()
    told = []
    for seconds, name, fields in EVENTS:
        at = NOON + timedelta(seconds=seconds)
        payload = {"hook_event_name": name, "session_id": id_, **fields}
        told.append((at, observe_hook(payload, Arrival(at, stamped=True, execution_id=new_id()))))
    return id_, told


async def tell(graph: Graph, told: list[tuple[datetime, tuple[Observation, ...]]], size: int) -> None:
    writes = TraceWrites(graph)
    for first in range(0, len(told), size):
        some = told[first : first + size]
        events = [one for _, said in some for one in said]
        outcomes = await writes.record(events, received_at=max(at for at, _ in some))
        assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]


async def tree(graph: Graph, session_id: str) -> list[tuple[str | None, str | None, str | None, list[str]]]:
    rows = await statement(
        graph,
        "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace)-[:RAN]->(h) WHERE h.correlation_id = t.correlation_id "
        "RETURN t.correlation_id AS id, coalesce(h.tool_name, h.hook_type) AS name, h.status AS status, h.root_id AS root",
        id=session_id,
    )
    found = []
    for trace in await traces(graph, session_id):
        steps = [row for row in rows if row["id"] == trace["correlation_id"]]
        is_prompt = trace.get("source") == "user_prompt"
        assert {row["root"] for row in steps} <= ({trace["correlation_id"]} if is_prompt else {None})
        status = trace["status"] if is_prompt else None
        told = sorted(f"{row['name']} {row['status']}" for row in steps)
        found.append((trace.get("prompt_text"), status, trace.get("response_text"), told))
    return sorted(found, key=lambda one: [text for text, *_ in TREE].index(one[0]))


@pytest.mark.parametrize("last", [1, 5, 9, 11])
async def test_a_prompt_that_comes_last_has_what_its_time_has_brought(graph: Graph, last: int) -> None:
    id_, told = session()
    await tell(graph, [*told[:last], *told[last + 1 :], told[last]], size=1)
    assert await tree(graph, id_) == TREE


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("seed", first_quick(range(4)))
async def test_in_any_order_everything_is_of_the_prompt_of_its_time(graph: Graph, seed: int, size: int) -> None:
    id_, told = session()
    shuffled = list(told)
    random.Random(seed).shuffle(shuffled)
    await tell(graph, shuffled, size)
    assert await tree(graph, id_) == TREE
    await tell(graph, told, size)
    assert await tree(graph, id_) == TREE
