"""Learned patterns that should be one, or two, are proposed with evidence, and become that when somebody says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson
import pytest

from loopgraph.contracts.base import Page
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.plans import Standing
from loopgraph.contracts.learning.proposals import PlanProposal, ProposalKind, ProposalStatus
from loopgraph.contracts.lineage.changes import NewVersion
from loopgraph.contracts.loop.user_feedback import NewFeedback
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offline_model import OfflineModel
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.effects.learning.proposals import ProposalLog
from loopgraph.effects.learning.rounds import LearningRounds
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.schema import schema
from loopgraph.errors import Conflict, InvalidTransition, NotFound
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from loopgraph.orchestrators.learning.upkeep import Upkeep
from loopgraph.settings import Settings
from support import learning
from support.feedback import TESTER
from support.learning import FIXING
from support.prepared import prepared
from support.proposals import doubles, proposed
from support.said import taking_feedback
from support.traces import statement
from support.waiting import until

MODEL = OfflineModel()
WRITING = (("WebFetch", {"url": "http://a.b"}), ("Write", {"file_path": "/src/readme.md"}), ("Grep", {"pattern": "x"}))


def upkeep(graph: Graph, **other: Any) -> tuple[Upkeep, Matching]:
    reads = PromptReads(graph)
    search = PromptSearch(reads, MODEL)
    matching = Matching(search, reads)
    told = {"merge_at": 0.6, "prune_below": 0.3, "keep": str, "log": ProposalLog(graph, timedelta(0))}
    return Upkeep(graph, other.pop("matching", matching), search, **{**told, **other}), matching


async def looked(graph: Graph, keeping: Upkeep) -> None:
    """All is looked at, once services of other modules on this graph have let go of it: while one has it, nothing is."""

    async def nothing_is_left() -> bool:
        return await is_free(graph) and not await keeping.look() and await is_free(graph)

    await until(nothing_is_left)


async def is_free(graph: Graph) -> bool:
    return not (await ProposalLog(graph, timedelta(0)).looked()).is_others


async def about(graph: Graph, *pattern_ids: str) -> list[PlanProposal]:
    """The proposals about just these patterns, newest first."""
    found = await ProposalLog(graph).page(None, None, Page(first=500))
    return [one for one in found if {one.pattern_id, one.other_id} - {None} == set(pattern_ids)]


async def edges(graph: Graph, node_id: str) -> set[tuple[str, str]]:
    """The edges into a version: type, and the pattern that they come from."""
    rows = await statement(
        graph,
        "MATCH (v:PatternVersion {node_id: $id}) MATCH (v)<-[r]-(w:PatternVersion) RETURN type(r) AS type, "
        "w.pattern_id AS pattern_id",
        id=node_id,
    )
    return {(row["type"], row["pattern_id"]) for row in rows}


@pytest.fixture
async def own_graph(tmp_path: Path) -> AsyncIterator[Graph]:
    """A graph without the patterns of other tests: what differs in names alone is alike, and each is proposed to be part of one
    other only."""
    async with Graph.open(Settings(graph_url=f"embedded:{prepared(tmp_path / 'graph')}")) as graph:
        await schema.prepare(graph)
        yield graph


class Alike:
    """These patterns match each other's prompts, whatever they say."""

    def __init__(self, pattern_ids: Sequence[str]) -> None:
        self._scores = [(id_, 0.9 - 0.1 * place) for place, id_ in enumerate(pattern_ids)]

    async def closest(self, prompt_text: str, features: Any, context: MatchContext) -> Sequence[tuple[str, float]]:
        return self._scores

    async def prepare(self, texts: Sequence[str]) -> None: ...


class Joining:
    """Whatever comes joins one pattern."""

    def __init__(self, pattern_id: str) -> None:
        self._pattern_id = pattern_id

    async def closest(self, prompt_text: str, features: Any, context: MatchContext) -> Sequence[tuple[str, float]]:
        return [(self._pattern_id, 0.99)]

    async def look(self) -> None: ...

    async def prepare(self, texts: Sequence[str]) -> None: ...

    async def among(self, prompts: Sequence[Any], at_least: float) -> Sequence[Mapping[int, float]]:
        return [{} for _ in prompts]


