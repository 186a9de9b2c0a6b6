"""Hook events of an agent client as observations.

The payloads are those that the client gives its hooks; events and fields that are not known here are kept. Where an event
belongs: to the subagent's trace if it has an ``agent_id``, else to the prompt's, else to a trace of the session itself. Older
clients do not name their prompts: the event that submits one then names it, and all others belong to the one that was
submitted last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from loopgraph.computes.agents.endings import DENIED, INTERRUPTED, subagent_status, told_end
from loopgraph.computes.agents.fields import LONGEST_NAME, Fields, said, shortened
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.computes.agents.ids import agent_trace_id, as_id, execution_id, unnamed_prompt_id
from loopgraph.computes.agents.traces import story, subagent_end, subagent_trace
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.observations import Observation, ObservedEvent, SessionSeen, SpawnRule
from loopgraph.contracts.precedence import Clock, Ending, Trust
from loopgraph.contracts.traces import OF_SESSION, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.errors import InvalidInput

__all__ = ["CLIENT", "Arrival", "observe_hook"]

CLIENT: Final = "claude-code"

_BEGINS: Final = "UserPromptSubmit"


@dataclass(frozen=True)
class _Hook:
    """One event and where it belongs. ``fields`` are those that have not been read yet."""

    event: str
    session_id: str
    prompt_id: str | None
    agent_id: str | None
    agent_type: str | None
    fields: Fields
    arrival: Arrival

    @property
    def at(self) -> datetime:
        return self.arrival.at

    @property
    def session(self) -> str:
        return as_id(self.session_id)

    @property
    def correlation_id(self) -> str:
        if self.agent_id:
            return agent_trace_id(self.session_id, self.agent_id)
        if self.prompt_id is None and self.event == _BEGINS:
            return unnamed_prompt_id(self.session_id, self.arrival.execution_id)
        return self.prompt_id or self.session

    @property
    def context(self) -> JsonMap | None:
        return self.fields.rest or None

    def execution(self, tool_use_id: str) -> str:
        return execution_id(self.session_id, tool_use_id)

    def observed(self, event: ObservedEvent, **how: Any) -> Observation:
        clock = Clock.STAMPED if self.arrival.stamped else Clock.ARRIVAL
        if self.prompt_id is None and self.event != _BEGINS and not isinstance(event, SessionSeen):
            how["prompt_of"] = self.session
        return Observation(event=event, source=f"hook.{self.event}", **{"clock": clock, **how})


def observe_hook(payload: Any, arrival: Arrival) -> tuple[Observation, ...]:
    """What one hook event says, from its JSON body.

    Raises InvalidInput, naming the field, if it is no object, has no ``hook_event_name`` or ``session_id``, or an id that is no
    text. Other fields of an odd type are kept in the context as they are.
    """
    if not isinstance(payload, dict):
        raise InvalidInput("body", "must be a JSON object")
    hook = _hook(payload, arrival)
    try:
        mapping = _MAPPINGS.get(hook.event, _own)
        if mapping in _OF_SESSION:
            return mapping(hook)
        session = _session(hook)
        return (*mapping(hook), *_place(hook), session)
    except ValidationError as error:  # ids that contradict each other
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidInput(".".join(str(part) for part in first["loc"]) or "body", first["msg"]) from error


def _hook(payload: JsonMap, arrival: Arrival) -> _Hook:
    fields = Fields(payload)
    event = fields.required_id("hook_event_name").strip()
    if not event:
        raise InvalidInput("hook_event_name", "must name the event")
    session_id, prompt_id = fields.required_id("session_id"), fields.id("prompt_id")
    return _Hook(
        shortened(event, LONGEST_NAME - len("hook.")),
        session_id,
        as_id(prompt_id) if prompt_id else None,
        fields.id("agent_id"),
        fields.name("agent_type"),
        fields,
        arrival,
    )


# What belongs to the session, and the place of everything else


def _session(hook: _Hook, *, rank: int = Trust.IN_PASSING, clock: int | None = None, **more: Any) -> Observation:
    """What is seen of the session. Without its instant where every event says the same, so that it changes nothing."""
    seen = SessionSeen(
        session_id=hook.session,
        client=CLIENT,
        **said(cwd=hook.fields.text("cwd"), transcript_path=hook.fields.text("transcript_path"), **more),
    )
    if hook.agent_id:
        rank = Trust.ASIDE  # a subagent may work in a folder of its own
    return hook.observed(seen, rank=rank, **said(clock=clock))


def _place(hook: _Hook) -> tuple[Observation, ...]:
    """The trace that the event belongs to, where that is not the prompt's own."""
    if hook.agent_id:
        return (hook.observed(_subagent(hook)),)
    if hook.prompt_id is None and hook.event != _BEGINS:
        own = TraceStarted(correlation_id=hook.session, session_id=hook.session, source=OF_SESSION)
        return (hook.observed(own),)
    return ()


