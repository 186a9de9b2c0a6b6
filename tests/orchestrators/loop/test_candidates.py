"""Several candidates beside each other in one experiment, on real engines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from loopgraph.contracts.lineage.patterns import PatternStatus
from loopgraph.contracts.loop.assignment import assign_among
from loopgraph.contracts.loop.design import ExperimentDesign, GuardedMetric, Metric
from loopgraph.contracts.loop.experiments import Experiment, UnitEstimate
from loopgraph.contracts.loop.feedback import (
    Arm,
    Assignment,
    FeedbackRun,
    Improvement,
    ImprovementStatus,
    ImprovementType,
    Reason,
    RunStatus,
    Stage,
    Verdict,
)
from loopgraph.contracts.statistics.decisions import GuardrailStatus
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop.decisions import Decisions
from loopgraph.errors import UserError
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.courses import Courses
from loopgraph.orchestrators.loop.planning import Planning
from support.designed import spread
from support.feedback import TESTER, Subject, make_subject
from support.traces import Traces

BESIDE = ExperimentDesign(candidates_at_once=3)


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


async def waiting(
    subject: Subject, candidates: int = 3, **inputs: Any
) -> tuple[FeedbackRun, Experiment, list[Improvement]]:
    improvements = [await subject.propose(f"print({number})") for number in range(candidates)]
    run = await subject.advance(await subject.start(**{"design": BESIDE, "min_sample_size": 20, **inputs}))
    assert run.status is RunStatus.WAITING
    return run, await experiment_of(subject, improvements[0]), improvements


async def experiment_of(subject: Subject, improvement: Improvement) -> Experiment:
    return (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1][-1]


async def work(
    subject: Subject,
    units: Sequence[str],
    gains: Mapping[str, float],
    qualities: Mapping[str, float] | None = None,
    failing: str | None = None,
) -> list[Assignment]:
    """What each unit is assigned to runs once, faster by the gain of its version, and without luck; ``failing`` is a version that
    fails."""
    assignments = Assignments(subject.graph)
    assigned = [await assignments.assign_variant(subject.pattern_id, unit) for unit in units]
    versions = [item.node_id for item in assigned]
    events = [
        HookExecuted(
            correlation_id=f"{subject.pattern_id}-work", execution_id=new_id(), hook_type="PostToolUse",
            node_id=item.node_id, experiment_id=item.experiment_id, unit=item.unit, success=item.node_id != failing,
            duration_ms=100.0 + slower - gains.get(item.node_id, 0.0),
            quality_score=(qualities or {}).get(item.node_id, 0.8) + nicer,
        )
        for item, slower, nicer in zip(assigned, spread(versions, 5.0), spread(versions, 0.01, seed=1), strict=True)
    ]  # fmt: skip
    for outcome in await Traces(subject.graph).record(events, received_at=now()):
        assert not isinstance(outcome, UserError), outcome
    return assigned


def units(experiment: Experiment, count: int, name: str = "unit") -> list[str]:
    """So many of each arm: arms are told by an id that no seed gives, and no test is to hang on luck."""
    shares, found, made = [each.share for each in experiment.treatments], Counter[int | None](), []
    number = 0
    while min(found[place] for place in (None, *range(len(shares)))) < count:
        unit = f"{name}-{number}"
        place, number = assign_among(experiment.experiment_id, unit, shares), number + 1
        if found[place] < count:
            found[place] += 1
            made.append(unit)
    return made


async def verdicts(subject: Subject, improvements: Sequence[Improvement]) -> list[tuple[Verdict, Reason] | None]:
    found = await subject.reads.decisions_of_improvements([each.improvement_id for each in improvements])
    decisions = [found[each.improvement_id] for each in improvements]
    return [(each[-1].verdict, each[-1].reason) if each else None for each in decisions]


@pytest.mark.lengthy
async def test_the_best_of_several_is_applied_and_the_others_are_not(subject: Subject) -> None:
    run, experiment, improvements = await waiting(subject)
    versions = [each.candidate_node_id for each in improvements]
    assert [(each.node_id, each.share) for each in experiment.treatments] == [(node_id, 0.25) for node_id in versions]
    assert [item.experiment_id for item in [await experiment_of(subject, each) for each in improvements]] == [
        experiment.experiment_id
    ] * 3
    assigned = await work(subject, units(experiment, 25), dict(zip(versions, (15.0, 40.0, 0.0), strict=True)))
    assert {item.node_id for item in assigned} == {subject.node_id, *versions}
    run = await subject.advance(run)
    assert (run.status, run.improvements_applied, run.improvements_validated) == (RunStatus.COMPLETED, 1, 1)
    outperformed = Verdict.REJECT, Reason.OUTPERFORMED
    assert await verdicts(subject, improvements) == [
        outperformed, (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT), outperformed
    ]  # fmt: skip
    pattern = (await LineageReads(subject.graph).patterns([subject.pattern_id]))[subject.pattern_id]
    assert pattern.current_node_id == versions[1]
    statuses = {id_: found.status for id_, found in (await LineageReads(subject.graph).versions(versions)).items()}
    assert [statuses[id_] for id_ in versions] == [PatternStatus.REJECTED, PatternStatus.ACTIVE, PatternStatus.REJECTED]

    # Each is held against the control alone, as one of three.
    decisions = await subject.reads.decisions_of_experiments([experiment.experiment_id])
    results = {each.improvement_id: each.result for each in decisions[experiment.experiment_id]}
    for improvement, effect in zip(improvements, (-15.0, -40.0, 0.0), strict=True):
        result = results[improvement.improvement_id]
        assert result is not None
        assert (result.family_size, result.control.n, result.treatment.n) == (3, 25, 25)
        assert result.effect == pytest.approx(effect, abs=5.0)
        assert (result.sample_ratio_p_value or 0.0) > 0.001


@pytest.mark.lengthy
async def test_a_unit_keeps_its_arm_and_every_arm_has_its_share(subject: Subject) -> None:
    shares = (0.1, 0.2, 0.3)
    design = ExperimentDesign(candidates_at_once=3, candidate_shares=shares)
    run, experiment, improvements = await waiting(subject, design=design)
    assert "each waits for units: 0 of 30 of the control" in (run.message or "")
    names = [f"unit-{number}" for number in range(200)]
    places = [assign_among(experiment.experiment_id, unit, shares) for unit in names]
    expected = [subject.node_id if place is None else improvements[place].candidate_node_id for place in places]
    for assignments in (Assignments(subject.graph), Assignments(subject.graph)):
        found = [await assignments.assign_variant(subject.pattern_id, unit) for unit in names]
        assert [item.node_id for item in found] == expected
        assert {item.arm for item in found if item.node_id == subject.node_id} == {Arm.CONTROL}
    counts = Counter(expected)
    assert counts == {
        **{id_: n[0] for id_, n in (await subject.reads.assigned_units([experiment.experiment_id]))[
            experiment.experiment_id
        ].items() if id_ in counts},
        subject.node_id: counts[subject.node_id],
    }  # fmt: skip


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_harmful_candidate_is_dropped_while_the_others_go_on(subject: Subject) -> None:
    run, experiment, improvements = await waiting(subject)
    versions = [each.candidate_node_id for each in improvements]
    first = units(experiment, 15)
    assigned = await work(subject, first, {}, failing=versions[1])
    run = await subject.advance(run)
    assert run.status is RunStatus.WAITING
    assert await verdicts(subject, improvements) == [None, (Verdict.REJECT, Reason.FEWER_SUCCESSES), None]
    assert "3 candidates beside each other, 1 of them dropped" in (run.message or "")
    experiment = await experiment_of(subject, improvements[0])
    assert experiment.concluded_at is None
    assert [each.dropped_at is not None for each in experiment.treatments] == [False, True, False]

    # Who had it has the version in use, and is in no arm any more; who is new, and would have had it, is in another.
    again = {unit: await Assignments(subject.graph).assign_variant(subject.pattern_id, unit) for unit in first}
    for item in assigned:
        now_ = again[item.unit]
        if item.node_id == versions[1]:
            assert (now_.node_id, now_.experiment_id, now_.arm) == (subject.node_id, None, None)
        else:
            assert (now_.node_id, now_.experiment_id) == (item.node_id, experiment.experiment_id)
    shares = [each.share for each in experiment.treatments]
    fresh = [f"new-{number}" for number in range(300)]
    drawn = [unit for unit in fresh if assign_among(experiment.experiment_id, unit, shares) == 1]
    found = [await Assignments(subject.graph).assign_variant(subject.pattern_id, unit) for unit in drawn]
    assert drawn
    assert {item.node_id for item in found} == {subject.node_id, versions[0], versions[2]}
    assert {item.experiment_id for item in found} == {experiment.experiment_id}

    await work(subject, units(experiment, 30, "later"), {versions[2]: 30.0})
    run = await subject.advance(run)
    assert run.status is RunStatus.COMPLETED
    assert await verdicts(subject, improvements) == [
        (Verdict.REJECT, Reason.OUTPERFORMED),
        (Verdict.REJECT, Reason.FEWER_SUCCESSES),
        (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT),
    ]


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_what_no_other_is_better_than_is_left_for_review_where_one_trades_off(subject: Subject) -> None:
    design = ExperimentDesign(
        candidates_at_once=3, guardrails=(GuardedMetric(metric=Metric.QUALITY_SCORE, margin=0.2),)
    )
    run, experiment, improvements = await waiting(subject, design=design)
    versions = [each.candidate_node_id for each in improvements]
    gains = dict(zip(versions, (40.0, 25.0, 15.0), strict=True))
    qualities = dict(zip(versions, (0.7, 0.8, 0.75), strict=True))
    await work(subject, units(experiment, 40), gains, qualities)
    run = await subject.advance(run)
    assert run.status is RunStatus.COMPLETED
    trade_off = Verdict.REVIEW, Reason.TRADE_OFF
    # The fastest loses quality; the second loses none; the third is slower than the second, and worse.
    assert await verdicts(subject, improvements) == [trade_off, trade_off, (Verdict.REJECT, Reason.OUTPERFORMED)]
    found = await subject.reads.improvements([each.improvement_id for each in improvements])
    assert [found[each.improvement_id].status for each in improvements] == [
        ImprovementStatus.VALIDATED, ImprovementStatus.VALIDATED, ImprovementStatus.REJECTED
    ]  # fmt: skip
    for [decision] in (await subject.reads.decisions_of_improvements(list(found))).values():
        assert decision.result is not None
        assert isinstance(decision.result.details, UnitEstimate)
        [guarded] = decision.result.details.guardrails
        assert guarded.guardrail.p_value is not None
        assert guarded.adjusted_p_value is not None
        assert guarded.guardrail.p_value <= guarded.adjusted_p_value < 0.05
        assert guarded.guardrail.status is GuardrailStatus.HELD
    # A reviewer takes the second: its proof is its own comparison.
    await subject.loop.approve_improvement(improvements[1].improvement_id, TESTER)
    pattern = (await LineageReads(subject.graph).patterns([subject.pattern_id]))[subject.pattern_id]
    assert pattern.current_node_id == versions[1]
    baseline = (await LineageReads(subject.graph).versions([versions[1]]))[versions[1]].performance_baseline
    assert baseline is not None
    assert baseline.avg_duration == pytest.approx(75.0, abs=4.0)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_nothing_is_decided_while_one_arm_loses_its_units(subject: Subject) -> None:
    run, experiment, improvements = await waiting(subject)
    lost = improvements[2].candidate_node_id
    assignments = Assignments(subject.graph)
    assigned = [await assignments.assign_variant(subject.pattern_id, unit) for unit in units(experiment, 80)]
    chosen = [item.unit for item in assigned if item.node_id != lost]
    chosen += [item.unit for item in assigned if item.node_id == lost][::4]
    await work(subject, chosen, {improvements[0].candidate_node_id: 40.0})
    run = await subject.advance(run)
    assert run.status is RunStatus.WAITING
    assert (await experiment_of(subject, improvements[0])).reason is Reason.SAMPLE_RATIO_MISMATCH


@pytest.mark.lengthy
async def test_executions_of_another_arm_than_the_unit_was_assigned_to_are_set_aside(subject: Subject) -> None:
    run, experiment, improvements = await waiting(subject)
    [first, second, *_] = [each.candidate_node_id for each in improvements]
    unit = next(item.unit for item in await work(subject, units(experiment, 3), {}) if item.node_id == first)
    named = {"experiment_id": experiment.experiment_id}
    await subject.record(second, [1.0, 1.0], unit=unit, **named)
    await subject.record(second, [1.0], unit="nobody", **named)
    await subject.advance(run)
    found = (await experiment_of(subject, improvements[0])).treatments
    assert [(each.tally.units, each.tally.set_aside, each.tally.not_assigned) for each in found] == [
        (3, 0, 0), (3, 2, 1), (3, 0, 0)
    ]  # fmt: skip


@pytest.mark.lengthy
async def test_candidates_that_go_by_another_metric_are_tested_after_them(subject: Subject) -> None:
    for number, kind in enumerate((ImprovementType.PERFORMANCE, ImprovementType.QUALITY, ImprovementType.PERFORMANCE)):
        await subject.propose(f"print({number})", improvement_type=kind)
    run = await subject.advance(await subject.start(design=BESIDE, feedback_type="all"))
    improvements = (await subject.reads.improvements_of_runs([run.run_id]))[run.run_id]
    assert [each.status is ImprovementStatus.TESTING for each in improvements] == [
        each.improvement_type is ImprovementType.PERFORMANCE for each in improvements
    ]


async def test_one_candidate_alone_is_an_experiment_of_two_arms(subject: Subject) -> None:
    design = ExperimentDesign(candidates_at_once=2, candidate_shares=(0.2, 0.3))
    _, experiment, _ = await waiting(subject, candidates=1, design=design)
    assert (experiment.treatments, experiment.share) == ((), 0.2)
    assert experiment.comparisons == (experiment,)


@pytest.mark.lengthy
async def test_each_comparison_has_its_course_and_standing(subject: Subject) -> None:
    _, experiment, improvements = await waiting(subject)
    versions = [each.candidate_node_id for each in improvements]
    await work(subject, units(experiment, 15), dict(zip(versions, (0.0, 20.0, 40.0), strict=True)))
    for node_id, effect in zip(versions, (0.0, -20.0, -40.0), strict=True):
        comparison = experiment.comparison_with(node_id)
        standing = await Planning(subject.graph).standing(comparison)
        assert standing.estimate.effect == pytest.approx(effect, abs=6.0)
        assert (standing.planned_units, standing.estimate.treatment.units) == (40, 15)
        course = await Courses(subject.graph).course(comparison, 5)
        assert course.points[-1].effect == pytest.approx(effect, abs=6.0)


@pytest.mark.lengthy
async def test_a_control_that_is_taken_out_of_use_ends_it_and_all_are_tested_anew(subject: Subject) -> None:
    run, experiment, improvements = await waiting(subject)
    await subject.loop.cancel(run.run_id, TESTER)
    found = await subject.reads.improvements([each.improvement_id for each in improvements])
    assert {each.status for each in found.values()} == {ImprovementStatus.PROPOSED}
    assert (await experiment_of(subject, improvements[2])).concluded_at is not None
    assert experiment.concluded_at is None


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_candidate_that_is_rejected_by_hand_is_dropped_and_the_others_go_on(subject: Subject) -> None:
    run, experiment, improvements = await waiting(subject)
    versions = [each.candidate_node_id for each in improvements]
    first = units(experiment, 15)
    await work(subject, first, {versions[2]: 30.0})
    await Lineage(subject.graph).reject(versions[0], "not wanted any more", TESTER)
    assert await subject.loop.due([run]) == [run.run_id]
    dropped = await subject.loop.advance(run.run_id)
    found = await subject.reads.improvements([each.improvement_id for each in improvements])
    statuses = [found[each.improvement_id].status for each in improvements]
    assert statuses == [ImprovementStatus.WITHDRAWN, ImprovementStatus.TESTING, ImprovementStatus.TESTING]
    assert found[improvements[0].improvement_id].reason is Reason.CANDIDATE_NOT_DRAFT
    going = await experiment_of(subject, improvements[1])
    assert (going.experiment_id, going.concluded_at) == (experiment.experiment_id, None)
    assert [each.dropped_at is not None for each in going.treatments] == [True, False, False]

    # What the others have shown by then is looked at without waiting for more.
    run = await subject.advance(dropped)
    assert run.status is RunStatus.COMPLETED
    assert await verdicts(subject, improvements) == [
        None,
        (Verdict.REJECT, Reason.OUTPERFORMED),
        (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT),
    ]
    assert {item.node_id for item in await work(subject, first, {})} == {versions[2]}


@pytest.mark.lengthy
async def test_what_is_taken_away_between_a_look_and_its_decision_is_in_none(subject: Subject) -> None:
    run, experiment, improvements = await waiting(subject)
    versions = [each.candidate_node_id for each in improvements]
    await work(subject, units(experiment, 20), {versions[0]: 40.0, versions[1]: 30.0})
    loop = subject.loop
    run = await loop.advance(run.run_id)
    assert run.stage is Stage.APPLY
    await Lineage(subject.graph).reject(versions[0], "not wanted any more", TESTER)
    while run.status.open:
        run = await loop.advance(run.run_id)
    assert await verdicts(subject, improvements) == [
        None,
        (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT),
        (Verdict.REJECT, Reason.OUTPERFORMED),
    ]


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_the_best_that_is_taken_away_at_the_moment_of_its_decision_outperforms_nobody(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, experiment, improvements = await waiting(subject)
    versions = [each.candidate_node_id for each in improvements]
    await work(subject, units(experiment, 20), {versions[0]: 40.0, versions[1]: 30.0})
    loop = subject.loop
    run = await loop.advance(run.run_id)
    assert run.stage is Stage.APPLY
    conclude = Decisions.conclude_together

    async def meanwhile(self: Decisions, *args: Any, **how: Any) -> FeedbackRun:
        monkeypatch.undo()
        await Lineage(subject.graph).reject(versions[0], "not wanted any more", TESTER)
        return await conclude(self, *args, **how)

    monkeypatch.setattr(Decisions, "conclude_together", meanwhile)
    while run.status.open:
        run = await loop.advance(run.run_id)
    assert await verdicts(subject, improvements) == [
        None,
        (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT),
        (Verdict.REJECT, Reason.OUTPERFORMED),
    ]


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("candidates", [1, 2])
async def test_where_all_are_taken_away_between_a_look_and_its_decision_nothing_waits_for_review(
    subject: Subject, candidates: int
) -> None:
    design = ExperimentDesign(candidates_at_once=candidates)
    improvements = [await subject.propose(f"print({number})") for number in range(candidates)]
    run = await subject.advance(await subject.start(design=design, min_sample_size=20))
    experiment = await experiment_of(subject, improvements[0])
    versions = [each.candidate_node_id for each in improvements]
    await work(subject, [f"unit-{number}" for number in range(120)], dict.fromkeys(versions, 40.0))
    loop = subject.loop
    run = await loop.advance(run.run_id)
    assert (run.stage, experiment.concluded_at) == (Stage.APPLY, None)
    for node_id in versions:
        await Lineage(subject.graph).reject(node_id, "not wanted any more", TESTER)
    run = await subject.advance(run)
    assert (run.status, run.improvements_validated) == (RunStatus.COMPLETED, 0)
    found = await subject.reads.improvements([each.improvement_id for each in improvements])
    assert {(each.status, each.reason) for each in found.values()} == {
        (ImprovementStatus.WITHDRAWN, Reason.CANDIDATE_NOT_DRAFT)
    }
    assert await verdicts(subject, improvements) == [None] * candidates
    assert (await experiment_of(subject, improvements[0])).concluded_at is not None


@pytest.mark.lengthy
async def test_where_all_are_rejected_by_hand_nothing_is_left_to_test(subject: Subject) -> None:
    run, experiment, improvements = await waiting(subject)
    for improvement in improvements:
        await Lineage(subject.graph).reject(improvement.candidate_node_id, "none is wanted", TESTER)
    run = await subject.advance(run)
    assert run.status is RunStatus.COMPLETED
    found = await subject.reads.improvements([each.improvement_id for each in improvements])
    assert {each.status for each in found.values()} == {ImprovementStatus.WITHDRAWN}
    assert (await experiment_of(subject, improvements[0])).concluded_at is not None
    assert experiment.concluded_at is None


def test_old_experiments_are_of_two_arms() -> None:
    old = {
        "experiment_id": "e", "improvement_id": "i", "run_id": "r", "pattern_id": "p", "control_node_id": "c",
        "treatment_node_id": "t", "metric": "duration_ms", "min_sample_size": 20, "significance_level": 0.05,
        "started_at": now(),
    }  # fmt: skip
    experiment = Experiment(**old)
    assert experiment.comparisons == (experiment,)
    assert (experiment.by_record, experiment.comparison_id, experiment.arm_of("t")) == (False, "e", Arm.TREATMENT)
