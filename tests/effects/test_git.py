"""Real repositories, made by git; what is read is compared with what git itself answers."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import time
from collections.abc import Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loopgraph.contracts.git import Commit, FileKey, FileStatus, FileVersion
from loopgraph.effects.git import GitRepository
from loopgraph.errors import InvalidInput, NotFound

A, B, C, D = (("".join(f"{name} line {n}\n" for n in range(20))) for name in "abcd")
"""Contents of which none is a rename of another."""


class Repo:
    """A repository under construction; commits are a minute apart."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.minute = 0
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main", *options)

    def git(self, *arguments: str, stdin: bytes = b"", check: bool = True) -> str:
        self.minute += 1
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": f"{1_700_000_000 + 60 * self.minute} +0530",
            "GIT_COMMITTER_NAME": "Carl",
            "GIT_COMMITTER_EMAIL": "carl@example.org",
            "GIT_COMMITTER_DATE": f"{1_700_000_000 + 60 * self.minute} -0800",
        }
        command = ["git", "-C", str(self.folder), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False, env=environment)
        assert not check or done.returncode == 0, (arguments, done.stderr)
        return done.stdout.decode("utf-8", "backslashreplace").strip()

    def write(self, path: str, content: str | bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message: str = "a change", **files: str | None) -> str:
        """Commits what is in the work tree; ``files``: content by path (``__`` for ``/``, ``_md`` for ``.md``)."""
        for name, content in files.items():
            path = name.replace("__", "/").replace("_md", ".md")
            if content is None:
                (self.folder / path).unlink()
            else:
                self.write(path, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "--message", message)
        return self.git("rev-parse", "HEAD")

    def merge(self, *branches: str, **files: str | None) -> str:
        """Merges by hand: the result is the current branch's files, changed by ``files``."""
        tips = [self.git("rev-parse", branch) for branch in ("HEAD", *branches)]
        self.commit("to be replaced", **files)
        tree = self.git("rev-parse", "HEAD^{tree}")
        sha = self.git("commit-tree", tree, *(word for tip in tips for word in ("-p", tip)), "-m", "a merge")
        self.git("reset", "--quiet", "--hard", sha)
        return sha

    def fast_import(self, stream: Iterable[str]) -> None:
        self.git("fast-import", "--quiet", "--force", "--date-format=raw", stdin="".join(stream).encode())

    def rev_list(self, *arguments: str) -> list[str]:
        return self.git("rev-list", *arguments).split()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


async def commits_of(repo: Repo, ref: str = "HEAD") -> list[Commit]:
    async with GitRepository(repo.folder) as repository:
        return [commit async for commit in repository.commits(ref)]


def child_programs(name: str) -> list[str]:
    """The processes of this name that this process has started and that still run."""
    done = subprocess.run(["ps", "-o", "ppid=,comm="], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line.split() == [str(os.getpid()), name]]


async def versions_of(repo: Repo, glob: str = "**", ref: str = "HEAD") -> dict[FileKey, FileVersion]:
    """Versions by key, in order; parents come first and their lineages are known."""
    seen: dict[FileKey, FileVersion] = {}
    async with GitRepository(repo.folder) as repository:
        async for version in repository.file_versions(ref, glob):
            assert set(version.parents) <= set(seen)
            assert version.key not in seen
            assert version.lineage in seen or version.lineage == version.key
            seen[version.key] = version
        assert await repository.count(ref, glob) == len(seen)
    return seen


