"""Agents are recommended by what the learner has counted of them, it is logged, and it is said what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from loopgraph.computes.learning.agents.routing import BEST_FIRST, LEAST_RUNS, is_told
from loopgraph.computes.learning.upkeep import wilson
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.learning.embeddings import NoEmbedding
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.replays import ReplayOutcome
from loopgraph.contracts.learning.routing import (
    LoggedRecommendation,
    NoAgent,
    RecordScope,
    RoutingPolicy,
    RoutingStrategy,
    scopes_of,
)
from loopgraph.contracts.loop.user_feedback import NewFeedback
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.effects.learning.recommendations import MOST_RECORDS, RecommendationLog
from loopgraph.errors import InvalidInput, NotFound
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from loopgraph.orchestrators.learning.routing import Routing
from loopgraph.orchestrators.learning.settling import Settling
from support import learning
from support.feedback import TESTER
from support.learned import Learned, learn
from support.learning import FIXING, JUDGE
from support.replays import plan, set_plan
from support.routing import by, history, somewhere
from support.said import taking_feedback
from support.traces import Traces, record, statement


class Letters:
    """No model: requests are compared by their letters, which is enough for the same words."""

    semantic = False

    def load(self) -> Any:
        raise NoEmbedding("none is wanted")

    def embed(self, texts: Sequence[str]) -> Any:
        raise AssertionError(texts)


def routing(graph: Graph, *, explore: float = 0.0) -> Routing:
    reads = PromptReads(graph)
    matching = Matching(PromptSearch(reads, Letters()), reads)
    return Routing(graph, matching, least=0.85, explore_share=explore, badly_below=0.3)


async def counted(graph: Graph, project: str) -> dict[str, tuple[int, int]]:
    scopes = {RecordScope.ACTION_IN_PROJECT: scopes_of("fix", project)[RecordScope.ACTION_IN_PROJECT]}
    found = await RecommendationLog(graph).records(scopes, BEST_FIRST)
    return {one.agent: (one.successes, one.failures) for one in found.get(RecordScope.ACTION_IN_PROJECT, ())}


async def begun(graph: Graph, prompt: str | None, project: str, *, user: str | None = None) -> str:
    """A trace that has begun; its id."""
    id_ = new_id()
    started = TraceStarted(
        correlation_id=id_, prompt_text=prompt, project=project, session_id=f"{id_}-s", timestamp=now(), user_id=user
    )
    await record(Traces(graph), started)
    return id_


async def logged(graph: Graph, id_: str) -> LoggedRecommendation:
    found = (await RecommendationLog(graph).asked(id_, None)).recommended
    assert found is not None
    return found


async def settle(graph: Graph) -> None:
    settling = Settling(graph, JUDGE)
    while await settling.look():
        pass


@pytest.mark.lengthy
async def test_runs_are_counted_once_and_move_when_more_is_known(graph: Graph) -> None:
    project, learner = somewhere(), learning.learner(graph)
    ids = await history(graph, project, fixer=(2, 1), tester=(1, 0))
    assert await counted(graph, project) == {"fixer": (2, 1), "tester": (1, 0)}
    await learning.learn(learner, ids)
    await learner.look_back()
    assert await counted(graph, project) == {"fixer": (2, 1), "tester": (1, 0)}
    await taking_feedback(graph).submit(NewFeedback(correlation_id=ids[0], rating=1), TESTER, None)
    await learning.learn(learner, ids[:1])
    assert await counted(graph, project) == {"fixer": (1, 2), "tester": (1, 0)}


@pytest.mark.lengthy
async def test_the_best_record_of_the_project_is_recommended_and_nothing_logged(graph: Graph) -> None:
    project = somewhere()
    await history(graph, project, fixer=(5, 1), tester=(3, 4))
    found = await routing(graph).recommend("fix the exporter", MatchContext(project=project))
    assert (found.agent, found.strategy, found.propensity) == ("fixer", RoutingStrategy.HISTORICAL, 1.0)
    assert [(one.agent, one.scope, one.successes, one.runs) for one in found.choice.candidates] == [
        ("fixer", RecordScope.ACTION_IN_PROJECT, 5, 6),
        ("tester", RecordScope.ACTION_IN_PROJECT, 3, 7),
    ]
    assert (found.action, found.project) == ("fix", project)
    other = await routing(graph).recommend("summarise the exporter", MatchContext(project=project))
    assert {one.scope for one in other.choice.candidates} == {RecordScope.PROJECT}
    nobody = await routing(graph).recommend("the exporter", MatchContext(project=somewhere()))
    assert (nobody.agent, nobody.reason) == (None, NoAgent.NOTHING_KNOWN)


async def test_of_more_agents_than_are_compared_those_with_the_best_lower_end_are(graph: Graph) -> None:
    project = somewhere()
    key = scopes_of("fix", project)[RecordScope.ACTION_IN_PROJECT]
    crowd = [(f"crowd-{letter}{other}", 60, 140) for letter in "abcdefghijklmnop" for other in "abcdefghijklmnop"]
    few = [("few", 2, 1), ("fixer", 50, 0), ("tester", 30, 2), ("Explore", 0, 9)]
    rows = [
        {"key": f"{key}/{agent}", "agent": agent, "successes": successes, "failures": failures}
        for agent, successes, failures in [*crowd, *few]
    ]
    await statement(
        graph,
        "UNWIND $rows AS row CREATE (r:AgentRecord {record_key: row.key, scope_key: $key, scope: 'action_in_project', "
        "agent: row.agent, action: 'fix', project: $project, successes: row.successes, failures: row.failures}) "
        "RETURN count(r) AS n",
        rows=rows,
        key=key,
        project=project,
    )
    records = await RecommendationLog(graph).records({RecordScope.ACTION_IN_PROJECT: key}, BEST_FIRST)
    found = records[RecordScope.ACTION_IN_PROJECT]
    assert len(found) == MOST_RECORDS
    assert {"few", "Explore"}.isdisjoint(one.agent for one in found)
    assert all(one.runs >= LEAST_RUNS and is_told(one) for one in found)
    lower = [wilson(one.successes, one.runs)[0] for one in found]
    assert lower == sorted(lower, reverse=True)
    assert [one.agent for one in found[:2]] == ["fixer", "tester"]
    assert (await routing(graph).recommend("fix the exporter", MatchContext(project=project))).agent == "fixer"


@pytest.mark.lengthy
async def test_the_learned_pattern_goes_first_if_its_agent_may_be_told(graph: Graph) -> None:
    project, thing = somewhere(), learning.word()
    await history(graph, project, tester=(6, 0))
    prompt = f"fix the timeout of {thing} in the importer"
    agent = learning.word()
    one = Learned([prompt], project=project, agent=agent, successes=3, failures=0)
    await learn(graph, one)
    await set_plan(graph, one, plan("Read", "Edit", agent=agent))
    found = await routing(graph).recommend(prompt, MatchContext(project=project))
    assert (found.agent, found.strategy) == (agent, RoutingStrategy.LEARNED_PATTERN)
    assert (found.choice.pattern_id, found.choice.historical_agent) == (one.pattern_id, "tester")
    assert (found.choice.pattern_score or 0.0) >= 0.85
    seldom = Learned([f"{prompt} quickly"], project=project, agent=agent, successes=2, failures=0)
    await learn(graph, seldom)
    await set_plan(graph, seldom, plan("Read", "Edit", agent=agent))
    told = await routing(graph).recommend(f"{prompt} quickly", MatchContext(project=somewhere()))
    assert told.choice.pattern_id != seldom.pattern_id


@pytest.mark.lengthy
async def test_a_recommendation_is_logged_for_a_trace_once(graph: Graph) -> None:
    project = somewhere()
    await history(graph, project, fixer=(5, 1), tester=(4, 1))
    id_ = await begun(graph, "fix the exporter", project)
    advice, kept = await routing(graph).route(id_, None, MatchContext(), None, now())
    assert kept is not None
    assert (advice.agent, kept.agent, kept.session_id) == ("fixer", "fixer", f"{id_}-s")
    assert (kept.propensity, kept.explore_share, kept.candidates) == (1.0, 0.0, ("fixer", "tester"))
    assert (kept.action, kept.project, kept.historical_agent, kept.pattern_agent) == ("fix", project, "fixer", None)
    again, same = await routing(graph, explore=0.5).route(id_, "fix it", MatchContext(), None, now())
    assert same == kept == await logged(graph, id_)
    assert (again.agent, again.explore_share) == ("fixer", 0.0)
    assert kept in (await routing(graph).page(Page(first=50), None)).recommendations


@pytest.mark.lengthy
async def test_what_is_logged_is_told_again_though_the_prompt_is_not_kept(graph: Graph) -> None:
    project = somewhere()
    await history(graph, project, fixer=(5, 1), tester=(4, 1))
    id_ = await begun(graph, None, project)
    first, kept = await routing(graph).route(id_, "fix the exporter", MatchContext(), None, now())
    again, same = await routing(graph, explore=0.5).route(id_, None, MatchContext(), None, now())
    assert kept == same
    names = ("agent", "strategy", "reason", "propensity", "explore_share", "action", "project")
    assert [getattr(again, name) for name in names] == [getattr(first, name) for name in names]
    assert (again.choice.agent, again.choice.historical_agent) == ("fixer", "fixer")
    assert [one.agent for one in again.choice.candidates] == ["fixer", "tester"]


@pytest.mark.lengthy
async def test_nothing_is_recommended_for_a_trace_that_is_over(graph: Graph) -> None:
    project = somewhere()
    [over, *_] = await history(graph, project, fixer=(5, 1))
    with pytest.raises(InvalidInput, match="over") as error:
        await routing(graph).route(over, None, MatchContext(), None, now())
    assert error.value.field == "correlationId"
    assert (await RecommendationLog(graph).asked(over, None)).recommended is None
    first, *rest = by("fixer", "fix the exporter", project)
    await record(Traces(graph), first)
    _, kept = await routing(graph).route(first.correlation_id, None, MatchContext(), None, now())
    await record(Traces(graph), *rest)
    advice, same = await routing(graph).route(first.correlation_id, None, MatchContext(), None, now())
    assert (advice.agent, same) == ("fixer", kept)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_chance_is_logged_with_its_propensity_and_is_the_same_for_a_session(graph: Graph) -> None:
    project = somewhere()
    await history(graph, project, fixer=(5, 0), tester=(3, 2))
    found = []
    for number in range(12):
        id_ = new_id()
        for each in ("a", "b"):
            start = TraceStarted(
                correlation_id=f"{id_}-{each}", prompt_text="fix the exporter", project=project, timestamp=now(),
                session_id=f"session-{number}-of-{project}",
            )  # fmt: skip
            await record(Traces(graph), start)
        both = [
            (await routing(graph, explore=0.5).route(f"{id_}-{each}", None, MatchContext(), None, now()))[1]
            for each in ("a", "b")
        ]
        assert both[0] is not None
        assert both[1] is not None
        assert (both[0].agent, both[0].unit) == (both[1].agent, both[1].unit)
        found.append(both[0])
    probable = {"fixer": 0.75, "tester": 0.25}
    assert all(one.propensity == pytest.approx(probable[one.agent]) for one in found)


@pytest.mark.lengthy
async def test_what_came_of_it_is_said_when_the_trace_is_over(graph: Graph) -> None:
    project = somewhere()
    await history(graph, project, fixer=(5, 1))
    long_ago = datetime.fromisoformat("2026-03-01T10:00:00+00:00")
    expected = {}
    for agent, success in (("fixer", True), ("tester", False), (None, True)):
        first, *rest = by(agent, "fix the exporter", project, success=success, at=long_ago)
        await record(Traces(graph), first)
        await routing(graph).route(first.correlation_id, None, MatchContext(), None, long_ago)
        assert (await logged(graph, first.correlation_id)).outcome is None
        await record(Traces(graph), *rest)
        expected[first.correlation_id] = (
            ReplayOutcome.SUCCESS if success else ReplayOutcome.FAILURE,
            agent,
            agent == "fixer",
        )
    await settle(graph)
    for id_, told in expected.items():
        found = await logged(graph, id_)
        assert (found.outcome, found.ran, found.followed) == told
        assert found.settled_at is not None


@pytest.mark.lengthy
async def test_another_policy_is_estimated_from_the_log(graph: Graph) -> None:
    project = somewhere()
    await history(graph, project, fixer=(5, 1))
    first, *rest = by("fixer", "fix the exporter", project)
    await record(Traces(graph), first)
    await routing(graph).route(first.correlation_id, None, MatchContext(), None, now())
    await record(Traces(graph), *rest)
    await settle(graph)
    found = await routing(graph).effect(RoutingPolicy.LEARNED_FIRST, None, 30)
    assert found.complete
    assert found.decisions >= 1
    for policy, agent, days, field in (
        (RoutingPolicy.ONE_AGENT, None, 30, "agent"),
        (RoutingPolicy.UNIFORM, "fixer", 30, "agent"),
        (RoutingPolicy.UNIFORM, None, 0, "days"),
    ):
        with pytest.raises(InvalidInput) as error:
            await routing(graph).effect(policy, agent, days)
        assert error.value.field == field


@pytest.mark.lengthy
async def test_who_may_not_see_a_trace_has_nothing_recommended_for_it(graph: Graph) -> None:
    project = somewhere()
    await history(graph, project, fixer=(5, 1))
    id_ = await begun(graph, "fix the exporter", project, user="ann")
    for one, principal in ((id_, Principal(subject="bob")), (new_id(), None)):
        with pytest.raises(NotFound):
            await routing(graph).route(one, None, MatchContext(), principal, now())
    with pytest.raises(InvalidInput, match="not kept"):
        await routing(graph).route(await begun(graph, None, project), None, MatchContext(), None, now())
    nobody = await begun(graph, "the exporter", somewhere())
    advice, kept = await routing(graph).route(nobody, None, MatchContext(), None, now())
    assert (advice.agent, kept) == (None, None)
    assert (await RecommendationLog(graph).asked(nobody, None)).recommended is None


async def test_the_subagent_that_was_asked_counts_where_no_agent_was_chosen(graph: Graph) -> None:
    project, thing = somewhere(), learning.word()
    steps = [("Task", {"subagent_type": "Explore", "prompt": "look"}), *FIXING]
    stories = [learning.told(f"fix the {thing}", steps, project=project) for _ in range(2)]
    ids = await learning.tell(graph, *stories)
    await learning.learn(learning.learner(graph), ids)
    assert await counted(graph, project) == {"Explore": (2, 0)}
