"""The loop on uses of skills: what came of them counts, not only how they ended, and what is not known counts as nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from loopgraph.computes.agents import uses
from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.loop.design import ExperimentDesign, Metric
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import Arm, FeedbackRun, ImprovementType, RunStatus, Verdict
from loopgraph.contracts.loop.reported_outcomes import NewOutcome
from loopgraph.contracts.traces.events import PROMPTED, EndpointCalled, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, Recordable
from loopgraph.contracts.traces.success import Criterion
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.assignments import AssignmentRecords
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from loopgraph.orchestrators.loop import judging
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from support.feedback import TESTER, Subject, unit_of
from support.said import taking_outcomes
from support.traces import statement
from support.uses import define

UNITS = 12


@dataclass(frozen=True)
class Skill(Subject):
    """A skill whose version 1 is in use, and how its uses are judged."""

    name: str
    texts: dict[Arm, str]
    criteria: OwnCriteria

    @classmethod
    async def made(cls, graph: Graph, **criteria: Any) -> Skill:
        mark = new_id()
        texts = {arm: f"# Triage {mark}\n1. Restate the bug, {arm.value}.\n" for arm in Arm}
        [node_id] = await define(graph, DefinitionKind.SKILL, f"triage-{mark}", texts[Arm.CONTROL])
        [row] = await statement(
            graph, "MATCH (v:PatternVersion {node_id: $id}) RETURN v.pattern_id AS pattern_id", id=node_id
        )
        return cls(graph, row["pattern_id"], node_id, f"triage-{mark}", texts, OwnCriteria.model_validate(criteria))

    @property
    def loop(self) -> FeedbackLoop:
        return FeedbackLoop(self.graph, judging=self.criteria.judge)

    async def test(self, **inputs: Any) -> tuple[FeedbackRun, Experiment]:
        """A run that waits for the uses of an experiment on success."""
        wanted = {"improvement_type": ImprovementType.RELIABILITY, **inputs}
        design = ExperimentDesign(metric=wanted.pop("metric", None))
        improvement = await self.propose(template_code=self.texts[Arm.TREATMENT], **wanted)
        run = await self.advance(await self.start(feedback_type="all", design=design))
        [experiment] = (await self.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
        return run, experiment

    async def used(
        self,
        experiment: Experiment,
        arm: Arm,
        units: int = UNITS,
        ago: timedelta = timedelta(),
        tokens: int | None = None,
    ) -> list[str]:
        """So many sessions that were assigned to an arm use the skill, and that ends well; returns the sessions.

        With ``tokens``, a model is called for it, with about so many, at a dollar for a thousand.
        """
        sessions, records, at = [], AssignmentRecords(self.graph), now() - ago
        events: list[Recordable] = []
        for number in range(units):
            session, prompt = unit_of(experiment.experiment_id, arm), new_id()
            sessions.append(session)
            await records.record(experiment.experiment_id, session, arm)
            text = self.texts[arm]
            skill = uses.skill_used(
                session,
                f"toolu_{new_id()}",
                prompt,
                self.name,
                timestamp=at + timedelta(seconds=1),
                digests=(body_digest(text),),
                text=text,
            )
            events += [
                _told(TraceStarted(correlation_id=prompt, session_id=session, timestamp=at, prompt_text="Sort them")),
                _told(skill),
                *([] if tokens is None else [_called(prompt, tokens + number, at + timedelta(seconds=2))]),
                _told(
                    TraceCompleted(
                        correlation_id=prompt, timestamp=at + timedelta(seconds=5), status=TraceStatus.SUCCESS
                    )
                ),
            ]
        await self.told(events)
        return sessions

    async def said(self, sessions: list[str], text: str, ago: timedelta = timedelta()) -> None:
        """Somebody writes this in the sessions, a while after the skill was used."""
        at = now() - ago + timedelta(seconds=30)
        await self.told([
            _told(
                TraceStarted(
                    correlation_id=new_id(), session_id=session, timestamp=at, source=PROMPTED, prompt_text=text
                )
            )
            for session in sessions
        ])  # fmt: skip

    async def told(self, events: list[Recordable]) -> None:
        for outcome in await TraceWrites(self.graph, choosing=choose).record(events, received_at=now()):
            assert not isinstance(outcome, UserError), outcome


def _told(event: Any) -> Observation:
    return Observation(event=event, source="transcript")


def _called(prompt: str, tokens: int, at: datetime) -> Observation:
    """A call of a model, that a prompt made."""
    call = EndpointCalled(
        correlation_id=prompt, call_id=new_id(), service_name="anthropic", endpoint_path="/v1/messages", model="large",
        input_tokens=tokens - 5, output_tokens=5, cost_usd=tokens / 1_000, success=True, timestamp=at, started_at=at,
    )  # fmt: skip
    return _told(call)


ONLY_WHAT_PEOPLE_SAY = {
    "criteria": {
        each.value: {"weight": float(each is Criterion.USER_CONFIRMED_SUCCESS), "at_least": 0.0} for each in Criterion
    }
}


@pytest.mark.lengthy
async def test_corrections_decide_though_every_use_ended_well(graph: Graph) -> None:
    skill = await Skill.made(graph)
    run, experiment = await skill.test()
    corrected = await skill.used(experiment, Arm.CONTROL)
    await skill.said(corrected[2:], "No, that's the wrong list")
    fine = await skill.used(experiment, Arm.TREATMENT)
    await skill.said(fine[2:], "Thanks. Next: the parser")
    run = await skill.advance(run)
    [decision] = (await skill.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    result = decision.result
    assert result is not None
    assert (decision.verdict, run.status) == (Verdict.APPLY, RunStatus.COMPLETED)
    assert (result.control_successes, result.treatment_successes) == (2, 12)
    assert (result.control_success_rate, result.treatment_success_rate) == (2 / 12, 1.0)
    assert result.control_arm is not None
    assert result.control_arm.unknown == 0, "that it ended well is half of what is to be known"


@pytest.mark.lengthy
async def test_what_is_not_known_is_neither_success_nor_failure(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    skill = await Skill.made(graph, **ONLY_WHAT_PEOPLE_SAY)
    run, experiment = await skill.test()
    controls, treatments = [await skill.used(experiment, arm) for arm in Arm]
    loop = skill.loop
    run = await loop.advance(run.run_id)
    assert (run.status, run.message) == (
        RunStatus.WAITING,
        "waits for units: 0 of 10 of the control and 0 of 10 of the treatment that report success_rate or failed",
    )
    assert await loop.due([run]) == []
    [experiment] = (await skill.reads.experiments([experiment.experiment_id])).values()
    assert (experiment.control_tally.units, experiment.control_tally.telling_units) == (12, 0)
    assert experiment.control_tally.uses == 12
    await skill.said(controls[:10], "That's wrong")
    await skill.said(treatments[:11], "Thanks. Next: the parser")
    before = graph.statements
    assert await loop.due([run]) == [], "there are no more executions, and it has looked just now"
    assert graph.statements - before == 3, "what runs wait for is counted in the graph"
    monkeypatch.setattr(judging, "AGAIN_S", 0.0)
    assert await loop.due([run]) == [run.run_id], "after a while it looks again: somebody may have written"
    run = await skill.advance(run)
    [decision] = (await skill.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    result = decision.result
    assert result is not None
    assert result.control_arm is not None
    assert result.treatment_arm is not None
    assert (result.control_arm.units, result.control_arm.successes, result.control_arm.unknown) == (12, 0, 2)
    assert (result.treatment_arm.units, result.treatment_arm.successes, result.treatment_arm.unknown) == (12, 11, 1)
    assert (result.control.n, result.treatment.n) == (10, 11), "a unit of which nothing is known is no sample"
    assert (result.control_success_rate, result.treatment_success_rate) == (0.0, 1.0)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_the_result_of_tests_decides_an_experiment(graph: Graph) -> None:
    """What is reported from outside, after the work, of the sessions that used the skill; before that, nothing is known."""
    weights = {each.value: {"weight": 0.0, "at_least": 0.0} for each in Criterion}
    weights["reported_outcomes"] = {"weight": 1.0, "at_least": 1.0}
    skill = await Skill.made(graph, outcomes=["tests"], criteria=weights)
    run, experiment = await skill.test()
    controls, treatments = [await skill.used(experiment, arm) for arm in Arm]
    run = await skill.loop.advance(run.run_id)
    assert run.status is RunStatus.WAITING, "that every use ended well is not what is asked"
    taking = taking_outcomes(graph)
    for session in (*controls, *treatments):
        passed = session in treatments or session in controls[:2]
        new = NewOutcome(session_id=session, name="tests", holds=passed, source="ci")
        await taking.report(new, TESTER, None)
    run = await skill.advance(run)
    [decision] = (await skill.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    result = decision.result
    assert result is not None
    assert (decision.verdict, run.status) == (Verdict.APPLY, RunStatus.COMPLETED)
    assert (result.control_success_rate, result.treatment_success_rate) == (2 / 12, 1.0)


@pytest.mark.lengthy
async def test_an_analysis_knows_what_it_does_not_know(graph: Graph) -> None:
    skill, ago = await Skill.made(graph, **ONLY_WHAT_PEOPLE_SAY), timedelta(hours=1)
    run, experiment = await skill.test()
    await skill.loop.cancel(run.run_id, TESTER)
    sessions = await skill.used(experiment, Arm.CONTROL, 4, ago)
    await skill.said(sessions[:1], "that's wrong", ago)
    await skill.said(sessions[1:3], "Go on", ago)
    await skill.record(skill.node_id, [5.0])  # no use: as its client says
    run = await skill.advance(await skill.start(feedback_type="all"))
    summary = run.analysis
    assert summary is not None
    assert (summary.execution_count, summary.success_count, summary.unknown_count) == (5, 3, 1)
    assert summary.success_rate == 3 / 4
    assert summary.error_counts == {"low_score": 1}


@pytest.mark.lengthy
async def test_without_criteria_executions_succeed_as_they_end(graph: Graph) -> None:
    skill = await Skill.made(graph)
    _, experiment = await skill.test()
    sessions = await skill.used(experiment, Arm.CONTROL, 2)
    await skill.said(sessions, "that's wrong")
    found = await TraceReads(graph).experiment_executions(experiment.experiment_id, now())
    judged = await judging.Judge(graph, skill.criteria.judge).judged(found)
    assert [one.success for one in judged] == [False, False]
    assert {one.error_type for one in judged} == {"user_confirmed_success"}
    assert await judging.Judge(graph, None).judged(found) == found
    assert [one.success for one in found] == [True, True]


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize(("metric", "scale"), [(Metric.TOKENS, 1.0), (Metric.COST_USD, 0.001)])
async def test_what_uses_cost_is_compared(graph: Graph, metric: Metric, scale: float) -> None:
    skill = await Skill.made(graph)
    run, experiment = await skill.test(metric=metric)
    assert experiment.metric is metric
    await skill.used(experiment, Arm.CONTROL)  # of these nothing is known: they tell nothing
    await skill.used(experiment, Arm.CONTROL, tokens=2_000)
    await skill.used(experiment, Arm.TREATMENT, 9, tokens=1_500)
    run = await skill.advance(run)
    assert run.message == (
        f"waits for units: 12 of the control (10 needed) and 9 of 10 of the treatment that report {metric.value} or failed"
    )
    await skill.used(experiment, Arm.TREATMENT, 3, tokens=1_500)
    run = await skill.advance(run)
    [decision] = (await skill.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    result = decision.result
    assert result is not None
    assert (decision.verdict, result.control.n, result.treatment.n) == (Verdict.APPLY, 12, 12)
    assert result.control.mean == pytest.approx(2_005.5 * scale)
    assert result.performance_delta == pytest.approx(0.25, abs=0.01)