def random_history(seed: int, commits: int, paths: int = 12) -> Iterable[str]:
    """A fast-import stream: branches, merges of two and more, four roots, edits, deletions; many identical times."""
    rnd = random.Random(seed)
    heads: list[int] = []
    for mark in range(1, commits + 1):
        parents = rnd.sample(heads, min(len(heads), rnd.choice((1, 1, 1, 1, 2, 2, 3, 4))))
        if mark in (2, commits // 3, commits // 2):
            parents = []
        elif mark == commits:
            parents = heads
        heads = [head for head in heads if head not in parents or (len(heads) < 12 and rnd.random() < 0.6)] + [mark]
        branch = "main" if mark == commits else f"b{mark}"
        yield f"commit refs/heads/{branch}\nmark :{mark}\ncommitter A <a@b> {1_700_000_000 + mark // 5 * 60} +0000\n"
        yield f"data {len(str(mark))}\n{mark}\n"
        yield "".join(f"{'merge' if i else 'from'} :{parent}\n" for i, parent in enumerate(parents))
        for path in rnd.sample(range(paths), rnd.choice((0, 1, 2, 3))):
            if rnd.random() < 0.2:
                yield f"D f{path}\n"
            else:  # few contents, so that branches often agree by chance; too short to look like renames
                content = f"{path}{rnd.choice('xyz')}"
                yield f"M 644 inline f{path}\ndata {len(content)}\n{content}\n"
        yield "\n"


# --- opening and naming


async def test_opens_work_trees_their_folders_linked_work_trees_and_bare_repositories(repo: Repo) -> None:
    sha = repo.commit(prompts__a_md=A)
    repo.git("worktree", "add", "--quiet", "../linked")
    repo.git("clone", "--quiet", "--bare", ".", "../bare")
    for folder in (repo.folder, repo.folder / "prompts", repo.folder / "../linked", repo.folder / "../bare"):
        async with GitRepository(folder) as repository:
            assert await repository.resolve("HEAD") == sha
            assert [version.path async for version in repository.file_versions("main", "prompts/*")] == ["prompts/a.md"]


@pytest.mark.parametrize("name", ["missing", "empty", "file", "nul\0", "-c"])
async def test_refuses_what_is_no_repository(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput) as caught:
        async with GitRepository(tmp_path / name):
            pass
    assert caught.value.field == "path"


async def test_resolves_whatever_names_a_commit(repo: Repo) -> None:
    first, second = repo.commit(a_md=A), repo.commit(a_md=B)
    repo.git("tag", "light", first)
    repo.git("tag", "--annotate", "-m", "heavy", "heavy", first)
    async with GitRepository(repo.folder) as repository:
        for ref in ("light", "heavy", "HEAD~1", first, first[:12], "refs/tags/light"):
            assert await repository.resolve(ref) == first
        assert await repository.resolve("main") == second


@pytest.mark.parametrize(
    "ref", ["", "nowhere", "--all", "-", "^HEAD", "HEAD..HEAD", "HEAD:a.md", "HEAD^{tree}", "HEAD\n", "a\0b", "f" * 40]
)
async def test_refuses_what_names_no_commit(repo: Repo, ref: str) -> None:
    repo.commit(a_md=A)
    async with GitRepository(repo.folder) as repository:
        for ask in (repository.resolve, repository.identity, repository.count):
            with pytest.raises(InvalidInput) as caught:
                await ask(ref)
            assert caught.value.field == "ref"


async def test_a_repository_without_commits_has_no_head(repo: Repo) -> None:
    async with GitRepository(repo.folder) as repository:
        with pytest.raises(InvalidInput, match="HEAD"):
            await anext(repository.commits("HEAD"))


async def test_clones_have_the_same_identity_and_strangers_another(repo: Repo, tmp_path: Path) -> None:
    repo.commit(a_md=A)
    repo.git("clone", "--quiet", "--bare", ".", "../clone")
    repo.commit(a_md=B)
    stranger = Repo(tmp_path / "stranger")
    stranger.commit(a_md=C)
    identities = []
    for folder in (repo.folder, tmp_path / "clone", stranger.folder):
        async with GitRepository(folder) as repository:
            identities.append(await repository.identity())
    assert identities[0] == identities[1] != identities[2]
    assert all(len(identity) == 32 for identity in identities)


# --- commits


@pytest.mark.parametrize("seed", range(3))
async def test_commits_are_those_of_rev_list_with_parents_first(repo: Repo, seed: int) -> None:
    repo.fast_import(random_history(seed, 150))
    commits = await commits_of(repo, "main")
    lines = repo.git("rev-list", "--parents", "main").splitlines()
    assert {(commit.sha, *commit.parents) for commit in commits} == {tuple(line.split()) for line in lines}
    assert len(commits) == len(lines)
    assert sum(not commit.parents for commit in commits) > 1
    assert max(len(commit.parents) for commit in commits) > 4

    ancestors: dict[str, set[str]] = {}
    for commit in commits:  # a KeyError here: a parent came after its child
        ancestors[commit.sha] = {commit.sha}.union(*(ancestors[parent] for parent in commit.parents))
    for sha in random.Random(seed).sample(sorted(ancestors), 20):
        assert ancestors[sha] == set(repo.rev_list(sha))
    async with GitRepository(repo.folder) as repository:
        assert await repository.count("main") == len(commits)


async def test_a_commit_has_its_people_and_times_in_utc(repo: Repo) -> None:
    sha = repo.commit("Subject\nstill the subject\n\nThe body.")
    (commit,) = await commits_of(repo)
    seconds = int(repo.git("log", "-1", "--format=%at"))
    assert commit == Commit(
        sha=sha,
        parents=(),
        author_name="Ada",
        author_email="ada@example.org",
        authored_at=datetime.fromtimestamp(seconds, UTC),
        committed_at=datetime.fromtimestamp(seconds, UTC),
        subject="Subject still the subject",
    )
    assert commit.authored_at.tzinfo is UTC


async def test_odd_commits_are_read(repo: Repo) -> None:
    tree = repo.git("hash-object", "-t", "tree", "-w", "--stdin")
    odd = [
        b"author J\xc3\xbcrgen <j@x> 1700000000 +0000\ncommitter J <j@x> 1700000000 +0000\n\n",  # no message
        b"author J\xfcrgen <j@x> 1700000000 +0000\ncommitter J <j@x> 1700000000 +0000\n\nno encoding\n",
        b"author J\xfcrgen <j@x> 1700000000 +0000\ncommitter J <j@x> 1700000000 +0000\nencoding ISO-8859-1\n\n\xfc\n",
        b"author  <> 99999999999999 +0000\ncommitter  <> 18446744073709551616 +0000\n\nfar away\n",
        b"author nobody\ncommitter nobody\n\nbroken\n",
    ]
    parent = b""
    for people in odd:
        body = b"tree " + tree.encode() + b"\n" + parent + people
        sha = repo.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=body)
        parent = f"parent {sha}\n".encode()
    commits = await commits_of(repo, sha)
    assert [commit.author_name for commit in commits[:4]] == ["Jürgen", "J\ufffdrgen", "Jürgen", ""]
    assert [commit.subject for commit in commits] == ["", "no encoding", "ü", "far away", "broken"]
    assert commits[3].authored_at == commits[4].committed_at == datetime(1970, 1, 1, tzinfo=UTC)