@pytest.mark.lengthy
async def test_what_is_alike_by_meaning_is_proposed_and_becomes_one(own_graph: Graph) -> None:
    graph = own_graph
    greater, other = await doubles(graph)
    keeping, matching = upkeep(graph)
    await matching.look()
    await looked(graph, keeping)
    [proposal] = await about(graph, greater, other)
    assert (proposal.kind, proposal.status) == (ProposalKind.MERGE, ProposalStatus.OPEN)
    assert (proposal.pattern_id, proposal.other_id) == (other, greater)
    assert (proposal.evidence.successes, proposal.evidence.other_successes) == (2, 3)
    assert proposal.evidence.score >= 0.6
    assert proposal.evidence.plan_similarity == 1.0

    done = await keeping.accept(proposal.proposal_id, "the same", TESTER)
    assert (done.status, done.decided_by, done.reason) == (ProposalStatus.ACCEPTED, TESTER.actor_id, "the same")
    one, gone = await learning.learned(graph, greater), await learning.learned(graph, other)
    assert (one["learned"]["successes"], one["learned"]["failures"]) == (5, 0)
    assert gone["learned"]["standing"] == Standing.MERGED
    assert one["node_id"] == done.node_id
    assert await edges(graph, one["node_id"]) == {("REFINED_FROM", greater), ("MERGED_INTO", other)}
    assert len(one["exemplars"]) == 2
    assert gone["exemplars"] == []
    assert all(len(step["supporting"]) == 5 for step in one["steps"])
    rows = await statement(
        graph,
        "MATCH (l:LearnedPattern {pattern_id: $id}) OPTIONAL MATCH (t:Trace)-[:TAUGHT]->(l) RETURN count(t) AS n",
        id=greater,
    )
    assert rows[0]["n"] == 5

    await matching.look()
    found = await matching.match(one["exemplars"][0], MatchContext(project="/src"), max_results=25)
    assert [match.pattern.pattern_id for match in found if match.pattern.pattern_id in (greater, other)] == [greater]
    with pytest.raises(InvalidTransition):
        await keeping.accept(proposal.proposal_id, None, TESTER)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_what_was_taught_follows_the_merge(graph: Graph) -> None:
    keeping, _ = upkeep(graph)
    proposal = await proposed(graph)
    assert proposal.other_id is not None
    [row, *_] = await statement(
        graph,
        "MATCH (l:LearnedPattern {pattern_id: $id}) MATCH (t:Trace)-[:TAUGHT]->(l) RETURN t.correlation_id AS id, "
        "t.prompt_text AS prompt",
        id=proposal.pattern_id,
    )
    await keeping.accept(proposal.proposal_id, None, TESTER)
    learner = learning.learner(graph)
    await taking_feedback(graph).submit(NewFeedback(correlation_id=row["id"], rating=1), TESTER, None)
    await learning.learn(learner, [row["id"]])
    one = await learning.learned(graph, proposal.other_id)
    assert (one["learned"]["successes"], one["learned"]["failures"]) == (4, 1)
    [taught] = await learning.taught(graph, [row["id"]])
    assert (taught["pattern_id"], taught["role"]) == (proposal.other_id, "failure")

    ids = await learning.tell(graph, learning.told(row["prompt"]))  # in the words of the one that is gone
    await learning.learn(learner, ids)
    assert [each["pattern_id"] for each in await learning.taught(graph, ids)] == [proposal.other_id]


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_what_is_dismissed_is_not_proposed_again_until_the_evidence_is_another(own_graph: Graph) -> None:
    graph = own_graph
    greater, other = await doubles(graph)
    keeping, matching = upkeep(graph)
    await matching.look()
    await looked(graph, keeping)
    [proposal] = await about(graph, greater, other)
    done = await keeping.dismiss(proposal.proposal_id, "not the same", TESTER)
    assert (done.status, done.reason) == (ProposalStatus.DISMISSED, "not the same")
    touch = "MATCH (l:LearnedPattern {pattern_id: $id}) SET l.updated_at = $at RETURN 1 AS n"
    await statement(graph, touch, id=other, at=now())
    await looked(graph, keeping)
    [same] = await about(graph, greater, other)
    assert (same.proposal_id, same.status) == (proposal.proposal_id, ProposalStatus.DISMISSED)
    with pytest.raises(InvalidTransition):
        await keeping.dismiss(proposal.proposal_id, None, TESTER)
    with pytest.raises(NotFound):
        await keeping.dismiss("nothing", None, TESTER)


