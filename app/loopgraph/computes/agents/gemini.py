"""Hook events of Gemini CLI as observations.

As its public documentation has them, and as client 0.61.0 sent them. It names neither its prompts nor its tool calls, but says
when each event was: so an event that is told again is the same. A shell command that failed has no error, only an exit code in
the text that its model is given. A call that its policy or its checks refuse has no event at all.
"""

from __future__ import annotations

import re
from typing import Any, Final

from loopgraph.computes.agents import hooks
from loopgraph.computes.agents.endings import DENIED
from loopgraph.computes.agents.fields import Fields, said
from loopgraph.computes.agents.given import SkillText, gemini_skill
from loopgraph.computes.agents.hooks import Arrival, Hook
from loopgraph.computes.agents.ids import unnamed_prompt_id
from loopgraph.computes.agents.uses import command_name, skill_given
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.observations import Observation

CLIENT: Final = "gemini-cli"

_BEGINS: Final = "BeforeAgent"
_SHELL: Final = "run_shell_command"
_EXIT_CODE = re.compile(r"^Exit Code: (-?\d{1,10})$", re.MULTILINE)
SKILL_TOOL: Final = "activate_skill"
"""The tool by which its model activates a skill."""
DENIAL: Final = "policy_violation"
"""The type of the error of a call that a policy or a hook did not allow; ``permission_denied`` is one of the file system."""


def observe_hook(payload: Any, arrival: Arrival) -> tuple[Observation, ...]:
    """What one event says, from its JSON body.

    Raises InvalidInput, naming the field, if it is no object, names no event or session, or has an id that is no text.
    """
    fields, event, session_id = hooks.hook_of(CLIENT, payload, "hook_event_name", "session_id")
    arrival = hooks.stamped(fields, arrival, payload)
    prompt_id = unnamed_prompt_id(session_id, arrival.execution_id) if event == _BEGINS else None
    hook = Hook(CLIENT, event, session_id, prompt_id, None, None, fields, arrival, goes_by_order=True, in_order=True)
    return hooks.tell(hook, _READINGS, _OF_SESSION)


def _after_agent(hook: Hook) -> tuple[Observation, ...]:
    hook.fields.text("prompt")  # is that of its beginning
    return hooks.stop(hook)


def _before_tool(hook: Hook) -> tuple[Observation, ...]:
    return (hooks.begun(hook, hooks.call_of(hook)),)


def _after_tool(hook: Hook) -> tuple[Observation, ...]:
    call, response = hooks.call_of(hook), hook.fields.any("tool_response")
    failure = _failure(call.tool, response)
    ran = hooks.returned(hook, call, response, **failure)
    return (ran, *(_skill(hook, response) if call.tool == SKILL_TOOL and not failure else ()))


def _skill(hook: Hook, response: Any) -> tuple[Observation, ...]:
    """The skill that its model has activated, with the text that it was given of it."""
    told = response.get("llmContent") if isinstance(response, dict) else None
    given = gemini_skill(told) if isinstance(told, str) else None
    if given is None or is_own_skill(given):
        return ()
    return hooks.skill(hook, command_name(given.name), **skill_given(given))


def is_own_skill(skill: SkillText) -> bool:
    """Whether it is one that the client brings itself."""
    return skill.path is not None and "/builtin/" in skill.path.replace("\\", "/")


def _failure(tool: str | None, response: Any) -> dict[str, Any]:
    if not isinstance(response, dict):
        return {}
    error = response.get("error")
    if isinstance(error, dict):
        fields = Fields(error)
        kind, message = fields.name("type"), fields.text("message")
        if kind == DENIAL:
            return hooks.failed(message, TraceStatus.DENIED, DENIED)
        return hooks.failed(message, kind=kind or hooks.TOOL_ERROR)
    if error:
        return hooks.failed(str(error))
    told = response.get("llmContent")
    codes = _EXIT_CODE.findall(told) if tool == _SHELL and isinstance(told, str) else []
    return hooks.exited(codes[-1]) if codes else {}


def _model(hook: Hook) -> tuple[Observation, ...]:
    """Before and after each request, with all of the conversation: only the model is kept, as what the session uses."""
    request = hook.fields.rest.get("llm_request")
    model = Fields(request).name("model") if isinstance(request, dict) else None
    hook.fields.rest.clear()
    return (hooks.session(hook, **said(model=model)),)


_OF_SESSION: Final = frozenset({hooks.session_start, hooks.session_end, _model})

_READINGS: Final[dict[str, hooks.Reading]] = {
    "SessionStart": hooks.session_start,
    "SessionEnd": hooks.session_end,
    _BEGINS: hooks.prompt,
    "AfterAgent": _after_agent,
    "BeforeTool": _before_tool,
    "AfterTool": _after_tool,
    "BeforeModel": _model,
    "AfterModel": _model,
    "BeforeToolSelection": _model,
}
