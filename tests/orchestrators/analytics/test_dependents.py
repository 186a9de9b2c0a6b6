"""The blast radius of a pattern on every engine: uses, experiments, descendants, and who may see what."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from loopgraph.contracts.analytics.dependents import Affected, BlastRadius
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.changes import NewEdge, NewPattern, NewVersion, ParentLink
from loopgraph.contracts.lineage.patterns import RelationshipType
from loopgraph.contracts.traces.events import HookExecuted, RoutingDecided, TraceEvent, TraceStarted
from loopgraph.effects.analytics import dependents
from loopgraph.effects.analytics.dependents import DependentReads
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.errors import NotFound
from loopgraph.orchestrators.analytics.dependents import find_blast_radius
from support.access import mate, owned
from support.feedback import TESTER, make_subject
from support.traces import NOON, Traces, record, statement

SINCE = NOON - timedelta(days=30)


async def radius(
    graph: Graph, pattern_id: str, principal: Principal | None = None, *, since: datetime = SINCE, first: int = 20
) -> BlastRadius:
    reads, lineage = DependentReads(graph), LineageReads(graph)
    return await find_blast_radius(reads, lineage, pattern_id, since, principal, first=first, max_nodes=1_000)


def use(
    node_id: str, at: datetime, *, agent: str | None = None, user: str | None = None, session: str | None = None
) -> list[TraceEvent]:
    """A trace that used a version."""
    trace = new_id()
    routed: list[TraceEvent] = [RoutingDecided(correlation_id=trace, selected_agent=agent)] if agent else []
    return [
        TraceStarted(correlation_id=trace, timestamp=at, user_id=user, session_id=session),
        *routed,
        HookExecuted(correlation_id=trace, execution_id=new_id(), hook_type="T", node_id=node_id, success=True, started_at=at),
    ]  # fmt: skip


async def test_who_used_it_lately(graph: Graph) -> None:
    subject, session, other = await make_subject(graph), new_id(), new_id()
    early, late = NOON - timedelta(days=2), NOON - timedelta(hours=1)
    events = [
        *use(subject.node_id, early, agent="ada-bot", user="ada", session=session),
        *use(subject.node_id, late, agent="ada-bot", user="ada", session=session),
        *use(subject.node_id, late, user="bob", session=other),
        *use(subject.node_id, SINCE - timedelta(seconds=1), agent="past", user="past", session=new_id()),
    ]
    await record(Traces(graph), *events)
    await statement(graph, "MATCH (s:Session {session_id: $id}) SET s.cwd = '/shop'", id=session)
    found = await radius(graph, subject.pattern_id)
    assert (found.uses, found.agent_count, found.session_count, found.user_count, found.project_count) == (
        3,
        2,
        2,
        2,
        1,
    )
    assert found.whole
    assert [(one.node_id, one.uses, one.last_used_at) for one in found.versions] == [(subject.node_id, 3, late)]
    assert found.agents == (
        Affected(name="ada-bot", uses=2, sessions=1, last_used_at=late),
        Affected(name=None, uses=1, sessions=1, last_used_at=late),
    )
    assert [(one.name, one.uses) for one in found.users] == [("ada", 2), ("bob", 1)]
    assert [(one.name, one.uses) for one in found.projects] == [("/shop", 2)]
    assert [(one.session_id, one.uses) for one in found.sessions] == [(session, 2), (other, 1)]
    assert found.derived == () == found.experiment_ids == found.run_ids

    assert len((await radius(graph, subject.pattern_id, first=1)).users) == 1
    await owned(graph)
    bob = await radius(graph, subject.pattern_id, mate("bob"))
    assert (bob.uses, [one.name for one in bob.users], [one.session_id for one in bob.sessions]) == (
        1,
        ["bob"],
        [other],
    )


@pytest.mark.lengthy
async def test_what_of_the_loop_goes_on_over_it(graph: Graph) -> None:
    subject = await make_subject(graph)
    await subject.propose()
    run = await subject.advance(await subject.start(min_sample_size=10))
    found = await radius(graph, subject.pattern_id)
    assert (len(found.experiment_ids), found.run_ids) == (1, (run.run_id,))
    await subject.loop.cancel(run.run_id, TESTER)
    ended = await radius(graph, subject.pattern_id)
    assert ended.experiment_ids == ended.run_ids == ()


async def test_which_patterns_descend_from_it(graph: Graph) -> None:
    """A fork that is in force, a fork of that which is not any more, what merely replaces it, and what is merely related."""
    subject, lineage = await make_subject(graph), Lineage(graph)

    async def fork(source: str) -> tuple[str, str]:
        parent = ParentLink(node_id=source, relationship_type=RelationshipType.FORKED_FROM)
        made = await lineage.create_pattern(
            NewPattern(name="fork"), NewVersion(activate=True, parents=(parent,)), TESTER
        )
        return made.pattern.pattern_id, made.version.node_id

    near, near_version = await fork(subject.node_id)
    far, _ = await fork(near_version)
    await lineage.add_version(far, NewVersion(activate=True, parents=()), TESTER)
    replacement, related = await make_subject(graph), await make_subject(graph)
    await lineage.deprecate(subject.node_id, "old", replacement.node_id, TESTER)
    edge = NewEdge(
        source_node_id=subject.node_id, target_node_id=related.node_id, relationship_type=RelationshipType.RELATED_TO
    )
    await lineage.connect(edge, TESTER)
    await record(Traces(graph), *use(near_version, NOON))

    found = await radius(graph, subject.pattern_id)
    assert [(one.pattern_id, one.versions, one.in_force, one.depth, one.last_used_at) for one in found.derived] == [
        (near, 1, True, 1, NOON),
        (far, 1, False, 2, None),
    ]
    assert found.derived_count == 2
    assert (await radius(graph, far)).derived == ()


async def test_what_is_too_much_is_left_out_and_said(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = await make_subject(graph)
    await record(
        Traces(graph),
        *(event for minute in range(3) for event in use(subject.node_id, NOON - timedelta(minutes=minute))),
    )
    monkeypatch.setattr(dependents, "MOST_USES", 2)
    found = await radius(graph, subject.pattern_id)
    assert (found.uses, found.whole, found.versions[0].last_used_at) == (2, False, NOON)
    monkeypatch.setattr(dependents, "MOST_VERSIONS", 0)
    assert not (await radius(graph, subject.pattern_id)).whole


async def test_a_pattern_that_is_not_there(graph: Graph) -> None:
    with pytest.raises(NotFound):
        await radius(graph, new_id())
