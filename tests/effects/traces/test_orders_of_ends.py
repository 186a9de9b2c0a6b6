"""What a session leaves behind is the same in every order in which its events arrive."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from loopgraph.computes.agents.claude_code import Arrival, observe_hook
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStatus
from loopgraph.contracts.traces.observations import Recordable
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from support.quick import first_quick
from support.recorded_endings import traces
from support.traces import NOON, statement

pytestmark = pytest.mark.slow

_MOST = 24
"""So many orders of one story are told."""

Event = tuple[float, dict[str, Any]]
"""The second that it happened in, and its fields; those of a client's own event have no ``hook_event_name``."""


def hook(second: float, event: str, **fields: Any) -> Event:
    return second, {"hook_event_name": event, **fields}


def tool(second: float, event: str, id_: str = "t", **fields: Any) -> Event:
    return hook(second, event, **{"tool_name": "Bash", "tool_use_id": id_, "prompt_id": "p", **fields})


FIRST = hook(1, "UserPromptSubmit", prompt_id="p", prompt="do it")
NEXT = hook(4, "UserPromptSubmit", prompt_id="q", prompt="no, that")
END = hook(4, "SessionEnd", reason="other")
AGENT = hook(1.1, "SubagentStart", prompt_id="p", agent_id="ag", agent_type="Explore")
IN_AGENT = tool(1.2, "PreToolUse", "u", agent_id="ag")
LAUNCHED = tool(2, "PostToolUse", tool_name="Agent", tool_response={"agentId": "ag", "status": "async_launched"})

Left = dict[str, tuple[str, str | None, str | None, float | None]]
"""By prompt, agent or tool call: status, type and message of the error, and the second of the end."""

INTERRUPTED = ("interrupted", "interrupt", None)
OPEN = ("in_progress", None, None, None)

STORIES: dict[str, tuple[list[Event], Left]] = {
    "an answer": (
        [FIRST, hook(2, "Stop", prompt_id="p"), END],
        {"p": ("success", None, None, 2)},
    ),
    "a failure": (
        [FIRST, hook(2, "StopFailure", prompt_id="p", error="boom"), END],
        {"p": ("error", "boom", "boom", 2)},
    ),
    "an end that the client itself tells": (
        [FIRST, (2, {"correlation_id": "p"}), END],
        {"p": ("success", None, None, 2)},
    ),
    "a step of which the client itself tells the end": (
        [FIRST, tool(2, "PreToolUse"), (2, {"correlation_id": "p", "tool_use_id": "t"}), END],
        {"p": (*INTERRUPTED, 2), "t": ("success", None, None, 2)},
    ),
    "a call that returned": (
        [FIRST, tool(1.5, "PreToolUse"), tool(2, "PostToolUse"), END],
        {"p": (*INTERRUPTED, 2), "t": ("success", None, None, 2)},
    ),
    "a call that failed": (
        [FIRST, tool(1.5, "PreToolUse"), tool(2, "PostToolUseFailure", error="no"), NEXT],
        {"p": (*INTERRUPTED, 2), "t": ("error", "tool_error", "no", 2), "q": OPEN},
    ),
    "a call that did not return": (
        [FIRST, tool(1.5, "PreToolUse"), NEXT],
        {"p": (*INTERRUPTED, 1.5), "t": (*INTERRUPTED, None), "q": OPEN},
    ),
    "a call that did not return, of a prompt that was answered": (
        [FIRST, tool(1.5, "PreToolUse"), hook(2, "Stop", prompt_id="p"), END],
        {"p": ("success", None, None, 2), "t": (*INTERRUPTED, None)},
    ),
    "a call that did not return, of a prompt that was answered before the next one": (
        [FIRST, tool(1.5, "PreToolUse"), hook(2, "Stop", prompt_id="p"), NEXT],
        {"p": ("success", None, None, 2), "t": (*INTERRUPTED, None), "q": OPEN},
    ),
    "a call that did not return, of a prompt that failed before the next one": (
        [FIRST, tool(1.5, "PreToolUse"), hook(2, "StopFailure", prompt_id="p", error="boom"), NEXT],
        {"p": ("error", "boom", "boom", 2), "t": (*INTERRUPTED, None), "q": OPEN},
    ),
    "a call that did not return, of a subagent that is over": (
        [FIRST, AGENT, IN_AGENT, hook(2, "SubagentStop", prompt_id="p", agent_id="ag"), NEXT],
        {"p": (*INTERRUPTED, 1), "ag": ("success", None, None, 2), "u": (*INTERRUPTED, None), "q": OPEN},
    ),
    "a subagent that was waited for": (
        [FIRST, AGENT, IN_AGENT, NEXT],
        {"p": (*INTERRUPTED, 1), "ag": (*INTERRUPTED, 1.2), "u": (*INTERRUPTED, None), "q": OPEN},
    ),
    "a subagent in the background": (
        [FIRST, AGENT, IN_AGENT, LAUNCHED, NEXT],
        {"p": (*INTERRUPTED, 2), "ag": OPEN, "u": OPEN, "t": ("success", None, None, 2), "q": OPEN},
    ),
    "a subagent in the background of a session that is over": (
        [AGENT, IN_AGENT, LAUNCHED, NEXT, hook(5, "SessionEnd", reason="other")],
        {
            "p": (*INTERRUPTED, 2), "ag": (*INTERRUPTED, 1.2), "u": (*INTERRUPTED, None), "t": ("success", None, None, 2),
            "q": (*INTERRUPTED, 4),
        },
    ),
    "a subagent of a prompt that was answered": (
        [FIRST, AGENT, IN_AGENT, hook(2, "Stop", prompt_id="p"), NEXT],
        {"p": ("success", None, None, 2), "ag": OPEN, "u": OPEN, "q": OPEN},
    ),
    "a notice": (
        [hook(1, "Notification", message="hello"), hook(2, "Notification", message="there"), END],
        {"": ("success", None, None, 2)},
    ),
}  # fmt: skip


