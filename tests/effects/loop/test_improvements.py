"""Proposals and their candidate versions, on every engine."""

from __future__ import annotations

import asyncio

import pytest

from loopgraph.computes.loop.proposing.risk import assess
from loopgraph.contracts.audit import EventFilter, EventType
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.patterns import Direction, EvolutionType, PatternStatus, RelationshipType
from loopgraph.contracts.loop.feedback import Improvement, ImprovementStatus, NewImprovement
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.loop.improvements import Improvements
from loopgraph.errors import Conflict, InvalidInput, NotFound
from support.feedback import TESTER, Subject, make_subject


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph, parameters={"timeout_ms": 1000, "depth": 3}, tags=("greeting",))


async def propose(subject: Subject, **wanted: object) -> Improvement:
    new = NewImprovement.model_validate({"pattern_id": subject.pattern_id, **wanted})
    return await Improvements(subject.graph, assess).propose(new, TESTER)


async def test_a_proposal_makes_a_draft_that_is_derived_from_the_current_version(subject: Subject) -> None:
    improvement = await propose(
        subject,
        template_code="print('hi')",
        parameters={"timeout_ms": 2000, "width": 4},
        description="shorter",
        expected_delta=0.1,
    )
    assert improvement == await subject.reads.improvement(improvement.improvement_id)
    assert (improvement.status, improvement.run_id, improvement.source) == (ImprovementStatus.PROPOSED, None, "user")
    assert improvement.proposed_changes["parameters"] == {
        "depth": {"from": 3},
        "timeout_ms": {"from": 1000, "to": 2000},
        "width": {"to": 4},
    }
    assert improvement.proposed_changes["template_hash"]["from"] != improvement.proposed_changes["template_hash"]["to"]
    lineage = LineageReads(subject.graph)
    version = (await lineage.versions([improvement.candidate_node_id]))[improvement.candidate_node_id]
    assert (version.version, version.status, version.evolution_type) == (
        2,
        PatternStatus.DRAFT,
        EvolutionType.IMPROVEMENT,
    )
    assert (version.template_code, version.tags, version.change_summary) == ("print('hi')", ("greeting",), "shorter")
    [edge] = await lineage.edges([version.node_id], Direction.ANCESTORS, list(RelationshipType))
    assert (edge.source_node_id, edge.relationship_type) == (subject.node_id, RelationshipType.DERIVED_FROM)
    assert (await lineage.patterns([subject.pattern_id]))[subject.pattern_id].current_node_id == subject.node_id
    page = await Events(subject.graph).page(EventFilter(node_id=version.node_id), Page(first=10))
    assert {event.event_type for event in page.events} == {EventType.VERSION_DERIVED, EventType.IMPROVEMENT_PROPOSED}
    assert {event.correlation_id for event in page.events} == {"test-feedback"}


async def test_what_is_not_named_is_that_of_the_base(subject: Subject) -> None:
    first = await propose(subject, template_code="print('one')")
    second = await propose(subject, base_node_id=first.candidate_node_id, parameters={"depth": 4})
    versions = await LineageReads(subject.graph).versions([first.candidate_node_id, second.candidate_node_id])
    assert versions[first.candidate_node_id].parameters == {"timeout_ms": 1000, "depth": 3}
    assert versions[second.candidate_node_id].template_code == "print('one')"
    assert second.base_node_id == first.candidate_node_id


async def test_proposing_is_idempotent_by_id(subject: Subject) -> None:
    id_ = f"{subject.pattern_id}-improvement"
    made = await asyncio.gather(*(propose(subject, improvement_id=id_, template_code="print(1)") for _ in range(3)))
    assert made[0] == made[1] == made[2]
    assert (await LineageReads(subject.graph).patterns([subject.pattern_id]))[subject.pattern_id].latest_version == 2
    with pytest.raises(Conflict, match="other content"):
        await propose(subject, improvement_id=id_, template_code="print(2)")


async def test_a_proposal_that_makes_no_sense_changes_nothing(subject: Subject) -> None:
    other = await make_subject(subject.graph)
    drafts = await make_subject(subject.graph, activate=False)
    with pytest.raises(NotFound, match="no Pattern"):
        await propose(subject, pattern_id="nothing-here", template_code="x")
    with pytest.raises(NotFound, match="no PatternVersion"):
        await propose(subject, base_node_id="nothing-here", template_code="x")
    with pytest.raises(InvalidInput, match=f"is a version of {other.pattern_id}") as wrong:
        await propose(subject, base_node_id=other.node_id, template_code="x")
    assert wrong.value.field == "baseNodeId"
    with pytest.raises(InvalidInput, match="name the version to improve"):
        await propose(drafts, template_code="x")
    with pytest.raises(InvalidInput, match="must differ"):
        await propose(subject, template_code="print('good')", parameters={"depth": 3, "timeout_ms": 1000})
    assert (await LineageReads(subject.graph).patterns([subject.pattern_id]))[subject.pattern_id].latest_version == 1
    assert (await propose(drafts, base_node_id=drafts.node_id, template_code="x")).base_node_id == drafts.node_id


@pytest.mark.lengthy
async def test_the_same_candidate_is_refused_while_it_is_open(subject: Subject) -> None:
    first = await propose(subject, template_code="print('hi')", parameters={"depth": 4})
    with pytest.raises(Conflict, match="same candidate") as refused:
        await propose(subject, template_code="print('hi')", parameters={"depth": 4}, improvement_type="quality")
    assert refused.value.id == first.improvement_id
    await propose(subject, template_code="print('hi')", parameters={"depth": 5})
    await subject.loop.reject_improvement(first.improvement_id, "later", TESTER)
    again = await propose(subject, template_code="print('hi')", parameters={"depth": 4})
    assert again.improvement_id != first.improvement_id
    outcomes = await asyncio.gather(
        *(propose(subject, template_code="print('at once')") for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 3 + ["Improvement"]
