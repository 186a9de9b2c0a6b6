"""Whichever way a version is made, the form of its text is kept with it."""

from __future__ import annotations

import pytest

from loopgraph.computes.agents import uses
from loopgraph.computes.definitions.choice import choose
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.changes import ImportedVersion, NewPattern, NewVersion
from loopgraph.contracts.lineage.text_form import form_of, kept_form
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.traces.recording.writes import TraceWrites
from support.feedback import make_subject
from support.traces import at, record, statement

ORIGIN = Origin(actor_id="tester")
TEXT = "Sort the list {items} by its keys, and say TODO."


async def created(graph: Graph) -> str:
    new = NewVersion(template_code=TEXT, parameters={"items": "a list"})
    return (await Lineage(graph).create_pattern(NewPattern(name="sort"), new, ORIGIN)).version.node_id


async def added(graph: Graph) -> str:
    lineage = Lineage(graph)
    pattern_id = (await lineage.create_pattern(NewPattern(name="sort"), NewVersion(), ORIGIN)).pattern.pattern_id
    new = NewVersion(template_code=TEXT, parameters={"items": "a list"})
    return (await lineage.add_version(pattern_id, new, ORIGIN)).version.node_id


async def imported(graph: Graph) -> str:
    node_id = new_id()
    version = NewVersion(node_id=node_id, template_code=TEXT, parameters={"items": "a list"}, parents=())
    await LineageImport(graph).add(
        [ImportedVersion(pattern=NewPattern(pattern_id=new_id(), name="sort"), version=version)], ORIGIN
    )
    return node_id


async def proposed(graph: Graph) -> str:
    subject = await make_subject(graph)
    return (await subject.propose(TEXT, parameters={"items": "a list"})).candidate_node_id


@pytest.mark.parametrize("make", [created, added, imported, proposed])
async def test_the_form_of_a_text_is_kept_with_its_version(graph: Graph, make: object) -> None:
    node_id = await make(graph)  # type: ignore[operator]
    version = (await LineageReads(graph).versions([node_id]))[node_id]
    form = kept_form(version.text_form)
    assert form == form_of(TEXT, ["items"])
    assert form is not None
    assert form.placeholders == pytest.approx(0.8)


async def test_so_is_that_of_a_text_that_was_seen_in_use(graph: Graph) -> None:
    name, trace = f"sort-{new_id()}", new_id()
    told = uses.skill_used(
        new_id(), f"toolu-{trace}", trace, name, timestamp=at(0), text=TEXT, digests=(body_digest(TEXT),)
    )
    await record(TraceWrites(graph, choosing=choose), Observation(event=told, source="transcript"))  # type: ignore[arg-type]
    rows = await statement(
        graph, "MATCH (v:PatternVersion {pattern_name: $name}) RETURN v.node_id AS node_id", name=name
    )
    [version] = (await LineageReads(graph).versions([row["node_id"] for row in rows])).values()
    assert version.template_code == TEXT
    assert kept_form(version.text_form) == form_of(TEXT)


async def test_a_version_without_words_has_none(graph: Graph) -> None:
    made = await Lineage(graph).create_pattern(NewPattern(name="sort"), NewVersion(template_code="--"), ORIGIN)
    assert made.version.text_form is None