async def test_ten_thousand_commits_take_less_than_two_seconds(repo: Repo) -> None:
    repo.fast_import(random_history(7, 10_000))
    start = time.perf_counter()
    commits = await commits_of(repo, "main")
    assert time.perf_counter() - start < 2
    assert len(commits) == int(repo.git("rev-list", "--count", "main")) > 9_000


async def test_reading_can_stop_anywhere(repo: Repo) -> None:
    repo.fast_import(random_history(8, 3_000))
    async with GitRepository(repo.folder) as repository:
        async with aclosing(repository.commits("main")) as commits:
            assert not (await anext(commits)).parents
        async with aclosing(repository.file_versions("main", "**")) as versions:
            assert (await anext(versions)).status is FileStatus.ADDED
    assert not child_programs("git")


async def test_replacements_and_surrounding_variables_change_nothing(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = repo.commit(a_md=A), repo.commit(a_md=B), repo.commit(a_md=C)
    repo.git("replace", "--graft", third, first)
    assert len(repo.rev_list("HEAD")) == 2
    other = Repo(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    assert [commit.sha for commit in await commits_of(repo)] == [first, second, third]
    assert len(await versions_of(repo, "*.md")) == 3


async def test_a_shallow_clone_starts_where_it_was_cut(repo: Repo, tmp_path: Path) -> None:
    repo.commit(a_md=A)
    cut, last = repo.commit(a_md=B), repo.commit(a_md=C)
    repo.git("clone", "--quiet", "--depth=2", repo.folder.as_uri(), str(tmp_path / "shallow"))
    async with GitRepository(tmp_path / "shallow") as repository:
        commits = [commit async for commit in repository.commits("HEAD")]
        versions = [version async for version in repository.file_versions("HEAD", "**")]
    assert [(commit.sha, commit.parents) for commit in commits] == [(cut, ()), (last, (cut,))]
    assert [version.status for version in versions] == [FileStatus.ADDED, FileStatus.MODIFIED]


async def test_a_damaged_repository_is_named(repo: Repo) -> None:
    first = repo.commit(a_md=A)
    repo.commit(a_md=B)
    (repo.folder / ".git" / "objects" / first[:2] / first[2:]).unlink()
    async with GitRepository(repo.folder) as repository:
        for read in (repository.commits("HEAD"), repository.file_versions("HEAD", "**")):
            with pytest.raises(InvalidInput, match=first) as caught:
                async for _ in read:
                    pass
            assert caught.value.field == "path"


async def test_nothing_that_the_repository_configures_is_run(repo: Repo, tmp_path: Path) -> None:
    repo.write(".gitattributes", "*.md diff=evil filter=evil\n")
    repo.commit(a_md=A)
    repo.commit(a_md=None, b_md=A.replace("19", "twenty"))  # a rename that needs the contents
    head = repo.git("cat-file", "commit", "HEAD")
    signed = head.replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n\n", 1).replace("\n\n", "\n \n", 1)
    signed += "\n -----END PGP SIGNATURE-----\n\nsigned\n"
    sha = repo.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=signed.encode())
    ran = tmp_path / "ran"
    evil = tmp_path / "evil"
    evil.write_text(f'#!/bin/sh\necho "$0 $@" >> {ran}\n')
    evil.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "pager.log", "gpg.program", "diff.external", "core.sshCommand"):
        repo.git("config", name, str(evil))
    for name in ("diff.evil.textconv", "diff.evil.command", "filter.evil.smudge", "filter.evil.clean"):
        repo.git("config", name, str(evil))
    repo.git("config", "log.showSignature", "true")
    repo.git("config", "extensions.partialClone", "origin")
    repo.git("config", "protocol.ext.allow", "always")
    repo.git("config", "remote.origin.url", f"ext::{evil}")
    repo.git("config", "remote.origin.promisor", "true")
    repo.git("log", "-1", sha)
    assert ran.exists(), "the trap does not work"
    ran.unlink()

    async with GitRepository(repo.folder) as repository:
        assert len([commit async for commit in repository.commits(sha)]) == 2
        versions = [version async for version in repository.file_versions(sha, "*.md")]
        assert [version.status for version in versions] == [FileStatus.ADDED, FileStatus.RENAMED]
        assert versions[0].blob is not None
        assert await repository.blob_text(versions[0].blob, 10_000) == A
        with pytest.raises((NotFound, InvalidInput)):  # what a partial clone lacks is not fetched
            await repository.blob_text("1" * 40, 100)
    assert not ran.exists(), ran.read_text()


