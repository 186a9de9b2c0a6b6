"""Versions of definitions are found by the text that a model was given, whoever made them and however."""

from __future__ import annotations

import pytest

from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.changes import ImportedVersion, NewPattern, NewVersion
from loopgraph.contracts.lineage.definitions import UNCOMMITTED, DefinitionKind
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage import definitions
from loopgraph.effects.lineage.definitions import MOST_OF_ONE_BODY, CommittedText, DefinitionReads
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


async def test_patterns_whose_ids_begin_so_come_in_pages(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "_PAGE", 2)
    identity = new_id().replace("-", "")
    ids = [f"git:{identity}:{letter}" for letter in "edcba"] + [f"git:{identity}0:a", f"git:{identity}"]
    for id_ in ids:
        new = NewPattern(pattern_id=id_, name="x", pattern_type="skill")
        await room.lineage.create_pattern(new, NewVersion(activate=id_.endswith("a")), room.origin)
    reads = DefinitionReads(room.graph)
    found = await reads.patterns_of_prefix(f"git:{identity}:")
    assert [pattern.pattern_id for pattern in found] == sorted(ids[:5])
    assert [pattern.current_node_id is not None for pattern in found] == [True, False, False, False, False]
    assert identity in await reads.git_identities()


async def test_a_text_that_a_commit_has_is_told_with_that_commit(room: Room) -> None:
    new = NewPattern(name="x", pattern_type="skill")
    texts = [("same", True), ("other", True), ("same", False)]
    made = await room.lineage.create_pattern(new, NewVersion(template_code="first", activate=True), room.origin)
    pattern_id, ids = made.pattern.pattern_id, []
    for text, seen in texts:
        version = NewVersion(template_code=text, activate=True, tags=(UNCOMMITTED,) if seen else (), label="abc")
        ids.append((await room.lineage.add_version(pattern_id, version, room.origin)).version.node_id)
    reads = DefinitionReads(room.graph)
    assert await reads.committed_texts([pattern_id, "unknown"]) == [CommittedText(ids[0], ids[2], "abc")]
    await room.lineage.deprecate(ids[0], "committed as abc", ids[2], room.origin)
    assert await reads.committed_texts([pattern_id]) == []
