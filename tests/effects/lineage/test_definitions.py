"""Versions of definitions are found by the text that a model was given, whoever made them and however."""

from __future__ import annotations

import pytest

from loopgraph.contracts.bodies import body_digest
from loopgraph.contracts.changes import ImportedVersion, NewPattern, NewVersion
from loopgraph.contracts.definitions import DefinitionKind
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.definitions import MOST_OF_ONE_BODY, DefinitionReads
from loopgraph.effects.lineage.imports import LineageImport
from support.lineage import Room


@pytest.fixture
def room(graph: Graph) -> Room:
    return Room.on(graph)


def file(body: str, name: str = "triage") -> str:
    return f"---\nname: {name}\n---\n\n{body}\n"


@pytest.mark.parametrize("kind", list(DefinitionKind))
async def test_a_version_is_found_by_what_a_model_is_given(room: Room, kind: DefinitionKind) -> None:
    body = f"Look for {new_id()}."
    text = body if kind is DefinitionKind.MEMORY else file(body)
    new = NewPattern(name="triage", pattern_type=kind.value)
    made = await room.lineage.create_pattern(new, NewVersion(template_code=text, activate=True), room.origin)
    added = await room.lineage.add_version(made.pattern.pattern_id, NewVersion(template_code=text + "\n"), room.origin)
    digest = body_digest(f"{body}\r\n")
    found = await DefinitionReads(room.graph).versions_of_bodies([digest, body_digest("nothing"), digest])
    assert [version.node_id for version in found[digest]] == [made.version.node_id, added.version.node_id]
    assert found.keys() == {digest}
    assert (await room.reads.versions([made.version.node_id])).popitem()[1].body_digest == digest
    assert found[digest][0].pattern_type == kind.value


async def test_front_matter_tells_files_apart_and_bodies_not(room: Room) -> None:
    body, versions = new_id(), []
    for name in ("a", "b"):
        new = NewPattern(name=name, pattern_type="skill")
        created = await room.lineage.create_pattern(new, NewVersion(template_code=file(body, name)), room.origin)
        versions.append(created.version)
    assert versions[0].template_hash != versions[1].template_hash
    assert versions[0].body_digest == versions[1].body_digest == body_digest(body)


@pytest.mark.parametrize(
    ("pattern_type", "text"), [("prompt", "Summarise"), ("skill", ""), ("skill", "---\na: b\n---\n \n")]
)
async def test_other_patterns_and_empty_bodies_have_no_digest(room: Room, pattern_type: str, text: str) -> None:
    new = NewPattern(name="x", pattern_type=pattern_type)
    created = await room.lineage.create_pattern(new, NewVersion(template_code=text), room.origin)
    assert created.version.body_digest is None


async def test_a_command_in_toml_is_found_by_its_prompt(room: Room) -> None:
    prompt = f"Review {new_id()} with {{{{args}}}}"
    new = NewPattern(name="review", pattern_type="command")
    toml = NewVersion(template_code=f'prompt = "{prompt}"\n', metadata={"path": ".gemini/commands/review.toml"})
    created = await room.lineage.create_pattern(new, toml, room.origin)
    assert created.version.body_digest == body_digest(prompt)


async def test_of_a_body_that_very_many_have_some_are_read(room: Room) -> None:
    body, pattern = new_id(), NewPattern(pattern_id=new_id(), name="copied", pattern_type="skill")
    history = [
        ImportedVersion(pattern=pattern, version=NewVersion(node_id=new_id(), template_code=file(body), parents=()))
        for _ in range(MOST_OF_ONE_BODY + 1)
    ]
    await LineageImport(room.graph).add(history, room.origin)
    digest = body_digest(body)
    assert len((await DefinitionReads(room.graph).versions_of_bodies([digest]))[digest]) == MOST_OF_ONE_BODY
    assert await DefinitionReads(room.graph).versions_of_bodies([]) == {}
