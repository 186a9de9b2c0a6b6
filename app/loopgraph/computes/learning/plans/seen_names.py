"""Which names several know: those of tools, skills, agents and endpoints that agent clients do not give themselves.

A name that one trace has can be somebody's own, or made to be repeated. One that traces of several units have (sessions; of
none, the trace) is a name that is used here, whichever patterns they taught. Only so many units are remembered of a name, each
with the trace that it was seen in, so that what is taken back (a trace that teaches no more) does not count on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from loopgraph.computes.learning.plans.extraction import SOME
from loopgraph.computes.learning.plans.names import is_known
from loopgraph.contracts.learning.lessons import TraceCall, TracePlan
from loopgraph.contracts.learning.plans import EndpointExpectation, Plan, StepKind

MOST_UNITS: Final = 8
"""So many units are remembered of a name."""

AGENT: Final = "agent"

Witnesses = tuple[str, ...]


def step_key(kind: StepKind, name: str) -> str:
    """The key of the name of a step."""
    return f"{kind.value}|{name}"


def agent_key(name: str) -> str:
    """The key of the name of an agent that was chosen."""
    return f"{AGENT}|{name}"


def call_key(call: TraceCall | EndpointExpectation) -> str:
    """The key of an endpoint."""
    return f"endpoint|{call.method} {call.service} {call.endpoint}"


def names_of(plan: TracePlan | Plan) -> frozenset[str]:
    """The keys of all names that a plan has and that clients do not give."""
    keys = {step_key(step.kind, step.name) for step in plan.steps if _own(step.name)}
    if plan.agent and _own(plan.agent):
        keys.add(agent_key(plan.agent))
    if isinstance(plan, TracePlan):
        return frozenset(keys | {call_key(call) for call in plan.calls})
    left = {one.name for one in plan.departures if one.name and _own(one.name)}
    return frozenset(
        keys | {call_key(call) for call in plan.endpoints} | {step_key(StepKind.TOOL, name) for name in left}
    )


def witness(session_id: str | None, correlation_id: str) -> str:
    """What is remembered of a trace that a name was seen in: digests of its unit, and of itself."""
    return f"{_digest(session_id or correlation_id)}:{_digest(correlation_id)}"


def seen(before: Witnesses, come: Iterable[str], gone: Iterable[str]) -> Witnesses:
    """The witnesses of a name, one for a unit, after some have come and some are gone."""
    lost = {one.partition(":")[2] for one in gone}
    kept = {one.partition(":")[0]: one for one in before if one.partition(":")[2] not in lost}
    for one in sorted(come):
        if len(kept) < MOST_UNITS:
            kept.setdefault(one.partition(":")[0], one)
    return tuple(sorted(kept.values()))


def changed(
    before: Mapping[str, Witnesses], come: Mapping[str, Sequence[str]], gone: Mapping[str, Sequence[str]]
) -> dict[str, Witnesses]:
    """The names whose witnesses are others than before, by their keys."""
    after = {key: seen(before.get(key, ()), come.get(key, ()), gone.get(key, ())) for key in sorted({*come, *gone})}
    return {key: one for key, one in after.items() if one != before.get(key, ())}


def _own(name: str) -> bool:
    return not is_known(name) and name not in SOME.values()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
