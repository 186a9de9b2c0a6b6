"""Opening repositories, commits and contents; what is read is compared with what git itself answers."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from loopgraph.contracts.lineage.git import Commit, FileStatus
from loopgraph.effects.git.repository import GitRepository
from loopgraph.errors import InvalidInput, NotFound
from support.repositories import A, B, C, Repo, octopus, random_history


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


async def commits_of(repo: Repo, ref: str = "HEAD") -> list[Commit]:
    async with GitRepository(repo.folder) as repository:
        return [commit async for commit in repository.commits(ref)]


# --- opening and naming


@pytest.mark.lengthy
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


@pytest.mark.lengthy
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


@pytest.mark.lengthy
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


@pytest.mark.lengthy
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


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_a_commit_can_have_very_many_parents(repo: Repo) -> None:
    repo.fast_import(octopus(20_000, "root"))
    commits = await commits_of(repo)
    assert len(commits) == 20_002
    assert list(commits[-1].parents) == repo.git("log", "-1", "--format=%P").split()
    async with GitRepository(repo.folder) as repository:
        last = [version async for version in repository.file_versions("HEAD", "**")][-1]
    assert (last.path, len(last.parents)) == ("file", 20_000)


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


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_ten_thousand_commits_take_little_of_the_processor(repo: Repo) -> None:
    repo.fast_import(random_history(7, 10_000))
    start = time.process_time()
    commits = await commits_of(repo, "main")
    assert time.process_time() - start < 4
    assert len(commits) == int(repo.git("rev-list", "--count", "main")) > 9_000


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_reading_can_stop_anywhere_and_leaves_no_process(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.fast_import(random_history(8, 3_000))
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def recorded(*arguments: Any, **options: Any) -> asyncio.subprocess.Process:
        started.append(await start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", recorded)
    async with GitRepository(repo.folder) as repository:
        async with aclosing(repository.commits("main")) as commits:
            assert not (await anext(commits)).parents
        async with aclosing(repository.file_versions("main", "**")) as versions:
            version = await anext(versions)
        assert version.blob is not None
        assert await repository.blob_text(version.blob, 100)
    assert -signal.SIGKILL in {process.returncode for process in started}, "everything was read to its end"
    assert all(process.returncode is not None for process in started)


@pytest.mark.lengthy
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
    async with GitRepository(repo.folder) as repository:
        assert await repository.count("HEAD", "*.md") == 3


@pytest.mark.lengthy
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


@pytest.mark.lengthy
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


@pytest.mark.lengthy
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


@pytest.mark.lengthy
async def test_says_what_is_checked_out_and_whether_its_history_was_cut_off(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "new")
    async with GitRepository(repo.folder) as repository:
        assert await repository.head() is None
        first = repo.commit(a_md="a")
        assert await repository.head() == first
        assert not await repository.is_shallow()
        assert await repository.option("loopgraph.fork") is None
        repo.git("config", "loopgraph.fork", "mine")
        assert await repository.option("loopgraph.fork") == "mine"
    repo.commit(b_md="b")
    repo.git("clone", "--quiet", "--depth", "1", f"file://{repo.folder}", str(tmp_path / "shallow"))
    async with GitRepository(tmp_path / "shallow") as repository:
        assert await repository.is_shallow()


async def test_tells_the_files_of_a_commit_without_links(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    repo.write("a b/ü.md", "text")
    (repo.folder / "link").symlink_to("a b")
    repo.commit()
    async with GitRepository(repo.folder) as repository:
        assert [blob async for blob in repository.blobs("HEAD")] == [
            ("a b/ü.md", repo.git("rev-parse", "HEAD:a b/ü.md"))
        ]
