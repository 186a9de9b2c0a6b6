"""What came of uses of patterns, by what is stored of them: the steps, the next prompt, and what people went back from."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from loopgraph.computes.agents import uses
from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.loop.reported_outcomes import NewOutcome
from loopgraph.contracts.loop.user_feedback import NewFeedback
from loopgraph.contracts.traces.events import (
    ABANDONED,
    PROMPTED,
    EndpointCalled,
    HookExecuted,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import Observation, Recordable
from loopgraph.contracts.traces.success import Correction, CorrectionRule, Criterion, Outcome, UnknownReason
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.use_figures import UseReads
from loopgraph.effects.traces.recording.mapping import step_key
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from loopgraph.settings import CaptureContent
from support.access import mate, owned
from support.feedback import TESTER
from support.said import taking_feedback, taking_outcomes
from support.traces import NOON, at, statement
from support.uses import define

ASKED = "Sort the open bug reports of this week by their cause"


class Work:
    """A prompt in which a skill is used."""

    def __init__(self, session: str | None = None, asked: str = ASKED) -> None:
        self.session, self.prompt, self.asked = session or new_id(), new_id(), asked
        self.call = f"toolu_{new_id()}"

    def begun(self, second: float = 0, **more: Any) -> Recordable:
        return _told(
            TraceStarted(
                correlation_id=self.prompt,
                session_id=self.session,
                timestamp=at(second),
                source=PROMPTED,
                prompt_text=self.asked,
                **more,
            )
        )

    def used(self, second: float = 1, **more: Any) -> Recordable:
        return _told(uses.skill_used(self.session, self.call, self.prompt, "sorting", timestamp=at(second), **more))

    def step(self, success: bool, second: float = 2, **more: Any) -> Recordable:
        given = {"hook_type": "ToolUse", "tool_name": "Bash", "success": success, **more}
        return _told(
            HookExecuted(
                correlation_id=self.prompt,
                execution_id=new_id(),
                started_at=at(second),
                completed_at=at(second),
                **given,
            )
        )

    def model(self, success: bool, second: float = 2, **more: Any) -> Recordable:
        return _told(
            EndpointCalled(
                correlation_id=self.prompt,
                call_id=new_id(),
                service_name="anthropic",
                endpoint_path="/v1/messages",
                model="m",
                success=success,
                started_at=at(second),
                completed_at=at(second),
                **more,
            )
        )

    def ended(self, status: TraceStatus = TraceStatus.SUCCESS, second: float = 9, **more: Any) -> Recordable:
        return _told(TraceCompleted(correlation_id=self.prompt, timestamp=at(second), status=status, **more))

    def after(self, text: str, second: float = 20) -> list[Recordable]:
        """The next prompt of the session."""
        later = Work(self.session, text)
        return [later.begun(second)]

    async def outcome(self, graph: Graph, **criteria: Any) -> Outcome:
        judge = OwnCriteria.model_validate(criteria).judge
        found = await UseReads(graph, judge).figures([self.id])
        outcome = found[self.id].outcome
        assert outcome is not None
        return outcome

    @property
    def id(self) -> str:
        event = uses.skill_used(self.session, self.call, self.prompt, "sorting", timestamp=at(1))
        return event.execution_id


def _told(event: Any) -> Observation:
    return Observation(event=event, source="transcript")


async def record(graph: Graph, events: list[Recordable]) -> None:
    for outcome in await TraceWrites(graph, choosing=choose).record(events, received_at=NOON):
        assert not isinstance(outcome, UserError), outcome


def values(outcome: Outcome) -> dict[str, float]:
    """The criteria that are known."""
    return {each.criterion.value: each.value for each in outcome.criteria if each.value is not None}


@pytest.mark.lengthy
async def test_what_is_known_of_a_use_in_any_order(graph: Graph) -> None:
    for seed in range(4):
        work = Work()
        events = [
            work.begun(),
            work.used(),
            work.step(True, quality_score=0.9),
            work.step(True, rag_queries_executed=({"query": "x"},)),
            work.step(False, quality_score=0.5, intelligence_functions_executed=("search",)),
            work.step(True),
            *(work.model(number > 0, input_tokens=10, output_tokens=5, cost_usd=0.1) for number in range(4)),
            work.ended(),
            *work.after("Thanks! Now the next"),
        ]
        random.Random(seed).shuffle(events)
        for event in events:
            await record(graph, [event])
        outcome = await work.outcome(graph, limits={"cost_usd": 0.5, "tokens": 50})
        assert values(outcome) == {
            "execution_completed": 1.0,
            "no_errors": 0.75,
            "hooks_succeeded": 0.75,
            "quality_gates_passed": pytest.approx(0.7),
            "within_performance_thresholds": 0.0,
            "intelligence_gathered": 0.5,
            "user_confirmed_success": 1.0,
        }
        # 0.25 + 0.25 · 0.75 + 0.15 · 0.75 + 0.15 · 0.7 + 0 + 0.05 · 0.5 + 0.05
        assert outcome.score == pytest.approx(0.73)
        assert (outcome.success, outcome.known_weight) == (False, pytest.approx(1.0))
        assert (await work.outcome(graph, threshold=0.73)).success is True


@pytest.mark.lengthy
async def test_a_use_is_judged_anew_when_more_is_known(graph: Graph) -> None:
    work = Work()
    await record(graph, [work.begun(), work.used()])
    assert (await work.outcome(graph)).reason is UnknownReason.IN_PROGRESS
    await record(graph, [work.ended()])
    outcome = await work.outcome(graph)
    assert (outcome.success, outcome.score, outcome.correction) == (True, 1.0, Correction())
    told = {"timestamp": at(15), "source": "task_notification", "prompt_text": "that's wrong"}
    await record(graph, [_told(TraceStarted(correlation_id=new_id(), session_id=work.session, **told))])
    assert (await work.outcome(graph)).correction.rule is CorrectionRule.NO_PROMPT, "no person has written that"
    await record(graph, work.after("That's wrong, the second is no bug"))
    outcome = await work.outcome(graph)
    assert outcome.correction == Correction(corrected=True, rule=CorrectionRule.PHRASE, evidence="that's wrong")
    assert (outcome.success, outcome.score) == (False, pytest.approx(0.5 / 0.55))
    await record(graph, work.after("Thanks", second=12))
    outcome = await work.outcome(graph)
    assert (outcome.success, outcome.correction.rule) == (True, CorrectionRule.NO_SIGN), "that one was the next"
    await record(graph, [work.begun(tags=(ABANDONED,))])
    outcome = await work.outcome(graph)
    assert (outcome.success, outcome.correction.rule) == (False, CorrectionRule.REWOUND)


async def test_an_answer_that_asks_back(graph: Graph) -> None:
    for answer, success in (("Sorted. Shall I close the last one? ", True), ("I have closed the last one.", False)):
        work = Work()
        await record(graph, [work.begun(), work.used(), work.ended(response_text=answer)])
        await record(graph, work.after("No, leave it open"))
        assert (await work.outcome(graph)).success is success, answer


async def test_the_same_again_and_what_was_stopped(graph: Graph) -> None:
    again, stopped = Work(), Work()
    await record(graph, [again.begun(), again.used(), again.ended(), *again.after(f"Please: {ASKED}")])
    assert (await again.outcome(graph)).correction.rule is CorrectionRule.REPEATED
    await record(graph, [stopped.begun(), stopped.used(), stopped.ended(TraceStatus.INTERRUPTED)])
    outcome = await stopped.outcome(graph)
    assert (outcome.success, values(outcome)["execution_completed"]) == (False, 0.0)
    assert outcome.correction.corrected is None
    await record(graph, stopped.after("Only those of today"))
    assert (await stopped.outcome(graph)).correction.rule is CorrectionRule.INTERRUPTED


async def test_of_what_is_not_kept_nothing_is_known(graph: Graph) -> None:
    work, privacy = Work(), Privacy(content=CaptureContent.NONE)
    events = [work.begun(), work.used(), work.ended(), *work.after("That's wrong")]
    await record(graph, [privacy.clean(event) for event in events])
    outcome = await work.outcome(graph)
    assert outcome.correction == Correction(rule=CorrectionRule.NO_TEXT)
    assert (outcome.success, Criterion.USER_CONFIRMED_SUCCESS.value in values(outcome)) == (True, False)


async def test_nobody_answers_a_subagent(graph: Graph) -> None:
    work, agent = Work(), new_id()[-12:]
    trace = f"{work.session}/{agent}"
    used = uses.subagent_used(work.session, agent, "reviewer", root_id=work.prompt)
    told = {"root_id": work.prompt, "agent_id": agent, "agent_type": "reviewer", "timestamp": at(2)}
    child = TraceStarted(correlation_id=trace, session_id=work.session, **told)
    await record(graph, [
        work.begun(), _told(child), _told(used), _told(TraceCompleted(correlation_id=trace, timestamp=at(5), success=True)),
        work.ended(), *work.after("That's wrong"),
    ])  # fmt: skip
    found = (await UseReads(graph, OwnCriteria().judge).figures([used.execution_id]))[used.execution_id]
    assert found.outcome is not None
    assert (found.outcome.success, found.outcome.correction.rule) == (True, CorrectionRule.NO_PROMPT)


async def test_the_executions_of_versions_page_by_page(graph: Graph) -> None:
    texts = [f"# Sorting {new_id()}\n{number}\n" for number in range(2)]
    former, later = await define(graph, "skill", f"sorting-{new_id()}", *texts)
    events: list[Recordable] = []
    for number in range(7):
        trace = f"work-{new_id()}"
        events += [
            TraceStarted(
                correlation_id=trace, timestamp=at(number), user_id="ada" if number == 3 else None, session_id=new_id()
            ),
            HookExecuted(
                correlation_id=trace,
                execution_id=f"{former[:8]}-{number}",
                hook_type="ToolUse",
                node_id=former if number % 2 else later,
                started_at=at(number),
                **({} if number == 6 else {"success": True, "completed_at": at(number + 0.5)}),
            ),
        ]
    await record(graph, events)
    await owned(graph)
    reads, ada = UseReads(graph), mate("ada")

    async def numbers(ids: list[str], page: Page, principal: Principal | None = None) -> list[tuple[list[int], bool]]:
        before = graph.statements
        pages = await reads.executions(ids, page, principal)
        assert graph.statements - before == 1
        return [([int(hook.execution_id[-1]) for hook in pages[id_].items], pages[id_].has_more) for id_ in ids]

    both = [former, later, "no-such-version"]
    assert await numbers(both, Page(first=2)) == [([5, 3], True), ([4, 2], True), ([], False)]
    assert await numbers([former], Page(first=2)) == [([5, 3], True)]
    assert await numbers(both, Page(first=3)) == [([5, 3, 1], False), ([4, 2, 0], False), ([], False)]
    [last] = [
        hook
        for hook in (await reads.executions([former], Page(first=2), None))[former].items
        if hook.execution_id[-1] == "3"
    ]
    after = Page(first=2, after=step_key(last))
    assert await numbers([former], after) == [([1], False)]
    assert await numbers(both, after) == [([1], False), ([2, 0], False), ([], False)]
    assert await numbers([former], Page(first=5), mate("bob")) == [([5, 1], False)]
    assert await numbers(both[:2], Page(first=5), mate("bob")) == [([5, 1], False), ([4, 2, 0], False)]
    assert await numbers([former], Page(first=5), ada) == [([5, 3, 1], False)]


@pytest.mark.lengthy
async def test_the_outcomes_that_criteria_name_decide(graph: Graph) -> None:
    """A test's result makes a success of a use or none; what is closest to the use counts, and of several sources the least."""
    session = new_id()
    work = Work(session)
    await record(graph, [work.begun(), work.used(), work.ended()])
    criteria = {
        "least_known": 0.4,
        "outcomes": ["tests"],
        "criteria": {"reported_outcomes": {"weight": 0.1, "at_least": 1.0}},
    }
    taking = taking_outcomes(graph)

    async def judged(**told: Any) -> tuple[float | None, bool | None]:
        if told:
            key = next(iter(told.values()))
            await statement(graph, "MATCH (m:UsageMark {key: $key}) DELETE m", key=key)
            new = NewOutcome.model_validate({"name": "tests", "source": "ci", **told})
            await taking.report(new, TESTER, None)
            assert await statement(graph, "MATCH (m:UsageMark {key: $key}) RETURN m.label AS label", key=key)
        outcome = await work.outcome(graph, **criteria)
        return values(outcome).get("reported_outcomes"), outcome.success

    assert await judged() == (None, True)
    assert await judged(session_id=session, holds=False) == (0.0, False)
    assert await judged(correlation_id=work.prompt, holds=True) == (1.0, True)
    assert await judged(correlation_id=work.prompt, name="reward", value=0.0) == (1.0, True)
    assert await judged(correlation_id=work.prompt, holds=False, source="other") == (0.0, False)
    assert await judged(execution_id=work.id, value=0.5) == (0.5, False)
    soon = now() + timedelta(hours=1)
    assert await judged(execution_id=work.id, value=1.0, at=soon) == (1.0, True)
    assert await judged(execution_id=work.id, value=0.1, at=at(0)) == (1.0, True)
    assert await judged(execution_id=work.id, value=7.0, at=soon + timedelta(hours=1)) == (None, True)
    assert "reported_outcomes" not in values(await work.outcome(graph))


