"""Several candidates in one run, on real engines: each is decided as one of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from scipy import stats

from loopgraph.contracts.loop.design import PLAIN, ExperimentDesign, GuardedMetric, Metric
from loopgraph.contracts.loop.experiments import Decision, Experiment
from loopgraph.contracts.loop.feedback import FeedbackRun, Improvement, Reason, RunStatus, Verdict
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from support.feedback import Subject, make_subject


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


def quantiles(mean: float, n: int) -> list[float]:
    """A sample without luck."""
    return [float(stats.norm(mean, 10.0).ppf((place + 0.5) / n)) for place in range(n)]


async def experiment_on(subject: Subject, improvement: Improvement) -> Experiment:
    return (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1][-1]


async def measure(subject: Subject, experiment: Experiment, treatment: float, n: int) -> None:
    named = {"experiment_id": experiment.experiment_id}
    await subject.record(experiment.control_node_id, quantiles(100.0, n), **named)
    await subject.record(experiment.treatment_node_id, quantiles(treatment, n), **named)


async def decided(subject: Subject, experiments: Sequence[Experiment]) -> list[Decision]:
    found = await subject.reads.decisions_of_experiments([each.experiment_id for each in experiments])
    return [found[each.experiment_id][-1] for each in experiments]


@pytest.mark.lengthy
async def test_candidates_of_a_run_are_corrected_for_together(subject: Subject) -> None:
    improvements = [await subject.propose(f"print({number})") for number in range(3)]
    run = await subject.advance(await subject.start(design=PLAIN, min_sample_size=20, auto_apply_threshold=1.0))
    experiments = []
    for improvement, treatment in zip(improvements, (92.5, 80.0, 92.5), strict=True):
        assert run.status is RunStatus.WAITING
        experiments.append(await experiment_on(subject, improvement))
        await measure(subject, experiments[-1], treatment, 20)
        run = await subject.advance(run)
    assert run.status is RunStatus.COMPLETED
    first, second, third = await decided(subject, experiments)
    results = [each.result for each in (first, second, third)]
    p_values = [each.p_value for each in results if each and each.p_value]
    assert [each.family_size for each in results if each] == [3, 3, 3]
    # The first and the last have the same values; alone, each would have been shown to be better.
    assert p_values[0] == pytest.approx(p_values[2])
    assert 0.05 / 3 < p_values[0] < 0.05 / 2
    assert [each.adjusted_p_value for each in results if each] == pytest.approx(
        [3 * p_values[0], 3 * p_values[1], 2 * p_values[2]]
    )
    assert (first.verdict, first.reason) == (Verdict.REJECT, Reason.NOT_SIGNIFICANT)
    assert (second.verdict, second.reason) == (Verdict.REVIEW, Reason.BELOW_APPLY_THRESHOLD)
    # What was shown of the second leaves the last its share: Holm.
    assert 2 * p_values[2] < 0.05
    assert (third.verdict, third.reason) == (Verdict.REVIEW, Reason.BELOW_APPLY_THRESHOLD)


async def once(loop: FeedbackLoop, run: FeedbackRun) -> FeedbackRun:
    """The run as far as it goes, by one loop that remembers."""
    revision = 0
    while run.status.open and run.revision != revision:
        revision, run = run.revision, await loop.advance(run.run_id)
    return run


@pytest.mark.lengthy
async def test_what_decides_is_read_once(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    improvement = await subject.propose()
    loop = FeedbackLoop(subject.graph)
    run = await once(loop, await subject.start())
    experiment = await experiment_on(subject, improvement)
    await measure(subject, experiment, 70.0, 12)
    reads: list[str] = []
    read = TraceReads.experiment_executions

    async def counted(self: TraceReads, experiment_id: str, *rest: Any) -> Any:
        reads.append(experiment_id)
        return await read(self, experiment_id, *rest)

    monkeypatch.setattr(TraceReads, "experiment_executions", counted)
    run = await once(loop, run)
    assert (run.improvements_applied, reads) == (1, [experiment.experiment_id])


@pytest.mark.lengthy
async def test_what_comes_in_after_the_look_is_looked_at_too(subject: Subject) -> None:
    improvement = await subject.propose()
    loop = FeedbackLoop(subject.graph)
    run = await once(loop, await subject.start())
    experiment = await experiment_on(subject, improvement)
    await measure(subject, experiment, 70.0, 12)
    run = await loop.advance(run.run_id)  # it has looked, and would apply
    await subject.record(
        experiment.treatment_node_id, [1.0] * 20, experiment_id=experiment.experiment_id, error_type="ValueError"
    )
    run = await once(loop, run)
    [decision] = await decided(subject, [experiment])
    assert (run.improvements_applied, decision.verdict, decision.reason) == (0, Verdict.REJECT, Reason.FEWER_SUCCESSES)


@pytest.mark.lengthy
async def test_a_guardrail_that_is_open_is_named_also_between_looks(subject: Subject) -> None:
    guardrail = GuardedMetric(metric=Metric.QUALITY_SCORE, margin=0.05)
    improvement = await subject.propose()
    run = await subject.advance(
        await subject.start(design=ExperimentDesign(guardrails=(guardrail,)), min_sample_size=60)
    )
    await measure(subject, await experiment_on(subject, improvement), 70.0, 55)
    run = await subject.advance(run)
    seen = await experiment_on(subject, improvement)
    assert (seen.reason, seen.open_guardrails, seen.looks) == (
        Reason.GUARDRAIL_OPEN,
        (Metric.QUALITY_SCORE,),
        (110,),
    )
    assert (run.message or "").endswith("; but quality_score is guarded, and nobody reports it")
    await subject.record(seen.control_node_id, [100.0], experiment_id=seen.experiment_id)
    assert await subject.loop.due([run]) == []  # the next look is at 112
    seen = await experiment_on(subject, improvement)
    assert (seen.reason, seen.open_guardrails, seen.looks) == (
        Reason.GUARDRAIL_OPEN,
        (Metric.QUALITY_SCORE,),
        (110,),
    )
    [run] = (await subject.reads.runs([run.run_id])).values()
    assert (run.message or "").endswith("; but quality_score is guarded, and was not yet shown to be held")
