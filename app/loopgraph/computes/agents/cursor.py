"""Hook events of Cursor as observations, as its public documentation has them.

It names its prompts (``generation_id``) and, in the events of all tools (``preToolUse`` and what follows), its tool calls. The
older events of single tools (``beforeShellExecution``, ``afterMCPExecution``, …) name no call; a client that sends both tells of
a call twice, so only those of all tools are installed. A conversation is a session.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from loopgraph.computes.agents import hooks
from loopgraph.computes.agents.endings import DENIED, INTERRUPTED, subagent_status
from loopgraph.computes.agents.fields import said
from loopgraph.computes.agents.hooks import Arrival, Call, Hook
from loopgraph.computes.agents.ids import agent_trace_id, prompt_trace_id
from loopgraph.computes.agents.uses import memory_loaded
from loopgraph.contracts.traces.events import TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, SpawnRule
from loopgraph.contracts.traces.precedence import Ending
from loopgraph.errors import InvalidInput

CLIENT: Final = "cursor"

_ENDS: Final = {"completed": TraceStatus.SUCCESS, "aborted": TraceStatus.INTERRUPTED, "error": TraceStatus.ERROR}
_FAILURES: Final = {"timeout": (TraceStatus.TIMEOUT, "timeout"), "permission_denied": (TraceStatus.DENIED, DENIED)}
_SHELL: Final = "Shell"


def observe_hook(payload: Any, arrival: Arrival) -> tuple[Observation, ...]:
    """What one event says, from its JSON body.

    Raises InvalidInput, naming the field, if it is no object, names no event or conversation, or has an id that is no text.
    """
    if not isinstance(payload, dict):
        raise InvalidInput("body", "must be a JSON object")
    key = "session_id" if payload.get("session_id") and not payload.get("conversation_id") else "conversation_id"
    fields, event, session_id = hooks.hook_of(CLIENT, payload, "hook_event_name", key)
    if fields.rest.get("session_id") == session_id:
        del fields.rest["session_id"]
    generation_id = fields.id("generation_id")
    roots = fields.rest.get("workspace_roots")
    if "cwd" not in fields and isinstance(roots, list) and roots and isinstance(roots[0], str):
        fields.rest["cwd"] = roots[0]
        del fields.rest["workspace_roots"]
    prompt_id = prompt_trace_id(session_id, generation_id) if generation_id else None
    hook = Hook(CLIENT, event, session_id, prompt_id, None, None, fields, arrival)
    user = said(user_id=fields.name("user_email"))
    known = said(client_version=fields.name("cursor_version"), **user)
    observations = tuple(_with(one, user) for one in hooks.tell(hook, _READINGS, _OF_SESSION))
    return (*observations, hooks.session(hook, **known)) if known else observations


def _with(observation: Observation, user: dict[str, str]) -> Observation:
    """A trace is its user's, as its session is."""
    if not user or not isinstance(observation.event, TraceStarted):
        return observation
    return observation.model_copy(update={"event": observation.event.model_copy(update=user)})


# Prompts


def _prompt(hook: Hook) -> tuple[Observation, ...]:
    """A prompt, with the rules that are attached to it."""
    attached = hook.fields.rest.get("attachments")
    rules = (
        [_path_of(one) for one in attached if isinstance(one, dict) and one.get("type") == "rule"]
        if isinstance(attached, list)
        else []
    )
    digests = {file["path"] for file in hook.memory}
    told = hooks.prompt(hook)
    read = (
        memory_loaded(hook.session_id, path, hook.at, cwd=hook.cwd, loaded_for=hook.prompt_id)
        for path in rules
        if path and path not in digests  # those are told of by their hashes
    )
    return (*told, *(hook.observed(one) for one in read))


def _path_of(attachment: dict[str, Any]) -> str | None:
    """Both spellings are in its documentation."""
    path = attachment.get("file_path") or attachment.get("filePath")
    return path if isinstance(path, str) else None


def _answer(hook: Hook) -> tuple[Observation, ...]:
    """A text of the agent: its answer, unless it goes on, which ``stop`` tells."""
    answer = hook.fields.text("text")
    return (hook.observed(hooks.ended(hook, TraceStatus.SUCCESS, answer=answer), ending=Ending.AROUND),)


def _stop(hook: Hook) -> tuple[Observation, ...]:
    status = _ENDS.get(hook.fields.name("status") or "", TraceStatus.SUCCESS)
    error = hook.fields.text("error_message")
    if status is TraceStatus.INTERRUPTED:
        return hooks.interrupted(hook, error)
    return (hook.observed(hooks.ended(hook, status, error_message=error)),)