def _subagent(hook: _Hook, **more: Any) -> TraceStarted:
    kind, root = hook.agent_type, hook.prompt_id
    return subagent_trace(hook.session_id, hook.agent_id or "", agent_type=kind, root_id=root, parent_id=root, **more)


def _session_start(hook: _Hook) -> tuple[Observation, ...]:
    source, model = hook.fields.name("source"), hook.fields.name("model")
    # A session that goes on had begun before: its real start, if that was seen, says more.
    goes_on = source in ("resume", "compact")
    rank, clock = (Trust.CONTINUATION, Clock.CONTINUATION) if goes_on else (Trust.FIRST_HAND, None)
    return (_change(hook, rank=rank, clock=clock, started_at=hook.at, source=source, model=model),)


def _session_end(hook: _Hook) -> tuple[Observation, ...]:
    reason = hook.fields.name("reason")
    return (_change(hook, ended_at=hook.at, end_reason=reason, cut_off_at=hook.at),)


def _setup(hook: _Hook) -> tuple[Observation, ...]:
    return (_change(hook),)


def _change(hook: _Hook, *, rank: int = Trust.FIRST_HAND, clock: int | None = None, **more: Any) -> Observation:
    """An event of the session itself."""
    context = _session_context(hook)
    return _session(hook, rank=rank, clock=clock, timestamp=hook.at, context=context, **more)


def _session_context(hook: _Hook) -> JsonMap | None:
    return {name: value for name, value in hook.fields.rest.items() if name not in ("cwd", "transcript_path")} or None


# Prompts and their ends


def _prompt(hook: _Hook) -> tuple[Observation, ...]:
    prompt = hook.fields.text("prompt")
    source, continues, spawned = story(hook.session_id, prompt)
    started = hook.observed(
        TraceStarted(
            correlation_id=hook.correlation_id,
            session_id=hook.session,
            timestamp=hook.at,
            source=source,
            **said(prompt_text=prompt, continues=continues, context=hook.context),
        )
    )
    if spawned is None:
        return (started,)
    ended = subagent_end(hook.session_id, prompt, hook.at)
    told = (hook.observed(ended, ending=Ending.TOLD),) if ended else ()
    return (started, hook.observed(spawned, spawn_rule=SpawnRule.TASK_NOTIFICATION), *told)


def _stop(hook: _Hook) -> tuple[Observation, ...]:
    answer = hook.fields.text("last_assistant_message")
    return (hook.observed(_completed(hook, success=True, response_text=answer)),)


def _stop_failure(hook: _Hook) -> tuple[Observation, ...]:
    error, answer = hook.fields.text("error"), hook.fields.text("last_assistant_message")
    return (hook.observed(_completed(hook, success=False, error_message=error, response_text=answer)),)


def _completed(hook: _Hook, **outcome: Any) -> TraceCompleted:
    return TraceCompleted(
        correlation_id=hook.correlation_id, timestamp=hook.at, **said(**outcome, context=hook.context)
    )


def _subagent_start(hook: _Hook) -> tuple[Observation, ...]:
    if hook.agent_id is None:
        return _own(hook)
    return (hook.observed(_subagent(hook, timestamp=hook.at, context=hook.context)),)


def _subagent_stop(hook: _Hook) -> tuple[Observation, ...]:
    return _own(hook) if hook.agent_id is None else _stop(hook)


# Tool calls


def _before_tool(hook: _Hook) -> tuple[Observation, ...]:
    return _tool(hook, status=TraceStatus.IN_PROGRESS, started_at=hook.at)


def _after_tool(hook: _Hook) -> tuple[Observation, ...]:
    response = hook.fields.rest.get("tool_response")
    if isinstance(response, dict) and response.get("interrupted") is True:
        return _tool(hook, status=TraceStatus.INTERRUPTED, completed_at=hook.at, error_type=INTERRUPTED)
    return _tool(hook, status=TraceStatus.SUCCESS, completed_at=hook.at)


def _after_failure(hook: _Hook) -> tuple[Observation, ...]:
    interrupted = hook.fields.flag("is_interrupt")
    return _tool(
        hook,
        status=TraceStatus.INTERRUPTED if interrupted else TraceStatus.ERROR,
        completed_at=hook.at,
        error_type=INTERRUPTED if interrupted else "tool_error",
        error_message=hook.fields.text("error"),
    )


