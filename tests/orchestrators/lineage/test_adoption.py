"""Skills that fetch their text, in a project with and without git: what a scan makes of them, and the way back."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopgraph.computes.definitions.adoption import adopted_pattern
from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.lineage.changes import NewVersion
from loopgraph.contracts.lineage.scans import ScanState
from loopgraph.effects.clock import new_id
from loopgraph.effects.definitions.backups import Backups
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.definitions import DefinitionReads
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.errors import InvalidInput, NotFound
from loopgraph.orchestrators.lineage.adoption import Adoption
from support.repositories import A, Repo
from support.scanning import Scans, skill

ORIGIN = Origin(actor_type=ActorType.USER, actor_id="tester")
TRIAGE = ".claude/skills/triage/SKILL.md"


@pytest.fixture
def adoption(graph: Graph, tmp_path: Path) -> Adoption:
    return Adoption(LineageReads(graph), DefinitionReads(graph), Backups(tmp_path / "backups"))


def text() -> str:
    return skill("triage", f"{A} {new_id()}")


async def in_use(scans: Scans, pattern_id: str) -> str | None:
    return (await scans.reads.patterns([pattern_id]))[pattern_id].current_node_id


@pytest.mark.lengthy
async def test_the_version_in_use_stays_whatever_is_committed_of_the_line(
    repo: Repo, scans: Scans, adoption: Adoption
) -> None:
    own = text()
    repo.write(TRIAGE, own)
    repo.commit("a skill")
    before = await scans.pattern(repo.folder)
    file = repo.folder / TRIAGE
    pattern_id, backup = await adoption.adopt(file)
    assert pattern_id == before.pattern_id
    assert adopted_pattern(file.read_text(encoding="utf-8")) == pattern_id
    assert backup is not None
    assert backup.read_text(encoding="utf-8") == own
    assert [one.name for one in file.parent.iterdir()] == ["SKILL.md"], "where the client reads is nothing else"
    node_id = await in_use(scans, pattern_id)
    await scans.run(repo.folder)
    assert await in_use(scans, pattern_id) == node_id, "what is in the work tree is no text"
    repo.commit("it fetches its text")
    await scans.run(repo.folder)
    assert await in_use(scans, pattern_id) == node_id
    assert await adoption.adopt(file) == (pattern_id, None), "twice is once"


@pytest.mark.lengthy
async def test_one_that_no_commit_has_yet_is_not_gone(repo: Repo, scans: Scans, adoption: Adoption) -> None:
    file = repo.folder / TRIAGE
    file.parent.mkdir(parents=True)
    file.write_text(own := text(), encoding="utf-8")
    before = await scans.pattern(repo.folder)
    node_id = await in_use(scans, before.pattern_id)
    await adoption.adopt(file)
    after = await scans.pattern(repo.folder)
    assert (after.pattern_id, after.state) == (before.pattern_id, ScanState.UNCHANGED)
    assert await in_use(scans, before.pattern_id) == node_id
    await adoption.give_back(file)
    assert file.read_text(encoding="utf-8") == own


@pytest.mark.lengthy
async def test_where_the_first_scan_finds_the_line_the_last_text_is_in_use(
    repo: Repo, scans: Scans, adoption: Adoption, tmp_path: Path
) -> None:
    repo.write(TRIAGE, text())
    repo.commit("a skill")
    repo.write(TRIAGE, skill("triage", "!`loopgraph pattern render skill:x --unit ${CLAUDE_SESSION_ID}`"))
    repo.commit("it fetches its text")
    found = await scans.pattern(repo.folder)
    versions = await scans.versions(found.pattern_id)
    assert await in_use(scans, found.pattern_id) == versions[0].node_id


async def test_outside_git_it_is_neither_changed_nor_gone(scans: Scans, adoption: Adoption, tmp_path: Path) -> None:
    file = tmp_path / "plain" / TRIAGE
    file.parent.mkdir(parents=True)
    file.write_text(text(), encoding="utf-8")
    before = await scans.pattern(tmp_path / "plain")
    node_id = await in_use(scans, before.pattern_id)
    await adoption.adopt(file)
    await scans.run(tmp_path / "plain")
    assert await in_use(scans, before.pattern_id) == node_id
    assert len(await scans.versions(before.pattern_id)) == 1


@pytest.mark.lengthy
async def test_the_way_back_brings_the_text_in_use(graph: Graph, repo: Repo, scans: Scans, adoption: Adoption) -> None:
    own = text()
    repo.write(TRIAGE, own)
    repo.commit("a skill")
    await scans.run(repo.folder)
    file = repo.folder / TRIAGE
    pattern_id, _ = await adoption.adopt(file)
    assert (await adoption.give_back(file))[0] == pattern_id
    assert file.read_text(encoding="utf-8") == own
    assert await adoption.give_back(file) == ("", None)
    await adoption.adopt(file)
    better = NewVersion(template_code=own.replace(A, "Better."), activate=True)
    await Lineage(graph).add_version(pattern_id, better, ORIGIN)
    await adoption.give_back(file)
    assert file.read_text(encoding="utf-8") == better.template_code
    await adoption.adopt(file)
    proposed = NewVersion(template_code="# Triage\nBest.", activate=True)
    await Lineage(graph).add_version(pattern_id, proposed, ORIGIN)
    await adoption.give_back(file)
    assert file.read_text(encoding="utf-8") == own.partition(A)[0] + "# Triage\nBest.\n", "as files end"


@pytest.mark.lengthy
async def test_the_way_back_leaves_what_was_changed_since_and_asks_no_copy(
    repo: Repo, scans: Scans, adoption: Adoption
) -> None:
    own = text()
    repo.write(TRIAGE, own)
    repo.commit("a skill")
    await scans.run(repo.folder)
    file = repo.folder / TRIAGE
    _, backup = await adoption.adopt(file)
    assert backup is not None
    backup.write_text("---\nname: other\nallowed-tools: Bash\n---\nanything\n", encoding="utf-8")
    adopted = file.read_text(encoding="utf-8")
    file.write_text(adopted.replace("---\n", "---\nmodel: opus\n", 1), encoding="utf-8")
    await adoption.give_back(file)
    assert file.read_text(encoding="utf-8") == own.replace("---\n", "---\nmodel: opus\n", 1)


@pytest.mark.lengthy
async def test_of_two_patterns_of_one_text_the_one_that_is_said_is_adopted(
    repo: Repo, scans: Scans, adoption: Adoption
) -> None:
    own, other = text(), TRIAGE.replace("triage", "triage-2")
    repo.write(TRIAGE, own)
    repo.write(other, own)
    repo.commit("two skills")
    await scans.run(repo.folder)
    file = repo.folder / TRIAGE
    with pytest.raises(InvalidInput, match="--pattern") as refused:
        await adoption.adopt(file)
    ids = refused.value.problem.split("ids ")[1].split(", ")
    assert len(ids) == 2
    with pytest.raises(InvalidInput, match="skill:none is no pattern in use"):
        await adoption.adopt(file, "skill:none")
    for wanted in ids:
        assert (await adoption.adopt(file, wanted))[0] == wanted == adopted_pattern(file.read_text(encoding="utf-8"))
        await adoption.give_back(file)
        assert file.read_text(encoding="utf-8") == own


async def test_a_text_that_nobody_knows_is_not_adopted(repo: Repo, adoption: Adoption) -> None:
    repo.write(TRIAGE, own := text())
    with pytest.raises(InvalidInput, match="patterns scan"):
        await adoption.adopt(repo.folder / TRIAGE)
    assert (repo.folder / TRIAGE).read_text(encoding="utf-8") == own
    with pytest.raises(InvalidInput, match="cannot be read"):
        await adoption.adopt(repo.folder / "nothing.md")


async def test_what_the_graph_has_not_any_more_comes_back_from_the_copies(
    adoption: Adoption, scans: Scans, repo: Repo
) -> None:
    own = text()
    repo.write(TRIAGE, own)
    file = repo.folder / TRIAGE
    adopted = own.partition(A)[0] + "!`loopgraph pattern render skill:gone --unit ${CLAUDE_SESSION_ID}`\n"
    file.write_text(adopted, encoding="utf-8")
    with pytest.raises(NotFound):
        await adoption.give_back(file)
    beside = file.with_name("SKILL.md.20261101T101500.123456Z.bak")
    beside.write_text(own, encoding="utf-8")
    later = file.with_name("SKILL.md.20261102T101500.123456Z.bak")
    later.write_text(adopted, encoding="utf-8")
    foreign = file.with_name("SKILL.md.old.bak")
    foreign.write_text("mine", encoding="utf-8")
    pattern_id, backup = await adoption.give_back(file)
    assert (pattern_id, file.read_text(encoding="utf-8")) == ("skill:gone", own)
    assert backup is not None
    assert backup.read_text(encoding="utf-8") == adopted
    assert not beside.exists(), "what an earlier version has left beside the file is with the others now"
    assert not later.exists()
    assert foreign.read_text(encoding="utf-8") == "mine"
