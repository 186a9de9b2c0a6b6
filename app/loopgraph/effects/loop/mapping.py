"""Runs, improvements, experiments, decisions and watches as properties of nodes, and back."""

from __future__ import annotations

from collections.abc import Mapping

from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.lineage.changes import template_hash
from loopgraph.contracts.lineage.patterns import PatternVersion
from loopgraph.contracts.loop.arms import Allotment, TreatmentArm
from loopgraph.contracts.loop.design import ExperimentDesign
from loopgraph.contracts.loop.experiments import Decision, Experiment
from loopgraph.contracts.loop.feedback import FeedbackRun, Improvement, LoopInput, RunStatus
from loopgraph.contracts.loop.watching import Watch
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


NO_LEASE: Mapping[str, None] = dict.fromkeys(("leased_by", "leased_at", "leased_until"))
"""What a run has of a lease while it is leased to nobody."""


def run_changes(changes: Properties) -> Properties:
    """Fields of a run as properties: ``open_status`` is there only while the run is open, for an index that stays small.

    A run that waits, or has ended, is leased to nobody.
    """
    properties = dict(changes)
    if "status" in changes:
        properties["open_status"] = changes["status"] if changes["status"].open else None
        if changes["status"] is not RunStatus.RUNNING:
            properties |= NO_LEASE
    if "stage_times" in changes:
        properties["stage_times"] = json_text([item.model_dump(mode="json") for item in changes["stage_times"]])
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
        "design": _design_text(run.input.design),
        **run_changes({name: getattr(run, name) for name in FeedbackRun.model_fields if name != "input"}),
        "request_hash": request_hash,
        "time_key": time_key(run.created_at, run.run_id),
    }


def run(properties: Properties) -> FeedbackRun:
    """The run of a ``:FeedbackRun`` node."""
    return FeedbackRun(
        **only_fields(FeedbackRun, properties, "input", "analysis", "stage_times"),
        input=LoopInput(**only_fields(LoopInput, properties, "design"), design=json_value(properties["design"])),
        analysis=json_value(properties.get("analysis")),
        stage_times=json_value(properties.get("stage_times")) or (),
    )


def improvement_properties(improvement: Improvement, request_hash: str) -> Properties:
    """Properties of an ``:Improvement`` node."""
    return {
        **improvement.model_dump(),
        "proposed_changes": json_text(improvement.proposed_changes),
        "evidence": json_text(improvement.evidence),
        "request_hash": request_hash,
        "time_key": time_key(improvement.created_at, improvement.improvement_id),
    }


def improvement(properties: Properties) -> Improvement:
    """The improvement of an ``:Improvement`` node."""
    return Improvement(
        **dict.fromkeys(("run_id", "expected_delta"))
        | only_fields(Improvement, properties, "proposed_changes", "evidence"),
        proposed_changes=json_value(properties["proposed_changes"]),
        evidence=json_value(properties.get("evidence")) or {},
    )


def experiment_properties(experiment: Experiment) -> Properties:
    """Properties of an ``:Experiment`` node; ``open_pattern_id`` is there only while units of work are assigned to its arms.
    ``treatment_share`` and ``holdout_share`` lie flat beside the design, for whoever assigns units."""
    several = [each.node_id for each in experiment.treatments]
    return {
        **experiment.model_dump(),
        **progress_properties(experiment),
        "open_pattern_id": experiment.pattern_id,
        "design": _design_text(experiment.design),
        "holdout_share": experiment.holdout_share or None,
        "treatment_node_ids": several or None,
    }


def progress_properties(experiment: Experiment) -> Properties:
    """How far an experiment is, as properties of its node: what changes while it goes on."""
    treatments = [each.model_dump(mode="json") for each in experiment.treatments]
    allotments = [each.model_dump(mode="json") for each in experiment.allotments]
    return {
        "control_count": experiment.control_tally.executions,
        "treatment_count": experiment.treatment_tally.executions,
        "control_tally": json_text(experiment.control_tally.model_dump()),
        "treatment_tally": json_text(experiment.treatment_tally.model_dump()),
        "reason": experiment.reason,
        "looks": json_text(experiment.looks),
        "open_guardrails": list(experiment.open_guardrails),
        "treatments": json_text(treatments) if treatments else None,
        "allotments": json_text(allotments) if allotments else None,
        "treatment_share": experiment.share,
    }


def experiment(properties: Properties) -> Experiment:
    """The experiment of an ``:Experiment`` node."""
    nested = {name: json_value(properties[name]) for name in _AS_JSON if properties.get(name)}
    return Experiment(**only_fields(Experiment, properties, *_AS_JSON), **nested)


def treatment_arms(text: str | None) -> list[TreatmentArm]:
    """Those of an experiment that tries several candidates."""
    return [TreatmentArm(**each) for each in json_value(text) or ()]


def shares_of(text: str | None) -> list[tuple[float, ...]]:
    """The shares of the candidates that were in force in an experiment, where they follow from what was seen."""
    return [Allotment(**each).shares for each in json_value(text) or ()]


_AS_JSON = ("control_tally", "treatment_tally", "design", "looks", "treatments", "allotments")


def _design_text(design: ExperimentDesign) -> str | None:
    return json_text(design.model_dump(mode="json"))


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


_WATCH_MAPS = ("rules", "proof", "finding")


def watch_properties(watch: Watch) -> Properties:
    """Properties of a ``:Watch`` node; ``since_key`` is where the executions begin that it looks at."""
    return {
        **watch_changes({name: getattr(watch, name) for name in Watch.model_fields}),
        "time_key": time_key(watch.since, watch.watch_id),
        "since_key": f"{watch.node_id}|{time_key(watch.since, '')}",
    }


def watch_changes(changes: Properties) -> Properties:
    """Fields of a watch as properties: ``open_status`` is there only while it goes on. How many units and executions there are
    lies flat beside the finding."""
    properties = dict(changes)
    if "status" in changes:
        properties["open_status"] = changes["status"] if changes["status"].open else None
    if "finding" in changes:
        finding = changes["finding"]
        properties |= {"units": finding.units, "executions": finding.executions, "breached": list(finding.breached)}
    texts = {name: json_text(changes[name].model_dump(mode="json")) for name in _WATCH_MAPS if name in changes}
    return properties | texts


def watch(properties: Properties) -> Watch:
    """The watch of a ``:Watch`` node."""
    maps = {name: json_value(properties[name]) for name in _WATCH_MAPS}
    return Watch(restores_node_id=properties.get("restores_node_id"), **_rest(properties), **maps)


def _rest(properties: Properties) -> Properties:
    return only_fields(Watch, properties, "restores_node_id", *_WATCH_MAPS)


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
