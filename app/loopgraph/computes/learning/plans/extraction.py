"""From a trace with what belongs to it to how it went: kinds, names and numbers, no value of anything."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from loopgraph.computes.learning.plans.folding import MOST_TARGETS, folded
from loopgraph.computes.learning.plans.names import (
    ANY_FILE,
    LOOKING,
    defined,
    extension_of,
    path_template,
    plain,
    plain_names,
    plain_or_none,
    programs_of,
)
from loopgraph.computes.learning.plans.shapes import merged, shape_of
from loopgraph.contracts.learning.lessons import TraceCall, TracePlan, TraceStep
from loopgraph.contracts.learning.plans import StepKind
from loopgraph.contracts.learning.replays import OWN_TOOLS
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.events import OF_PATTERN, TraceStatus
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, is_of_model

_SPAWNING: Final = frozenset({"Task", "Agent"})
_PATHS: Final = ("file_path", "path", "filename", "file", "notebook_path", "target_file", "absolute_path")
_COMMANDS: Final = ("command", "cmd", "script")
_KINDS: Final[Mapping[str, StepKind]] = {
    DefinitionKind.SKILL: StepKind.SKILL,
    DefinitionKind.COMMAND: StepKind.COMMAND,
    DefinitionKind.SUBAGENT: StepKind.SUBAGENT,
}
MOST_CALLS: Final = 40
"""Different endpoints of one trace."""

SOME_TOOL, SOME_SKILL, SOME_COMMAND, SOME_AGENT, SOME_HOOK, SOME_SERVICE = (
    "tool", "skill", "command", "agent", "hook", "service",
)  # fmt: skip
SOME: Final = {
    StepKind.TOOL: SOME_TOOL,
    StepKind.SKILL: SOME_SKILL,
    StepKind.COMMAND: SOME_COMMAND,
    StepKind.SUBAGENT: SOME_AGENT,
    StepKind.HOOK: SOME_HOOK,
}
"""What is said of a step whose name may not be told."""


DEFINED: Final = frozenset({StepKind.SKILL, StepKind.COMMAND, StepKind.SUBAGENT})
"""What people write as files; those of a plugin have its name in front."""


def plan_of(parts: TraceParts) -> TracePlan:
    """How a trace went. Its tokens and its cost are those of its own calls; None where no call has any."""
    models = [call for call in parts.endpoints if is_of_model(call)]
    tokens = [count for call in models for count in (call.input_tokens, call.output_tokens) if count is not None]
    costs = [call.cost_usd for call in models if call.cost_usd is not None]
    routing = parts.routing
    return TracePlan(
        agent=plain_or_none(routing.selected_agent if routing and routing.selected_agent else parts.trace.agent),
        routing_strategy=plain_or_none(routing.routing_strategy) if routing else None,
        steps=folded([step for hook in parts.hooks for step in _step(hook)]),
        calls=tuple(_calls(call for call in parts.endpoints if not is_of_model(call))),
        duration_ms=_rounded(parts.trace.duration_ms),
        rag_queries=parts.total_rag_queries,
        tokens=sum(tokens) if tokens else None,
        cost_usd=round(math.fsum(costs), 9) if costs else None,
    )


def without_content(plan: TracePlan) -> TracePlan:
    """The same without what is told by content alone: the names in what was sent and answered."""
    calls = (call.model_copy(update={"request_template": {}, "response_schema": {}}) for call in plan.calls)
    return plan.model_copy(update={"calls": tuple(calls)})


def _step(hook: HookExecution) -> Iterator[TraceStep]:
    """The step that a hook execution is; none if it is still going on, or only files of memory that were read, or what was
    asked of us: a plan that said to ask for a plan would be one of itself."""
    if hook.status is TraceStatus.IN_PROGRESS or (hook.tool_name or "").startswith(OWN_TOOLS):
        return
    kind, name = _named(hook)
    if kind is None:
        return
    given = hook.tool_input if kind is StepKind.TOOL and isinstance(hook.tool_input, Mapping) else {}
    programs = _programs(given)
    yield TraceStep(
        kind=kind,
        name=(defined if kind in DEFINED else plain)(name, SOME[kind]),
        program=next((program for program in programs if program not in LOOKING), None),
        targets=tuple(dict.fromkeys((*programs, *_files(given))))[:MOST_TARGETS],
        duration_ms=_rounded(hook.duration_ms),
        functions=plain_names(hook.intelligence_functions_executed),
        gates=plain_names(hook.quality_gates_validated),
        failed=hook.status is not TraceStatus.SUCCESS,
    )


def _named(hook: HookExecution) -> tuple[StepKind | None, str | None]:
    if hook.hook_type == OF_PATTERN:
        return _KINDS.get(hook.pattern_type or ""), hook.pattern_name
    if hook.tool_name in _SPAWNING:
        given = hook.tool_input if isinstance(hook.tool_input, Mapping) else {}
        kind = given.get("subagent_type")
        return StepKind.SUBAGENT, kind if isinstance(kind, str) else None
    if hook.tool_name:
        return StepKind.TOOL, hook.tool_name
    return StepKind.HOOK, hook.hook_type


def _programs(given: Mapping[str, Any]) -> tuple[str, ...]:
    """What a shell runs."""
    return tuple(dict.fromkeys(program for name in _COMMANDS for program in programs_of(_command(given.get(name)))))


def _files(given: Mapping[str, Any]) -> Iterator[str]:
    """The kinds of files that a tool is given."""
    for name in _PATHS:
        if isinstance(path := given.get(name), str) and (kind := extension_of(path)) != ANY_FILE:
            yield kind


def _command(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        words = [str(word) for word in value]
        # A shell that is given a script as its last word runs that.
        return words[-1] if len(words) > 2 and words[1] in ("-c", "-lc") else " ".join(words)
    return ""


def _calls(calls: Iterable[EndpointCall]) -> Iterator[TraceCall]:
    """The successful calls by endpoint, in the order in which each was called first."""
    by_endpoint: dict[tuple[str, str, str], list[EndpointCall]] = {}
    for call in calls:
        if call.status is TraceStatus.SUCCESS:
            key = plain(call.service_name, SOME_SERVICE), path_template(call.endpoint_path), _method(call.http_method)
            by_endpoint.setdefault(key, []).append(call)
    for (service, endpoint, method), some in list(by_endpoint.items())[:MOST_CALLS]:
        durations = [call.duration_ms for call in some if call.duration_ms is not None]
        yield TraceCall(
            service=service,
            endpoint=endpoint,
            method=method,
            request_template=merged(shape_of(call.request_body) for call in some[:20]),
            response_schema=merged(shape_of(call.response_body) for call in some[:20]),
            duration_ms=_rounded(math.fsum(durations) / len(durations)) if durations else None,
            times=len(some),
        )


def _method(method: str) -> str:
    upper = method.upper()
    return upper if upper in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"} else "CALL"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
