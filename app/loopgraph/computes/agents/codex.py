"""Hook events of Codex as observations, and what it tells its ``notify`` program.

As its public documentation and its published sources have them, and as client 0.171.0 sent them. It names its prompts
(``turn_id``) and its tool calls. A call that failed before it ran, or was not allowed to, has no event that ends it; one that ran
has, but it does not tell how it ended: so what was told of that elsewhere outweighs it. A subagent's events have its ``agent_id``
and turns of its own; the answer to ``spawn_agent`` names the subagent.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any, Final

from loopgraph.computes.agents import hooks
from loopgraph.computes.agents.fields import Fields
from loopgraph.computes.agents.given import SkillText
from loopgraph.computes.agents.hooks import Arrival, Hook
from loopgraph.computes.agents.ids import prompt_trace_id
from loopgraph.computes.agents.traces import subagent_thread
from loopgraph.computes.agents.uses import command_name, skill_given
from loopgraph.computes.definitions.front_matter import front_matter, text_of
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.observations import Observation, SpawnRule
from loopgraph.contracts.traces.precedence import Ending

CLIENT: Final = "codex"


def observe_hook(payload: Any, arrival: Arrival) -> tuple[Observation, ...]:
    """What one event says, from its JSON body: that of a hook, or of ``notify``.

    Raises InvalidInput, naming the field, if it is no object, names no event or session, or has an id that is no text.
    """
    if isinstance(payload, dict) and "hook_event_name" not in payload and "type" in payload:
        payload = _of_notify(payload)
    fields, event, session_id = hooks.hook_of(CLIENT, payload, "hook_event_name", "session_id")
    turn_id, agent_id = fields.id("turn_id"), fields.id("agent_id")
    # A subagent's turns are its own.
    prompt_id = prompt_trace_id(session_id, turn_id) if turn_id and not agent_id else None
    agent_type = fields.name("agent_type")
    hook = Hook(CLIENT, event, session_id, prompt_id, agent_id, agent_type, fields, arrival, in_order=bool(prompt_id))
    told = hooks.tell(hook, _READINGS, _OF_SESSION)
    return (
        (*told, hook.observed(subagent_thread(session_id, agent_id))) if agent_id and agent_id != session_id else told
    )


def _of_notify(payload: dict[str, Any]) -> dict[str, Any]:
    """What ``notify`` is told, by the names that hooks have for it: ``turn-id`` is ``turn_id``, and a thread is a session."""
    plain = {name.replace("-", "_"): value for name, value in payload.items()}
    names = {"type": "hook_event_name", "thread_id": "session_id"}
    return {names.get(name, name): value for name, value in plain.items()}


def _turn_complete(hook: Hook) -> tuple[Observation, ...]:
    messages = hook.fields.rest.get("input_messages")
    if not isinstance(messages, list) or not all(isinstance(message, str) for message in messages):
        return hooks.stop(hook)
    hook.fields.rest["input_messages"] = "\n".join(messages)
    return (hooks.submitted(hook, hook.fields.text("input_messages")), *hooks.stop(hook))


def _interrupt(hook: Hook) -> tuple[Observation, ...]:
    """A person has stopped the turn, and with it all that was open."""
    return hooks.interrupted(hook)


def _stop_failure(hook: Hook) -> tuple[Observation, ...]:
    error = hook.fields.text("error", "error_message")
    return (hook.observed(hooks.ended(hook, TraceStatus.ERROR, error_message=error)),)


def _before_tool(hook: Hook) -> tuple[Observation, ...]:
    call = hooks.call_of(hook)
    return (hooks.begun(hook, call),) if call.id else hooks.own(hook)


def _after_tool(hook: Hook) -> tuple[Observation, ...]:
    call, response = hooks.call_of(hook), hook.fields.json("tool_response")
    if call.id is None:
        return hooks.own(hook)
    ran = hooks.returned(hook, call, response, how={"ending": Ending.TELEMETRY})
    command = call.input.get("command") if isinstance(call.input, dict) else None
    if read := skill_read(command, response if isinstance(response, str) else None, hook.cwd):
        return (ran, *hooks.skill(hook, read.name, call.id, **skill_given(read)))
    agent_id = response.get("agent_id") if call.tool == "spawn_agent" and isinstance(response, dict) else None
    if not isinstance(agent_id, str) or not agent_id:
        return (ran,)
    kind = Fields(call.input).name("agent_type") if isinstance(call.input, dict) else None
    thread = hook.observed(subagent_thread(hook.session_id, agent_id))
    return (ran, hooks.spawning(hook, agent_id, call.id, SpawnRule.TOOL_RESPONSE, kind), thread)


_READS_SKILL: Final = re.compile(
    r"\s*(?:(?P<whole>cat)|sed -n ['\"]?\d+,\d+p['\"]?|head(?: -n? ?\d+)?)\s+"
    r"(?P<quote>['\"]?)(?P<path>[^'\"|;&<>$`*\n]+?/SKILL\.md)(?P=quote)\s*"
)


def skill_read(command: Any, output: str | None, cwd: str | None) -> SkillText | None:
    """The skill that its model has begun to use by reading its file in a shell, as its instructions say. Only ``cat`` shows the
    whole text; of any other way to read it, the text is empty. None: the command reads no skill of anybody's."""
    if isinstance(command, list) and command:  # a shell, its option, and the command
        command = command[-1]
    found = _READS_SKILL.fullmatch(command) if isinstance(command, str) else None
    if not found:
        return None
    path = found["path"].replace("\\ ", " ")
    path = posixpath.normpath(posixpath.join(cwd or "", path))
    if not path.startswith("/") or "/.system/" in path:  # those in .system are the client's own
        return None
    text = output if found["whole"] and output and output.strip() else ""
    said_name = text_of(front_matter(text), "name") if text else ""
    return SkillText(command_name(said_name) or path.split("/")[-2], text, path)


_OF_SESSION: Final = frozenset({hooks.session_start, hooks.session_end})

_READINGS: Final[dict[str, hooks.Reading]] = {
    "SessionStart": hooks.session_start,
    "SessionEnd": hooks.session_end,
    "UserPromptSubmit": hooks.prompt,
    "Stop": hooks.stop,
    "StopFailure": _stop_failure,
    "Interrupt": _interrupt,
    "SubagentStart": hooks.subagent_start,
    "SubagentStop": hooks.subagent_stop,
    "PreToolUse": _before_tool,
    "PostToolUse": _after_tool,
    "agent-turn-complete": _turn_complete,
}
