"""Real repositories, imported into every engine: the lineage is compared with what git itself answers."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from loopgraph.assets import Query
from loopgraph.computes.lineage.git_history import MAX_TEMPLATE_BYTES, CommitLineage, FileLineage
from loopgraph.contracts.audit import EventFilter, EventType, LineageEvent, Origin
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.changes import NewVersion
from loopgraph.contracts.lineage.git import FileKey, FileVersion, ImportProgress
from loopgraph.contracts.lineage.patterns import (
    ANCESTRY,
    Direction,
    LineageEdge,
    Pattern,
    PatternStatus,
    PatternVersion,
    RelationshipType,
    TraversalFilter,
)
from loopgraph.effects.clock import new_id
from loopgraph.effects.git.repository import GitRepository
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.lineage import steps as lineage_steps
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.lineage import git_import
from loopgraph.orchestrators.lineage.git_import import GitImport
from loopgraph.orchestrators.lineage.traversal import Traversals
from support.quick import first_quick
from support.repositories import A, B, C, Repo, octopus, random_history

pytestmark = pytest.mark.slow

ORIGIN = Origin(actor_id="importer")


class Stopped(Exception):
    """Stands for whatever ends a process."""


class Imports:
    """Imports a repository into the graph of a test and reads back what became of it."""

    def __init__(self, graph: Graph, repo: Repo) -> None:
        self.graph = graph
        self.repo = repo
        self.reads = LineageReads(graph)

    async def _run(
        self, run: Callable[[GitImport], Awaitable[ImportProgress]], report: Callable[[ImportProgress], None]
    ) -> ImportProgress:
        async with GitRepository(self.repo.folder) as repository:
            return await run(GitImport(repository, LineageImport(self.graph), self.reads, ORIGIN, report))

    async def commits(
        self, ref: str = "main", report: Callable[[ImportProgress], None] = lambda _: None
    ) -> ImportProgress:
        return await self._run(lambda run: run.commits(ref), report)

    async def files(
        self, glob: str = "**", ref: str = "main", report: Callable[[ImportProgress], None] = lambda _: None
    ) -> ImportProgress:
        return await self._run(lambda run: run.files(ref, glob), report)

    async def identity(self) -> str:
        async with GitRepository(self.repo.folder) as repository:
            return await repository.identity("main")

    async def commit_lineage(self) -> CommitLineage:
        return CommitLineage(await self.identity(), "repo")

    async def pattern(self) -> Pattern:
        pattern_id = (await self.commit_lineage()).pattern_id
        return (await self.reads.patterns([pattern_id]))[pattern_id]

    async def events(self, pattern_id: str, *types: EventType) -> list[LineageEvent]:
        wanted = EventFilter(pattern_id=pattern_id, event_types=frozenset(types) or None)
        return list((await Events(self.graph).page(wanted, Page(first=1000))).events)

    async def ancestors(self, sha: str) -> list[str]:
        """Shas of the ancestors of a commit and of itself, sorted."""
        node_id = (await self.commit_lineage()).node_id(sha)
        found = await Traversals(self.reads, 5000).traverse([node_id], TraversalFilter())
        assert not found[node_id].truncated
        return sorted(node.version.metadata["sha"] for node in found[node_id].nodes)

    async def file_versions(self, glob: str = "**") -> dict[FileKey, PatternVersion]:
        """What the graph has of the file versions that git has."""
        lineage = FileLineage(await self.identity(), glob)
        async with GitRepository(self.repo.folder) as repository:
            keys = {lineage.node_id(file.key): file.key async for file in repository.file_versions("main", glob)}
        return {keys[node_id]: version for node_id, version in (await self.reads.versions(keys)).items()}

    async def edges_into(self, *node_ids: str) -> list[LineageEdge]:
        return await self.reads.edges(node_ids, Direction.ANCESTORS, ANCESTRY)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with an identity of its own: the other tests' data stay out of sight."""
    repo = Repo(tmp_path / "repo")
    repo.commit(f"root {new_id()}")
    return repo


