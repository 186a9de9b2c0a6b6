"""Experiments by their design, on real engines: looks that repeat, guardrails, and arms of different size."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from loopgraph.contracts.loop.assignment import assign
from loopgraph.contracts.loop.design import PLAIN, ExperimentDesign, GuardedMetric, Metric
from loopgraph.contracts.loop.experiments import Decision, Experiment, Method, UnitEstimate
from loopgraph.contracts.loop.feedback import (
    Arm,
    FeedbackRun,
    ImprovementStatus,
    Reason,
    RunStatus,
    SetAside,
    Stage,
    Verdict,
)
from loopgraph.contracts.statistics.decisions import GuardrailStatus
from loopgraph.contracts.statistics.estimates import EffectScale, EstimationMethod
from loopgraph.contracts.statistics.metrics import Logarithm, Ordered
from loopgraph.contracts.statistics.plans import Horizon
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.courses import Courses
from loopgraph.orchestrators.loop.feedback_loop import EXECUTION_TIMEOUT
from loopgraph.orchestrators.loop.planning import Planning
from support.feedback import Subject, make_subject
from support.traces import Traces, record, statement

GUARDED = ExperimentDesign(guardrails=(GuardedMetric(metric=Metric.SUCCESS_RATE, margin=0.3),))


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


async def waiting(subject: Subject, **inputs: Any) -> tuple[FeedbackRun, Experiment]:
    improvement = await subject.propose()
    run = await subject.advance(await subject.start(**inputs))
    assert run.status is RunStatus.WAITING
    return run, (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1][-1]


async def again(subject: Subject, experiment: Experiment) -> Experiment:
    return (await subject.reads.experiments([experiment.experiment_id]))[experiment.experiment_id]


async def decision_on(subject: Subject, experiment: Experiment) -> tuple[Decision, UnitEstimate]:
    [decision] = (await subject.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    assert decision.result is not None
    assert isinstance(decision.result.details, UnitEstimate)
    return decision, decision.result.details


async def units(
    subject: Subject,
    experiment: Experiment,
    n: int,
    control: float,
    treatment: float,
    deviation: float = 5.0,
    **more: Any,
) -> None:
    """So many more units of each arm, whose durations are normal around these means, and the same in every run."""
    named = {"experiment_id": experiment.experiment_id, **more}
    for arm, node_id, mean in (
        ("control", experiment.control_node_id, control),
        ("treatment", experiment.treatment_node_id, treatment),
    ):
        drawn = random.Random(f"{arm}{n}{mean}")
        await subject.record(node_id, [drawn.gauss(mean, deviation) for _ in range(n)], **named)


@pytest.mark.lengthy
async def test_looks_repeat_until_something_is_shown(subject: Subject) -> None:
    run, experiment = await waiting(subject, min_sample_size=20)
    assert experiment.design == ExperimentDesign(metric=Metric.DURATION_MS, holdout_share=0.0)
    assert run.message == "waits for units: 0 of 10 of the control and 0 of 10 of the treatment"
    await units(subject, experiment, 12, 100.0, 100.0)
    run = await subject.advance(run)
    assert (run.status, run.stage) == (RunStatus.WAITING, Stage.VALIDATE)
    assert run.message == (
        "nothing is decided by 12 units of the control and 12 units of the treatment; it goes on until 160 of both at most"
    )
    seen = await again(subject, experiment)
    assert (seen.reason, seen.looks, seen.concluded_at) == (Reason.UNDECIDED, (24,), None)
    assert await subject.loop.advance(run.run_id) == run

    await units(subject, experiment, 10, 100.0, 100.0)
    run = await subject.advance(run)
    assert run.message == (
        "nothing is decided by 22 units of the control and 22 units of the treatment; it goes on until 160 of both at most"
    )
    assert (await again(subject, experiment)).looks == (44,)

    await units(subject, experiment, 15, 100.0, 80.0)
    run = await subject.advance(run)
    assert (run.status, run.improvements_applied) == (RunStatus.COMPLETED, 1)
    decision, details = await decision_on(subject, experiment)
    assert (decision.verdict, decision.reason) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert (details.estimate.horizon, details.planned_units, details.most_units) == (Horizon.ALWAYS_VALID, 40, 160)
    assert (details.last_look, details.estimate.control.units, details.estimate.treatment.units) == (False, 37, 37)
    result = decision.result
    assert result is not None
    assert (result.method, result.p_value, result.effect_interval) == (
        Method.UNIT_ESTIMATE,
        details.estimate.p_value,
        details.estimate.interval,
    )


@pytest.mark.lengthy
async def test_what_shows_nothing_ends_at_its_most_units(subject: Subject) -> None:
    run, experiment = await waiting(subject, design=ExperimentDesign(max_units=40))
    await units(subject, experiment, 19, 100.0, 100.0)
    run = await subject.advance(run)
    assert run.status is RunStatus.WAITING
    await units(subject, experiment, 1, 100.0, 100.0)
    run = await subject.advance(run)
    assert run.status is RunStatus.COMPLETED
    decision, details = await decision_on(subject, experiment)
    assert (decision.verdict, decision.reason, details.last_look) == (Verdict.REJECT, Reason.NOT_SIGNIFICANT, True)


@pytest.mark.lengthy
async def test_a_better_candidate_waits_for_its_guardrail_and_is_applied_when_it_is_held(subject: Subject) -> None:
    run, experiment = await waiting(subject, design=GUARDED)
    await units(subject, experiment, 12, 100.0, 80.0)
    run = await subject.advance(run)
    assert run.status is RunStatus.WAITING
    held_up = await again(subject, experiment)
    assert (held_up.reason, held_up.open_guardrails) == (Reason.GUARDRAIL_OPEN, (Metric.SUCCESS_RATE,))
    await units(subject, experiment, 25, 100.0, 80.0)
    run = await subject.advance(run)
    decision, details = await decision_on(subject, experiment)
    assert (decision.verdict, decision.reason) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    [guarded] = details.guardrails
    assert (guarded.metric, guarded.guardrail.status) == (Metric.SUCCESS_RATE, GuardrailStatus.HELD)


@pytest.mark.lengthy
async def test_a_guardrail_that_nobody_reports_is_said_to_be_in_the_way(subject: Subject) -> None:
    guardrail = GuardedMetric(metric=Metric.QUALITY_SCORE, margin=0.05)
    run, experiment = await waiting(subject, design=ExperimentDesign(guardrails=(guardrail,)))
    await units(subject, experiment, 12, 100.0, 80.0)
    run = await subject.advance(run)
    assert (run.message or "").endswith(
        "of both at most; the treatment is shown to be better; but quality_score is guarded, and nobody reports it"
    )
    await units(subject, experiment, 2, 100.0, 80.0, quality_score=0.9)
    run = await subject.advance(run)
    assert (run.message or "").endswith("; but quality_score is guarded, and not yet shown to be held")


@pytest.mark.lengthy
async def test_tokens_that_nothing_tells_are_said_to_be_of_uses(subject: Subject) -> None:
    run, experiment = await waiting(subject, design=ExperimentDesign(metric=Metric.TOKENS))
    await units(subject, experiment, 12, 100.0, 80.0)
    run = await subject.advance(run)
    assert run.message == (
        "waits for units: 0 of 10 of the control and 0 of 10 of the treatment that report tokens or failed; "
        "tokens are those of the calls of models under uses of patterns: nothing else tells any"
    )


@pytest.mark.lengthy
async def test_a_guardrail_that_stays_open_is_for_a_reviewer(subject: Subject) -> None:
    design = GUARDED.model_copy(update={"max_units": 30})
    run, experiment = await waiting(subject, design=design)
    await units(subject, experiment, 15, 100.0, 80.0)
    run = await subject.advance(run)
    assert (run.improvements_validated, run.improvements_applied) == (1, 0)
    decision, _ = await decision_on(subject, experiment)
    assert (decision.verdict, decision.reason) == (Verdict.REVIEW, Reason.GUARDRAIL_OPEN)
    [left] = (await subject.reads.improvements([experiment.improvement_id])).values()
    assert left.status is ImprovementStatus.VALIDATED


@pytest.mark.lengthy
async def test_a_breached_guardrail_rejects_what_is_faster(subject: Subject) -> None:
    guardrail = GuardedMetric(metric=Metric.QUALITY_SCORE, margin=0.05)
    run, experiment = await waiting(subject, design=ExperimentDesign(guardrails=(guardrail,)))
    for node_id, duration, quality in (
        (experiment.control_node_id, 100.0, 0.9),
        (experiment.treatment_node_id, 80.0, 0.6),
    ):
        for number in range(12):
            more = {"experiment_id": experiment.experiment_id, "quality_score": quality + number % 3 / 50}
            await subject.record(node_id, [duration + number], **more)
    await subject.advance(run)
    decision, details = await decision_on(subject, experiment)
    assert (decision.verdict, decision.reason) == (Verdict.REJECT, Reason.GUARDRAIL_BREACHED)
    assert details.guardrails[0].guardrail.loss == pytest.approx(0.3)


@pytest.mark.lengthy
async def test_what_fails_more_is_rejected_before_it_is_shown_to_be_faster(subject: Subject) -> None:
    run, experiment = await waiting(subject)
    named = {"experiment_id": experiment.experiment_id}
    await subject.record(experiment.control_node_id, [100.0 + number for number in range(12)], **named)
    await subject.record(experiment.treatment_node_id, [100.0] * 2, **named)
    await subject.record(experiment.treatment_node_id, [1.0] * 10, error_type="ValueError", **named)
    await subject.advance(run)
    decision, details = await decision_on(subject, experiment)
    assert (decision.verdict, decision.reason) == (Verdict.REJECT, Reason.FEWER_SUCCESSES)
    assert (details.failing_units, details.last_look) == ((0, 10), False)
    assert details.more_failing_p_value == pytest.approx(11 / 2**10)


@pytest.mark.lengthy
async def test_planned_looks_are_kept(subject: Subject) -> None:
    design = ExperimentDesign(horizon=Horizon.GROUP_SEQUENTIAL, planned_looks=3)
    run, experiment = await waiting(subject, min_sample_size=30, design=design)
    looks = []
    for more in (11, 2, 8, 8, 3):
        await units(subject, experiment, more, 100.0, 100.0)
        run = await subject.advance(run)
        looks.append((await again(subject, experiment)).looks)
    assert looks == [(22,), (22,), (22, 42), (22, 42), (22, 42)]
    decision, details = await decision_on(subject, experiment)
    assert (run.status, decision.reason, details.last_look) == (RunStatus.COMPLETED, Reason.NOT_SIGNIFICANT, True)
    assert (details.estimate.horizon, details.estimate.control.units) == (Horizon.GROUP_SEQUENTIAL, 32)


@pytest.mark.lengthy
async def test_one_look_with_logarithms(subject: Subject) -> None:
    design = ExperimentDesign(horizon=Horizon.FIXED, tail=Logarithm())
    run, experiment = await waiting(subject, design=design)
    await units(subject, experiment, 9, 100.0, 50.0)
    run = await subject.advance(run)
    assert (await again(subject, experiment)).reason is Reason.INSUFFICIENT_UNITS
    await units(subject, experiment, 2, 100.0, 50.0)
    await subject.advance(run)
    decision, details = await decision_on(subject, experiment)
    estimate, result = details.estimate, decision.result
    assert (decision.verdict, estimate.method, estimate.scale) == (
        Verdict.APPLY,
        EstimationMethod.WELCH,
        EffectScale.LOGARITHM,
    )
    assert result is not None
    assert (result.effect_interval, result.performance_delta) == (None, pytest.approx(0.5, abs=0.05))


@pytest.mark.lengthy
async def test_the_order_of_values_is_not_moved_by_a_few_that_hang(subject: Subject) -> None:
    run, experiment = await waiting(subject, design=ExperimentDesign(tail=Ordered()), min_sample_size=20)
    hanging = {"experiment_id": experiment.experiment_id}
    await units(subject, experiment, 12, 100.0, 99.0)
    run = await subject.advance(run)
    experiment = await again(subject, experiment)
    assert (run.status, experiment.reason) == (RunStatus.WAITING, Reason.UNDECIDED)
    standing = await Planning(subject.graph).standing(experiment, 0.1)
    assert (standing.estimate.method, standing.needed) == (EstimationMethod.MANN_WHITNEY, None)
    *_, last = (await Courses(subject.graph).course(experiment, 5)).points
    assert last.effect == pytest.approx(standing.estimate.effect)
    assert last.interval == pytest.approx(standing.estimate.interval)

    # By their means the treatment would be much slower.
    await subject.record(experiment.treatment_node_id, [90_000.0] * 2, **hanging)
    await subject.record(experiment.control_node_id, [100.0] * 2, **hanging)
    await units(subject, experiment, 26, 100.0, 70.0)
    await subject.advance(run)
    decision, details = await decision_on(subject, experiment)
    estimate, result = details.estimate, decision.result
    assert (decision.verdict, decision.reason) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert result is not None
    assert result.treatment.mean > 10 * result.control.mean
    assert estimate.treatment.value == pytest.approx(75.0, abs=10.0)
    assert estimate.superiority is not None
    assert estimate.superiority < 0.3
    assert (result.probability_better, result.effect_size) == (None, None)
    assert result.performance_delta == pytest.approx(0.25, abs=0.1)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_tenth_of_the_units_gets_the_treatment(subject: Subject) -> None:
    _, experiment = await waiting(subject, design=ExperimentDesign(treatment_share=0.1))
    id_, assignments = experiment.experiment_id, Assignments(subject.graph)
    assigned = [await assignments.assign_variant(subject.pattern_id, f"unit-{number}") for number in range(200)]
    arms = Counter(item.arm for item in assigned)
    assert 5 <= arms[Arm.TREATMENT] <= 45  # all but one in a million
    treated = next(item.unit for item in assigned if item.arm is Arm.TREATMENT)
    half = next(unit for unit in iter(new_id, "") if assign(id_, unit, 0.5) is not assign(id_, unit, 0.1))
    for unit in (treated, half):  # of the second, only the share tells that it was not given the treatment
        await subject.record(experiment.treatment_node_id, [1.0], experiment_id=id_, unit=unit)
    rows = await statement(
        subject.graph,
        "MATCH (h:HookExecution {experiment_id: $id}) RETURN h.unit AS unit, h.set_aside AS aside",
        id=id_,
    )
    assert {row["unit"]: row["aside"] for row in rows} == {treated: None, half: SetAside.OTHER_ARM.value}
    tallies = (await TraceReads(subject.graph).arm_tallies([experiment], now()))[id_]
    assert (tallies[Arm.TREATMENT].units, tallies[Arm.TREATMENT].set_aside) == (1, 1)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_the_sample_ratio_goes_by_the_share(subject: Subject) -> None:
    run, experiment = await waiting(subject, design=ExperimentDesign(treatment_share=0.2))
    named = {"experiment_id": experiment.experiment_id}
    drawn = [100.0 + number % 9 for number in range(35)]
    for node_id in (experiment.control_node_id, experiment.treatment_node_id):
        arm = experiment.arm_of(node_id)
        taken = [
            unit for unit in (new_id() for _ in range(2_000)) if assign(experiment.experiment_id, unit, 0.2) is arm
        ]
        for unit, duration in zip(taken, drawn, strict=False):
            await subject.record(node_id, [duration], unit=unit, **named)
    run = await subject.advance(run)
    assert (await again(subject, experiment)).reason is Reason.SAMPLE_RATIO_MISMATCH


@pytest.mark.lengthy
async def test_a_plain_design_is_what_it_was(subject: Subject) -> None:
    run, experiment = await waiting(subject, design=PLAIN)
    await units(subject, experiment, 9, 100.0, 50.0)
    run = await subject.advance(run)
    assert (await again(subject, experiment)).reason is Reason.INSUFFICIENT_UNITS
    await units(subject, experiment, 3, 100.0, 50.0)
    await subject.advance(run)
    [decision] = (await subject.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    assert decision.result is not None
    assert (decision.verdict, decision.result.method) == (Verdict.APPLY, Method.WELCH_UNIT_MEANS)


async def begun(subject: Subject, experiment: Experiment, node_id: str, n: int) -> list[str]:
    """So many executions of new units that have begun and not ended."""
    unended = {"duration_ms": None, "success": None, "started_at": now()}
    return await subject.record(node_id, [0.0] * n, experiment_id=experiment.experiment_id, **unended)


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("horizon", [Horizon.ALWAYS_VALID, Horizon.FIXED, Horizon.GROUP_SEQUENTIAL])
async def test_a_candidate_that_hangs_is_not_applied_by_the_part_of_it_that_ends(
    subject: Subject, horizon: Horizon
) -> None:
    run, experiment = await waiting(subject, min_sample_size=40, design=ExperimentDesign(horizon=horizon))
    hanging = await begun(subject, experiment, experiment.treatment_node_id, 10)
    await units(subject, experiment, 40, 100.0, 80.0)
    run = await subject.advance(run)
    assert (run.status, run.stage, run.improvements_applied) == (RunStatus.WAITING, Stage.VALIDATE, 0)
    assert run.message is not None
    assert "10 executions of the treatment are in flight" in run.message
    assert (await again(subject, experiment)).reason is Reason.IN_FLIGHT
    assert await subject.loop.due([run]) == []

    timed_out = now() - EXECUTION_TIMEOUT - timedelta(seconds=1)
    await statement(
        subject.graph,
        "UNWIND $ids AS id MATCH (h:HookExecution {execution_id: id}) SET h.started_at = $at RETURN count(h) AS n",
        ids=hanging,
        at=timed_out,
    )
    assert await subject.loop.due([run]) == [run.run_id]
    run = await subject.advance(run)
    assert (run.status, run.improvements_applied) == (RunStatus.COMPLETED, 0)
    [decision] = (await subject.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    assert (decision.verdict, decision.reason) == (Verdict.REJECT, Reason.FEWER_SUCCESSES)


@pytest.mark.lengthy
async def test_a_candidate_is_applied_when_what_it_had_in_flight_has_ended(subject: Subject) -> None:
    run, experiment = await waiting(subject)
    flying = await begun(subject, experiment, experiment.treatment_node_id, 10)
    await begun(subject, experiment, experiment.control_node_id, 9)
    await units(subject, experiment, 40, 100.0, 80.0)
    run = await subject.advance(run)
    assert (run.status, (await again(subject, experiment)).reason) == (RunStatus.WAITING, Reason.IN_FLIGHT)
    ends = [
        HookExecuted(
            correlation_id=f"{subject.pattern_id}-work", execution_id=id_, hook_type="PostToolUse",
            node_id=experiment.treatment_node_id, success=True, duration_ms=80.0,
        )
        for id_ in flying[:7]
    ]  # fmt: skip
    await record(Traces(subject.graph), *ends)
    run = await subject.advance(run)
    assert (run.status, run.improvements_applied) == (RunStatus.COMPLETED, 1)
