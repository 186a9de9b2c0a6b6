"""Runs, improvements, experiments and decisions as properties of nodes, and back."""

from __future__ import annotations

from collections.abc import Mapping

from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.changes import template_hash
from loopgraph.contracts.experiments import ArmTally, Decision, Experiment
from loopgraph.contracts.feedback import Arm, FeedbackRun, Improvement, LoopInput
from loopgraph.contracts.lineage import PatternVersion
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.lineage.mapping import Properties, only_fields

_FIGURES = (
    "metric",
    "effect",
    "effect_size",
    "performance_delta",
    "p_value",
    "confidence_score",
    "probability_better",
    "method",
)
"""Parts of a decision's result that lie flat beside its JSON text, for those who ask the graph itself."""


def run_changes(changes: Properties) -> Properties:
    """Fields of a run as properties: ``open_status`` is there only while the run is open, for an index that stays small."""
    properties = dict(changes)
    if "status" in changes:
        properties["open_status"] = changes["status"] if changes["status"].open else None
    if "skipped" in changes:
        properties["skipped"] = sorted(changes["skipped"])
    if "analysis" in changes:
        summary = changes["analysis"]
        properties["analysis"] = json_text(summary.model_dump(mode="json")) if summary else None
    return properties


def run_properties(run: FeedbackRun, request_hash: str) -> Properties:
    """Properties of a ``:FeedbackRun`` node; its inputs lie flat beside the rest."""
    return {
        **run.input.model_dump(),
        **run_changes({name: getattr(run, name) for name in FeedbackRun.model_fields if name != "input"}),
        "request_hash": request_hash,
        "time_key": time_key(run.created_at, run.run_id),
    }


def run(properties: Properties) -> FeedbackRun:
    """The run of a ``:FeedbackRun`` node."""
    return FeedbackRun(
        **only_fields(FeedbackRun, properties, "input", "analysis"),
        input=LoopInput(**only_fields(LoopInput, properties)),
        analysis=json_value(properties.get("analysis")),
    )


def improvement_properties(improvement: Improvement, request_hash: str) -> Properties:
    """Properties of an ``:Improvement`` node."""
    return {
        **improvement.model_dump(),
        "proposed_changes": json_text(improvement.proposed_changes),
        "request_hash": request_hash,
        "time_key": time_key(improvement.created_at, improvement.improvement_id),
    }


def improvement(properties: Properties) -> Improvement:
    """The improvement of an ``:Improvement`` node."""
    return Improvement(
        **dict.fromkeys(("run_id", "expected_delta")) | only_fields(Improvement, properties, "proposed_changes"),
        proposed_changes=json_value(properties["proposed_changes"]),
    )


def experiment_properties(experiment: Experiment) -> Properties:
    """Properties of an ``:Experiment`` node; ``open_pattern_id`` is there only while units of work are assigned to its arms."""
    tallies = {Arm.CONTROL: experiment.control_tally, Arm.TREATMENT: experiment.treatment_tally}
    return {**experiment.model_dump(), **tally_properties(tallies), "open_pattern_id": experiment.pattern_id}


def tally_properties(tallies: Mapping[Arm, ArmTally]) -> Properties:
    """How far the arms of an experiment are, as properties of its node."""
    counts = {f"{arm.value}_count": tally.executions for arm, tally in tallies.items()}
    return counts | {f"{arm.value}_tally": json_text(tally.model_dump()) for arm, tally in tallies.items()}


def experiment(properties: Properties) -> Experiment:
    """The experiment of an ``:Experiment`` node."""
    tallies = {name: json_value(properties[name]) for name in _TALLIES if properties.get(name)}
    return Experiment(**only_fields(Experiment, properties, *_TALLIES), **tallies)


_TALLIES = ("control_tally", "treatment_tally")


def decision_properties(decision: Decision) -> Properties:
    """Properties of a ``:Decision`` node."""
    result = decision.result
    return {
        **decision.model_dump(exclude={"result"}),
        **{name: getattr(result, name) for name in _FIGURES if result},
        "result": json_text(result.model_dump(mode="json")) if result else None,
    }


def decision(properties: Properties) -> Decision:
    """The decision of a ``:Decision`` node."""
    return Decision(**only_fields(Decision, properties, "result"), result=json_value(properties.get("result")))


def proposed_changes(base: PatternVersion, template_code: str, parameters: JsonMap) -> JsonMap:
    """What differs from the base, in the form of ``Improvement.proposed_changes``; empty where nothing does."""
    changes: JsonMap = {}
    if (new_hash := template_hash(template_code)) != base.template_hash:
        changes["template_hash"] = {"from": base.template_hash, "to": new_hash}
    sides = {"from": base.parameters, "to": parameters}
    values = {
        name: {side: known[name] for side, known in sides.items() if name in known}
        for name in sorted(base.parameters.keys() | parameters.keys())
    }
    if differing := {name: pair for name, pair in values.items() if len(pair) < 2 or pair["from"] != pair["to"]}:
        changes["parameters"] = differing
    return changes
