"""Hook events of an agent client as observations.

The payloads are those that the client gives its hooks; events and fields that are not known here are kept. Where an event
belongs: to the subagent's trace if it has an ``agent_id``, else to the prompt's, else to a trace of the session itself. Older
clients do not name their prompts: the event that submits one then names it, and all others belong to the one that was
submitted last.
"""

from __future__ import annotations

from typing import Any, Final

from loopgraph.computes.agents import hooks
from loopgraph.computes.agents.endings import DENIED, INTERRUPTED, subagent_status, told_end
from loopgraph.computes.agents.fields import Fields, said
from loopgraph.computes.agents.hooks import Arrival, Hook
from loopgraph.computes.agents.ids import as_id, execution_id, unnamed_prompt_id
from loopgraph.computes.agents.traces import story, subagent_end, subagent_trace
from loopgraph.computes.agents.uses import (
    SKILL_TOOL,
    command_name,
    command_used,
    memory_loaded,
    origin,
)
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, SessionSeen, SpawnRule
from loopgraph.contracts.traces.precedence import Clock, Ending, Trust

__all__ = ["CLIENT", "Arrival", "observe_hook"]

CLIENT: Final = "claude-code"

_BEGINS: Final = "UserPromptSubmit"


def observe_hook(payload: Any, arrival: Arrival) -> tuple[Observation, ...]:
    """What one hook event says, from its JSON body.

    Raises InvalidInput, naming the field, if it is no object, has no ``hook_event_name`` or ``session_id``, or an id that is no
    text. Other fields of an odd type are kept in the context as they are.
    """
    fields, event, session_id = hooks.hook_of(CLIENT, payload, "hook_event_name", "session_id")
    prompt_id, agent_id = fields.id("prompt_id"), fields.id("agent_id")
    named = as_id(prompt_id) if prompt_id else None
    if named is None and event == _BEGINS and agent_id is None:
        named = unnamed_prompt_id(session_id, arrival.execution_id)
    kind = fields.name("agent_type")
    hook = Hook(CLIENT, event, session_id, named, agent_id, kind, fields, arrival, goes_by_order=prompt_id is None)
    with hooks.ids_agree():
        hook = hooks.with_files(hook)
        reading = _READINGS.get(hook.event, hooks.notice)
        if reading in _OF_SESSION:
            return reading(hook)
        session = _session(hook)
        return (*reading(hook), *hooks.place(hook), session)


# What belongs to the session


def _session(hook: Hook, *, rank: int = Trust.IN_PASSING, clock: int | None = None, **more: Any) -> Observation:
    """What is seen of the session. Without its instant where every event says the same, so that it changes nothing."""
    seen = SessionSeen(
        session_id=hook.session,
        client=CLIENT,
        **said(cwd=hook.fields.text("cwd"), transcript_path=hook.fields.text("transcript_path"), **more),
    )
    if hook.agent_id:
        rank = Trust.ASIDE  # a subagent may work in a folder of its own
    return hook.observed(seen, rank=rank, **said(clock=clock))


def _session_start(hook: Hook) -> tuple[Observation, ...]:
    source, model = hook.fields.name("source"), hook.fields.name("model")
    # A session that goes on had begun before: its real start, if that was seen, says more.
    goes_on = source in ("resume", "compact")
    rank, clock = (Trust.CONTINUATION, Clock.CONTINUATION) if goes_on else (Trust.FIRST_HAND, None)
    return (_change(hook, rank=rank, clock=clock, started_at=hook.at, source=source, model=model),)


def _session_end(hook: Hook) -> tuple[Observation, ...]:
    reason = hook.fields.name("reason")
    return (_change(hook, ended_at=hook.at, end_reason=reason, cut_off_at=hook.at),)


def _setup(hook: Hook) -> tuple[Observation, ...]:
    return (_change(hook),)


def _change(hook: Hook, *, rank: int = Trust.FIRST_HAND, clock: int | None = None, **more: Any) -> Observation:
    """An event of the session itself."""
    context = _session_context(hook)
    return _session(hook, rank=rank, clock=clock, timestamp=hook.at, context=context, **more)


def _session_context(hook: Hook) -> JsonMap | None:
    return {name: value for name, value in hook.fields.rest.items() if name not in ("cwd", "transcript_path")} or None


# Prompts and their ends


def _prompt(hook: Hook) -> tuple[Observation, ...]:
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


def _stop(hook: Hook) -> tuple[Observation, ...]:
    answer = hook.fields.text("last_assistant_message")
    return (hook.observed(_completed(hook, success=True, response_text=answer)),)


def _stop_failure(hook: Hook) -> tuple[Observation, ...]:
    """A prompt has failed with a request of its model. What the client showed instead of an answer says with what, in the words
    of its transcript; ``error`` is only the kind."""
    kind = hook.fields.name("error")
    message = hook.fields.text("last_assistant_message", "error") or kind
    return (hook.observed(_completed(hook, success=False, error_message=message, error_type=kind)),)


def _completed(hook: Hook, **outcome: Any) -> TraceCompleted:
    return TraceCompleted(
        correlation_id=hook.correlation_id, timestamp=hook.at, **said(**outcome, context=hook.context)
    )


def _subagent_stop(hook: Hook) -> tuple[Observation, ...]:
    return hooks.own(hook) if hook.agent_id is None else _stop(hook)


# Tool calls


def _before_tool(hook: Hook) -> tuple[Observation, ...]:
    return _tool(hook, status=TraceStatus.IN_PROGRESS, started_at=hook.at)