@pytest.mark.lengthy
async def test_what_is_dismissed_keeps_neither_pattern_from_a_third(graph: Graph) -> None:
    thing = learning.word()
    stories = [learning.told(f"fix the {thing} lighthouse lamp") for _ in range(3)]
    stories += [learning.told(f"repair the dim {thing} lighthouse") for _ in range(2)]
    stories += [learning.told(f"repair the broken {thing} window") for _ in range(2)]
    ids = await learning.tell(graph, *stories)
    await learning.learn(learning.learner(graph), ids)
    rows = {row["id"]: row["pattern_id"] for row in await learning.taught(graph, ids)}
    every = [rows[ids[0]], rows[ids[3]], rows[ids[5]]]
    assert len(set(every)) == 3
    keeping = upkeep(graph, matching=Alike(every))[0]
    pairs = set()
    for _ in range(3):
        touch = (
            "UNWIND $ids AS id MATCH (l:LearnedPattern {pattern_id: id}) SET l.updated_at = $at RETURN count(l) AS n"
        )
        await statement(graph, touch, ids=every, at=now())
        await looked(graph, keeping)
        for one in [each for pair in combinations(every, 2) for each in await about(graph, *pair)]:
            if one.status is ProposalStatus.OPEN:
                pairs.add(frozenset({one.pattern_id, one.other_id}))
                await keeping.dismiss(one.proposal_id, "not the same", TESTER)
    assert pairs == set(map(frozenset, combinations(every, 2)))


@pytest.mark.lengthy
async def test_of_two_who_decide_at_once_one_does(graph: Graph) -> None:
    proposal = await proposed(graph)
    answers = await asyncio.gather(
        *(upkeep(graph)[0].accept(proposal.proposal_id, None, TESTER) for _ in range(2)), return_exceptions=True
    )
    assert sum(isinstance(answer, PlanProposal) for answer in answers) == 1
    [refused] = [answer for answer in answers if not isinstance(answer, PlanProposal)]
    assert isinstance(refused, InvalidTransition | Conflict)
    assert proposal.other_id is not None
    one = await learning.learned(graph, proposal.other_id)
    assert (one["learned"]["successes"], one["versions"]) == (5, 2)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_what_has_changed_meanwhile_is_outdated(graph: Graph) -> None:
    proposal = await proposed(graph)
    gone = "MATCH (l:LearnedPattern {pattern_id: $id}) SET l.standing = 'merged' RETURN 1 AS n"
    await statement(graph, gone, id=proposal.pattern_id)
    keeping, _ = upkeep(graph)
    with pytest.raises(Conflict):
        await keeping.accept(proposal.proposal_id, None, TESTER)
    assert proposal.other_id is not None
    [found] = await about(graph, proposal.pattern_id, proposal.other_id)
    assert found.status is ProposalStatus.OUTDATED


async def edited(graph: Graph, pattern_id: str) -> str:
    """Somebody puts a version without the last steps in use; its own id."""
    one = await learning.learned(graph, pattern_id)
    rows = await statement(
        graph, "MATCH (v:PatternVersion {node_id: $id}) RETURN v.template_code AS text", id=one["node_id"]
    )
    plan = orjson.loads(rows[0]["text"])
    plan["steps"] = plan["steps"][:1]
    new = NewVersion(template_code=orjson.dumps(plan).decode(), activate=True, change_summary="by hand")
    await Lineage(graph).add_version(pattern_id, new, TESTER)
    return str((await learning.learned(graph, pattern_id))["node_id"])


@pytest.mark.lengthy
@pytest.mark.parametrize("which", ["pattern_id", "other_id"])
async def test_an_edit_made_meanwhile_stays_in_use_and_the_merge_is_outdated(graph: Graph, which: str) -> None:
    proposal = await proposed(graph)
    assert proposal.other_id is not None
    id_ = getattr(proposal, which)
    node_id = await edited(graph, id_)
    with pytest.raises(Conflict):
        await upkeep(graph)[0].accept(proposal.proposal_id, None, TESTER)
    [found] = await about(graph, proposal.pattern_id, proposal.other_id)
    assert found.status is ProposalStatus.OUTDATED
    assert (await learning.learned(graph, id_))["node_id"] == node_id


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_split_of_what_was_edited_meanwhile_is_outdated(graph: Graph) -> None:
    pattern_id, _ = await mixed(graph)
    keeping, _ = upkeep(graph, merge_at=0.95)
    await looked(graph, keeping)
    [proposal] = [one for one in await about(graph, pattern_id) if one.kind is ProposalKind.SPLIT]
    node_id = await edited(graph, pattern_id)
    with pytest.raises(Conflict):
        await keeping.accept(proposal.proposal_id, None, TESTER)
    [found] = [one for one in await about(graph, pattern_id) if one.proposal_id == proposal.proposal_id]
    assert found.status is ProposalStatus.OUTDATED
    assert (await learning.learned(graph, pattern_id))["node_id"] == node_id


