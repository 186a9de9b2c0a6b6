"""Where definitions come from, when several places have them: submodules, clones and work trees at once, plugins that are
installed in several versions; and a scan that is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from loopgraph.computes.agents.uses import skill_used
from loopgraph.computes.definitions.choice import choose
from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.definitions import VersionBasis
from loopgraph.contracts.lineage.scans import ScanState
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from support.engines import EngineUnderTest
from support.repositories import A, B, C, Repo
from support.scanning import Scans, skill
from support.traces import statement
from support.waiting import PATIENCE_S

TRIAGE = ".claude/skills/triage/SKILL.md"


@pytest.mark.slow
async def test_submodules_are_repositories_of_their_own_within_the_project(
    graph: Graph, repo: Repo, scans: Scans, tmp_path: Path
) -> None:
    shared, library = Repo(tmp_path / "shared"), Repo(tmp_path / "library")
    shared.write("look/SKILL.md", skill("look", f"Look {new_id()}."))
    shared.commit("a skill that others use")
    library.write("CLAUDE.md", f"The library {new_id()}")
    library.commit("its memory")
    options = "-c", "protocol.file.allow=always"
    repo.git(*options, "submodule", "--quiet", "add", str(shared.folder), ".claude/skills/shared")
    repo.git(*options, "submodule", "--quiet", "add", str(library.folder), "vendor/library")
    repo.write("CLAUDE.md", A)
    repo.commit("with submodules")
    sources = {source.folder: source for source in await scans.run(repo.folder)}
    within = repo.folder / ".claude/skills/shared", repo.folder / "vendor/library"
    assert set(sources) == {str(repo.folder), *map(str, within)}
    assert len({source.identity for source in sources.values()}) == 3
    found = {(source.folder, one.path): one.identity.kind for source in sources.values() for one in source.patterns}
    assert found == {
        (str(repo.folder), "CLAUDE.md"): "memory",
        (str(within[0]), ".claude/skills/shared/look/SKILL.md"): "skill",
        (str(within[1]), "CLAUDE.md"): "memory",
    }
    alone = {one.path: one for one in (await scans.one(shared.folder)).patterns}
    assert [one.state for one in alone.values()] == [ScanState.UNCHANGED] or alone, (
        "by itself it is the same repository"
    )
    # Whoever works anywhere in the project uses its skill: that is known by the time alone.
    session = new_id()
    used = skill_used(session, "call", f"{session}/1", "look", timestamp=now(), cwd=str(repo.folder / "src"))
    await TraceWrites(graph, choosing=choose).record([Observation(event=used, source="test")], received_at=now())
    rows = await statement(
        graph, "MATCH (h:HookExecution {session_id: $id})-[u:USED]->() RETURN u.rule AS rule", id=session
    )
    assert rows == [{"rule": VersionBasis.TIME.value}]


@pytest.mark.slow
async def test_a_clone_and_a_work_tree_at_once_are_one_repository(repo: Repo, scans: Scans, tmp_path: Path) -> None:
    for number in range(5):
        repo.write(TRIAGE, skill("triage", f"{A}{number}"))
        repo.write(".claude/skills/triage/run.sh", f"{number}")
        repo.commit(f"number {number}")
    clone, tree = tmp_path / "clone", tmp_path / "tree"
    repo.git("clone", "--quiet", ".", str(clone))
    repo.git("worktree", "add", "--quiet", str(tree))
    (clone / TRIAGE).write_text(skill("triage", B))
    (tree / TRIAGE).write_text(skill("triage", C))
    (tree / ".claude/skills/triage/run.sh").write_text("other")
    folders = repo.folder, clone, tree
    found = await asyncio.gather(*(scans.run(folder) for folder in (*folders, *folders)))
    ids = {one.pattern_id for sources in found for source in sources for one in source.patterns}
    assert len(ids) == 1
    versions = await scans.versions(ids.pop())
    assert len(versions) == 7
    assert len({version.template_hash for version in versions}) == 7
    assert all(len(version.resources) == 1 for version in versions[:5]), "each commit's own"
    pattern = await scans.pattern(clone)
    assert (pattern.versions, pattern.uncommitted) == (7, True)
    in_use = await scans.in_use(pattern.pattern_id)
    assert in_use
    assert in_use.template_code == skill("triage", B), "what was looked at last is in use"


@pytest.mark.lengthy
async def test_nothing_is_written_where_definitions_are(repo: Repo, scans: Scans) -> None:
    """So it can be a folder that cannot be written."""
    repo.write(TRIAGE, skill("triage", A))
    repo.write(".claude/skills/triage/run.sh", "one")
    repo.commit("a skill")
    repo.write(TRIAGE, skill("triage", B))

    def state() -> dict[str, tuple[int, int]]:
        paths = (repo.folder, *repo.folder.rglob("*"))
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in paths}

    before = state()
    for path in (repo.folder, *repo.folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        pattern = await scans.pattern(repo.folder)
    finally:
        for path in (repo.folder, *repo.folder.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
    assert (pattern.versions, pattern.uncommitted) == (2, True)
    assert state() == before


@pytest.mark.lengthy
async def test_a_plugin_that_is_installed_in_several_versions(scans: Scans, tmp_path: Path) -> None:
    mark, claude = new_id(), scans.home / ".claude"
    name = f"p{mark[:8]}"
    texts = {"1.0": "one", "1.1": "two", "2.0": "three"}
    entries = []
    for number, (version, text) in enumerate(texts.items()):
        folder = claude / "plugins/cache/market" / name / version
        (folder / "skills/triage").mkdir(parents=True)
        (folder / "skills/triage/SKILL.md").write_text(skill("triage", f"{text} {mark}"))
        if version != "2.0":
            (folder / "commands").mkdir()
            (folder / "commands/fix.md").write_text(f"Fix it {text} {mark}")
        at = (now() - timedelta(days=10 - number)).isoformat()
        entries.append({"scope": "project", "installPath": str(folder), "lastUpdated": at})
    (claude / "plugins/installed_plugins.json").write_text(
        json.dumps({"version": 2, "plugins": {f"{name}@market": [entries[2], entries[0], entries[1]]}})
    )
    [source] = [one for one in await scans.run(user=True) if one.title == f"plugin {name}"]
    [triage] = source.patterns
    assert (triage.identity.name, triage.versions, triage.new, triage.state) == (f"{name}:triage", 3, 3, ScanState.NEW)
    versions = await scans.versions(triage.pattern_id)
    assert [version.template_code for version in versions] == [
        skill("triage", f"{text} {mark}") for text in texts.values()
    ]
    assert await scans.in_use(triage.pattern_id) == versions[2]
    assert len(await scans.edges(triage.pattern_id)) == 2, "each from the one before it"
    [again] = [one for one in await scans.run(user=True) if one.title == f"plugin {name}"]
    assert [(one.state, one.new) for one in again.patterns] == [(ScanState.UNCHANGED, 0)]


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_a_scan_that_is_killed_goes_on_where_it_was(
    graph: Graph, engine: EngineUnderTest, repo: Repo, scans: Scans, tmp_path: Path
) -> None:
    total, mark = 1_100, new_id()
    commits = []
    for number in range(total):
        parent = "from refs/heads/main^0\n" if number == 0 else ""
        text = skill("triage", f"{number} {mark}")
        commits.append(
            f"commit refs/heads/main\ncommitter Ada <ada@example.org> {1_700_000_000 + number} +0000\ndata 2\n-\n{parent}"
            f"M 100644 inline {TRIAGE}\ndata {len(text.encode())}\n{text}\n"
        )
    repo.git("fast-import", "--quiet", "--force", stdin="".join(commits).encode())
    repo.git("reset", "--quiet", "--hard", "main")
    variables = {
        "LOOPGRAPH_GRAPH_URL": engine.url,
        "LOOPGRAPH_GRAPH_USER": engine.user,
        "LOOPGRAPH_GRAPH_PASSWORD": engine.password,
        "LOOPGRAPH_GRAPH_DATABASE": str(engine.database) if engine.database else "",
        "HOME": str(scans.home),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loopgraph", "patterns", "scan", "--no-user", str(repo.folder),
        env={**os.environ, **{name: value for name, value in variables.items() if value}},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    marked = "MATCH (v:PatternVersion {body_digest: $digest}) RETURN count(v) AS found"
    async with asyncio.timeout(PATIENCE_S * 4):
        while not (await statement(graph, marked, digest=body_digest(f"1 {mark}")))[0]["found"]:
            assert process.returncode is None
            await asyncio.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
    pattern = await scans.pattern(repo.folder)
    assert 0 < pattern.new < total, "some were there"
    assert pattern.versions == total
    drawn = "MATCH (:PatternVersion {pattern_id: $id})-[edge]->(:PatternVersion {pattern_id: $id}) RETURN count(edge) AS found"
    assert await statement(graph, drawn, id=pattern.pattern_id) == [{"found": total - 1}]
    again = await scans.pattern(repo.folder)
    assert (again.state, again.new) == (ScanState.UNCHANGED, 0)