@pytest.fixture
def imports(graph: Graph, repo: Repo) -> Imports:
    return Imports(graph, repo)


def random_repo(folder: Path, seed: int, commits: int) -> Repo:
    """A random history by an author whom no other repository has."""
    repo, author = Repo(folder), new_id()

    def signed(stream: Iterable[str]) -> Iterable[str]:
        return (part.replace("committer A ", f"committer {author} ") for part in stream)

    repo.fast_import(signed(random_history(seed, commits)))
    return repo


# --- commits


@pytest.mark.parametrize("seed", first_quick([1, 2]))
async def test_ancestors_of_every_commit_are_those_that_git_lists(graph: Graph, tmp_path: Path, seed: int) -> None:
    imports = Imports(graph, random_repo(tmp_path / "repo", seed, 150))
    shas = imports.repo.rev_list("main")
    assert await imports.commits() == ImportProgress(
        total=len(shas),
        commits=len(shas),
        versions=len(shas),
        edges=sum(len(line.split()) - 1 for line in imports.repo.git("rev-list", "--parents", "main").splitlines()),
        patterns=1,
    )
    for sha in random.Random(seed).sample(shas, 20) + shas[:1] + shas[-1:]:
        assert await imports.ancestors(sha) == sorted(imports.repo.rev_list(sha))


@pytest.mark.exhaustive
async def test_a_long_history_is_traversed_whole(graph: Graph, tmp_path: Path) -> None:
    imports = Imports(graph, random_repo(tmp_path / "repo", 3, 800))
    await imports.commits()
    for revision in ("main", "main^2"):
        sha = imports.repo.git("rev-parse", revision)
        assert await imports.ancestors(sha) == sorted(imports.repo.rev_list(sha))


async def test_a_commit_is_a_version_with_author_times_and_edges(imports: Imports) -> None:
    repo = imports.repo
    root = repo.rev_list("main")[0]
    repo.git("checkout", "--quiet", "-b", "side")
    side = repo.commit("on the side", b_md=B)
    repo.git("checkout", "--quiet", "main")
    main = repo.commit("on main: “ünï”", a_md=A)
    merge = repo.merge("side", b_md=B)
    await imports.commits()
    lineage = await imports.commit_lineage()
    versions = await imports.reads.versions(map(lineage.node_id, (root, side, main, merge)))
    assert {version.version for version in versions.values()} == {1, 2, 3, 4}
    assert {version.status for version in versions.values()} == {PatternStatus.ACTIVE}
    version = versions[lineage.node_id(main)]
    assert (version.created_by, version.change_summary, version.label) == ("Ada", "on main: “ünï”", main[:12])
    assert version.created_at == datetime.fromtimestamp(int(repo.git("log", "-1", "--format=%ct", main)), UTC)
    assert version.metadata["author_email"] == "ada@example.org"
    edges = {
        (edge.source_node_id, edge.target_node_id): edge.relationship_type
        for edge in await imports.edges_into(*versions)
    }
    assert edges == {
        (lineage.node_id(root), lineage.node_id(side)): RelationshipType.REFINED_FROM,
        (lineage.node_id(root), lineage.node_id(main)): RelationshipType.REFINED_FROM,
        (lineage.node_id(main), lineage.node_id(merge)): RelationshipType.MERGED_INTO,
        (lineage.node_id(side), lineage.node_id(merge)): RelationshipType.MERGED_INTO,
    }
    pattern = await imports.pattern()
    assert (pattern.name, pattern.pattern_type, pattern.latest_version) == ("repo", "repository", 4)
    assert pattern.current_node_id == lineage.node_id(merge)