# --- files


async def test_a_renamed_file_has_the_history_of_git_log_follow(repo: Repo) -> None:
    repo.commit(prompts__a_md=A, prompts__other_md=B)
    repo.commit(prompts__a_md=A + "more\n")
    repo.git("mv", "prompts/a.md", "prompts/b.md")
    repo.commit(prompts__b_md=A + "more, and changed while it moved\n")
    repo.commit(prompts__other_md=B + "more\n")
    repo.git("mv", "prompts/b.md", "prompts/c.md")
    repo.commit()
    last = repo.commit(prompts__c_md=A)

    versions = await versions_of(repo, "prompts/**/*.md")
    chain, key = [], FileKey(last, "prompts/c.md")
    while True:
        version = versions[key]
        chain.append(version)
        if not version.parents:
            break
        (key,) = version.parents
    assert [version.commit.sha for version in chain] == repo.git(
        "log", "--follow", "--format=%H", "--", "prompts/c.md"
    ).split()
    assert {version.lineage for version in chain} == {chain[-1].key}
    assert chain[-1].path == "prompts/a.md"
    assert [version.status.value for version in chain] == ["modified", "renamed", "renamed", "modified", "added"]
    assert chain[2].previous_paths == ("prompts/a.md",)


@pytest.mark.parametrize("seed", range(4))
async def test_parents_are_what_git_log_answers_for_each_parent_commit(repo: Repo, seed: int) -> None:
    repo.fast_import(random_history(seed, 120, paths=6))
    versions = await versions_of(repo, ref="main")
    assert sum(len(version.parents) > 1 for version in versions.values()) > 5
    for version in random.Random(seed).sample(list(versions.values()), 40):
        last = [
            FileKey(sha, version.path)
            for parent in version.commit.parents
            if (sha := repo.git("log", "-1", "--format=%H", parent, "--", version.path))
        ]
        assert version.parents == tuple(dict.fromkeys(last))


