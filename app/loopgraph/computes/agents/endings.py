"""How a tool call or a subagent ended, by the words in which the agent client tells its model of it.

A call that was not allowed to run has neither of the client's hooks for a call that ended: there is only what its model was told.
"""

from __future__ import annotations

import re
from typing import Any, Final

from loopgraph.contracts.traces.events import TraceStatus

DENIED: Final = "permission_denied"
"""The error type of a call that a person, a rule or a hook did not allow."""
INTERRUPTED: Final = "interrupt"
"""The error type of what was stopped."""
REFUSED: Final = "tool_use_error"
"""The error type of a call that the client could not make: an unknown tool, an input that does not fit."""

_REFUSAL = re.compile(r"\s*<tool_use_error>(.*?)(?:</tool_use_error>\s*)?\Z", re.DOTALL)
_DENIAL = re.compile(
    r"""PreToolUse:\S*\ hook\                          # a hook said no, and why
    | Permission\b.{0,2000}?\b(?:has\ been|was)\ denied   # a rule, a mode, a classifier
    | \w+\ requested\ permissions?\ to\ .{0,2000}?haven't\ granted
    | The\ user\ doesn't\ want\ to\                   # a person
    | .{0,2000}?\bneeds\ approval\b                  # nobody was there to ask
    | .{0,2000}?\bwas\ blocked\ by\ a\ deny\ rule\b
    | .{0,500}?\bwas\ refused:\ its\ approval\b""",
    re.VERBOSE,
)
"""Measured with clients 2.1.329 and 2.1.332."""

_STOP = re.compile(r"\[(?:Request|Tool call) interrupted\b")

_SUBAGENT_STATUSES: Final = {
    "completed": TraceStatus.SUCCESS,
    "failed": TraceStatus.ERROR,
    "killed": TraceStatus.INTERRUPTED,
    "stopped": TraceStatus.INTERRUPTED,
}


def told_end(answer: Any) -> dict[str, Any]:
    """Status and error of a call that did not run, by what its model was told in its place; empty for any other answer.

    ``answer`` is a text, or blocks of which some are ``{"type": "text", "text": …}``.
    """
    text = _text_of(answer)
    if refusal := _REFUSAL.match(text):
        return {"status": TraceStatus.ERROR, "error_type": REFUSED, "error_message": refusal[1].strip() or text}
    if _STOP.match(text):
        return {"status": TraceStatus.INTERRUPTED, "error_type": INTERRUPTED, "error_message": text}
    if _DENIAL.match(text):
        return {"status": TraceStatus.DENIED, "error_type": DENIED, "error_message": text}
    return {}


def _text_of(answer: Any) -> str:
    if isinstance(answer, list):
        answer = next((block.get("text") for block in answer if isinstance(block, dict) and "text" in block), None)
    return answer if isinstance(answer, str) else ""


def subagent_status(word: Any) -> TraceStatus | None:
    """How a subagent ended, by the status that its caller was told; None while it works, and for what is not known."""
    return _SUBAGENT_STATUSES.get(word) if isinstance(word, str) else None