def orders(events: Sequence[Event]) -> list[tuple[Event, ...]]:
    every = list(itertools.permutations(events))
    return every if len(every) <= _MOST else [every[0], every[-1], *random.Random(7).sample(every, _MOST - 2)]


def said(session: str, event: Event) -> Sequence[Recordable]:
    second, fields = event
    at = NOON + timedelta(seconds=second)
    ids = {name: f"{fields[name]}-{session}" for name in ("prompt_id", "correlation_id") if name in fields}
    if "hook_event_name" in fields:
        return observe_hook({"session_id": session, **fields, **ids}, Arrival(at, stamped=True, execution_id=new_id()))
    if "tool_use_id" in fields:
        execution = f"{session}/{fields['tool_use_id']}"
        return [
            HookExecuted(**ids, execution_id=execution, hook_type="ToolUse", status=TraceStatus.SUCCESS, timestamp=at)
        ]
    return [TraceCompleted(**ids, success=True, timestamp=at)]


def end(node: dict[str, Any]) -> tuple[str, str | None, str | None, float | None]:
    completed: datetime | None = node.get("completed_at")
    second = (completed - NOON).total_seconds() if completed else None
    return node["status"], node.get("error_type"), node.get("error_message"), second


async def left(graph: Graph, session: str) -> Left:
    steps = await statement(
        graph,
        "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(:Trace)-[:RAN]->(h:HookExecution) "
        "WHERE h.hook_type = 'ToolUse' RETURN properties(h) AS h",
        id=session,
    )
    found = {row["h"]["tool_use_id"]: end(row["h"]) for row in steps}
    for trace in await traces(graph, session):
        assert ("open_key" in trace) == (trace["status"] == "in_progress")
        found[trace["correlation_id"].replace(session, "").strip("-/")] = end(trace)
    return found


async def told(graph: Graph, events: Iterable[Event]) -> Left:
    session, writes = new_id(), TraceWrites(graph)
    for event in events:
        outcomes = await writes.record(said(session, event), received_at=NOON + timedelta(seconds=event[0]))
        assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]
    return await left(graph, session)


@pytest.mark.parametrize("name", first_quick(STORIES))
async def test_what_a_session_leaves_behind_does_not_depend_on_the_order(graph: Graph, name: str) -> None:
    events, expected = STORIES[name]
    for order in orders(events):
        assert await told(graph, order) == expected, [fields for _, fields in order]
