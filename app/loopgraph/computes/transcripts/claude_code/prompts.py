"""Prompts and their ends, as the lines of the user tell of them, and the traces of subagents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from loopgraph.computes.agents.endings import INTERRUPTED
from loopgraph.computes.agents.fields import LONGEST_TEXT, said, shortened
from loopgraph.computes.agents.ids import digest_id, execution_id
from loopgraph.computes.agents.traces import story, subagent_end, subagent_trace
from loopgraph.computes.transcripts.claude_code.lines import Line, name_of, printed, text_of, typed
from loopgraph.computes.transcripts.claude_code.telling import Place, observed
from loopgraph.computes.transcripts.claude_code.turns import Answer, ToolCall, Turn
from loopgraph.contracts.traces.events import (
    ABANDONED,
    OF_SESSION,
    HookExecuted,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import LogRecorded, Observation, SpawnRule
from loopgraph.contracts.traces.precedence import Clock, Ending

LOCAL: Final = "local_command"
"""The source of a trace that a command of the client itself began, which no model is asked about."""

_CONTEXT: Final = ("permissionMode", "promptSource", "turnOrigin", "entrypoint", "gitBranch", "version")


def prompt(place: Place, line: Line, *, local: bool) -> Iterator[Observation]:
    """A prompt begins a trace. One that tells of the end of background work tells of the subagent, too."""
    text = shortened(typed(line.text), LONGEST_TEXT)
    source, continues, spawned = story(place.session_id, text)
    started = TraceStarted(
        correlation_id=place.turn.trace,
        session_id=place.session,
        source=LOCAL if local else source,
        prompt_text=text,
        **said(timestamp=line.at, continues=continues, context=line.kept(*_CONTEXT)),
    )
    yield observed(started, "user")
    if spawned is not None:
        yield from _told_of_subagent(place, line, text, spawned)


def _told_of_subagent(place: Place, line: Line, text: str, spawned: TraceStarted) -> Iterator[Observation]:
    yield observed(spawned, "user", spawn_rule=SpawnRule.TASK_NOTIFICATION)
    if ended := subagent_end(place.session_id, text, line.at):
        yield observed(ended, "user", ending=Ending.TOLD)


def queued(place: Place, line: Line, content: Any) -> Iterator[Observation]:
    """What a person typed, or the client told, while the model worked: the model is given it with the next result of a tool."""
    yield noted(place, line, "queued_command", content, {})
    text = content if isinstance(content, str) else ""
    spawned = story(place.session_id, text).spawned
    if spawned is not None:
        yield from _told_of_subagent(place, line, text, spawned)


def local_output(place: Place, line: Line) -> Iterator[Observation]:
    """What a command of the client itself has printed: so that is what its prompt was, and it is over."""
    told = TraceStarted(
        correlation_id=place.turn.trace, session_id=place.session, source=LOCAL, **said(timestamp=line.at)
    )
    yield observed(told, "local_output", clock=Clock.CONTINUATION)  # it had begun before
    text = shortened(printed(line.text), LONGEST_TEXT)
    yield observed(place.ended(line.at, TraceStatus.SUCCESS, response_text=text), "local_output")


def abandoned(place: Place) -> Observation:
    """A turn is on a branch that a person has gone back from."""
    left = TraceStarted(correlation_id=place.turn.trace, session_id=place.session, tags=(ABANDONED,))
    return observed(left, "user")


def of_session(place: Place) -> Observation:
    """Something belongs to the session, and to none of its prompts."""
    outside = TraceStarted(correlation_id=place.session, session_id=place.session, source=OF_SESSION)
    return observed(outside, "session")


def subagent(place: Place, line: Line, about: Mapping[str, Any], call: ToolCall | None = None) -> Observation:
    """The work of a subagent begins; ``about`` is what the client says of it in a file beside, ``call`` the one that its prompt
    is the input of."""
    spawned_by = text_of(about.get("toolUseId"))
    execution = execution_id(place.session_id, spawned_by) if spawned_by else call.execution if call else None
    kind = name_of(about.get("agentType")) or name_of(line.fields.get("attributionAgent"))
    if kind is None and call is not None and isinstance(call.input, dict):
        kind = name_of(call.input.get("subagent_type"))
    text = shortened(line.text, LONGEST_TEXT) if line.type == "user" else None
    trace = subagent_trace(
        place.session_id,
        place.turn.agent_id or "",
        agent_type=kind,
        root_id=place.turn.root,
        spawned_by=execution,
        timestamp=line.at,
        prompt_text=text or None,
        context=said(**{name: about.get(name) for name in ("description", "model", "spawnDepth")}) or None,
    )
    return observed(trace, "subagent", **said(spawn_rule=SpawnRule.CLIENT if execution else None))


def stopped(place: Place, line: Line) -> Iterator[Observation]:
    """A person has interrupted the agent, and with it the calls that had not returned."""
    for call in (*place.turn.refused, *place.turn.open_calls.values()):
        yield observed(interrupted(place, call, line.at, line.text.strip()), "user", ending=Ending.FIRST_HAND)
    ended = place.ended(line.at, TraceStatus.INTERRUPTED, error_type=INTERRUPTED, error_message=line.text.strip())
    yield observed(ended, "user")


def interrupted(place: Place, call: ToolCall, at: datetime | None, message: str | None) -> HookExecuted:
    """A call was stopped."""
    return HookExecuted(
        **place.step(at),
        execution_id=call.execution,
        hook_type="ToolUse",
        status=TraceStatus.INTERRUPTED,
        error_type=INTERRUPTED,
        **said(completed_at=at, error_message=message),
    )


def answered(place: Place, answer: Answer) -> Observation:
    """The model has come to its answer."""
    text = shortened(answer.text, LONGEST_TEXT)
    return observed(place.ended(answer.at, TraceStatus.SUCCESS, response_text=text), "assistant")


def noted(place: Place, line: Line, name: str, body: Any, context: dict[str, Any]) -> Observation:
    """Something worth knowing that is no step of a turn."""
    record = LogRecorded(
        record_id=digest_id(place.session_id, name, line.uuid or line.fields),
        session_id=place.session,
        name=name,
        **said(
            correlation_id=place.turn.trace if place.turn.is_begun else None,
            timestamp=line.at,
            severity=name_of(line.fields.get("level")),
            body=body,
            context=context or None,
        ),
    )
    return observed(record, name)


def left(place: Place) -> Iterator[Observation]:
    """A turn that nothing more is heard of: well if the last of it is an answer, else it was cut off."""
    turn = place.turn
    if turn.answer is not None:
        ended = place.ended(turn.answer.at, TraceStatus.SUCCESS, response_text=turn.answer.text)
        yield observed(ended, "assistant", ending=Ending.TELEMETRY)
        return
    for call in turn.open_calls.values():
        yield observed(interrupted(place, call, None, None), "assistant", ending=Ending.CUT_OFF)
    cut: TraceCompleted = place.ended(turn.last_at, TraceStatus.INTERRUPTED, error_type=INTERRUPTED)
    yield observed(cut, "assistant", ending=Ending.CUT_OFF)


def is_open(turn: Turn) -> bool:
    """Whether a turn has begun, and nothing has told of its end."""
    return turn.is_begun and not turn.is_over
