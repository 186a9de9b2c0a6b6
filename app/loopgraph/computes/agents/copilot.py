"""Hook events of GitHub Copilot CLI as observations.

As its public documentation has them, and as client 1.0.102 sent them: in camel case, without their names, or, if they are
installed under names that begin with a capital, in snake case and named. Whoever hands one on can name it
(``hook_event_name``); else it is known by its fields. Neither prompts nor tool calls are named, but each event says when it was.
What a subagent does is told under a session of its own, which is its ``agentId``, with ``parentAgentId``. A call that was not
allowed has no event that ends it.
"""

from __future__ import annotations

import re
from typing import Any, Final

from loopgraph.computes.agents import hooks
from loopgraph.computes.agents.endings import DENIED
from loopgraph.computes.agents.fields import Fields
from loopgraph.computes.agents.hooks import Arrival, Call, Hook
from loopgraph.computes.agents.ids import unnamed_prompt_id
from loopgraph.computes.agents.uses import command_name
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.observations import Observation
from loopgraph.errors import InvalidInput

CLIENT: Final = "copilot-cli"

_NAMES: Final = {"tool_args": "tool_input", "tool_result": "tool_response"}
"""By another name in snake case: its name everywhere else."""
_KNOWN: Final = frozenset(
    {
        "sessionId", "transcriptPath", "initialPrompt", "toolName", "toolArgs", "toolInput", "toolResult", "agentId", "agentType",
        "agentName", "parentAgentId", "stopReason", "errorContext", "hookName",
    }
)  # fmt: skip
_EVENTS: Final = {"userPromptSubmit": "userPromptSubmitted", "stop": "agentStop"}
"""Events that begin with a capital are named in two cases otherwise."""
_SKILL: Final = "skill"
_SHELLS: Final = frozenset({"bash", "powershell"})
_EXIT_CODE = re.compile(r"exit code (-?\d{1,10})>\s*\Z")
_DENIED: Final = frozenset({"denied", "rejected"})


def observe_hook(payload: Any, arrival: Arrival) -> tuple[Observation, ...]:
    """What one event says, from its JSON body.

    Raises InvalidInput, naming the field, if it is no object, has no session, or an id that is no text.
    """
    if not isinstance(payload, dict):
        raise InvalidInput("body", "must be a JSON object")
    plain = {_plain(name): value for name, value in payload.items()}
    plain["hook_event_name"] = _event(plain)
    fields, event, session_id = hooks.hook_of(CLIENT, plain, "hook_event_name", "session_id")
    arrival = hooks.stamped(fields, arrival, payload)
    agent_id, parent_id = fields.id("agent_id"), fields.id("parent_agent_id")
    if agent_id == session_id and parent_id:
        session_id = parent_id
    begins = event == _BEGINS and not agent_id
    prompt_id = unnamed_prompt_id(session_id, arrival.execution_id) if begins else None
    kind = fields.name("agent_type", "agent_name")
    hook = Hook(CLIENT, event, session_id, prompt_id, agent_id, kind, fields, arrival, goes_by_order=True)
    return hooks.tell(hook, _READINGS, _OF_SESSION)


def _plain(name: str) -> str:
    """The name of a field as clients with snake case have it."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() if name in _KNOWN else name
    return _NAMES.get(snake, snake)


def _event(fields: dict[str, Any]) -> Any:
    """The name of an event, in camel case; by its fields if it does not say it."""
    said = fields.get("hook_event_name") or fields.pop("hook_name", None)
    if said is not None:
        name = said[:1].lower() + said[1:] if isinstance(said, str) else said
        return _EVENTS.get(name, name) if isinstance(name, str) else name
    return next((name for name, marks in _MARKS.items() if all(mark in fields for mark in marks)), "unknown")


_BEGINS: Final = "userPromptSubmitted"

_MARKS: Final = {
    "postToolUse": ("tool_name", "tool_response"),
    "postToolUseFailure": ("tool_name", "error"),
    "permissionRequest": ("tool_name", "permissionSuggestions"),
    "preToolUse": ("tool_name",),
    "errorOccurred": ("error",),
    _BEGINS: ("prompt",),
    "notification": ("notification_type",),
    "subagentStop": ("agent_name", "stop_reason"),
    "subagentStart": ("agent_name",),
    "agentStop": ("stop_reason",),
    "sessionEnd": ("reason",),
    "preCompact": ("trigger",),
    "sessionStart": ("source",),
}
"""The fields that tell an event from all that stand below it."""


def _before_tool(hook: Hook) -> tuple[Observation, ...]:
    return (hooks.begun(hook, hooks.call_of(hook)),)


def _after_tool(hook: Hook) -> tuple[Observation, ...]:
    call, response = hooks.call_of(hook), hook.fields.any("tool_response")
    failure = _failure(call, response)
    ran = hooks.returned(hook, call, response, **failure)
    named = call.input.get("skill") if call.tool == _SKILL and isinstance(call.input, dict) and not failure else None
    return (ran, *hooks.skill(hook, command_name(named)))


def _failure(call: Call, response: Any) -> dict[str, Any]:
    if not isinstance(response, dict):
        return {}
    fields = Fields(response)
    kind, told = fields.name("resultType", "result_type"), fields.text("textResultForLlm", "text_result_for_llm")
    if kind in _DENIED:
        return hooks.failed(told, TraceStatus.DENIED, DENIED)
    if kind == "timeout":
        return hooks.failed(told, TraceStatus.TIMEOUT, "timeout")
    if kind not in (None, "success"):
        return hooks.failed(fields.text("error") or told)
    code = _EXIT_CODE.search(told or "") if (call.tool or "").lower() in _SHELLS else None
    return hooks.exited(code[1]) if code else {}


def _after_failure(hook: Hook) -> tuple[Observation, ...]:
    call, error = hooks.call_of(hook), hook.fields.text("error")
    return (hooks.returned(hook, call, **hooks.failed(error)),)


def _error(hook: Hook) -> tuple[Observation, ...]:
    """Something went wrong; the prompt ends with it unless the client says that it goes on."""
    error = hook.fields.any("error")
    fields = Fields(error if isinstance(error, dict) else {"message": str(error)})
    known = {"error_type": fields.name("name"), "error_message": fields.text("message")}
    goes_on = hook.fields.flag("recoverable")
    hook.fields.rest |= {"error": fields.rest} if fields.rest else {}
    step = hooks.own(hook, status=TraceStatus.ERROR, **known)
    if goes_on is not False:
        return step
    return (*step, hook.observed(hooks.ended(hook, TraceStatus.ERROR, **known)))


_OF_SESSION: Final = frozenset({hooks.session_start, hooks.session_end})

_READINGS: Final[dict[str, hooks.Reading]] = {
    "sessionStart": hooks.session_start,
    "sessionEnd": hooks.session_end,
    _BEGINS: hooks.prompt,
    "agentStop": hooks.stop,
    "subagentStart": hooks.subagent_start,
    "subagentStop": hooks.subagent_stop,
    "preToolUse": _before_tool,
    "postToolUse": _after_tool,
    "postToolUseFailure": _after_failure,
    "errorOccurred": _error,
}