async def test_commits_dated_in_the_future_or_before_their_parents_are_ancestors_too(imports: Imports) -> None:
    stream = []
    for mark, second in enumerate((4_000_000_000, 1_500_000_000, 1, 4_100_000_000), start=1):
        parent = f"from :{mark - 1}\n" if mark > 1 else "from refs/heads/main^0\n"
        stream.append(
            f"commit refs/heads/main\nmark :{mark}\ncommitter <a@b> {second} +0000\ndata 1\n{mark}\n{parent}\n"
        )
    imports.repo.fast_import(stream)
    await imports.commits()
    for sha in (shas := imports.repo.rev_list("main")):
        assert await imports.ancestors(sha) == sorted(imports.repo.rev_list(sha))
    version = (await imports.reads.versions([(await imports.commit_lineage()).node_id(shas[0])])).popitem()[1]
    assert version.created_at == datetime.fromtimestamp(4_100_000_000, UTC)
    assert version.created_by == "a@b"


async def test_another_import_changes_nothing(imports: Imports) -> None:
    for name in ("a.md", "b.md"):
        imports.repo.commit(**{name.replace(".", "_"): A + name})
    await imports.commits()
    before = await imports.pattern(), await imports.events((await imports.commit_lineage()).pattern_id)
    assert await imports.commits() == ImportProgress(total=3, commits=3, known=3)
    assert (await imports.pattern(), await imports.events((await imports.commit_lineage()).pattern_id)) == before
    assert sorted(event.event_type for event in before[1]) == [
        EventType.CURRENT_VERSION_CHANGED,
        EventType.PATTERN_IMPORTED,
        *[EventType.VERSION_ADDED] * 3,
    ]


async def test_later_imports_add_what_is_new_and_move_on(imports: Imports) -> None:
    repo, lineage = imports.repo, await imports.commit_lineage()
    first = repo.commit(a_md=A)
    await imports.commits()
    repo.git("checkout", "--quiet", "-b", "side")
    side = repo.commit(a_md=B)
    assert await imports.commits("side") == ImportProgress(total=3, commits=3, known=2, versions=1, edges=1)
    assert (await imports.pattern()).current_node_id == lineage.node_id(side)
    assert (await imports.commits("main")).versions == 0
    assert (await imports.pattern()).current_node_id == lineage.node_id(first)
    assert (await imports.pattern()).latest_version == 3


async def test_a_clone_is_the_same_repository(imports: Imports, tmp_path: Path) -> None:
    imports.repo.commit(a_md=A)
    await imports.commits()
    imports.repo.git("clone", "--quiet", "--bare", ".", str(tmp_path / "other.git"))
    imports.repo.folder = tmp_path / "other.git"
    assert (await imports.commits()).versions == 0
    assert (await imports.pattern()).name == "repo"


