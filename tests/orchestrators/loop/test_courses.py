"""How experiments went: each point rests on what a look would have rested on."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.contracts.loop.assignment import held_out
from loopgraph.contracts.loop.design import ExperimentDesign, Metric
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import Improvement, RunStatus
from loopgraph.contracts.loop.outlook import CoursePoint
from loopgraph.contracts.statistics.estimates import Estimate
from loopgraph.contracts.statistics.metrics import Logarithm, Winsorised
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import UserError
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.courses import Courses
from loopgraph.orchestrators.loop.planning import Planning
from support.designed import spread
from support.feedback import Subject, make_subject
from support.traces import Traces

pytestmark = pytest.mark.lengthy

UNITS = 160
"""Of both arms; of 160 units one of two, or of three, arms gets fewer than 30 in one of 10⁴ experiments, and no test here needs
them."""


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


async def waiting(subject: Subject, design: ExperimentDesign) -> tuple[Experiment, list[Improvement]]:
    improvements = [await subject.propose(f"print({number})") for number in range(design.candidates_at_once)]
    run = await subject.advance(await subject.start(design=design, min_sample_size=100))
    assert run.status is RunStatus.WAITING
    of = await subject.reads.experiments_of_improvements([improvements[0].improvement_id])
    return of.popitem()[1][-1], improvements


async def work(subject: Subject, means: dict[str, float], failing: str = "") -> None:
    """What each unit is assigned to runs once; every fifth execution of the version that fails does so."""
    assignments = Assignments(subject.graph)
    assigned = [await assignments.assign_variant(subject.pattern_id, f"unit-{number}") for number in range(UNITS)]
    off = spread([item.node_id for item in assigned], 5.0)
    await record(
        subject,
        [
            {
                "node_id": item.node_id, "experiment_id": item.experiment_id, "unit": item.unit,
                "duration_ms": means.get(item.node_id, 100.0) + apart,
                "success": item.node_id != failing or number % 5 != 0,
            }
            for number, (item, apart) in enumerate(zip(assigned, off, strict=True))
        ],
    )  # fmt: skip


async def record(subject: Subject, executions: list[dict[str, Any]]) -> None:
    events = [
        HookExecuted(
            **{"correlation_id": f"{subject.pattern_id}-work", "execution_id": new_id(), "hook_type": "PostToolUse"},
            **{"success": True, **each},
        )
        for each in executions
    ]
    for outcome in await Traces(subject.graph).record(events, received_at=now()):
        assert not isinstance(outcome, UserError), outcome


async def last_and_standing(subject: Subject, experiment: Experiment) -> tuple[CoursePoint, Estimate]:
    course = await Courses(subject.graph).course(experiment, 5)
    return course.points[-1], (await Planning(subject.graph).standing(experiment)).estimate


def same(point: CoursePoint, stands: Estimate) -> None:
    assert (point.control_units, point.treatment_units) == (stands.control.units, stands.treatment.units)
    assert point.effect == pytest.approx(stands.effect)
    assert point.interval == pytest.approx(stands.interval)


async def test_units_that_nobody_assigned_are_in_no_point(subject: Subject) -> None:
    experiment, improvements = await waiting(subject, ExperimentDesign(candidates_at_once=2))
    await work(subject, {})
    candidate = improvements[0].candidate_node_id
    of = {"node_id": candidate, "experiment_id": experiment.experiment_id, "duration_ms": 9_000.0}
    await record(subject, [{**of, "unit": f"stranger-{number}"} for number in range(40)])
    for improvement in improvements:
        same(*await last_and_standing(subject, experiment.comparison_with(improvement.candidate_node_id)))


async def test_units_that_are_held_out_are_in_no_point(subject: Subject) -> None:
    experiment, [improvement] = await waiting(subject, ExperimentDesign(holdout_share=0.5))
    await work(subject, {})
    names = [f"other-{number}" for number in range(100)]
    out = [unit for unit in names if held_out(subject.pattern_id, unit, 0.5)]
    of = {"experiment_id": experiment.experiment_id, "node_id": improvement.candidate_node_id, "duration_ms": 9_000.0}
    await record(subject, [{**of, "unit": unit} for unit in out])
    same(*await last_and_standing(subject, experiment))


@pytest.mark.parametrize("tail", [Winsorised(lower=0.0, upper=0.9), None])
async def test_values_are_cut_and_successes_compared_as_looks_do(subject: Subject, tail: Winsorised | None) -> None:
    metric = Metric.DURATION_MS if tail else Metric.SUCCESS_RATE
    experiment, [improvement] = await waiting(subject, ExperimentDesign(metric=metric, tail=tail))
    await work(subject, {improvement.candidate_node_id: 90.0}, failing=improvement.candidate_node_id)
    same(*await last_and_standing(subject, experiment))


@pytest.mark.parametrize("stages", [(), (0.4, 0.5)])
async def test_where_logarithms_are_compared_the_effect_has_the_unit_of_the_metric(
    subject: Subject, stages: tuple[float, ...]
) -> None:
    experiment, [improvement] = await waiting(subject, ExperimentDesign(tail=Logarithm(), stages=stages))
    await work(subject, {improvement.candidate_node_id: 60.0})
    last, _ = await last_and_standing(subject, experiment)
    assert last.effect == pytest.approx(-40.0, abs=5.0)
    assert last.interval is not None
    assert last.interval[0] < -40.0 < last.interval[1]
