"""Traces of an agent client: what the text of a prompt says of its trace, and the traces of subagents.

Not every prompt was written by a person: the client hands the end of background work to its model as a prompt, too.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final, NamedTuple

from loopgraph.computes.agents.endings import subagent_status
from loopgraph.computes.agents.fields import said
from loopgraph.computes.agents.ids import agent_trace_id, as_id, execution_id
from loopgraph.contracts.traces.events import PROMPTED, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import SessionSeen
from loopgraph.errors import InvalidInput

_HEAD: Final = 4_000
"""So many characters are looked at: what is asked for stands before the result, which can be long."""

_NOTIFICATION = re.compile(r"\s*<task-notification>")


class TaskNotification(NamedTuple):
    """The end of background work: the task, which is the subagent's id if ``of_agent``, and the tool call that began it.

    ``status`` and ``summary`` are the client's words for how it ended.
    """

    task_id: str | None
    tool_use_id: str | None
    of_agent: bool
    status: str | None = None
    summary: str | None = None


def task_notification(prompt: str) -> TaskNotification | None:
    """What a prompt that is a ``<task-notification>`` says; None for any other prompt."""
    if not _NOTIFICATION.match(prompt):
        return None
    head = prompt[:_HEAD].partition("<result>")[0]
    summary = _element(head, "summary")
    # Background commands are notified in the same words; their task is no agent.
    of_agent = summary is None or summary.startswith("Agent")
    named = _element(head, "task-id"), _element(head, "tool-use-id")
    return TaskNotification(*named, of_agent, _element(head, "status"), summary)


def _element(text: str, name: str) -> str | None:
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return (found[1].strip() or None) if found else None


class Story(NamedTuple):
    """What the text of a prompt says of its trace: its source, the execution that it goes on with, and the subagent's trace that
    this execution has spawned."""

    source: str
    continues: str | None = None
    spawned: TraceStarted | None = None


def story(session_id: str, prompt: str | None) -> Story:
    """The story of a prompt; evidence for the place of ``spawned`` is the rule ``TASK_NOTIFICATION``."""
    notification = task_notification(prompt) if prompt else None
    if notification is None:
        return Story(PROMPTED)
    if notification.tool_use_id is None:
        return Story("task_notification")
    execution = execution_id(session_id, notification.tool_use_id)
    if notification.task_id is None or not notification.of_agent:
        return Story("task_notification", execution)
    spawned = subagent_trace(session_id, notification.task_id, spawned_by=execution)
    return Story("task_notification", execution, spawned)


def subagent_end(session_id: str, prompt: str | None, at: datetime | None) -> TraceCompleted | None:
    """How the subagent ended of whose end a prompt tells; None for any other prompt."""
    notification = task_notification(prompt) if prompt else None
    if notification is None or notification.task_id is None or not notification.of_agent:
        return None
    status = subagent_status(notification.status)
    if status is None:
        return None
    failed = notification.summary if status is not TraceStatus.SUCCESS else None
    return TraceCompleted(
        correlation_id=agent_trace_id(session_id, notification.task_id),
        status=status,
        **said(timestamp=at, error_message=failed),
    )


def subagent_thread(session_id: str, agent_id: str) -> SessionSeen:
    """That a subagent's thread, which the client tells of as of a session in other places, works for a session."""
    return SessionSeen(
        session_id=as_id(agent_id), agent_of=as_id(session_id), agent_trace=agent_trace_id(session_id, agent_id)
    )


def subagent_trace(session_id: str, agent_id: str, **more: Any) -> TraceStarted:
    """The trace of a subagent's work, and ``more`` fields of it; those that are None are not known. Raises InvalidInput if it
    would be the trace that it hangs under."""
    trace = agent_trace_id(session_id, agent_id)
    if trace == more.get("parent_id"):
        raise InvalidInput("agent_id", "must not make the id of the prompt when it is put to that of the session")
    return TraceStarted(
        correlation_id=trace,
        session_id=as_id(session_id),
        source="subagent",
        agent_id=as_id(agent_id),
        **said(**more),
    )
