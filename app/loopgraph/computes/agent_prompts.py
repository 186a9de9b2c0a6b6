"""Prompts that no person wrote: an agent client hands the end of background work to its model as a prompt."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_HEAD: Final = 4_000
"""So many characters are looked at: what is asked for stands before the result, which can be long."""

_NOTIFICATION = re.compile(r"\s*<task-notification>")


class TaskNotification(NamedTuple):
    """The end of background work: the task, which is the subagent's id if ``of_agent``, and the tool call that began it."""

    task_id: str | None
    tool_use_id: str | None
    of_agent: bool


def task_notification(prompt: str) -> TaskNotification | None:
    """What a prompt that is a ``<task-notification>`` says; None for any other prompt."""
    if not _NOTIFICATION.match(prompt):
        return None
    head = prompt[:_HEAD].partition("<result>")[0]
    summary = _element(head, "summary")
    # Background commands are notified in the same words; their task is no agent.
    of_agent = summary is None or summary.startswith("Agent")
    return TaskNotification(_element(head, "task-id"), _element(head, "tool-use-id"), of_agent)


def _element(text: str, name: str) -> str | None:
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return (found[1].strip() or None) if found else None