@pytest.mark.parametrize("batches", first_quick([1, 2, 4]))
async def test_an_import_that_was_broken_off_goes_on(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    monkeypatch.setattr(git_import, "BATCH", 20)
    imports = Imports(graph, random_repo(tmp_path / "repo", batches, 100))

    def stop(progress: ImportProgress) -> None:
        if progress.versions >= 20 * batches:
            raise Stopped

    with pytest.raises(Stopped):
        await imports.commits(report=stop)
    assert (await imports.pattern()).current_node_id is None
    rest = await imports.commits()
    shas = imports.repo.rev_list("main")
    assert (rest.known, rest.versions, rest.commits) == (20 * batches, len(shas) - 20 * batches, len(shas))
    assert (await imports.pattern()).latest_version == len(shas)
    assert await imports.ancestors(shas[0]) == sorted(shas)
    with pytest.raises(Stopped):
        await imports.files(report=stop)
    await imports.files()
    await assert_files_are_those_of_git(imports)


async def test_the_version_in_use_stays_if_no_import_has_made_it(imports: Imports) -> None:
    imports.repo.commit(a_md=A)
    await imports.commits()
    pattern = await imports.pattern()
    improved = await Lineage(imports.graph).add_version(pattern.pattern_id, NewVersion(activate=True), ORIGIN)
    imports.repo.commit(a_md=B)
    assert (await imports.commits()).kept == 1
    assert (await imports.pattern()).current_node_id == improved.version.node_id


async def test_a_deprecated_tip_is_not_put_into_use_again(imports: Imports) -> None:
    first = imports.repo.rev_list("main")[0]
    tip = imports.repo.commit(a_md=A)
    await imports.commits()
    lineage = await imports.commit_lineage()
    await Lineage(imports.graph).deprecate(lineage.node_id(tip), "no good", None, ORIGIN)
    await imports.commits()
    assert (await imports.pattern()).current_node_id == lineage.node_id(first)


# --- files


async def assert_files_are_those_of_git(imports: Imports, glob: str = "**") -> None:
    """Every file version that git has is there once, with its content, its pattern and exactly its parents."""
    lineage = FileLineage(await imports.identity(), glob)
    async with GitRepository(imports.repo.folder) as repository:
        files: dict[str, FileVersion] = {
            lineage.node_id(file.key): file async for file in repository.file_versions("main", glob)
        }
        texts = {
            node_id: await repository.blob_text(file.blob, MAX_TEMPLATE_BYTES) if file.blob else None
            for node_id, file in files.items()
        }
    versions = await imports.reads.versions(files)
    assert versions.keys() == files.keys()
    for node_id, version in versions.items():
        assert version.pattern_id == lineage.pattern_id(files[node_id])
        assert version.template_code == (texts[node_id] or "")
        assert version.metadata["path"] == files[node_id].path
    edges = await imports.edges_into(*files)
    assert sorted((edge.source_node_id, edge.target_node_id) for edge in edges) == sorted(
        (lineage.node_id(parent), node_id) for node_id, file in files.items() for parent in file.parents
    )


async def test_random_histories_of_files(graph: Graph, tmp_path: Path) -> None:
    imports = Imports(graph, random_repo(tmp_path / "repo", 7, 200))
    progress = await imports.files()
    await assert_files_are_those_of_git(imports)
    assert progress.versions > 150
    assert await imports.files() == ImportProgress(
        total=progress.total, commits=progress.total, known=progress.versions
    )


async def test_a_renamed_file_goes_on_under_its_new_name(imports: Imports) -> None:
    repo = imports.repo
    first = repo.commit("made", prompts__old_md=A)
    repo.git("mv", "prompts/old.md", "prompts/new name.md")
    second = repo.commit("renamed")
    third = repo.commit("changed", **{"prompts__new name_md": A + "more\n"})
    progress = await imports.files("prompts/**/*.md")
    assert (progress.versions, progress.edges, progress.patterns) == (3, 2, 1)
    versions = await imports.file_versions("prompts/**/*.md")
    made = versions[FileKey(first, "prompts/old.md")]
    renamed = versions[FileKey(second, "prompts/new name.md")]
    last = versions[FileKey(third, "prompts/new name.md")]
    assert [version.version for version in (made, renamed, last)] == [1, 2, 3]
    assert [version.template_code for version in (made, renamed, last)] == [A, A, A + "more\n"]
    assert renamed.metadata["previous_paths"] == ["prompts/old.md"]
    assert made.pattern_name == "prompts/old.md"
    pattern = (await imports.reads.patterns([made.pattern_id]))[made.pattern_id]
    assert (pattern.name, pattern.pattern_type) == ("prompts/new name.md", "file")
    assert pattern.current_node_id == last.node_id
    assert pattern.created_at == made.created_at
    repo.git("mv", "prompts/new name.md", "prompts/newest.md")
    repo.commit("renamed again")
    await imports.files("prompts/**/*.md")
    pattern = (await imports.reads.patterns([made.pattern_id]))[made.pattern_id]
    assert (pattern.name, pattern.latest_version) == ("prompts/newest.md", 4)
    updates = await imports.events(made.pattern_id, EventType.PATTERN_UPDATED)
    assert [(event.before, event.after) for event in updates] == [
        ({"name": "prompts/new name.md"}, {"name": "prompts/newest.md"}),
        ({"name": "prompts/old.md"}, {"name": "prompts/new name.md"}),
    ]


async def test_a_deleted_file_has_no_version_in_use_until_it_comes_back(imports: Imports) -> None:
    repo = imports.repo
    first = repo.commit(a_md=A, b_md=B)
    await imports.files()
    pattern_id = (await imports.file_versions())[FileKey(first, "a.md")].pattern_id
    gone = repo.commit(a_md=None)
    assert (await imports.files()).versions == 1
    deletion = (await imports.file_versions())[FileKey(gone, "a.md")]
    assert (deletion.template_code, deletion.metadata["deleted"]) == ("", True)
    assert (await imports.reads.patterns([pattern_id]))[pattern_id].current_node_id is None
    back = repo.commit(a_md=C)
    await imports.files()
    again = (await imports.file_versions())[FileKey(back, "a.md")]
    assert (await imports.reads.patterns([pattern_id]))[pattern_id].current_node_id == again.node_id
    [edge] = await imports.edges_into(again.node_id)
    assert edge.source_node_id == deletion.node_id


async def test_files_that_a_merge_brings_together(imports: Imports) -> None:
    """Two files of the same name on two branches: the first parent's goes on, and the other has come to its end."""
    repo = imports.repo
    repo.git("checkout", "--quiet", "-b", "side")
    side = repo.commit(prompt_md=B)
    repo.git("checkout", "--quiet", "main")
    main = repo.commit(prompt_md=A)
    merge = repo.merge("side", prompt_md=C)
    progress = await imports.files("*.md")
    assert (progress.versions, progress.edges, progress.patterns) == (3, 2, 2)
    versions = await imports.file_versions("*.md")
    ours, theirs, merged = (versions[FileKey(sha, "prompt.md")] for sha in (main, side, merge))
    assert merged.pattern_id == ours.pattern_id != theirs.pattern_id
    edges = await imports.edges_into(merged.node_id)
    assert {
        (edge.source_node_id, edge.source_pattern_id, edge.target_pattern_id, edge.relationship_type) for edge in edges
    } == {
        (version.node_id, version.pattern_id, merged.pattern_id, RelationshipType.MERGED_INTO)
        for version in (ours, theirs)
    }
    patterns = await imports.reads.patterns([ours.pattern_id, theirs.pattern_id])
    assert patterns[ours.pattern_id].current_node_id == merged.node_id
    assert patterns[theirs.pattern_id].current_node_id is None


async def test_the_version_in_use_is_the_one_that_the_tip_has(imports: Imports) -> None:
    """A merge may keep one parent's file: then the other's is later, but not in use."""
    repo = imports.repo
    ours = repo.commit(a_md=A)
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit(a_md=B)
    later = repo.commit(a_md=A)
    repo.git("checkout", "--quiet", "main")
    repo.merge("side", a_md=A)
    await imports.files()
    versions = await imports.file_versions()
    kept = versions[FileKey(ours, "a.md")]
    assert versions[FileKey(later, "a.md")].version > kept.version
    assert (await imports.reads.patterns([kept.pattern_id]))[kept.pattern_id].current_node_id == kept.node_id


async def test_what_is_binary_or_too_long_has_no_text(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_import, "BATCH_CHARACTERS", MAX_TEMPLATE_BYTES)  # so that batches are closed early too
    contents: dict[str, bytes] = {
        "binary": b"\0\1\2",
        "latin": "süß".encode("latin-1"),
        "longest": b"x" * MAX_TEMPLATE_BYTES,
        "empty": b"",
        "too long": b"y" * (MAX_TEMPLATE_BYTES + 1),
        "short": b"z",
    }
    for name, content in contents.items():
        imports.repo.write(name, content)
    sha = imports.repo.commit()
    assert (await imports.files()).versions == 6
    versions = await imports.file_versions()
    texts = {name: versions[FileKey(sha, name)].template_code for name in contents}
    assert texts == {
        "binary": "",
        "latin": "s\ufffd\ufffd",
        "longest": "x" * MAX_TEMPLATE_BYTES,
        "empty": "",
        "too long": "",
        "short": "z",
    }
    omitted = {name for name in contents if "content_omitted" in versions[FileKey(sha, name)].metadata}
    assert omitted == {"binary", "too long"}


async def test_many_files_in_one_commit_are_several_transactions(
    imports: Imports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_import, "BATCH", 10)
    for number in range(35):
        imports.repo.write(f"{number}.md", str(number))
    imports.repo.commit()
    steps: list[int] = []
    await imports.files(report=lambda progress: steps.append(progress.versions))
    assert sorted(set(steps)) == [0, 10, 20, 30, 35]
    versions = await imports.file_versions()
    patterns = await imports.reads.patterns([version.pattern_id for version in versions.values()])
    assert {pattern.current_node_id for pattern in patterns.values()} == {v.node_id for v in versions.values()}


@pytest.mark.exhaustive
async def test_a_commit_with_thousands_of_parents(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty thousand are the same, but take their time: what a statement and a transaction hold is bounded."""
    count, bound = 1_500, 200
    monkeypatch.setattr(lineage_steps, "MOST_ROWS", bound)
    monkeypatch.setattr(git_import, "BATCH_PARENTS", bound)
    most, written = 0, Transaction.write

    async def write(tx: Transaction, query: Query, rows: Sequence[Row], /, **more: Any) -> None:
        nonlocal most
        most = max(most, len(rows) if query.name == "lineage/create_edges" else 0)
        await written(tx, query, rows, **more)

    monkeypatch.setattr(Transaction, "write", write)
    repo = Repo(tmp_path / "repo")
    repo.fast_import(octopus(count, new_id()))
    imports = Imports(graph, repo)
    done = await imports.commits()
    assert (done.versions, done.edges, done.known) == (count + 2, 2 * count, 0)
    assert most == bound
    [tip, *parents] = repo.git("log", "-1", "--format=%H %P", "main").split()
    lineage = await imports.commit_lineage()
    edges = await imports.edges_into(lineage.node_id(tip))
    assert {edge.source_node_id for edge in edges} == {lineage.node_id(parent) for parent in parents}
    again = await imports.commits()
    assert (again.versions, again.known) == (0, count + 2)


# --- bad input


async def test_bad_input_changes_nothing(imports: Imports) -> None:
    imports.repo.commit(a_md=A)
    for field, run in (
        ("ref", imports.commits("no-such-branch")),
        ("ref", imports.files(ref="no-such-branch")),
        ("glob", imports.files("*.txt")),
        ("glob", imports.files("../*.md")),
    ):
        with pytest.raises(InvalidInput) as caught:
            await run
        assert caught.value.field == field
    lineage = await imports.commit_lineage()
    assert not await imports.reads.patterns([lineage.pattern_id])
    assert not await imports.events(lineage.pattern_id)


async def test_a_shallow_clone_is_refused_before_it_makes_patterns_of_its_own(
    graph: Graph, repo: Repo, tmp_path: Path
) -> None:
    for text in ("one", "two"):
        repo.commit(prompts__a_md=f"{text} {new_id()}")
    clone, reads = tmp_path / "shallow", LineageReads(graph)
    repo.git("clone", "--quiet", "--depth", "1", repo.folder.as_uri(), str(clone))
    patterns = await reads.count_patterns()
    async with GitRepository(clone) as repository:
        run = GitImport(repository, LineageImport(graph), reads, ORIGIN)
        for attempt in (run.commits(), run.files("HEAD", "prompts/*.md")):
            with pytest.raises(InvalidInput, match=r"shallow clone.*git fetch --unshallow"):
                await attempt
        assert await reads.count_patterns() == patterns
        repo.git("-C", str(clone), "fetch", "--quiet", "--unshallow")
        assert (await run.files("HEAD", "prompts/*.md")).versions == 2