async def test_a_version_has_the_blob_that_its_commit_has(repo: Repo) -> None:
    repo.fast_import(random_history(11, 120))
    for version in (await versions_of(repo, "f1*", "main")).values():
        blob = repo.git("rev-parse", "--verify", "--quiet", f"{version.commit.sha}:{version.path}", check=False)
        assert version.blob == (blob or None)
        assert (version.status is FileStatus.DELETED) == (not blob)


async def test_a_merge_that_takes_a_file_over_makes_no_version(repo: Repo) -> None:
    repo.commit(a_md=A)
    repo.git("branch", "side")
    repo.commit(b_md=B)
    repo.git("checkout", "--quiet", "side")
    theirs = repo.commit(a_md=A + "theirs\n")
    repo.git("checkout", "--quiet", "main")
    merge = repo.merge("side", a_md=A + "theirs\n")
    after = repo.commit(a_md=A + "after\n")
    versions = await versions_of(repo)
    assert FileKey(merge, "a.md") not in versions
    assert versions[FileKey(after, "a.md")].parents == (FileKey(theirs, "a.md"),)


async def test_a_merge_of_two_changes_has_both_as_parents_also_across_a_rename(repo: Repo) -> None:
    first = repo.commit(a_md=A)
    repo.git("branch", "side")
    repo.git("mv", "a.md", "renamed.md")
    ours = repo.commit()
    repo.git("checkout", "--quiet", "side")
    theirs = repo.commit(a_md=A + "theirs\n")
    repo.git("checkout", "--quiet", "main")
    merge = repo.merge("side", renamed_md=A + "theirs\nand the merge's\n")
    versions = await versions_of(repo)
    version = versions[FileKey(merge, "renamed.md")]
    assert version.parents == (FileKey(ours, "renamed.md"), FileKey(theirs, "a.md"))
    assert version.previous_paths == ("a.md",)
    assert version.lineage == (first, "a.md")
    assert version.status is FileStatus.MODIFIED
    assert len(versions) == 4


async def test_an_octopus_can_have_a_parent_from_every_arm(repo: Repo) -> None:
    base = repo.commit(a_md=A)
    arms = []
    for name in ("x", "y", "z"):
        repo.git("checkout", "--quiet", "-b", name, base)
        arms.append(repo.commit(a_md=A + name))
    repo.git("checkout", "--quiet", "x")
    merge = repo.merge("y", "z", a_md=A + "xyz")
    assert (await versions_of(repo))[FileKey(merge, "a.md")].parents == tuple(FileKey(arm, "a.md") for arm in arms)