# Tool calls


def _before_tool(hook: Hook) -> tuple[Observation, ...]:
    return (hooks.begun(hook, hooks.call_of(hook)),)


def _after_tool(hook: Hook) -> tuple[Observation, ...]:
    call, response = hooks.call_of(hook), hook.fields.json("tool_output")
    code = response.get("exitCode") if call.tool == _SHELL and isinstance(response, dict) else None
    return (hooks.returned(hook, call, response, duration_ms=hook.fields.number("duration"), **hooks.exited(code)),)


def _after_failure(hook: Hook) -> tuple[Observation, ...]:
    call, fields = hooks.call_of(hook), hook.fields
    error, interrupted = fields.text("error_message", "error"), fields.flag("is_interrupt")
    status, kind = _FAILURES.get(fields.name("failure_type") or "", (TraceStatus.ERROR, hooks.TOOL_ERROR))
    if interrupted:
        status, kind = TraceStatus.INTERRUPTED, INTERRUPTED
    return (hooks.returned(hook, call, duration_ms=fields.number("duration"), **hooks.failed(error, status, kind)),)


def _shell(hook: Hook) -> Call:
    return Call(None, _SHELL, said(command=hook.fields.text("command")))


def _before_shell(hook: Hook) -> tuple[Observation, ...]:
    return (hooks.begun(hook, _shell(hook)),)


def _after_shell(hook: Hook) -> tuple[Observation, ...]:
    output, took = hook.fields.text("output"), hook.fields.number("duration")
    return (hooks.returned(hook, _shell(hook), output, duration_ms=took),)


def _after_mcp(hook: Hook) -> tuple[Observation, ...]:
    result, took = hook.fields.json("result_json"), hook.fields.number("duration")
    return (hooks.returned(hook, hooks.call_of(hook), result, duration_ms=took),)


def _read(hook: Hook) -> tuple[Observation, ...]:
    call = Call(None, "Read", said(file_path=hook.fields.text("file_path")))
    return (hooks.returned(hook, call, hook.fields.text("content")),)


def _edited(hook: Hook) -> tuple[Observation, ...]:
    edit = said(file_path=hook.fields.text("file_path"), edits=hook.fields.any("edits"))
    return (hooks.returned(hook, Call(None, "Edit", edit)),)


# Subagents


def _subagent_start(hook: Hook) -> tuple[Observation, ...]:
    fields = hook.fields
    agent_id, call_id, kind = fields.id("subagent_id"), fields.id("tool_call_id"), fields.name("subagent_type")
    if agent_id is None:
        return hooks.own(hook)
    fields.rest.pop("parent_conversation_id", None)
    task = fields.text("task")
    of_agent = replace(hook, agent_id=agent_id, agent_type=kind)
    begun = hooks.subagent(of_agent, timestamp=hook.at, prompt_text=task, context=hook.context)
    spawning = (hooks.spawning(hook, agent_id, call_id, SpawnRule.CLIENT, kind),) if call_id else ()
    return (hook.observed(begun), *hooks.subagent_use(of_agent), *spawning)


def _subagent_stop(hook: Hook) -> tuple[Observation, ...]:
    """Without the id of the subagent it is a step of its own."""
    fields = hook.fields
    agent_id, status = fields.id("subagent_id"), fields.name("status")
    if agent_id is None:
        return hooks.own(hook)
    ended = TraceCompleted(
        correlation_id=agent_trace_id(hook.session_id, agent_id),
        status=_ENDS.get(status or "") or subagent_status(status) or TraceStatus.SUCCESS,
        timestamp=hook.at,
        **said(
            response_text=fields.text("summary"),
            error_message=fields.text("error_message"),
            duration_ms=fields.number("duration_ms", "duration"),
            context=hook.context,
        ),
    )
    return (hook.observed(ended),)


_OF_SESSION: Final = frozenset({hooks.session_start, hooks.session_end})

_READINGS: Final[dict[str, hooks.Reading]] = {
    "sessionStart": hooks.session_start,
    "sessionEnd": hooks.session_end,
    "beforeSubmitPrompt": _prompt,
    "afterAgentResponse": _answer,
    "stop": _stop,
    "preToolUse": _before_tool,
    "postToolUse": _after_tool,
    "postToolUseFailure": _after_failure,
    "beforeShellExecution": _before_shell,
    "afterShellExecution": _after_shell,
    "beforeMCPExecution": _before_tool,
    "afterMCPExecution": _after_mcp,
    "beforeReadFile": _read,
    "afterFileEdit": _edited,
    "subagentStart": _subagent_start,
    "subagentStop": _subagent_stop,
}
