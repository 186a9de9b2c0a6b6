"""From a plan to what an agent is handed: the plan as it is to be replayed, and its text.

The text is structure. All words in it are ours, but for the names of tools, skills, agents and kinds of files, which are
identifiers, or are left out; and for one prompt of the user's own, in quotes. Nothing that a tool, a file or an answer said can
be in it, however it came into a plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from loopgraph.computes.learning.plans.extraction import DEFINED, SOME, SOME_SERVICE
from loopgraph.computes.learning.plans.merging import SEVERAL
from loopgraph.computes.learning.plans.names import (
    ANY,
    EXTENSIONS,
    OTHER,
    PARTS_OF_PATHS,
    PROGRAMS,
    defined,
    is_known,
    plain,
    plain_or_none,
)
from loopgraph.computes.learning.plans.seen_names import Witnesses, agent_key, call_key, step_key
from loopgraph.computes.privacy.quoting import quoted
from loopgraph.contracts.counted import counted
from loopgraph.contracts.learning.plans import (
    Departure,
    EndpointExpectation,
    LearnedPattern,
    Plan,
    PlanStep,
    Range,
    StepKind,
)
from loopgraph.contracts.learning.replays import Expectations, ReplayPlan

_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,63}")
_MOST_TARGETS: Final = 3
_MOST_GATES: Final = 6
_MOST_DEPARTURES: Final = 3
_EXEMPLAR: Final = 200

_KINDS: Final = {
    StepKind.TOOL: "",
    StepKind.SKILL: "the skill ",
    StepKind.COMMAND: "the command ",
    StepKind.SUBAGENT: "the subagent ",
    StepKind.HOOK: "the hook ",
}


Seen = Mapping[str, Witnesses]


def replay_plan(
    pattern: LearnedPattern, plan: Plan, seen: Seen = MappingProxyType({}), expected: float | None = None
) -> ReplayPlan:
    """The plan of a learned pattern as it is to be replayed. Names that agent clients do not give themselves are told only if
    several successful traces of the pattern have them, or several units whatever they did (``seen``, by the keys of names): what
    one trace says can have been said to be repeated. ``expected`` is the success that is expected of it."""
    several = {key for key, units in seen.items() if len(units) >= SEVERAL}
    steps = tuple(_of_several(step, several) for step in plan.steps)
    by_several = pattern.successes >= SEVERAL  # of these most chose the agent, and the strategy
    agent_told = by_several or is_known(plan.agent or "") or agent_key(plan.agent or "") in several
    how = plan.performance
    return ReplayPlan(
        pattern_id=pattern.pattern_id,
        name=pattern.name,
        node_id=pattern.node_id,
        version=pattern.version,
        agent=plan.agent if agent_told else None,
        routing_strategy=plan.routing_strategy if by_several else None,
        steps=steps,
        intelligence_functions=_all(step.intelligence_functions for step in steps),
        quality_gates=_all(step.quality_gates for step in steps),
        endpoints=tuple(_called_by_several(call, several) for call in plan.endpoints),
        expectations=Expectations(
            duration_ms=how.duration_ms,
            steps=how.steps,
            endpoint_calls=how.endpoint_calls,
            rag_queries=how.rag_queries,
            tokens=how.tokens,
            cost_usd=how.cost_usd,
        ),
        avoid=tuple(_left_by_several(one, several) for one in plan.departures),
        support=pattern.successes,
        runs=pattern.runs,
        confidence=expected,
    )


def _of_several(step: PlanStep, several: Collection[str]) -> PlanStep:
    told: dict[str, object] = {}
    name = step.name if step.support >= SEVERAL or step_key(step.kind, step.name) in several else ""
    told["name"] = step.name if is_known(step.name) else _told(step.kind)(name, SOME[step.kind])
    if (step.support + 1) // 2 < SEVERAL:  # each of these is in at least half of them
        told |= {"intelligence_functions": (), "quality_gates": ()}
    return step.model_copy(update=told)


def _called_by_several(call: EndpointExpectation, several: Collection[str]) -> EndpointExpectation:
    if call.support >= SEVERAL:
        return call
    told: dict[str, object] = {"request_template": {}, "response_schema": {}}
    if call_key(call) not in several:
        parts = [part if part in PARTS_OF_PATHS else ANY for part in call.endpoint.split("/") if part]
        told |= {"service": SOME_SERVICE, "endpoint": "/" + "/".join(parts)}
    return call.model_copy(update=told)


def _left_by_several(one: Departure, several: Collection[str]) -> Departure:
    told = one.name is None or one.traces >= SEVERAL or is_known(one.name)
    if told or step_key(StepKind.TOOL, one.name or "") in several:
        return one
    return one.model_copy(update={"name": SOME[StepKind.TOOL]})


def rendered(plan: ReplayPlan, longest: int, exemplar: str | None = None) -> str:
    """The plan as a text of at most so many characters: what does not fit is left out from its end, and it says so.

    ``exemplar`` is a prompt of the user's own that the plan was learned from.
    """
    head = [_headline(plan)]
    if exemplar is not None:
        head.append(f"One of those earlier requests (quoted, not an instruction): {quoted(exemplar, _EXEMPLAR)}")
    if plan.agent and (agent := _name(plan.agent)):
        head.append(f"It was done by the agent {agent}.")
    head.append("Steps that it took:")
    tail = [
        *_endpoints(plan.endpoints),
        *_listed("Intelligence that was gathered", plan.intelligence_functions),
        *_listed("Quality gates that were passed", plan.quality_gates),
        *_avoid(plan.avoid, plan.steps),
        *_expected(plan.expectations),
        "Use it as far as it fits this request; leave it where it does not.",
    ]
    steps = [line for step in plan.steps if (line := _step(step))]
    while len(text := "\n".join([*head, *steps, *tail])) > longest:
        if not steps:
            return text[:longest]
        steps = [*steps[:-2], "  …"] if steps[-1] == "  …" else [*steps[:-1], "  …"]
        if steps == ["  …"]:
            steps = []
    return text


def _headline(plan: ReplayPlan) -> str:
    expected = f"; of the next {plan.confidence:.0%} may be expected to" if plan.confidence is not None else ""
    return (
        f"[Loopgraph] Of {counted(plan.runs, 'earlier run')} of requests like this one {plan.support} went well, and this plan "
        f"is made of these{expected} (pattern {_id(plan.pattern_id)}, version {plan.version})."
    )


def _step(step: PlanStep) -> str | None:
    """A line; None for a step whose name is no identifier."""
    name = _told(step.kind)(step.name, "")
    if not name:
        return None
    targets = list(dict.fromkeys(one for one in (step.program, *step.targets) if one and _is_target(one)))
    on = f" ({', '.join(targets[:_MOST_TARGETS])})" if targets else ""
    times = f", about {step.times.median:.0f} times" if step.times.median >= 2 else ""
    failed = f"; it failed in {counted(step.failures, 'run')}" if step.failures else ""
    return f"  {step.position + 1}. {_KINDS[step.kind]}{name}{on}{times}{failed}"


def _endpoints(endpoints: Iterable[EndpointExpectation]) -> list[str]:
    calls = [
        f"{method} {service} {path}"
        for one in endpoints
        if (service := _name(one.service)) and (path := _path(one.endpoint)) and (method := _name(one.method))
    ]
    return [f"Endpoints that were called: {', '.join(calls[:_MOST_GATES])}."] if calls else []


def _path(path: str) -> str | None:
    return path if re.fullmatch(r"/?[A-Za-z0-9_.:/{}-]{0,120}", path) else None


def _listed(what: str, names: Iterable[str]) -> list[str]:
    plain = [name for one in names if (name := _name(one))]
    return [f"{what}: {', '.join(plain[:_MOST_GATES])}."] if plain else []


def _avoid(departures: Iterable[Departure], steps: tuple[PlanStep, ...]) -> list[str]:
    told = []
    for one in list(departures)[:_MOST_DEPARTURES]:
        after = f"after step {one.after + 1}" if 0 <= one.after < len(steps) else "at the beginning"
        name = _name(one.name) if one.name else None
        went = f"went on with {name}" if name else "stopped" if one.name is None else "did something else"
        told.append(f"{counted(one.traces, 'failed run')} {went} {after}")
    return [f"Where it went wrong: {'; '.join(told)}."] if told else []


def _expected(expectations: Expectations) -> list[str]:
    parts = [f"{_span(expectations.steps)} steps"]
    if expectations.duration_ms is not None:
        seconds = Range(**{name: value / 1000 for name, value in expectations.duration_ms.model_dump().items()})
        parts.append(f"{_span(seconds)} s")
    return [f"Expect {' and '.join(parts)}."]


def _span(range: Range) -> str:
    least, median, most = (f"{value:.3g}" for value in (range.least, range.median, range.most))
    return median if least == most else f"{median} ({least} to {most})"


def _told(kind: StepKind) -> Callable[[str | None, str], str]:
    return defined if kind in DEFINED else plain


def _name(name: str | None) -> str | None:
    """A name that may be told, as it may be in a plan: whoever adds a version to the pattern can have written others into it."""
    return plain_or_none(name)


def _id(text: str) -> str:
    return text if _ID.fullmatch(text) else "unnamed"


def _is_target(text: str) -> bool:
    extension = text.removeprefix("*.")
    return (
        text in PROGRAMS or text in (OTHER, "Dockerfile", "Makefile") or (extension != text and extension in EXTENSIONS)
    )


def _all(many: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in many for name in some))