async def mixed(graph: Graph) -> tuple[str, list[str]]:
    """A pattern of two kinds, each of four traces; its id, and theirs."""
    thing = learning.word()
    first = f"fix the tide tables of {thing}"
    ids = await learning.tell(graph, learning.told(first))
    await learning.learn(learning.learner(graph), ids)
    [row] = await learning.taught(graph, ids)
    joining = learning.learner(graph, closest=Joining(row["pattern_id"]))
    more = [learning.told(f"{first} in the {where}") for where in ("harbour", "estuary", "lagoon")]
    others = [
        learning.told(f"fix the spelling of the {what} in the readme of the museum", WRITING)
        for what in ("title", "introduction", "licence", "credits")
    ]
    ids += await learning.tell(graph, *more, *others)
    await learning.learn(joining, ids[1:])
    return row["pattern_id"], ids


@pytest.mark.lengthy
async def test_a_mixed_pattern_is_proposed_to_be_two_and_becomes_two(graph: Graph) -> None:
    pattern_id, ids = await mixed(graph)
    before = await learning.learned(graph, pattern_id)
    assert before["learned"]["successes"] == 8

    keeping, _ = upkeep(graph, merge_at=0.95)
    await looked(graph, keeping)
    [proposal] = [one for one in await about(graph, pattern_id) if one.kind is ProposalKind.SPLIT]
    evidence = proposal.evidence
    assert {evidence.successes, evidence.other_successes} == {4}
    assert evidence.plan_similarity < 0.5
    done = await keeping.accept(proposal.proposal_id, None, TESTER)
    assert done.other_id is not None
    old, new = await learning.learned(graph, pattern_id), await learning.learned(graph, done.other_id)
    assert (old["learned"]["successes"], new["learned"]["successes"]) == (4, 4)
    assert {tuple(step["name"] for step in each["steps"]) for each in (old, new)} == {
        tuple(name for name, _ in steps) for steps in (FIXING, WRITING)
    }
    assert await edges(graph, new["node_id"]) == {("FORKED_FROM", pattern_id)}
    assert sorted(old["exemplars"] + new["exemplars"]) == before["exemplars"]
    assert len({"spelling" in text for text in new["exemplars"]}) == 1
    taught = {one["id"]: one["pattern_id"] for one in await learning.taught(graph, ids)}
    assert {taught[id_] for id_ in ids[:4]} | {taught[id_] for id_ in ids[4:]} == {pattern_id, done.other_id}
    assert len({taught[id_] for id_ in ids[4:]}) == 1
    await looked(graph, keeping)
    assert await about(graph, pattern_id) == []


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_no_more_are_looked_at_than_is_allowed_and_one_process_at_a_time(graph: Graph) -> None:
    await doubles(graph)
    holder, other = ProposalLog(graph, timedelta(hours=1)), ProposalLog(graph, timedelta(hours=1))
    while not await holder.propose(await holder.looked(), None, []):
        pass
    assert (await other.looked()).is_others
    assert not (await holder.looked()).is_others
    keeping, _ = upkeep(graph, log=other)
    assert await keeping.look() == 0
    release = ProposalLog(graph, timedelta(0))
    assert await release.propose(await release.looked(), None, [])
    some = await release.changed((await release.looked())._replace(pattern_id="", at=(await _begin(graph))), 3)
    assert len(some) <= 3


async def _begin(graph: Graph) -> Any:
    [row] = await statement(graph, "MATCH (l:LearnedPattern) RETURN min(l.updated_at) AS at")
    return row["at"]


@pytest.mark.lengthy
async def test_patterns_are_known_by_what_they_are_part_of(graph: Graph) -> None:
    proposal = await proposed(graph)
    keeping, _ = upkeep(graph)
    await keeping.accept(proposal.proposal_id, None, TESTER)
    gone = await learning.learned(graph, proposal.pattern_id)
    found = await LearningRounds(graph).of_features([gone["learned"]["feature_key"]])
    assert found == {gone["learned"]["feature_key"]: [proposal.other_id]}
