"""A recorded session of a real agent client that used a command, a skill, a subagent and a memory file: which versions these
were, by transcripts, by hooks and by OpenTelemetry, each alone and all together in any order."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from loopgraph.computes.definitions.choice import choose
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.observations import Observation
from loopgraph.contracts.traces.records import Recorded
from loopgraph.contracts.traces.uses import definition_key
from loopgraph.effects.analytics.standing import StandingReads
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.traces.reading.analytics import Analytics
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.orchestrators.traces.uses import UseLinker
from support.quick import first_quick
from support.repositories import Repo
from support.scanning import Scans
from support.traces import statement
from support.uses import FILES, Skills, usage, used

ARRIVED = datetime(2026, 11, 28, 14, 0, tzinfo=UTC)

Told = dict[tuple[str, str], tuple[str | None, str | None, str]]
"""By pattern and trace: the name whose version it was found to be, by which rule, and how it ended."""


async def record(graph: Graph, things: Sequence[Sequence[Observation]], size: int = 1) -> None:
    writes = TraceWrites(graph, choosing=choose)
    for start in range(0, len(things), size):
        batch = [observation for thing in things[start : start + size] for observation in thing]
        outcomes = await writes.record(batch, received_at=ARRIVED)
        assert all(isinstance(outcome, Recorded) for outcome in outcomes), outcomes


async def story(graph: Graph, skills: Skills, ids: dict[str, str]) -> Told:
    names = {id_: name for name, id_ in ids.items()}
    places = {skills.prompt: "prompt", skills.notice: "notice", f"{skills.session}/{skills.agent}": "subagent"}
    rows = (await used(graph, skills.session)).values()
    found = {
        (row["name"].removesuffix(f"-{skills.mark}"), places[row["trace"]]): (
            names.get(row["node_id"]),
            row["rule"],
            row["status"],
        )
        for row in rows
    }
    assert len(found) == len(rows), "each use is one execution, whoever tells of it"
    return found


def by(rule: str, *, memory: bool = True) -> Told:
    told: Told = {
        ("fix", "prompt"): ("fix", rule, "success"),
        ("triage", "prompt"): ("triage", rule, "success"),
        ("reviewer", "subagent"): ("reviewer", rule, "success"),
    }
    if memory:
        told |= {("CLAUDE.md", place): ("CLAUDE.md", rule, "success") for place in ("prompt", "notice")}
    return told


@pytest.mark.lengthy
@pytest.mark.parametrize("size", [1, 100])
async def test_by_transcripts_alone(graph: Graph, size: int) -> None:
    skills = Skills.told()
    ids = await skills.define(graph)
    await record(graph, skills.written(), size)
    assert await story(graph, skills, ids) == by("exact: content")


@pytest.mark.lengthy
@pytest.mark.parametrize("size", [1, 100])
async def test_by_hooks_alone(graph: Graph, size: int) -> None:
    skills = Skills.told()
    ids = await skills.define(graph)
    await record(graph, skills.sent(by_hooks=True), size)
    assert await story(graph, skills, ids) == by("inferred: time")


@pytest.mark.lengthy
@pytest.mark.parametrize("size", [1, 100])
async def test_by_hooks_that_the_shim_hands_on(graph: Graph, tmp_path: Path, size: int) -> None:
    skills = Skills.told(str(tmp_path))
    ids = await skills.define(graph)
    await record(graph, skills.shimmed(tmp_path), size)
    assert await story(graph, skills, ids) == by("exact: file")


@pytest.mark.lengthy
@pytest.mark.parametrize("size", [1, 100])
async def test_by_opentelemetry_alone(graph: Graph, size: int) -> None:
    skills = Skills.told()
    ids = await skills.define(graph)
    await record(graph, skills.sent(by_hooks=False), size)
    assert await story(graph, skills, ids) == by("inferred: time", memory=False)


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", first_quick(range(6)))
async def test_all_together_in_any_order(graph: Graph, seed: int) -> None:
    chance, skills = random.Random(seed), Skills.told()
    things: list[Any] = [*skills.written(), *skills.sent(by_hooks=True), *skills.sent(by_hooks=False)]
    things += chance.sample(things, 5)
    chance.shuffle(things)
    size = chance.choice([1, 5, 40])
    known = chance.randrange(len(things))
    await record(graph, things[:known], size)
    ids = await skills.define(graph)
    await record(graph, things[known:], size)
    await UseLinker(graph, choose).look()
    assert await story(graph, skills, ids) == by("exact: content")
    assert [each[:2] for each in await usage(graph, *(ids[name] for name in sorted(ids)))] == [
        (2, 2),
        (1, 1),
        (1, 1),
        (1, 1),
    ]


async def test_without_any_file(graph: Graph) -> None:
    """As on a machine on which only the transcripts are left."""
    skills = Skills.told()
    await record(graph, skills.written(), 100)
    rows = (await used(graph, skills.session)).values()
    found = {row["name"].removesuffix(f"-{skills.mark}"): (row["text"], row["observed"], row["rule"]) for row in rows}
    assert found == {
        name: (text, True, "exact: content")
        for name, text in {
            "fix": skills.text("fix").split("---\n")[2],
            "triage": skills.text("triage").split("---\n")[2],
            "reviewer": skills.text("reviewer").split("---\n")[2].strip(),
            "CLAUDE.md": skills.text("CLAUDE.md").strip(),
        }.items()
    }


# With the project's history in git


def project(skills: Skills, folder: Path, *texts: Callable[[str], str]) -> Repo:
    """A repository with a commit for each state of its definitions; their dates are years ago."""
    repo = Repo(folder)
    repo.commit(f"root {skills.mark}")
    for number, text in enumerate(texts):
        for name, (_, path) in FILES.items():
            (folder / skills.fresh(path)).parent.mkdir(parents=True, exist_ok=True)
            repo.write(skills.fresh(path), text(skills.text(name)))
        repo.commit(f"state {number}")
    return repo


async def committed(graph: Graph, skills: Skills) -> dict[str, str]:
    """The versions of git that have the texts of the session."""
    found = {}
    for name in FILES:
        [row] = await statement(
            graph,
            """MATCH (v:PatternVersion {definition_key: $key}) WHERE v.template_code = $wanted AND NOT 'observed' IN v.tags
            RETURN v.node_id AS id""",
            key=definition_key(FILES[name][0], name if name == "CLAUDE.md" else f"{name}-{skills.mark}"),
            wanted=skills.text(name),
        )
        found[name] = row["id"]
    return found


@pytest.mark.lengthy
@pytest.mark.parametrize("committed_later", [True, False])
async def test_what_was_only_seen_is_not_listed_beside_the_file(
    graph: Graph, tmp_path: Path, committed_later: bool
) -> None:
    """As of transcripts of another machine: of texts that the project has, too, or of texts that it never had."""
    skills, folder = Skills.told("/somewhere/else"), tmp_path / "proj"
    lineage, reads, analytics = LineageReads(graph), StandingReads(graph), Analytics(graph)
    kinds = sorted(kind for kind, _ in FILES.values() if kind != DefinitionKind.MEMORY)

    async def listed() -> list[tuple[str, ...]]:
        """In force by their names; without a use since tomorrow; in the report."""
        texts, unused, there = (
            [one.pattern_id for kind in kinds for one in (await reads.texts(kind))[0]],
            [
                one.pattern_id
                for kind in kinds
                for one in (await reads.unused(kind, datetime(2100, 1, 1, tzinfo=UTC)))[0]
            ],
            [one.pattern_id for one, _ in await analytics.current_definitions(kinds, 2_000)],
        )
        mine = {id_ for id_, one in (await lineage.patterns(texts + unused + there)).items() if skills.mark in one.name}
        return [tuple(sorted(mine & set(ids))) for ids in (texts, unused, there)]

    await record(graph, skills.written(), 100)
    seen = await listed()
    assert [len(ids) for ids in seen] == [len(kinds)] * 3
    count = await lineage.count_patterns()
    project(skills, folder, lambda text: text if committed_later else text + "another\n")
    await Scans(graph, tmp_path / "home").one(folder)
    await UseLinker(graph, choose).look()
    found = await listed()
    assert [len(ids) for ids in found] == [len(kinds)] * 3
    assert not {*found[0]} & {*seen[0]}, "each stands for its file now"
    assert await lineage.count_patterns() == count + (0 if committed_later else len(FILES))


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("side", "rule"),
    [
        ("transcripts", "exact: content"),
        ("hooks", "inferred: time"),
        ("telemetry", "inferred: time"),
        ("shim", "exact: file"),
    ],
)
async def test_the_version_of_a_commit(graph: Graph, tmp_path: Path, side: str, rule: str) -> None:
    folder = tmp_path / "proj"
    skills = Skills.told(str(folder))
    later = [] if rule == "inferred: time" else [lambda text: text + "after\n"]
    project(skills, folder, lambda text: text + "before\n", lambda text: text, *later)
    await Scans(graph, tmp_path / "home").one(folder)
    told = {
        "transcripts": skills.written,
        "hooks": lambda: skills.sent(by_hooks=True),
        "telemetry": lambda: skills.sent(by_hooks=False),
        "shim": lambda: skills.shimmed(folder),
    }
    await record(graph, told[side](), 10)
    assert await story(graph, skills, await committed(graph, skills)) == by(rule, memory=side != "telemetry")


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", first_quick(range(3)))
@pytest.mark.slow
async def test_a_scan_at_any_moment_brings_the_versions_of_git(graph: Graph, tmp_path: Path, seed: int) -> None:
    chance, folder = random.Random(seed), tmp_path / "proj"
    skills = Skills.told(str(folder))
    project(skills, folder, lambda text: text + "before\n", lambda text: text)
    sides = [skills.written(), skills.sent(by_hooks=True), skills.sent(by_hooks=False), skills.shimmed(folder)]
    things = [thing for side in sides for thing in side]
    chance.shuffle(things)
    moment = chance.randrange(len(things))
    await record(graph, things[:moment], 5)
    await Scans(graph, tmp_path / "home").one(folder)
    await record(graph, things[moment:], 5)
    await UseLinker(graph, choose).look()
    ids = await committed(graph, skills)
    assert await story(graph, skills, ids) == by("exact: content")
    assert [each[:2] for each in await usage(graph, *(ids[name] for name in sorted(ids)))] == [
        (2, 2),
        (1, 1),
        (1, 1),
        (1, 1),
    ]


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_what_was_edited_and_committed_later_is_of_the_commit(graph: Graph, tmp_path: Path) -> None:
    """A text that was in nobody's history when it ran: first it is only seen, then uncommitted, then a commit's."""
    folder = tmp_path / "proj"
    skills, scans, linker = Skills.told(str(folder)), Scans(graph, tmp_path / "home"), UseLinker(graph, choose)
    repo = project(skills, folder, lambda text: text + "before\n")
    await scans.one(folder)
    await record(graph, skills.written(), 100)
    seen = (await used(graph, skills.session)).values()
    assert {(row["observed"], row["rule"]) for row in seen} == {(True, "exact: content")}
    patterns = {row["name"]: row["pattern_id"] for row in seen}
    for name, (_, path) in FILES.items():
        (folder / skills.fresh(path)).write_text(skills.text(name))
    await scans.one(folder)
    await linker.look()
    assert {row["observed"] for row in (await used(graph, skills.session)).values()} == {False}
    repo.commit("what ran")
    await scans.one(folder)
    await linker.look()
    rows = (await used(graph, skills.session)).values()
    assert {row["name"]: row["pattern_id"] for row in rows} == patterns, "it was of the project's pattern all the time"
    tags = await statement(
        graph,
        "UNWIND $ids AS id MATCH (v:PatternVersion {node_id: id}) RETURN v.tags AS tags, v.label AS label",
        ids=sorted({row["node_id"] for row in rows}),
    )
    assert len(tags) == 4
    assert not any(set(row["tags"] or ()) & {"uncommitted", "observed"} for row in tags)
