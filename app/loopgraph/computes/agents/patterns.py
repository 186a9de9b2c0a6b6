"""A pattern that all prompts of an agent client use: its template goes into the prompt, and each prompt is one execution of it.

The execution begins with the prompt and ends with the agent's answer, so what it took and whether it came to an answer is
measured and not assumed. Its unit is the session, so that all prompts of one run the same version. Prompts that no person wrote
use no pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from loopgraph.computes.agents.ids import as_id
from loopgraph.computes.agents.traces import task_notification
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.loop.feedback import Assignment
from loopgraph.contracts.traces.events import OF_PATTERN, HookExecuted, TraceStatus
from loopgraph.errors import InvalidInput

LONGEST_CONTEXT: Final = 10_000
"""So many characters the client takes from a hook."""

_ENDS: Final = {"Stop": TraceStatus.SUCCESS, "StopFailure": TraceStatus.ERROR}


@dataclass(frozen=True)
class PatternUse:
    """The use of a pattern by one prompt. ``outcome`` is None at its beginning."""

    pattern_id: str
    session_id: str
    prompt_id: str
    at: datetime
    outcome: TraceStatus | None

    @property
    def execution_id(self) -> str:
        """The execution of the pattern by this prompt."""
        return as_id(f"{self.prompt_id}/{self.pattern_id}")

    def begun(self, assignment: Assignment) -> HookExecuted:
        """The execution of the assigned version, which begins. Raises InvalidInput for a template that the client would cut."""
        if len(assignment.template_code) > LONGEST_CONTEXT:
            problem = f"its version {assignment.version} has more than the {LONGEST_CONTEXT} characters a hook can give"
            raise InvalidInput("pattern", problem)
        begun: dict[str, Any] = {
            "node_id": assignment.node_id,
            "experiment_id": assignment.experiment_id,
            "unit": assignment.unit,
        }
        return HookExecuted(**self._execution, **begun, status=TraceStatus.IN_PROGRESS, started_at=self.at)

    def ended(self) -> HookExecuted:
        """The execution, which ends."""
        return HookExecuted(**self._execution, status=self.outcome, completed_at=self.at)

    @property
    def _execution(self) -> dict[str, Any]:
        return {
            "correlation_id": self.prompt_id,
            "root_id": self.prompt_id,
            "execution_id": self.execution_id,
            "session_id": as_id(self.session_id),
            "hook_type": OF_PATTERN,
            "tool_name": self.pattern_id,
            "timestamp": self.at,
        }


def pattern_use(pattern_id: str, payload: Mapping[str, Any], at: datetime) -> PatternUse | None:
    """What a sound hook event says of the use of a pattern; None if it says nothing of it."""
    event, prompt_id, prompt = (payload.get(name) for name in ("hook_event_name", "prompt_id", "prompt"))
    begins = event == "UserPromptSubmit" and isinstance(prompt, str) and task_notification(prompt) is None
    outcome = _ENDS.get(str(event))
    if not prompt_id or payload.get("agent_id") or not (begins or outcome):
        return None
    return PatternUse(pattern_id, payload["session_id"], as_id(prompt_id), at, outcome)


class Asked(NamedTuple):
    """A prompt of a person: what it asks, of which trace and session it is, and the folder that it is asked in."""

    prompt: str
    prompt_id: str
    session_id: str
    folder: str | None


def asked(payload: Mapping[str, Any]) -> Asked | None:
    """The prompt that a sound hook event tells of; None for other events, and for what no person wrote."""
    prompt, prompt_id, folder = (payload.get(name) for name in ("prompt", "prompt_id", "cwd"))
    if payload.get("hook_event_name") != "UserPromptSubmit" or payload.get("agent_id") or not prompt_id:
        return None
    if not isinstance(prompt, str) or task_notification(prompt) is not None:
        return None
    return Asked(prompt, as_id(prompt_id), payload["session_id"], folder if isinstance(folder, str) else None)


def added_context(template: str) -> JsonMap:
    """The answer to a prompt's hook that gives the template to the model; nothing if it is empty."""
    if not template:
        return {}
    return {"hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "additionalContext": template}}
