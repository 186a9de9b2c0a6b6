"""Calls of tools: their beginnings in the model's messages, and their ends in what it was told of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from loopgraph.computes.agents.endings import DENIED, INTERRUPTED, subagent_status, told_end
from loopgraph.computes.agents.fields import LONGEST_TEXT, Fields, said, shortened
from loopgraph.computes.agents.hooks import TOOL_ERROR
from loopgraph.computes.agents.ids import as_id, execution_id
from loopgraph.computes.agents.traces import subagent_trace
from loopgraph.computes.transcripts.claude_code.lines import Block, Line, joined_texts, map_of, name_of, text_of
from loopgraph.computes.transcripts.claude_code.telling import Place, observed
from loopgraph.computes.transcripts.claude_code.turns import ToolCall
from loopgraph.computes.transcripts.reading import TranscriptFile
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, SpawnRule
from loopgraph.contracts.traces.precedence import Ending, Trust

_STOPS: Final = frozenset({"interrupted", "cancelled"})
"""Kinds of denial that are none."""
_CONTEXT: Final = ("permissionDecision", "toolDenialKind", "sandboxed")
_PERSISTED = re.compile(r"\s*<persisted-output>\n[^\n]*?saved to: (?P<path>[^\n]+)\n")
_REJECTED = re.compile(r"The user doesn't want to (?:proceed|take this action)")


def begun(place: Place, line: Line, block: Block) -> tuple[ToolCall, Observation] | None:
    """The model calls a tool; None for a call without an id."""
    id_ = text_of(block.get("id"))
    if id_ is None:
        return None
    call = ToolCall(
        id_, execution_id(place.session_id, id_), name_of(block.get("name")), block.get("input"), place.turn
    )
    ran = HookExecuted(
        **place.step(line.at),
        execution_id=call.execution,
        hook_type="ToolUse",
        tool_use_id=as_id(id_),
        status=TraceStatus.IN_PROGRESS,
        **said(tool_name=call.name, tool_input=call.input, started_at=line.at),
    )
    return call, observed(ran, "assistant")


def ended(place: Place, line: Line, block: Block, call: ToolCall, file: TranscriptFile) -> Iterator[Observation]:
    """The model is told what came of a call; ``place`` is the turn of the call."""
    response = line.fields.get("toolUseResult")
    course = _course(line, block, response)
    ran = HookExecuted(
        **place.step(line.at),
        execution_id=call.execution,
        hook_type="ToolUse",
        tool_use_id=as_id(call.id),
        **course,
        **said(completed_at=line.at, context=line.kept(*_CONTEXT)),
        **said(tool_response=_response(block, response, file) if course["status"] is TraceStatus.SUCCESS else None),
    )
    # A subagent's transcript has what its model was told, and not what the tool gave back.
    rank = Trust.FIRST_HAND if isinstance(response, dict | list) else Trust.TELEMETRY
    yield observed(ran, "user", rank=rank, ending=Ending.TOLD)
    yield from _spawned(place, line, call, map_of(response))


def unseen(place: Place, id_: str) -> ToolCall:
    """A call whose beginning is not in this transcript."""
    return ToolCall(id_, execution_id(place.session_id, id_), None, None, place.turn)


def may_be_stopped(line: Line, block: Block) -> bool:
    """Whether a call that came to nothing was perhaps not denied, but stopped: what the model is told is the same."""
    decision = map_of(line.fields.get("permissionDecision")).get("decision")
    return decision != "reject" and _REJECTED.match(_text(block)) is not None


def _course(line: Line, block: Block, response: Any) -> dict[str, Any]:
    """How a call ended: status and error."""
    text = shortened(_text(block), LONGEST_TEXT)
    denial = text_of(line.fields.get("toolDenialKind"))
    if denial in _STOPS or map_of(response).get("interrupted") is True:
        return {"status": TraceStatus.INTERRUPTED, "error_type": INTERRUPTED, **said(error_message=text or None)}
    if denial:
        return {"status": TraceStatus.DENIED, "error_type": DENIED, "error_message": text or "denied"}
    if block.get("is_error") is not True:
        return {"status": TraceStatus.SUCCESS}
    return told_end(text) or {
        "status": TraceStatus.ERROR,
        "error_type": TOOL_ERROR,
        **said(error_message=text or None),
    }


def _text(block: Block) -> str:
    content = block.get("content")
    if isinstance(content, list):
        return joined_texts([part for part in content if isinstance(part, dict)])
    return content if isinstance(content, str) else ""


def _response(block: Block, response: Any, file: TranscriptFile) -> Any:
    """What a tool gave back; what the client has put into a file of its own is taken from there."""
    if isinstance(response, dict):
        path = text_of(response.get("persistedOutputPath"))
        whole = file.output(path) if path else None
        return response if whole is None else {**response, "stdout": whole}
    if isinstance(response, list) and response:
        return response
    content = block.get("content")
    persisted = _PERSISTED.match(content) if isinstance(content, str) else None
    whole = file.output(persisted["path"]) if persisted else None
    return content if whole is None else whole


def _spawned(place: Place, line: Line, call: ToolCall, response: dict[str, Any]) -> Iterator[Observation]:
    """The call has spawned a subagent, whose end it may tell."""
    agent_id = text_of(response.get("agentId"))
    if agent_id is None:
        return
    kind = name_of(map_of(call.input).get("subagent_type"))
    spawned = subagent_trace(place.session_id, agent_id, spawned_by=call.execution, agent_type=kind)
    yield observed(spawned, "user", spawn_rule=SpawnRule.TOOL_RESPONSE)
    if status := subagent_status(response.get("status")):
        over = TraceCompleted(
            correlation_id=spawned.correlation_id,
            status=status,
            **said(timestamp=line.at, duration_ms=Fields(response).number("totalDurationMs")),
        )
        yield observed(over, "user", rank=Trust.IN_PASSING, ending=Ending.TOLD)