async def test_lineages_of_two_roots_go_on_as_the_first_parents(repo: Repo) -> None:
    ours = repo.commit(a_md=A)
    repo.git("checkout", "--quiet", "--orphan", "side")
    theirs = repo.commit(a_md=B)
    repo.git("checkout", "--quiet", "main")
    merge = repo.merge("side", a_md=A + B)
    versions = await versions_of(repo)
    assert versions[FileKey(merge, "a.md")].parents == (FileKey(ours, "a.md"), FileKey(theirs, "a.md"))
    assert versions[FileKey(merge, "a.md")].lineage == (ours, "a.md")
    assert versions[FileKey(theirs, "a.md")].lineage == (theirs, "a.md")


async def test_a_file_that_comes_back_goes_on_from_its_deletion(repo: Repo) -> None:
    first, gone, back = repo.commit(a_md=A), repo.commit(a_md=None), repo.commit(a_md=B)
    versions = await versions_of(repo)
    assert [version.status.value for version in versions.values()] == ["added", "deleted", "added"]
    assert versions[FileKey(gone, "a.md")].blob is None
    assert versions[FileKey(back, "a.md")].parents == (FileKey(gone, "a.md"),)
    assert {version.lineage for version in versions.values()} == {FileKey(first, "a.md")}


async def test_a_path_that_a_rename_left_is_free_for_another_file(repo: Repo) -> None:
    first = repo.commit(a_md=A)
    repo.git("mv", "a.md", "b.md")
    moved = repo.commit()
    other = repo.commit(a_md=C)
    versions = await versions_of(repo)
    assert versions[FileKey(moved, "b.md")].lineage == (first, "a.md")
    assert versions[FileKey(other, "a.md")].parents == ()
    assert versions[FileKey(other, "a.md")].lineage == (other, "a.md")


async def test_a_chain_of_renames_in_one_commit_keeps_files_apart(repo: Repo) -> None:
    first = repo.commit(a_md=A, b_md=B)
    repo.git("mv", "b.md", "c.md")
    repo.git("mv", "a.md", "d.md")
    moved = repo.commit()
    versions = await versions_of(repo)
    assert versions[FileKey(moved, "c.md")].parents == (FileKey(first, "b.md"),)
    assert versions[FileKey(moved, "d.md")].parents == (FileKey(first, "a.md"),)


async def test_of_two_copies_of_a_file_that_went_one_is_the_file(repo: Repo) -> None:
    first = repo.commit(a_md=A)
    both = repo.commit(a_md=None, b_md=A, c_md=A)
    versions = [version for version in (await versions_of(repo)).values() if version.commit.sha == both]
    assert {version.path for version in versions} == {"b.md", "c.md"}
    new, renamed = sorted(versions, key=lambda version: version.status)
    assert (new.status, renamed.status) == (FileStatus.ADDED, FileStatus.RENAMED)
    assert (new.parents, renamed.parents) == ((), (FileKey(first, "a.md"),))
    assert (new.lineage, renamed.lineage) == (new.key, FileKey(first, "a.md"))


async def test_the_glob_bounds_what_is_seen(repo: Repo) -> None:
    repo.commit(prompts__in_md=A, notes__out_md=B, prompts__deep__er__x_md=C, prompts__x_txt=D)
    repo.git("mv", "prompts/in.md", "notes/in.md")
    repo.git("mv", "notes/out.md", "prompts/out.md")
    repo.commit()
    versions = await versions_of(repo, "prompts/**/*.md")
    assert [(version.path, version.status.value, version.parents == ()) for version in versions.values()] == [
        ("prompts/deep/er/x.md", "added", True),
        ("prompts/in.md", "added", True),
        ("prompts/in.md", "deleted", False),
        ("prompts/out.md", "added", True),
    ]
    assert {version.path for version in (await versions_of(repo, "prompts/*.md")).values()} == {
        "prompts/in.md",
        "prompts/out.md",
    }
    assert await versions_of(repo, "nowhere/*") == {}


@pytest.mark.parametrize("glob", ["", "/etc/*", "../*", "a/../../*", "a\0b"])
async def test_a_glob_outside_the_repository_is_refused(repo: Repo, glob: str) -> None:
    repo.commit(a_md=A)
    async with GitRepository(repo.folder) as repository:
        with pytest.raises(InvalidInput) as caught:
            await repository.count("HEAD", glob)
    assert caught.value.field == "glob"


