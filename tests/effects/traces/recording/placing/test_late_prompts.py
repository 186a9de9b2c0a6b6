"""A client that does not name its prompts, told of in any order, also its prompts: everything is of the prompt of its time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from loopgraph.computes.agents.claude_code import Arrival, observe_hook
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
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


def session(
    events: list[tuple[int, str, Json]] = EVENTS,
) -> tuple[str, list[tuple[datetime, tuple[Observation, ...]]]]:
    """The id of a session, and what each of its events says."""
    id_ = new_id()
    told = []
    for seconds, name, fields in events:
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


WITH_SUBAGENTS: list[tuple[int, str, Json]] = [
    (5, "SubagentStart", {"agent_id": "a0", "agent_type": "Early"}),
    *EVENTS[1:5],
    (14, "SubagentStart", {"agent_id": "a1", "agent_type": "Later"}),
    EVENTS[5],
    (21, "PreToolUse", {"tool_name": "Agent", "tool_use_id": "t2", "tool_input": {"subagent_type": "Explore"}}),
    (22, "SubagentStart", {"agent_id": "a2", "agent_type": "Explore"}),
    (23, "PreToolUse", {"tool_name": "Bash", "tool_use_id": "u2", "tool_input": {}, "agent_id": "a2"}),
    (24, "PostToolUse", {"tool_name": "Bash", "tool_use_id": "u2", "tool_response": "ok", "agent_id": "a2"}),
    (25, "SubagentStop", {"agent_id": "a2", "agent_type": "Explore"}),
    (26, "PostToolUse", {"tool_name": "Agent", "tool_use_id": "t2", "tool_response": {"agentId": "a2", "status": "completed"}}),
    (27, "Stop", {"last_assistant_message": "two"}),
    EVENTS[9],
    (31, "PreToolUse", {"tool_name": "Agent", "tool_use_id": "t3", "tool_input": {"subagent_type": "Plan"}}),
    (32, "SubagentStart", {"agent_id": "a3", "agent_type": "Plan"}),
    (33, "PreToolUse", {"tool_name": "Read", "tool_use_id": "u3", "tool_input": {}, "agent_id": "a3"}),
    EVENTS[11],
]  # fmt: skip

SUBAGENTS = [
    ("Early", None, None, "in_progress", []),
    ("Explore", "second", "t2", "success", ["u2 success"]),
    ("Later", "first", None, "in_progress", []),
    ("Plan", "third", "t3", "interrupted", ["u3 interrupted"]),
]
"""The type of each, the prompt that it works for, the call that it hangs under, how it ended, and its steps."""


async def subagents(graph: Graph, session_id: str) -> list[tuple[str, str | None, str | None, str, list[str]]]:
    rows = await statement(
        graph,
        "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace) WHERE t.agent_id IS NOT NULL "
        "OPTIONAL MATCH (root:Trace {correlation_id: t.root_id}) OPTIONAL MATCH (by)-[:SPAWNED]->(t) "
        "OPTIONAL MATCH (t)-[:RAN]->(h) "
        "RETURN t.agent_type AS type, root.prompt_text AS prompt, t.status AS status, t.root_id AS root, t.parent_id AS parent, "
        "collect(DISTINCT by.tool_use_id) AS calls, collect(DISTINCT by.correlation_id) AS under, "
        "collect(DISTINCT h.root_id) AS roots, collect(DISTINCT h.tool_use_id + ' ' + h.status) AS steps",
        id=session_id,
    )
    for row in rows:
        assert row["roots"] in ([], [row["root"]])
        assert row["under"] == ([row["parent"]] if row["parent"] else [])
    return sorted((row["type"], row["prompt"], *(row["calls"] or [None]), row["status"], row["steps"]) for row in rows)


@pytest.mark.lengthy
@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("order", first_quick(["as it was", "second last", "third last", "prompts last", 1, 2, 3], 3))
async def test_subagents_are_of_the_prompt_of_their_time_too(graph: Graph, order: str | int, size: int) -> None:
    id_, told = session(WITH_SUBAGENTS)
    late = [at for (at, _), (_, name, _) in zip(told, WITH_SUBAGENTS, strict=True) if name == "UserPromptSubmit"]
    if isinstance(order, int):
        random.Random(order).shuffle(told)
    elif order != "as it was":
        last = {"second last": late[1:2], "third last": late[2:3], "prompts last": late[::-1]}[order]
        told.sort(key=lambda one: last.index(one[0]) if one[0] in last else -1)
    await tell(graph, told, size)
    assert await subagents(graph, id_) == SUBAGENTS


@pytest.mark.lengthy
@pytest.mark.parametrize("last", [1, 5, 9, 11])
async def test_a_prompt_that_comes_last_has_what_its_time_has_brought(graph: Graph, last: int) -> None:
    id_, told = session()
    await tell(graph, [*told[:last], *told[last + 1 :], told[last]], size=1)
    assert await tree(graph, id_) == TREE


@pytest.mark.lengthy
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


@pytest.mark.lengthy
@pytest.mark.parametrize("order", ["0123", "1302", "2310", "3021", "3201", "3210"])
async def test_a_call_is_of_the_prompt_in_which_it_began(graph: Graph, order: str) -> None:
    call = {"tool_name": "Bash", "tool_use_id": "t"}
    id_, told = session(
        [
            (10, "UserPromptSubmit", {"prompt": "first"}),
            (11, "PreToolUse", call),
            (20, "UserPromptSubmit", {"prompt": "second"}),
            (21, "PostToolUse", {**call, "tool_response": "ok"}),
        ]
    )
    await tell(graph, [told[int(number)] for number in order], size=1)
    [row] = await statement(
        graph,
        "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace)-[:RAN]->(h) "
        "RETURN t.prompt_text AS prompt, t.correlation_id AS id, h.root_id AS root, h.status AS status",
        id=id_,
    )
    assert (row["prompt"], row["root"], row["status"]) == ("first", row["id"], "success")
