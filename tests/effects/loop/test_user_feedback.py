"""Feedback in the graph, on every engine: what it counts for, who sees it, and where it goes when traces become others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from loopgraph.assets import query
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.audit import EventFilter, EventType
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.loop.user_feedback import Feedback, NewFeedback, Sentiment, SentimentSource
from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.loop.user_feedback import UserFeedbackReads
from loopgraph.errors import Conflict, InvalidInput, NotFound
from loopgraph.settings import CaptureContent
from support.access import mate, owned
from support.feedback import TESTER, make_subject
from support.said import taking_feedback
from support.traces import NOON, Traces, at, make_version, record, statement

FIRST = Page(first=10)


@pytest.fixture
def said(graph: Graph) -> Said:
    return Said(graph)


class Said:
    """Feedback on one graph."""

    def __init__(self, graph: Graph, privacy: Privacy | None = None) -> None:
        self.graph, self.reads = graph, UserFeedbackReads(graph)
        self.taking = taking_feedback(graph, privacy)

    async def say(self, principal: Principal | None = None, **said: Any) -> Feedback:
        feedback, _ = await self.taking.submit(NewFeedback.model_validate(said), TESTER, principal)
        return feedback

    async def used(self, *node_ids: str, user: str | None = None) -> str:
        """A trace in which these versions were used, each by an execution ``<trace>-<number>``."""
        trace = new_id()
        hooks = [
            HookExecuted(
                correlation_id=trace,
                execution_id=f"{trace}-{number}",
                hook_type="Run",
                node_id=id_,
                started_at=at(number),
                duration_ms=1.0,
                success=True,
            )
            for number, id_ in enumerate(node_ids)
        ]
        await record(Traces(self.graph), TraceStarted(correlation_id=trace, user_id=user, timestamp=at(0)), *hooks)
        return trace

    async def of_version(self, node_id: str, principal: Principal | None = None) -> list[str]:
        page = (await self.reads.of_versions([node_id], FIRST, principal))[node_id]
        assert not page.has_more
        return [feedback.feedback_id for feedback in page.items]


async def test_feedback_is_kept_as_it_was_given(said: Said) -> None:
    node_id, id_ = await make_version(said.graph), new_id()
    given = {"feedback_id": id_, "node_id": node_id, "rating": 4, "tags": ["docs"], "metadata": {"a": [1]}}
    feedback = await said.say(**given, comment="  It works well. ", sentiment="neutral")
    assert feedback.model_dump(exclude={"created_at"}, exclude_none=True) == {
        **given, "tags": ("docs",), "comment": "It works well.", "sentiment": "neutral", "sentiment_source": "given",
        "actor_type": "user", "created_by": "tester",
    }  # fmt: skip
    assert (await said.reads.by_id([id_, "nothing"], None)) == {id_: feedback}
    assert feedback.score == 0.75
    page = await Events(said.graph).page(EventFilter(node_id=node_id), FIRST)
    [event] = [event for event in page.events if event.event_type is EventType.FEEDBACK_SUBMITTED]
    assert event.data == {"feedback_id": id_}
    assert event.pattern_id is not None


async def test_the_same_again_changes_nothing(said: Said) -> None:
    node_id, id_ = await make_version(said.graph), new_id()
    new = NewFeedback(feedback_id=id_, node_id=node_id, rating=2)
    outcomes = await asyncio.gather(*(said.taking.submit(new, TESTER, None) for _ in range(3)))
    assert sorted(repeated for _, repeated in outcomes) == [False, True, True]
    assert outcomes[0][0] == outcomes[1][0] == outcomes[2][0]
    assert await said.of_version(node_id) == [id_]
    with pytest.raises(Conflict, match="other content"):
        await said.say(feedback_id=id_, node_id=node_id, rating=3)
    page = await Events(said.graph).page(EventFilter(node_id=node_id), FIRST)
    assert [event.event_type for event in page.events].count(EventType.FEEDBACK_SUBMITTED) == 1


@pytest.mark.parametrize(
    ("about", "kind"),
    [("execution_id", "HookExecution"), ("correlation_id", "Trace"), ("node_id", "PatternVersion")],
)
async def test_of_what_is_unknown_nothing_is_said(said: Said, about: str, kind: str) -> None:
    id_ = new_id()
    with pytest.raises(NotFound) as error:
        await said.say(**{about: "nothing-here"}, feedback_id=id_, rating=1)
    assert (error.value.kind, error.value.id) == (kind, "nothing-here")
    assert await said.reads.by_id([id_], None) == {}


async def test_it_counts_for_the_versions_that_were_used_there(said: Said) -> None:
    one, other = await make_version(said.graph), await make_version(said.graph)
    trace, elsewhere = await said.used(one, one, other), await said.used(other)
    of_trace = await said.say(correlation_id=trace, rating=5)
    of_use = await said.say(execution_id=f"{trace}-0", rating=1, comment="wrong")
    of_version = await said.say(node_id=one, comment="fine", tags=["a", "b"])
    of_other = await said.say(correlation_id=elsewhere, sentiment="negative", tags=["b"])
    assert await said.of_version(one) == [said.feedback_id for said in (of_version, of_use, of_trace)]
    assert await said.of_version(other) == [said.feedback_id for said in (of_other, of_trace)]
    traces = await said.reads.of_traces([trace, elsewhere, "nothing"], FIRST)
    assert [one.feedback_id for one in traces[trace].items] == [of_use.feedback_id, of_trace.feedback_id]
    assert traces[elsewhere].items == (of_other,)
    assert traces["nothing"].items == ()
    steps = await said.reads.of_executions([f"{trace}-0", f"{trace}-1"], FIRST)
    assert {id_: page.items for id_, page in steps.items()} == {f"{trace}-0": (of_use,), f"{trace}-1": ()}
    [page] = (await said.reads.of_versions([one], Page(first=2), None)).values()
    assert (page.items, page.has_more) == ((of_version, of_use), True)
    sums = await said.taking.of_versions([one, other], None)
    assert (sums[one].count, sums[one].ratings, sums[one].mean_rating) == (3, (1, 0, 0, 0, 1), 3.0)
    assert sums[one].sentiments == {Sentiment.POSITIVE: 1, Sentiment.NEUTRAL: 0, Sentiment.NEGATIVE: 1}
    assert (sums[other].count, sums[other].ratings, sums[other].tags) == (2, (0, 0, 0, 0, 1), (("b", 1),))


async def test_what_was_said_of_a_trace_counts_once_for_a_pattern(said: Said) -> None:
    subject = await make_subject(said.graph)
    candidate = (await subject.propose()).candidate_node_id
    trace = await said.used(subject.node_id, candidate)
    await said.say(correlation_id=trace, rating=4)
    sums = await said.taking.of_patterns([subject.pattern_id, "nothing"], None)
    assert (sums[subject.pattern_id].count, sums["nothing"].count) == (1, 0)
    both = await said.taking.of_versions([subject.node_id, candidate], None)
    assert [one.count for one in both.values()] == [1, 1]


async def test_who_may_not_see_a_trace_sees_nothing_of_it(said: Said) -> None:
    node_id = await make_version(said.graph)
    trace = await said.used(node_id, user="ann")
    await owned(said.graph)
    ann, bob = mate("ann"), mate("bob")
    feedback = [
        await said.say(ann, correlation_id=trace, rating=1),
        await said.say(ann, execution_id=f"{trace}-0", rating=2),
    ]
    ids = [one.feedback_id for one in reversed(feedback)]
    for who, seen in ((ann, ids), (None, ids), (bob, [])):
        assert await said.of_version(node_id, who) == seen
        assert (await said.taking.of_versions([node_id], who))[node_id].count == len(seen)
        assert sorted(await said.reads.by_id(ids, who)) == sorted(seen)
    for about in ({"correlation_id": trace}, {"execution_id": f"{trace}-0"}):
        with pytest.raises(NotFound):
            await said.say(bob, **about, rating=5)


async def test_secrets_in_it_are_not_kept_and_its_sentiment_is_told_before(said: Said) -> None:
    node_id, secret = await make_version(said.graph), "ghp_0123456789abcdefghijABCDEFGHIJ"
    kept = await said.say(node_id=node_id, comment=f"bad: {secret}", tags=[secret], metadata={"password": "hunter2!"})
    assert (kept.sentiment, kept.sentiment_source) == (Sentiment.NEGATIVE, SentimentSource.COMMENT)
    rows = await statement(
        said.graph, "MATCH (f:Feedback {feedback_id: $id}) RETURN properties(f) AS f", id=kept.feedback_id
    )
    assert secret not in repr(rows)
    assert "hunter2!" not in repr(rows)
    without = Said(said.graph, Privacy(content=CaptureContent.NONE))
    kept = await without.say(node_id=node_id, comment="great", metadata={"note": "anything"})
    assert (kept.comment, kept.sentiment, kept.metadata) == (None, Sentiment.POSITIVE, {})
    with pytest.raises(InvalidInput, match="give a rating") as error:
        await without.say(node_id=node_id, comment="it read three files")
    assert error.value.field == "comment"


async def test_it_goes_with_its_trace_to_the_trace_of_the_prompt(said: Said) -> None:
    otel, prompt, node_id = new_id().replace("-", ""), new_id(), await make_version(said.graph)
    execution = f"{prompt}/toolu_1"

    def tool(root: str, source: str, **more: Any) -> Observation:
        event = HookExecuted(
            correlation_id=root, root_id=root, execution_id=execution, hook_type="ToolUse", success=True,
            completed_at=at(2), node_id=node_id,
        )  # fmt: skip
        return Observation(event=event, source=source, **more)

    traces = Traces(said.graph)
    await traces.record([tool(otel, "otel.tool", otel_trace_id=otel)], received_at=NOON)
    feedback = await said.say(correlation_id=otel, rating=5)
    await traces.record([tool(prompt, "hook.PostToolUse")], received_at=NOON)
    found = await said.reads.of_traces([otel, prompt], FIRST)
    assert [page.items for page in found.values()] == [(), (feedback.model_copy(update={"correlation_id": prompt}),)]
    assert await said.of_version(node_id) == [feedback.feedback_id]
    again = NewFeedback(feedback_id=feedback.feedback_id, correlation_id=otel, rating=5)
    with pytest.raises(Conflict):  # the id was made here, not by who asks
        await said.taking.submit(again, TESTER, None)


async def test_it_goes_with_its_step_to_the_call_that_it_is_of(said: Said) -> None:
    node_id = await make_version(said.graph)
    trace = await said.used(node_id, node_id)
    feedback = await said.say(execution_id=f"{trace}-0", rating=5)
    rows = [{"was": f"{trace}-0", "into": f"{trace}-1"}]

    async def work(tx: Transaction) -> None:
        await tx.run(query("traces/hand_over_feedback_of_hooks"), rows=rows)

    await said.graph.transaction(work)
    found = await said.reads.of_executions([f"{trace}-0", f"{trace}-1"], FIRST)
    moved = feedback.model_copy(update={"execution_id": f"{trace}-1"})
    assert [page.items for page in found.values()] == [(), (moved,)]
