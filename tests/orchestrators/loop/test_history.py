"""Experiments that adjust for what their units did before, on real engines."""

from __future__ import annotations

import random

import pytest

from loopgraph.contracts.loop.assignment import assign
from loopgraph.contracts.loop.design import ExperimentDesign, Metric
from loopgraph.contracts.loop.experiments import Experiment, UnitEstimate
from loopgraph.contracts.loop.feedback import Arm, Reason, RunStatus, Verdict
from loopgraph.contracts.statistics.estimates import EstimationMethod
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import UserError
from loopgraph.orchestrators.loop.planning import Planning
from support.feedback import Subject, make_subject
from support.traces import Traces


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


USERS = [f"user-{number}" for number in range(60)]
KNOWN = USERS[:55]
"""Those with a past; the others are as users are on average."""

OWN = dict.fromkeys(USERS, 1000.0) | {user: random.Random(user).gauss(1000.0, 200.0) for user in KNOWN}
"""How long each user's work takes."""


async def work(subject: Subject, users: list[str], experiment: Experiment | None = None) -> None:
    """Each user's work once: with what it is assigned to, or before there is an experiment."""
    arms = {user: assign(experiment.experiment_id, user) for user in users} if experiment else {}
    nodes = {Arm.TREATMENT: experiment.treatment_node_id, Arm.CONTROL: experiment.control_node_id} if experiment else {}
    events = [
        HookExecuted(
            correlation_id=f"{subject.pattern_id}-work", execution_id=new_id(), hook_type="PostToolUse", success=True, unit=user,
            node_id=nodes[arms[user]] if arms else subject.node_id,
            experiment_id=experiment.experiment_id if experiment else None,
            duration_ms=OWN[user] + random.Random(f"{user}{bool(arms)}").gauss(0.0, 20.0)
            - 60.0 * (bool(arms) and arms[user] is Arm.TREATMENT),
        )
        for user in users
    ]  # fmt: skip
    for outcome in await Traces(subject.graph).record(events, received_at=now()):
        assert not isinstance(outcome, UserError), outcome


@pytest.mark.lengthy
async def test_a_gain_that_hides_among_users_is_found_by_what_they_did_before(subject: Subject) -> None:
    await work(subject, KNOWN)
    improvement = await subject.propose()
    design = ExperimentDesign(history_days=30, max_units=60)
    run = await subject.advance(await subject.start(design=design, min_sample_size=20))
    assert run.status is RunStatus.WAITING
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    assert experiment.design.history_days == 30
    await work(subject, USERS, experiment)
    run = await subject.advance(run)
    [decision] = (await subject.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    assert (decision.verdict, decision.reason) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert decision.result is not None
    details = decision.result.details
    assert isinstance(details, UnitEstimate)
    assert (details.estimate.method, details.units_with_history) == (EstimationMethod.CUPED, 55)
    assert (details.estimate.variance_reduction or 0.0) > 0.8
    # By itself, the difference is lost among the users.
    plain = experiment.model_copy(update={"design": ExperimentDesign(metric=Metric.DURATION_MS)})
    standing = await Planning(subject.graph).standing(plain)
    assert (standing.estimate.standard_error or 0.0) > 3 * (details.estimate.standard_error or 1.0)
