"""What a watch has found, as edges and events carry it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from loopgraph.contracts.audit import ActorType, EventType, LineageEvent, Origin
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.counted import counted
from loopgraph.contracts.loop.watching import Finding, Watch
from loopgraph.contracts.statistics.decisions import Guardrail
from loopgraph.effects.clock import time_key
from loopgraph.effects.lineage.audit import make_event

LOOP = Origin(actor_type=ActorType.AUTOMATION, actor_id="loop")
"""The loop itself, as the one who changes something."""


def watch_event(
    event_type: EventType, origin: Origin, watch: Watch, finding: Finding | None = None, **data: Any
) -> LineageEvent:
    """An event about a watch and its version, with the evidence where a finding is given."""
    about = evidence_of(watch, finding) if finding else {"watch_id": watch.watch_id, "decision_id": watch.decision_id}
    return make_event(event_type, origin, pattern_id=watch.pattern_id, node_id=watch.node_id, data={**about, **data})


def evidence_of(watch: Watch, finding: Finding) -> JsonMap:
    """What a regression rests on, in figures: for the edge and the events."""
    return {
        "watch_id": watch.watch_id,
        "decision_id": watch.decision_id,
        "experiment_id": watch.experiment_id,
        "improvement_id": watch.improvement_id,
        "metric": watch.metric.value,
        "breached": [metric.value for metric in finding.breached],
        "units": finding.units,
        "executions": finding.executions,
        "proof_units": watch.proof.treatment.metric.n,
        "proof_mean": watch.proof.treatment.metric.mean,
        "mean": finding.seen.metric.mean if finding.seen.metric.n else None,
        "success_rate": finding.seen.success.mean if finding.seen.success.n else None,
        **_figures("metric", finding.metric_guard),
        **_figures("success", finding.success_guard),
    }


def in_words(finding: Finding) -> str:
    """What got worse, in a sentence without an end."""
    guards = [(metric, finding.guard_of(metric)) for metric in finding.breached]
    told = [
        f"{metric.value} got worse than in its proof by {_amount(guard.loss_interval[0], guard)} at least"
        for metric, guard in guards
        if guard and guard.loss_interval
    ]
    return f"{' and '.join(told)}, in {counted(finding.units, 'unit')}"


def _amount(value: float, guard: Guardrail) -> str:
    return f"{value:.1%}" if guard.margin.relative else f"{value:.3g}"


def _figures(prefix: str, guard: Guardrail | None) -> JsonMap:
    if guard is None:
        return {}
    values = {
        "loss": guard.loss,
        "loss_interval": list(guard.loss_interval) if guard.loss_interval else None,
        "margin": guard.margin.value,
        "relative": guard.margin.relative,
        "level": guard.level,
    }
    return {f"{prefix}_{name}": value for name, value in values.items()}


def until_key(watch: Watch, at: datetime) -> str:
    """Where the executions end that a watch has looked at, which ended at an instant."""
    return f"{watch.node_id}|{time_key(at, '~')}"
