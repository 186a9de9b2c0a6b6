"""Real repositories and folders, scanned into every engine: what people wrote becomes patterns, with its history."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loopgraph.contracts.audit import Origin
from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.changes import NewVersion
from loopgraph.contracts.lineage.definitions import UNCOMMITTED, DefinitionKind, DefinitionOrigin
from loopgraph.contracts.lineage.git import ImportProgress
from loopgraph.contracts.lineage.patterns import PatternStatus, RelationshipType
from loopgraph.contracts.lineage.scans import ScannedSource, ScanState
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.git.repository import GitRepository
from loopgraph.effects.lineage.definitions import DefinitionReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.orchestrators.lineage import git_import
from support.repositories import A, B, C, Repo
from support.scanning import Scans, skill

TRIAGE = ".claude/skills/triage/SKILL.md"


def names(source: ScannedSource) -> dict[str, tuple[str, ScanState]]:
    return {one.path: (one.identity.name, one.state) for one in source.patterns}


# --- a repository's history


@pytest.mark.lengthy
async def test_every_skill_has_the_versions_that_git_log_follow_tells(repo: Repo, scans: Scans) -> None:
    """As `make skills` finds it in public repositories: moved together, split up, changed on branches."""
    texts = {"one": A, "two": B, "three": C}
    for name, text in texts.items():
        repo.write(f"{name}/SKILL.md", skill(name, text))
        repo.commit(f"made {name}")
    (repo.folder / "skills").mkdir()
    for name in texts:
        repo.git("mv", name, f"skills/{name}")
    repo.commit("moved together")
    repo.git("checkout", "--quiet", "-b", "side")
    for number in range(3):
        repo.write("skills/one/SKILL.md", skill("one", f"{A}side {number}"))
        repo.commit(f"on the side {number}")
    repo.git("checkout", "--quiet", "main")
    repo.write("skills/two/SKILL.md", skill("two", B + "main"))
    repo.commit("on main")
    repo.git("merge", "--quiet", "--no-ff", "--no-edit", "side")
    repo.git("mv", "skills/three", "skills/third")
    repo.write("skills/third/SKILL.md", skill("third", C + "renamed and changed"))
    repo.commit("renamed")
    repo.write("skills/one/SKILL.md", skill("one", A + "after the merge"))
    repo.commit("after")
    source = await scans.one(repo.folder)
    assert {one.identity.name: one.versions for one in source.patterns} == {"one": 6, "two": 3, "third": 3}
    for one in source.patterns:
        followed = repo.git("log", "--follow", "--format=%H", "--", one.path).split()
        versions = await scans.versions(one.pattern_id)
        assert sorted(version.metadata["sha"] for version in versions) == sorted(followed)
        assert await scans.in_use(one.pattern_id) == versions[-1]
        for version in versions:
            shown = repo.git("show", f"{version.metadata['sha']}:{version.metadata['path']}")
            assert version.template_code.strip() == shown


@pytest.mark.slow
async def test_a_skill_has_its_history_from_before_it_was_one_and_while_it_was_gone(repo: Repo, scans: Scans) -> None:
    repo.write("prompts/look.md", A)
    repo.commit("a prompt")
    repo.write("prompts/look.md", A + "more\n")
    repo.commit("better")
    repo.git("mv", "prompts/look.md", "prompts/triage.md")
    (repo.folder / "skills/triage").mkdir(parents=True)
    repo.git("mv", "prompts/triage.md", "skills/triage/SKILL.md")
    repo.commit("a skill")
    repo.git("checkout", "--quiet", "-b", "side")
    repo.write("skills/triage/SKILL.md", A + "on the side\n")
    repo.commit("on the side")
    repo.git("checkout", "--quiet", "main")
    repo.write("other.md", B)
    repo.commit("something else")
    repo.git("merge", "--quiet", "--no-ff", "--no-edit", "side")
    repo.git("mv", "skills", ".claude-skills")
    (repo.folder / ".claude").mkdir()
    repo.git("mv", ".claude-skills", ".claude/skills")
    repo.commit("moved")
    (repo.folder / TRIAGE).unlink()
    repo.commit("gone")
    repo.write(TRIAGE, skill("triage", A))
    tip = repo.commit("back")
    pattern = await scans.pattern(repo.folder)
    versions = await scans.versions(pattern.pattern_id)
    followed = repo.git("log", "--format=%H", "--reverse", "--topo-order", "--", "prompts", "skills", TRIAGE).split()
    assert sorted(version.metadata["sha"] for version in versions) == sorted(followed)
    assert repo.git("log", "--follow", "--format=%H", "--", TRIAGE).split()[0] == versions[-1].metadata["sha"] == tip
    assert (versions[-1].pattern_name, versions[-1].template_code) == ("triage", skill("triage", A))
    assert versions[-1].body_digest == body_digest(A)
    assert versions[-1].metadata["path"] == TRIAGE
    assert versions[0].pattern_name == "prompts/look.md"
    assert (pattern.identity.kind, pattern.identity.origin) == (DefinitionKind.SKILL, DefinitionOrigin.PROJECT)
    edges = {(edge.source_node_id, edge.target_node_id) for edge in await scans.edges(pattern.pattern_id)}
    in_order = {version.metadata["sha"]: version.node_id for version in versions}
    assert len(edges) == len(in_order) - 1
    found = (await scans.reads.patterns([pattern.pattern_id]))[pattern.pattern_id]
    assert (found.name, found.pattern_type, found.description) == ("triage", "skill", "Does triage")
    identity = (await scans.one(repo.folder)).identity
    place = {"origin": "project", "scope": f"git:{identity}", "path": TRIAGE, "identity": identity}
    assert found.metadata == {**place, "folders": [str(repo.folder)]}


@pytest.mark.lengthy
async def test_two_branches_that_began_one_file_come_together(repo: Repo, scans: Scans) -> None:
    repo.git("checkout", "--quiet", "-b", "side")
    repo.write(TRIAGE, skill("triage", B))
    side = repo.commit("theirs")
    repo.git("checkout", "--quiet", "main")
    repo.write(TRIAGE, skill("triage", A))
    main = repo.commit("ours")
    merge = repo.merge("side", **{TRIAGE.replace("/", "__"): skill("triage", A + B)})
    source = await scans.one(repo.folder)
    ours, theirs = sorted(source.patterns, key=lambda one: one.state)[::-1]
    assert (ours.state, ours.versions, theirs.state, theirs.versions) == (ScanState.NEW, 2, ScanState.GONE, 1)
    by_sha = {
        version.metadata["sha"]: version.node_id
        for one in (ours, theirs)
        for version in await scans.versions(one.pattern_id)
    }
    into = [edge for edge in await scans.edges(ours.pattern_id) if edge.target_node_id == by_sha[merge]]
    assert {edge.relationship_type for edge in into} == {RelationshipType.MERGED_INTO}
    assert {edge.source_node_id for edge in into} == {by_sha[main], by_sha[side]}


@pytest.mark.lengthy
async def test_each_kind_is_found_and_nothing_else(repo: Repo, scans: Scans) -> None:
    files = {
        TRIAGE: skill("triage", A),
        ".claude/skills/triage/reference.md": B,
        ".claude/commands/git/commit.md": "Commit $ARGUMENTS",
        ".claude/agents/reviewer.md": skill("reviewer", C),
        "CLAUDE.md": "Read this first.",
        "web/AGENTS.md": "Read that.",
        ".gemini/commands/plan.toml": 'description = "Plans"\nprompt = "Plan {{args}}"\n',
        "docs/guide.md": "A guide.",
        "commands/none.md": "No command.",
    }
    for path, text in files.items():
        repo.write(path, text)
    repo.commit("all")
    (repo.folder / "AGENTS.md").symlink_to("CLAUDE.md")
    (repo.folder / "GEMINI.md").symlink_to("docs/guide.md")
    repo.commit("a link to what is found itself, and one to what it makes memory of")
    source = await scans.one(repo.folder)
    assert {(one.identity.kind.value, one.identity.name) for one in source.patterns} == {
        ("skill", "triage"), ("command", "git:commit"), ("command", "plan"), ("subagent", "reviewer"),
        ("memory", "CLAUDE.md"), ("memory", "web/AGENTS.md"), ("memory", "GEMINI.md"),
    }  # fmt: skip
    plan = next(one for one in source.patterns if one.identity.name == "plan")
    assert [version.body_digest for version in await scans.versions(plan.pattern_id)] == [body_digest("Plan {{args}}")]


@pytest.mark.lengthy
async def test_a_command_that_becomes_a_skill_goes_on_as_one(repo: Repo, scans: Scans) -> None:
    repo.write(".claude/commands/triage.md", A)
    repo.commit("a command")
    assert (await scans.pattern(repo.folder)).identity.kind is DefinitionKind.COMMAND
    (repo.folder / TRIAGE).parent.mkdir(parents=True)
    repo.git("mv", ".claude/commands/triage.md", TRIAGE)
    repo.commit("a skill")
    pattern = await scans.pattern(repo.folder)
    assert (pattern.identity.kind, pattern.state, pattern.versions, pattern.new) == (
        DefinitionKind.SKILL, ScanState.CHANGED, 2, 1
    )  # fmt: skip
    assert [version.pattern_type for version in await scans.versions(pattern.pattern_id)] == ["command", "skill"]


@pytest.mark.lengthy
async def test_a_plugin_of_the_repository_names_what_it_brings(repo: Repo, scans: Scans) -> None:
    repo.write("plugins/p/.claude-plugin/plugin.json", json.dumps({"name": "p"}))
    repo.write("plugins/p/commands/fix.md", A)
    repo.write("plugins/p/skills/triage/SKILL.md", skill("triage", B))
    repo.write("CLAUDE.md", C)
    repo.commit("a plugin")
    source = await scans.one(repo.folder)
    found = {one.identity.name: (one.identity.origin.value, one.identity.scope) for one in source.patterns}
    plugin = ("plugin", "plugin:p")
    assert found == {"p:fix": plugin, "p:triage": plugin, "CLAUDE.md": ("project", f"git:{source.identity}")}
    bare = repo.folder.parent / "p.git"
    repo.git("clone", "--quiet", "--bare", ".", str(bare))
    assert {one.state for one in (await scans.one(bare)).patterns} == {ScanState.UNCHANGED}


@pytest.mark.lengthy
async def test_again_changes_nothing_and_a_clone_or_work_tree_is_the_same(
    repo: Repo, scans: Scans, tmp_path: Path
) -> None:
    repo.write(TRIAGE, skill("triage", A))
    repo.commit("one")
    repo.write(TRIAGE, skill("triage", A + "more"))
    repo.commit("two")
    pattern = await scans.pattern(repo.folder)
    assert (pattern.state, pattern.versions, pattern.new) == (ScanState.NEW, 2, 2)
    before = await scans.events(pattern.pattern_id)
    repo.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    repo.git("worktree", "add", "--quiet", str(tmp_path / "tree"))
    for folder in (repo.folder, tmp_path / "clone", tmp_path / "tree", repo.folder / ".claude" / "skills"):
        again = await scans.pattern(folder)
        assert again == pattern.model_copy(update={"state": ScanState.UNCHANGED, "new": 0})
    assert await scans.events(pattern.pattern_id) == before


@pytest.mark.lengthy
async def test_a_scan_that_was_broken_off_goes_on(repo: Repo, scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_import, "BATCH", 3)
    for number in range(8):
        repo.write(TRIAGE, skill("triage", f"{A}{number}"))
        repo.commit()

    class Stopped(Exception):
        pass

    def stop(_: str, progress: ImportProgress) -> None:
        if progress.versions >= 3:
            raise Stopped

    with pytest.raises(Stopped):
        await scans.run(repo.folder, report=stop)
    pattern = await scans.pattern(repo.folder)
    assert (pattern.versions, pattern.state) == (8, ScanState.CHANGED)
    assert 0 < pattern.new < 8
    assert len(await scans.edges(pattern.pattern_id)) == 7


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_two_scans_at_once_make_everything_once(repo: Repo, scans: Scans) -> None:
    for number in range(6):
        repo.write(TRIAGE, skill("triage", f"{A}{number}"))
        repo.commit()
    repo.write(TRIAGE, skill("triage", "not committed"))
    await asyncio.gather(*(scans.run(repo.folder) for _ in range(3)))
    pattern = await scans.pattern(repo.folder)
    assert (pattern.versions, pattern.new, pattern.state) == (7, 0, ScanState.UNCHANGED)
    repo.commit("now it is")
    await asyncio.gather(*(scans.run(repo.folder) for _ in range(3)))
    pattern = await scans.pattern(repo.folder)
    assert (pattern.versions, pattern.uncommitted) == (8, False)
    assert [len(versions) for versions in (await scans.versions(pattern.pattern_id),)] == [8]


# --- a work tree


@pytest.mark.slow
async def test_a_text_without_a_commit_is_a_version_that_its_commit_replaces(repo: Repo, scans: Scans) -> None:
    repo.write(TRIAGE, skill("triage", A))
    first = repo.commit("one")
    repo.write(TRIAGE, skill("triage", A + "in the making"))
    pattern = await scans.pattern(repo.folder)
    assert (pattern.versions, pattern.uncommitted) == (2, True)
    committed, seen = await scans.versions(pattern.pattern_id)
    assert (committed.metadata["sha"], seen.tags, seen.body_digest) == (
        first,
        (UNCOMMITTED,),
        body_digest(A + "in the making"),
    )
    assert await scans.in_use(pattern.pattern_id) == seen
    again = await scans.pattern(repo.folder)
    assert (again.versions, again.state, again.uncommitted) == (2, ScanState.UNCHANGED, True)

    second = repo.commit("two")
    pattern = await scans.pattern(repo.folder)
    assert (pattern.versions, pattern.new, pattern.state, pattern.uncommitted) == (3, 1, ScanState.CHANGED, False)
    _, seen, version = await scans.versions(pattern.pattern_id)
    assert (version.metadata["sha"], version.status) == (second, PatternStatus.ACTIVE)
    assert (seen.status, seen.deprecation_reason) == (PatternStatus.DEPRECATED, f"committed as {second[:12]}")
    assert await scans.in_use(pattern.pattern_id) == version
    edges = [
        (edge.source_node_id, edge.target_node_id, edge.relationship_type)
        for edge in await scans.edges(pattern.pattern_id)
    ]
    assert sorted(edges) == sorted(
        [
            (committed.node_id, seen.node_id, RelationshipType.REFINED_FROM),
            (committed.node_id, version.node_id, RelationshipType.REFINED_FROM),
            (seen.node_id, version.node_id, RelationshipType.DEPRECATED_BY),
        ]
    )
    assert (await scans.pattern(repo.folder)).state is ScanState.UNCHANGED


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_new_file_is_one_pattern_before_its_first_commit_and_after(repo: Repo, scans: Scans) -> None:
    repo.write(TRIAGE, skill("triage", A))
    pattern = await scans.pattern(repo.folder)
    repo.write(TRIAGE, skill("triage", A + "better"))
    assert (await scans.pattern(repo.folder)).versions == 2
    shas = [repo.commit("one")]
    repo.write(TRIAGE, skill("triage", A + "best"))
    shas.append(repo.commit("two"))
    after = await scans.pattern(repo.folder)
    assert (after.pattern_id, after.versions) == (pattern.pattern_id, 4)
    draft, seen, *versions = await scans.versions(pattern.pattern_id)
    assert [version.metadata["sha"] for version in versions] == shas
    assert (draft.status, seen.status) == (PatternStatus.ACTIVE, PatternStatus.DEPRECATED)
    assert (await scans.pattern(repo.folder)).state is ScanState.UNCHANGED
    repo.write(TRIAGE, skill("triage", A + "third"))
    shas.append(repo.commit("three"))
    assert (await scans.pattern(repo.folder)).pattern_id == pattern.pattern_id


@pytest.mark.lengthy
async def test_a_work_tree_that_goes_back_puts_the_earlier_version_into_use(repo: Repo, scans: Scans) -> None:
    for text in (A, B):
        repo.write(TRIAGE, skill("triage", text))
        repo.commit()
    repo.write(TRIAGE, skill("triage", A))
    pattern = await scans.pattern(repo.folder)
    assert (pattern.versions, pattern.uncommitted) == (2, False)
    version = await scans.in_use(pattern.pattern_id)
    assert version is not None
    assert (version.version, version.body_digest) == (1, body_digest(A))
    repo.git("checkout", "--quiet", "--", ".")
    (repo.folder / TRIAGE).write_text(skill("triage", B).replace("\n", "\r\n"), encoding="utf-8", newline="")
    assert (await scans.pattern(repo.folder)).versions == 2


@pytest.mark.lengthy
async def test_what_git_ignores_runs_and_is_found_all_the_same(repo: Repo, scans: Scans) -> None:
    repo.write(".gitignore", "CLAUDE.local.md\n")
    repo.commit()
    repo.write("CLAUDE.local.md", "Mine.")
    pattern = await scans.pattern(repo.folder, name="CLAUDE.local.md")
    assert (pattern.state, pattern.uncommitted) == (ScanState.NEW, True)


@pytest.mark.lengthy
async def test_a_version_that_the_loop_has_applied_stays_in_use(repo: Repo, scans: Scans) -> None:
    repo.write(TRIAGE, skill("triage", A))
    repo.commit()
    pattern = await scans.pattern(repo.folder)
    applied = NewVersion(template_code=skill("triage", B), activate=True)
    await Lineage(scans.graph).add_version(pattern.pattern_id, applied, Origin(actor_id=scans.actor_id))
    repo.write(TRIAGE, skill("triage", A + "more"))
    repo.commit()
    source = await scans.one(repo.folder)
    assert [one.versions for one in source.patterns] == [3]
    [note] = source.notes
    assert (
        "version 2, which a person or the loop put into use, stays in use, and not version 3, which the file says"
        in note
    )
    version = await scans.in_use(pattern.pattern_id)
    assert version is not None
    assert version.body_digest == body_digest(B)
    repo.write(TRIAGE, skill("triage", B))
    repo.commit()
    assert not (await scans.one(repo.folder)).notes


@pytest.mark.lengthy
async def test_a_repository_without_a_commit_is_a_folder_until_it_has_one(tmp_path: Path, scans: Scans) -> None:
    repo = Repo(tmp_path / new_id())
    repo.write(TRIAGE, skill("triage", A))
    before = await scans.pattern(repo.folder)
    assert before.identity.scope == f"folder:{repo.folder.resolve()}"
    repo.commit(f"first {new_id()}")
    after = await scans.pattern(repo.folder)
    assert after.pattern_id != before.pattern_id
    assert await scans.in_use(before.pattern_id) is None
    assert await scans.in_use(after.pattern_id) is not None


# --- clones that were cut off, and forks


def shallow(repo: Repo, folder: Path, depth: int = 1) -> Path:
    repo.git("clone", "--quiet", "--depth", str(depth), f"file://{repo.folder}", str(folder))
    return folder


@pytest.mark.lengthy
async def test_a_shallow_clone_of_an_unknown_repository_is_refused_in_words(
    repo: Repo, scans: Scans, tmp_path: Path
) -> None:
    repo.write(TRIAGE, skill("triage", A))
    repo.commit("one")
    repo.write(TRIAGE, skill("triage", B))
    repo.commit("two")
    clone = shallow(repo, tmp_path / "shallow")
    source = await scans.one(clone)
    assert source.refused is not None
    assert "git fetch --unshallow" in source.refused
    async with GitRepository(clone) as repository:
        pretended = await repository.identity()
    assert not await DefinitionReads(scans.graph).patterns_of_prefix(f"git:{pretended}:")


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_a_shallow_clone_of_a_known_repository_adds_texts_and_no_patterns(
    repo: Repo, scans: Scans, tmp_path: Path
) -> None:
    repo.write(TRIAGE, skill("triage", A))
    repo.commit("one")
    repo.write(TRIAGE, skill("triage", B))
    repo.commit("two")
    pattern = await scans.pattern(repo.folder)
    clone = shallow(repo, tmp_path / "same")
    found = await scans.pattern(clone)
    assert (found.pattern_id, found.state, found.versions) == (pattern.pattern_id, ScanState.UNCHANGED, 2)

    repo.write(TRIAGE, skill("triage", C))
    repo.write("CLAUDE.md", "New.")
    repo.commit("three")
    source = await scans.one(shallow(repo, tmp_path / "newer", depth=2))
    assert source.refused is None
    assert [(one.pattern_id, one.versions, one.uncommitted) for one in source.patterns] == [
        (pattern.pattern_id, 3, True)
    ]
    assert any("shallow clone" in note for note in source.notes)
    assert any(note.startswith("1 of its definitions") for note in source.notes)
    whole = await scans.one(repo.folder)
    assert {one.identity.name: (one.versions, one.uncommitted) for one in whole.patterns} == {
        "triage": (4, False), "CLAUDE.md": (1, False)
    }  # fmt: skip
    seen = next(version for version in await scans.versions(pattern.pattern_id) if UNCOMMITTED in version.tags)
    assert seen.status is PatternStatus.DEPRECATED


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_forks_are_told_apart_by_name(repo: Repo, scans: Scans, tmp_path: Path) -> None:
    repo.write(TRIAGE, skill("triage", A))
    repo.commit("one")
    fork = Repo.__new__(Repo)
    repo.git("clone", "--quiet", ".", str(tmp_path / "fork"))
    fork.folder, fork.minute = tmp_path / "fork", 100
    fork.write(TRIAGE, skill("triage", B))
    fork.commit("another way")
    origin = await scans.pattern(repo.folder)
    apart = await scans.one(fork.folder, fork="mine")
    assert [(one.state, one.versions) for one in apart.patterns] == [(ScanState.NEW, 2)]
    assert apart.patterns[0].pattern_id != origin.pattern_id
    fork.git("config", "loopgraph.fork", "mine")
    assert await scans.one(fork.folder) == apart.model_copy(
        update={"patterns": (apart.patterns[0].model_copy(update={"state": ScanState.UNCHANGED, "new": 0}),)}
    )
    assert (await scans.pattern(repo.folder)).state is ScanState.UNCHANGED
    clone = shallow(repo, tmp_path / "shallow", depth=1)
    assert (await scans.pattern(clone)).pattern_id == origin.pattern_id
    (as_fork,) = (await scans.one(clone, fork="mine")).patterns
    assert as_fork.pattern_id == apart.patterns[0].pattern_id
    other = await scans.one(clone, fork="other")
    assert other.refused is not None


# --- outside git


@pytest.mark.lengthy
async def test_outside_git_a_version_is_a_text(tmp_path: Path, scans: Scans) -> None:
    file = tmp_path / new_id() / TRIAGE
    file.parent.mkdir(parents=True)
    project = file.parents[3]
    file.write_text(skill("triage", A), encoding="utf-8")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    pattern = await scans.pattern(project)
    assert (pattern.state, pattern.versions, pattern.uncommitted) == (ScanState.NEW, 1, False)
    file.write_text(skill("triage", B), encoding="utf-8")
    os.utime(file, (4_000_000_000, 4_000_000_000))
    assert (await scans.pattern(project)).state is ScanState.CHANGED
    assert (await scans.pattern(project)).state is ScanState.UNCHANGED
    first, second = await scans.versions(pattern.pattern_id)
    assert first.created_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert second.created_at <= now()
    (edge,) = await scans.edges(pattern.pattern_id)
    assert (edge.source_node_id, edge.target_node_id) == (first.node_id, second.node_id)
    assert edge.relationship_type is RelationshipType.REFINED_FROM
    assert await scans.in_use(pattern.pattern_id) == second

    file.write_text(skill("triage", A), encoding="utf-8")
    back = await scans.pattern(project)
    assert (back.state, back.versions, await scans.in_use(pattern.pattern_id)) == (ScanState.CHANGED, 2, first)
    file.unlink()
    assert (await scans.pattern(project)).state is ScanState.GONE
    assert await scans.in_use(pattern.pattern_id) is None
    assert (await scans.one(project)).patterns == ()
    file.write_text(skill("triage", C), encoding="utf-8")
    assert (await scans.pattern(project)).versions == 3
    edges = {(edge.source_node_id, edge.target_node_id) for edge in await scans.edges(pattern.pattern_id)}
    third = (await scans.versions(pattern.pattern_id))[-1]
    assert edges == {(first.node_id, second.node_id), (second.node_id, third.node_id)}


@pytest.mark.lengthy
async def test_a_user_has_folders_plugins_and_dotfiles(repo: Repo, scans: Scans) -> None:
    """One is a folder, one is a link into a repository, one a repository of its own, one an installed plugin."""
    claude = scans.home / ".claude"
    (claude / "skills").mkdir(parents=True)
    mark = new_id()
    (claude / "CLAUDE.md").write_text(f"Mine {mark}", encoding="utf-8")
    repo.write("claude/skills/linked/SKILL.md", skill("linked", A))
    repo.commit("dotfiles")
    repo.write("claude/skills/linked/SKILL.md", skill("linked", A + "more"))
    repo.commit("better")
    (claude / "skills" / "linked").symlink_to(repo.folder / "claude" / "skills" / "linked")
    cloned = Repo(claude / "skills" / "cloned")
    cloned.write("SKILL.md", skill("cloned", B))
    cloned.commit(f"a skill {new_id()}")
    installed = claude / "plugins" / "cache" / "market" / "p" / "1.0"
    (installed / "commands").mkdir(parents=True)
    (installed / "commands" / "fix.md").write_text(f"Fix {mark}", encoding="utf-8")
    listed = {"version": 2, "plugins": {"p@market": [{"scope": "user", "installPath": str(installed)}]}}
    (claude / "plugins" / "installed_plugins.json").write_text(json.dumps(listed), encoding="utf-8")
    codex = scans.home / ".codex" / "prompts"
    codex.mkdir(parents=True)
    (codex / "fix.md").write_text(f"Fix it {mark}", encoding="utf-8")

    scope = f"user:{scans.actor_id}"
    sources = await scans.run(user=True)
    found = {one.path: one for source in sources for one in source.patterns}
    assert {
        path: (one.identity.kind.value, one.identity.name, one.identity.scope, one.versions)
        for path, one in found.items()
    } == {
        ".claude/CLAUDE.md": ("memory", ".claude/CLAUDE.md", scope, 1),
        ".claude/skills/linked/SKILL.md": ("skill", "linked", scope, 2),
        ".claude/skills/cloned/SKILL.md": ("skill", "cloned", scope, 1),
        "commands/fix.md": ("command", "p:fix", "plugin:p", found["commands/fix.md"].versions),
        ".codex/prompts/fix.md": ("command", "fix", scope, 1),
    }
    assert found[".claude/skills/linked/SKILL.md"].pattern_id.startswith("git:")
    again = [one for source in await scans.run(user=True) for one in source.patterns]
    assert {one.state for one in again} == {ScanState.UNCHANGED}


async def test_a_home_is_not_looked_through_as_a_project(scans: Scans) -> None:
    (scans.home / "CLAUDE.md").write_text("x", encoding="utf-8")
    (source,) = await scans.run(scans.home)
    assert source.patterns == ()
    assert source.notes


@pytest.mark.lengthy
async def test_what_another_branch_has_is_in_use_while_that_is_checked_out(repo: Repo, scans: Scans) -> None:
    repo.write("CLAUDE.md", "Read.")
    repo.commit("on main")
    repo.git("checkout", "--quiet", "-b", "side")
    repo.write(TRIAGE, skill("triage", A))
    repo.commit("on the side")
    pattern = await scans.pattern(repo.folder)
    repo.git("checkout", "--quiet", "main")
    assert {one.path: one.state for one in (await scans.one(repo.folder)).patterns} == {
        "CLAUDE.md": ScanState.UNCHANGED, TRIAGE: ScanState.GONE
    }  # fmt: skip
    assert await scans.in_use(pattern.pattern_id) is None
    repo.git("checkout", "--quiet", "side")
    assert await scans.one(repo.folder)
    assert await scans.in_use(pattern.pattern_id) is not None


@pytest.mark.lengthy
async def test_a_new_file_that_moves_before_its_first_commit_leaves_nothing_in_use(repo: Repo, scans: Scans) -> None:
    repo.write(TRIAGE, skill("triage", A))
    before = await scans.pattern(repo.folder)
    (repo.folder / ".claude/skills/triage").rename(repo.folder / ".claude/skills/other")
    repo.write(".claude/skills/other/SKILL.md", skill("other", A))
    source = await scans.one(repo.folder)
    assert {one.identity.name: one.state for one in source.patterns} == {
        "triage": ScanState.GONE, "other": ScanState.NEW
    }  # fmt: skip
    assert await scans.in_use(before.pattern_id) is None


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_names_that_are_no_texts_are_told_apart_all_the_same(repo: Repo, scans: Scans) -> None:
    for name in (b"\xff", b"\xfe", b"a\nb"):
        folder = os.fsencode(repo.folder) + b"/.claude/skills/" + name
        os.makedirs(folder)  # noqa: PTH103
        with open(folder + b"/SKILL.md", "wb") as file:  # noqa: ASYNC230, PTH123
            file.write(name + A.encode())
    first = await scans.one(repo.folder)
    assert {one.path for one in first.patterns} == {
        ".claude/skills/\\xff/SKILL.md", ".claude/skills/\\xfe/SKILL.md", ".claude/skills/a\nb/SKILL.md"
    }  # fmt: skip
    repo.commit("committed")
    second = await scans.one(repo.folder)
    assert {one.pattern_id for one in second.patterns} == {one.pattern_id for one in first.patterns}
    assert {one.uncommitted for one in second.patterns} == {False}
    assert {one.state for one in (await scans.one(repo.folder)).patterns} == {ScanState.UNCHANGED}


@pytest.mark.lengthy
async def test_a_repository_that_git_cannot_read_is_refused_and_the_rest_recorded(
    repo: Repo, scans: Scans, tmp_path: Path
) -> None:
    repo.write(TRIAGE, skill("triage", A))
    repo.commit("one")
    broken = Repo(tmp_path / "broken")
    broken.write(TRIAGE, skill("triage", B))
    blob = broken.git("hash-object", "-w", TRIAGE)
    broken.commit(f"one {new_id()}")
    (broken.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    first, second = await scans.run(broken.folder, repo.folder)
    assert first.refused is not None
    assert first.patterns == ()
    assert [one.versions for one in second.patterns] == [1]


@pytest.mark.lengthy
async def test_links_of_a_project_bring_no_files_of_others_into_the_graph(
    repo: Repo, scans: Scans, tmp_path: Path
) -> None:
    """A repository that somebody has cloned can lead anywhere."""
    secret = tmp_path / "etc"
    secret.mkdir()
    (secret / "passwd").write_text("root:x:0:0", encoding="utf-8")
    (secret / "notes.md").write_text("private notes", encoding="utf-8")
    commands = repo.folder / ".claude" / "commands"
    commands.mkdir(parents=True)
    (commands / "passwd.md").symlink_to(secret / "passwd")
    (commands / "notes.md").symlink_to(secret / "notes.md")
    (repo.folder / ".claude" / "skills").symlink_to(secret)
    (secret / "esc").mkdir()
    (secret / "esc" / "SKILL.md").write_text(skill("esc", A), encoding="utf-8")
    shared = Repo(tmp_path / "shared")
    shared.write("skills/ours/SKILL.md", skill("ours", f"{B} {new_id()}"))
    shared.commit(f"shared {new_id()}")
    (commands / "ours.md").symlink_to(shared.folder / "skills" / "ours" / "SKILL.md")
    found = await scans.run(repo.folder)
    assert {one.identity.name for source in found for one in source.patterns} == {"ours"}
    notes = [note for source in found for note in source.notes]
    assert len([note for note in notes if "is left out" in note]) == 3


@pytest.mark.lengthy
async def test_a_committed_file_without_a_text_is_not_in_use(repo: Repo, scans: Scans) -> None:
    (repo.folder / TRIAGE).parent.mkdir(parents=True)
    (repo.folder / TRIAGE).write_bytes(b"---\nname: triage\n---\n\0")
    repo.commit(f"binary {new_id()}")
    [source] = await scans.run(repo.folder)
    assert not [one for one in source.patterns if one.state is not ScanState.GONE]
    [note] = source.notes
    assert note.startswith(f"{TRIAGE} is binary")