@pytest.mark.lengthy
async def test_the_newest_rating_of_the_use_or_else_of_its_trace_confirms_it(graph: Graph) -> None:
    work = Work()
    await record(graph, [work.begun(), work.used(), work.ended(), *work.after("That's wrong")])
    said = taking_feedback(graph)

    async def confirmed(**feedback: Any) -> tuple[float | None, CorrectionRule]:
        if feedback:
            await statement(graph, "MATCH (m:UsageMark {key: $key}) DELETE m", key=next(iter(feedback.values())))
            await said.submit(NewFeedback.model_validate(feedback), TESTER, None)
            marks = await statement(
                graph, "MATCH (m:UsageMark {key: $key}) RETURN m.label AS label", key=next(iter(feedback.values()))
            )
            assert marks, "what is rated is counted anew"
        outcome = await work.outcome(graph)
        return values(outcome).get("user_confirmed_success"), outcome.correction.rule

    assert await confirmed() == (0.0, CorrectionRule.PHRASE)
    assert await confirmed(correlation_id=work.prompt, comment="great") == (0.0, CorrectionRule.PHRASE)
    assert await confirmed(correlation_id=work.prompt, rating=1) == (0.0, CorrectionRule.RATED)
    assert await confirmed(correlation_id=work.prompt, rating=5) == (1.0, CorrectionRule.RATED)
    assert await confirmed(execution_id=work.id, rating=2) == (0.0, CorrectionRule.RATED)
    assert await confirmed(correlation_id=work.prompt, rating=4) == (0.0, CorrectionRule.RATED)
    assert await confirmed(execution_id=work.id, rating=3) == (0.0, CorrectionRule.PHRASE)