def _after_tool(hook: Hook) -> tuple[Observation, ...]:
    response = hook.fields.rest.get("tool_response")
    if isinstance(response, dict) and response.get("interrupted") is True:
        return _tool(hook, status=TraceStatus.INTERRUPTED, completed_at=hook.at, error_type=INTERRUPTED)
    return _tool(hook, status=TraceStatus.SUCCESS, completed_at=hook.at)


def _after_failure(hook: Hook) -> tuple[Observation, ...]:
    interrupted = hook.fields.flag("is_interrupt")
    return _tool(
        hook,
        status=TraceStatus.INTERRUPTED if interrupted else TraceStatus.ERROR,
        completed_at=hook.at,
        error_type=INTERRUPTED if interrupted else "tool_error",
        error_message=hook.fields.text("error"),
    )


def _denied(hook: Hook) -> tuple[Observation, ...]:
    reason = hook.fields.text("reason")
    return _tool(
        hook, status=TraceStatus.DENIED, completed_at=hook.at, error_type=DENIED, error_message=reason or "denied"
    )


def _tool(hook: Hook, **course: Any) -> tuple[Observation, ...]:
    fields = hook.fields
    tool_use_id = fields.id("tool_use_id")
    if tool_use_id is None:
        return hooks.own(hook)
    execution = execution_id(hook.session_id, tool_use_id)
    tool_input, response = fields.any("tool_input"), fields.any("tool_response")
    if "completed_at" in course:
        course["duration_ms"] = fields.number("duration_ms")
    ran = hook.observed(
        HookExecuted(
            execution_id=execution,
            hook_type="ToolUse",
            tool_use_id=as_id(tool_use_id),
            **hooks.where(hook),
            **said(tool_name=fields.name("tool_name"), tool_input=tool_input, tool_response=response, **course),
            **said(context=hook.context),
        )
    )
    if course.get("status") is TraceStatus.SUCCESS and (skill := _skill(hook, tool_use_id, ran.event)):
        return (ran, skill)
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


def _skill(hook: Hook, tool_use_id: str, call: Any) -> Observation | None:
    """The use of the skill that a model has called."""
    given, answer = call.tool_input, call.tool_response
    if call.tool_name != SKILL_TOOL or not isinstance(given, dict):
        return None
    told = answer.get("commandName") if isinstance(answer, dict) else None
    name = command_name(told) or command_name(given.get("skill"))
    if name is None:
        return None
    arguments = given.get("args")
    arguments = arguments if isinstance(arguments, str) and arguments else None
    return next(iter(hooks.skill(hook, name, tool_use_id, arguments=arguments)), None)


def _expanded(hook: Hook) -> tuple[Observation, ...]:
    """A prompt that calls a command becomes what this says."""
    fields = hook.fields.rest
    name, arguments = command_name(fields.get("command_name")), fields.get("command_args")
    told = hooks.notice(hook)
    if name is None or hook.prompt_id is None or hook.agent_id or str(fields.get("command_source")).startswith("mcp"):
        return told
    used = command_used(
        hook.session_id,
        hook.prompt_id,
        name,
        arguments=arguments if isinstance(arguments, str) and arguments else None,
        cwd=hook.cwd,
        timestamp=hook.at,
        **{**hooks.of_file(hook), **said(pattern_origin=origin(fields.get("command_source")))},
    )
    return (*told, hook.observed(used, rank=Trust.TELEMETRY))


def _instructions(hook: Hook) -> tuple[Observation, ...]:
    """A file of memory is read."""
    fields = hook.fields.rest
    path, told = fields.get("file_path"), hooks.notice(hook)
    if not isinstance(path, str) or not path or hook.agent_id:
        return told
    read = memory_loaded(
        hook.session_id,
        path,
        hook.at,
        memory_type=fields.get("memory_type"),
        cwd=hook.cwd,
        loaded_for=hook.prompt_id,
        file_digest=hook.file.get("digest"),
    )
    return (*told, hook.observed(read))


def _after_batch(hook: Hook) -> tuple[Observation, ...]:
    calls = hook.fields.rest.get("tool_calls")
    if not isinstance(calls, list) or not all(_names_a_call(call) for call in calls):
        return hooks.own(hook)
    del hook.fields.rest["tool_calls"]
    return tuple(_batched(hook, Fields(call)) for call in calls)


def _names_a_call(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("tool_use_id"), str) and call["tool_use_id"] != ""


def _batched(hook: Hook, call: Fields) -> Observation:
    tool_use_id = call.required_id("tool_use_id")
    named = said(tool_name=call.name("tool_name"), tool_input=call.any("tool_input"))
    ended = told_end(call.rest.get("tool_response"))
    if ended:
        ended["completed_at"] = hook.at
    ran = HookExecuted(
        execution_id=execution_id(hook.session_id, tool_use_id),
        hook_type="ToolUse",
        tool_use_id=as_id(tool_use_id),
        **hooks.where(hook),
        **named,
        **ended,
        **said(context={**hook.fields.rest, **call.rest} or None),
    )
    return hook.observed(ran, rank=Trust.IN_PASSING, **said(ending=Ending.TOLD if ended else None))


_OF_SESSION: Final = frozenset({_session_start, _session_end, _setup})

_READINGS: Final[dict[str, hooks.Reading]] = {
    "SessionStart": _session_start,
    "SessionEnd": _session_end,
    "Setup": _setup,
    "UserPromptSubmit": _prompt,
    "Stop": _stop,
    "StopFailure": _stop_failure,
    "UserPromptExpansion": _expanded,
    "InstructionsLoaded": _instructions,
    "SubagentStart": hooks.subagent_start,
    "SubagentStop": _subagent_stop,
    "PreToolUse": _before_tool,
    "PostToolUse": _after_tool,
    "PostToolUseFailure": _after_failure,
    "PostToolBatch": _after_batch,
    "PermissionDenied": _denied,
}
