"""Experiments on what people think of executions, on real engines."""

from __future__ import annotations

import pytest

from loopgraph.contracts.loop.design import ExperimentDesign, GuardedMetric, Metric, WeightedMetric
from loopgraph.contracts.loop.experiments import UnitEstimate
from loopgraph.contracts.loop.feedback import Reason, RunStatus, Verdict
from loopgraph.contracts.loop.user_feedback import NewFeedback
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.user_feedback import UserFeedbackReads
from support.feedback import TESTER, Subject, make_subject
from support.said import taking_feedback

LIKED, DISLIKED = (5, 4, 5, 5, 4, 5, 4, 5, 5, 4), (2, 1, 3, 2, 2, 1, 2, 3, 2, 2)


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


async def rate(subject: Subject, ratings: dict[str, int]) -> None:
    feedback = taking_feedback(subject.graph)
    for execution_id, rating in ratings.items():
        await feedback.submit(NewFeedback(execution_id=execution_id, rating=rating), TESTER, None)


@pytest.mark.lengthy
async def test_ratings_that_come_later_decide(subject: Subject) -> None:
    improvement = await subject.propose()
    parts = (WeightedMetric(metric=Metric.RATING, weight=2.0), WeightedMetric(metric=Metric.DURATION_MS))
    guardrails = (GuardedMetric(metric=Metric.COMPOSITE, margin=0.5),)
    design = ExperimentDesign(metric=Metric.RATING, composite=parts, guardrails=guardrails)
    run = await subject.advance(await subject.start(design=design))
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    assert experiment.design == design.model_copy(update={"holdout_share": 0.0})
    named = {"experiment_id": experiment.experiment_id}
    ids = {
        node_id: await subject.record(node_id, [100.0 + number for number in range(10)], **named)
        for node_id in (experiment.control_node_id, experiment.treatment_node_id)
    }
    run = await subject.advance(run)
    assert run.status is RunStatus.WAITING
    assert (run.message or "").startswith(
        "waits for units: 0 of 10 of the control and 0 of 10 of the treatment that report rating"
    )
    assert "nobody has given any" in (run.message or "")
    await rate(subject, dict(zip(ids[experiment.control_node_id], DISLIKED, strict=True)))
    await rate(subject, dict(zip(ids[experiment.treatment_node_id], LIKED, strict=True)))
    run = await subject.advance(run)
    [decision] = (await subject.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    assert (decision.verdict, decision.reason) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert decision.result is not None
    assert decision.result.effect == pytest.approx(4.6 - 2.0)
    assert isinstance(decision.result.details, UnitEstimate)
    assert decision.result.details.guardrails[0].guardrail.loss == pytest.approx(-2.6 / 0.6667 * 2 / 3, rel=0.01)


async def test_a_rating_of_the_trace_is_that_of_what_has_none_of_its_own(subject: Subject) -> None:
    first, second = await subject.record(subject.node_id, [1.0, 2.0])
    reads, before = UserFeedbackReads(subject.graph), now()
    assert await reads.ratings([first, second], now()) == {}
    await rate(subject, {first: 5})
    feedback = taking_feedback(subject.graph)
    for rating in (1, 2):
        about = NewFeedback(correlation_id=f"{subject.pattern_id}-work", rating=rating)
        await feedback.submit(about, TESTER, None)
    await feedback.submit(NewFeedback(execution_id=second, comment="no rating"), TESTER, None)
    assert await reads.ratings([first, second, "unknown"], now()) == {first: 5.0, second: 1.5}
    assert await reads.ratings([first, second], before) == {}