async def test_names_may_have_any_byte(repo: Repo) -> None:
    names = [
        "two words.md",
        "new\nline.md",
        'quo"te.md',
        "ünï → 日本.md",
        ":colon.md",
        "-dash.md",
        "tab\t.md",
        "a*b?.md",
    ]
    for n, name in enumerate(names):
        repo.write(name, f"{n} {A}")
    repo.write(os.fsdecode(b"latin-\xfc.md"), B)
    repo.commit()
    (repo.folder / "moved").mkdir()
    for name in names:
        (repo.folder / name).rename(repo.folder / "moved" / name)
    repo.commit()
    versions = (await versions_of(repo)).values()
    assert {version.path for version in versions if version.status is FileStatus.ADDED} == {*names, "latin-\\xfc.md"}
    moved = {version.path: version.previous_paths for version in versions if version.status is FileStatus.RENAMED}
    assert moved == {f"moved/{name}": (name,) for name in names}


async def test_symbolic_links_and_submodules_are_not_files(repo: Repo) -> None:
    (repo.folder / "link.md").symlink_to("a.md")
    repo.commit(a_md=A, b_md=B)
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module.md")
    repo.git("commit", "--quiet", "-m", "a submodule")
    (repo.folder / "b.md").unlink()
    (repo.folder / "b.md").symlink_to("a.md")
    (repo.folder / "link.md").unlink()
    repo.write("link.md", C)
    repo.git("add", "b.md", "link.md")
    repo.git("commit", "--quiet", "-m", "types change")
    versions = (await versions_of(repo)).values()
    assert [(version.path, version.status.value) for version in versions] == [
        ("a.md", "added"),
        ("b.md", "added"),
        ("b.md", "deleted"),
        ("link.md", "added"),
    ]


# --- contents


async def test_blob_text(repo: Repo) -> None:
    contents = {
        "text": "grüße\r\n".encode(),
        "binary": b"a\0b",
        "latin": b"gr\xfc\xdfe",
        "empty": b"",
        "long": b"x" * 999,
    }
    shas = {name: repo.git("hash-object", "-w", "--stdin", stdin=content) for name, content in contents.items()}
    sha = repo.commit(a_md=A)
    async with GitRepository(repo.folder) as repository:
        texts = {name: await repository.blob_text(blob, 998) for name, blob in shas.items()}
        assert texts == {"text": "grüße\r\n", "binary": None, "latin": "gr\ufffd\ufffde", "empty": "", "long": None}
        assert await repository.blob_text(shas["long"], 999) == "x" * 999
        with pytest.raises(NotFound):
            await repository.blob_text("0" * 39 + "1", 100)
        with pytest.raises(InvalidInput, match="commit, not a blob"):
            await repository.blob_text(sha, 100)
        for bad in ("", "HEAD", f"{sha}\n{sha}", sha[:39], sha.upper()):
            with pytest.raises(InvalidInput) as caught:
                await repository.blob_text(bad, 100)
            assert caught.value.field == "sha"
        assert await repository.blob_text(shas["text"], 100) == "grüße\r\n"


async def test_blob_text_answers_each_of_many_at_once_also_after_a_cancelled_one(repo: Repo) -> None:
    texts = [f"{n}\n" * 20_000 for n in range(20)]
    shas = [repo.git("hash-object", "-w", "--stdin", stdin=text.encode()) for text in texts]
    async with GitRepository(repo.folder) as repository:
        assert await repository.blob_text(shas[0], 1_000_000) == texts[0]
        broken_off = asyncio.create_task(repository.blob_text(shas[1], 1_000_000))
        await asyncio.sleep(0)
        broken_off.cancel()
        with pytest.raises(asyncio.CancelledError):
            await broken_off
        assert await asyncio.gather(*(repository.blob_text(sha, 1_000_000) for sha in shas)) == texts