def _denied(hook: _Hook) -> tuple[Observation, ...]:
    reason = hook.fields.text("reason")
    return _tool(
        hook, status=TraceStatus.DENIED, completed_at=hook.at, error_type=DENIED, error_message=reason or "denied"
    )


def _tool(hook: _Hook, **course: Any) -> tuple[Observation, ...]:
    fields = hook.fields
    tool_use_id = fields.id("tool_use_id")
    if tool_use_id is None:
        return _own(hook)
    execution, tool_input, response = hook.execution(tool_use_id), fields.any("tool_input"), fields.any("tool_response")
    if "completed_at" in course:
        course["duration_ms"] = fields.number("duration_ms")
    ran = hook.observed(
        HookExecuted(
            execution_id=execution,
            hook_type="ToolUse",
            tool_use_id=as_id(tool_use_id),
            **_where(hook),
            **said(tool_name=fields.name("tool_name"), tool_input=tool_input, tool_response=response, **course),
            **said(context=hook.context),
        )
    )
    agent_id = response.get("agentId") if isinstance(response, dict) else None
    if not isinstance(agent_id, str) or not agent_id or not course.get("completed_at"):
        return (ran,)
    kind = Fields(tool_input).name("subagent_type") if isinstance(tool_input, dict) else None
    spawned = subagent_trace(hook.session_id, agent_id, spawned_by=execution, agent_type=kind)
    spawning = (ran, hook.observed(spawned, spawn_rule=SpawnRule.TOOL_RESPONSE))
    status = subagent_status(response.get("status"))
    if status is None:
        return spawning
    ended = TraceCompleted(
        correlation_id=spawned.correlation_id,
        status=status,
        timestamp=hook.at,
        **said(duration_ms=Fields(response).number("totalDurationMs")),
    )
    return (*spawning, hook.observed(ended, rank=Trust.IN_PASSING, ending=Ending.TOLD))


def _after_batch(hook: _Hook) -> tuple[Observation, ...]:
    calls = hook.fields.rest.get("tool_calls")
    if not isinstance(calls, list) or not all(_names_a_call(call) for call in calls):
        return _own(hook)
    del hook.fields.rest["tool_calls"]
    return tuple(_batched(hook, Fields(call)) for call in calls)


def _names_a_call(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("tool_use_id"), str) and call["tool_use_id"] != ""


def _batched(hook: _Hook, call: Fields) -> Observation:
    tool_use_id = call.required_id("tool_use_id")
    named = said(tool_name=call.name("tool_name"), tool_input=call.any("tool_input"))
    ended = told_end(call.rest.get("tool_response"))
    if ended:
        ended["completed_at"] = hook.at
    ran = HookExecuted(
        execution_id=hook.execution(tool_use_id),
        hook_type="ToolUse",
        tool_use_id=as_id(tool_use_id),
        **_where(hook),
        **named,
        **ended,
        **said(context={**hook.fields.rest, **call.rest} or None),
    )
    return hook.observed(ran, rank=Trust.IN_PASSING, **said(ending=Ending.TOLD if ended else None))


def _where(hook: _Hook) -> dict[str, Any]:
    return {
        "correlation_id": hook.correlation_id,
        "session_id": hook.session,
        "timestamp": hook.at,
        **said(root_id=hook.prompt_id),
    }


# Everything else, also what is not known yet


def _own(hook: _Hook) -> tuple[Observation, ...]:
    fields = hook.fields
    tool_use_id = fields.id("tool_use_id")
    ran = HookExecuted(
        execution_id=hook.arrival.execution_id,
        hook_type=hook.event,
        status=TraceStatus.SUCCESS,
        completed_at=hook.at,
        **_where(hook),
        **said(
            tool_use_id=as_id(tool_use_id) if tool_use_id else None,
            tool_name=fields.name("tool_name"),
            tool_input=fields.any("tool_input"),
            context=hook.context,
        ),
    )
    return (hook.observed(ran),)


_Mapping = Callable[[_Hook], tuple[Observation, ...]]

_OF_SESSION: frozenset[_Mapping] = frozenset({_session_start, _session_end, _setup})

_MAPPINGS: dict[str, _Mapping] = {
    "SessionStart": _session_start,
    "SessionEnd": _session_end,
    "Setup": _setup,
    "UserPromptSubmit": _prompt,
    "Stop": _stop,
    "StopFailure": _stop_failure,
    "SubagentStart": _subagent_start,
    "SubagentStop": _subagent_stop,
    "PreToolUse": _before_tool,
    "PostToolUse": _after_tool,
    "PostToolUseFailure": _after_failure,
    "PostToolBatch": _after_batch,
    "PermissionDenied": _denied,
}
