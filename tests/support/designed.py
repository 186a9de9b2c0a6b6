"""Looks at experiments that are made of numbers, through the functions that the loop calls."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from scipy import stats

from loopgraph.computes.loop.experiments.deciding import result_of
from loopgraph.contracts.loop.arms import ArmTally
from loopgraph.contracts.loop.design import ExperimentDesign, Metric
from loopgraph.contracts.loop.experiments import Experiment, ExperimentResult
from loopgraph.contracts.loop.feedback import Arm, Execution
from loopgraph.reducers.looks import seen
from loopgraph.reducers.units import pooled

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def experiment(design: ExperimentDesign | None = None, **more: Any) -> Experiment:
    fields: dict[str, Any] = {"metric": Metric.DURATION_MS, "min_sample_size": 20, "significance_level": 0.05, **more}
    return Experiment(
        experiment_id="e", improvement_id="i", run_id="r", pattern_id="p", control_node_id="c", treatment_node_id="t",
        started_at=NOON, design=(design or ExperimentDesign()).resolved(fields["metric"]), **fields,
    )  # fmt: skip


def executions(
    arm: Arm, durations: Sequence[float], qualities: Sequence[float] | None = None, failed: int = 0
) -> list[Execution]:
    """One of a unit each, the first ones failed."""
    return [
        Execution(
            execution_id=f"{arm}-{index}", unit=f"{arm}-{index}", node_id=arm.value, experiment_id="e", arm=arm, started_at=NOON,
            duration_ms=float(duration), success=index >= failed, error_type=None,
            quality_score=None if qualities is None else float(qualities[index]),
        )
        for index, duration in enumerate(durations)
    ]  # fmt: skip


def look(on: Experiment, control: list[Execution], treatment: list[Execution]) -> ExperimentResult:
    sight = seen(control, treatment, on.metric, on.design)
    tallies = [ArmTally(assigned=len(arm), units=len(arm), telling_units=len(arm)) for arm in (control, treatment)]
    return result_of(on, sight, pooled(sight.control.success, sight.treatment.success), *tallies)


def spread(groups: Sequence[str], deviation: float, seed: int = 0) -> list[float]:
    """What each of some units, which are of these groups, is off its mean: of every group the quantiles of a normal
    distribution, in an order that is the same in every run. So no group is better by luck, however units fell to them."""
    left = {}
    for group in sorted(set(groups)):
        left[group] = drawn(0.0, groups.count(group), deviation)
        random.Random(seed).shuffle(left[group])
    return [left[group].pop() for group in groups]


def drawn(mean: float, n: int, deviation: float = 10.0) -> list[float]:
    """Quantiles of a normal distribution: a sample without luck."""
    return [float(value) for value in stats.norm(mean, deviation).ppf((np.arange(n) + 0.5) / n)]
