"""What is kept of learning as properties of nodes, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from loopgraph.contracts.learning.features import PromptFeatures
from loopgraph.contracts.learning.lessons import After, AgentRun, Known, Lesson, PlainExemplar, Role, TracePlan
from loopgraph.contracts.learning.plans import LearnedPattern, Plan
from loopgraph.contracts.learning.routing import RecordScope, scopes_of
from loopgraph.effects.graph.transaction import Row

Properties = dict[str, Any]


def learned(row: Row) -> LearnedPattern:
    """A learned pattern from its properties and those of its version in use."""
    names = LearnedPattern.model_fields.keys() - {"node_id", "version"}
    fields = {name: value for name, value in row["learned"].items() if name in names}
    return LearnedPattern(**fields, node_id=row["node_id"], version=row["version"])


def plan(text: str | None) -> Plan | None:
    """The plan that the text of a version is; None where there is none, or people have written something else into it."""
    try:
        return Plan.model_validate_json(text or "")
    except ValueError:
        return None


def known(row: Row, exemplars: Iterable[Properties]) -> Known | None:
    """The same with what the learner goes by; None if no version is in use, or that is no plan."""
    properties = row["learned"]
    in_use = plan(row["text"])
    if in_use is None or "feature_key" not in properties:
        return None
    return Known(
        pattern=learned(row),
        feature_key=properties["feature_key"],
        revision=properties["revision"],
        plan=in_use,
        plan_support=properties["plan_support"],
        exemplars=tuple(sorted(map(exemplar, exemplars))),
    )


def pattern_properties(pattern: LearnedPattern) -> Properties:
    """What the learner keeps of a learned pattern; its version in use its pattern knows."""
    others = {"node_id", "version", "replays", "replay_successes"}
    return {**pattern.model_dump(mode="json", exclude=others), "keywords": list(pattern.keywords)}


def exemplar(properties: Mapping[str, Any]) -> PlainExemplar:
    """A prompt that is kept."""
    features = PromptFeatures(
        action=properties["action"], intent=properties["intent"], keywords=tuple(properties["keywords"])
    )
    return PlainExemplar(properties["exemplar_id"], properties["text"], properties["text_digest"], features)


def exemplar_properties(pattern_id: str, kept: PlainExemplar) -> Properties:
    """Properties of an ``:Exemplar``."""
    return {
        "exemplar_id": kept.exemplar_id,
        "pattern_id": pattern_id,
        "text": kept.text,
        "text_digest": kept.text_digest,
        "action": kept.features.action,
        "intent": kept.features.intent,
        "keywords": list(kept.features.keywords),
    }


def step_id(node_id: str, position: int) -> str:
    """The key of a step of a version."""
    return f"{node_id}/{position}"


def step_rows(node_id: str, plan: Plan) -> list[Row]:
    """The steps of a version as rows with the properties of ``:PlanStep``s."""
    return [
        {
            "node_id": node_id,
            "step": {
                "step_id": step_id(node_id, step.position),
                "node_id": node_id,
                "position": step.position,
                "kind": step.kind.value,
                "name": step.name,
                **({"program": step.program} if step.program else {}),
                "targets": list(step.targets),
            },
        }
        for step in plan.steps
    ]


def lesson(values: Sequence[Any]) -> Lesson:
    """A lesson from ``[correlation_id, time_key, role, plan]``."""
    correlation_id, key, role, plan = values
    return Lesson(correlation_id, key, Role(role), TracePlan.model_validate_json(plan))


def run_text(run: AgentRun | None) -> str | None:
    """What a trace counts for the agent that did it, as it is kept."""
    return None if run is None else orjson.dumps([run.agent, run.action, run.project, run.role.value]).decode()


def run(text: str | None) -> AgentRun | None:
    """The same, back."""
    if text is None:
        return None
    agent, action, project, role = orjson.loads(text)
    return AgentRun(agent, action, project, Role(role))


def run_counts(changes: Iterable[tuple[AgentRun | None, AgentRun | None]], at: datetime) -> list[Row]:
    """By how much the records of agents grow where traces counted as the one before, and count as the other now."""
    rows: dict[str, Row] = {}
    for was, now_is in changes:
        for one, by in ((was, -1), (now_is, 1)):
            for scope, key in (scopes_of(one.action, one.project) if one else {}).items():
                assert one is not None
                told = {"scope_key": key, "scope": scope.value, "agent": one.agent, "action": None, "project": None}
                if scope is not RecordScope.PROJECT:
                    told["action"] = one.action
                if scope is not RecordScope.ACTION:
                    told["project"] = one.project
                record_key = f"{key}|{one.agent}"
                row = rows.setdefault(
                    record_key, {"record_key": record_key, **told, "successes": 0, "failures": 0, "updated_at": at}
                )
                row["successes" if one.role is Role.SUCCESS else "failures"] += by
    return [row for row in rows.values() if row["successes"] or row["failures"]]


def after(row: Row) -> After:
    """What is known of a trace from outside of it. Of the outcomes of one name, those of the trace count before those of its
    session, of each source the latest, and of several sources the least."""
    reported: dict[str, float] = {}
    for about in (row["of_trace"], row["of_session"]):
        latest: dict[tuple[str, str], float] = {}
        for one in about:
            if one["name"] is not None:
                latest.setdefault((one["name"], one["source"]), one["value"])
        least: dict[str, float] = {}
        for (name, _), value in latest.items():
            least[name] = min(value, least.get(name, math.inf))
        reported = least | reported
    return After(row["rating"], reported, row["next_prompt"], row["next_at"], row["previous"], row["project"])
