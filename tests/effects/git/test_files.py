"""Versions of files and their parents; what is read is compared with what git itself answers."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from loopgraph.contracts.lineage.git import FileKey, FileStatus, FileVersion
from loopgraph.effects.git.repository import GitRepository
from loopgraph.errors import InvalidInput
from support.repositories import A, B, C, D, Repo, random_history


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


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


@pytest.mark.lengthy
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


@pytest.mark.exhaustive
@pytest.mark.lengthy
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


@pytest.mark.lengthy
async def test_a_version_has_the_blob_that_its_commit_has(repo: Repo) -> None:
    repo.fast_import(random_history(11, 120))
    for version in (await versions_of(repo, "f1*", "main")).values():
        blob = repo.git("rev-parse", "--verify", "--quiet", f"{version.commit.sha}:{version.path}", check=False)
        assert version.blob == (blob or None)
        assert (version.status is FileStatus.DELETED) == (not blob)


@pytest.mark.lengthy
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


@pytest.mark.lengthy
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


@pytest.mark.lengthy
async def test_an_octopus_can_have_a_parent_from_every_arm(repo: Repo) -> None:
    base = repo.commit(a_md=A)
    arms = []
    for name in ("x", "y", "z"):
        repo.git("checkout", "--quiet", "-b", name, base)
        arms.append(repo.commit(a_md=A + name))
    repo.git("checkout", "--quiet", "x")
    merge = repo.merge("y", "z", a_md=A + "xyz")
    assert (await versions_of(repo))[FileKey(merge, "a.md")].parents == tuple(FileKey(arm, "a.md") for arm in arms)


@pytest.mark.lengthy
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


@pytest.mark.lengthy
async def test_a_file_that_comes_back_goes_on_from_its_deletion(repo: Repo) -> None:
    first, gone, back = repo.commit(a_md=A), repo.commit(a_md=None), repo.commit(a_md=B)
    versions = await versions_of(repo)
    assert [version.status.value for version in versions.values()] == ["added", "deleted", "added"]
    assert versions[FileKey(gone, "a.md")].blob is None
    assert versions[FileKey(back, "a.md")].parents == (FileKey(gone, "a.md"),)
    assert {version.lineage for version in versions.values()} == {FileKey(first, "a.md")}


@pytest.mark.lengthy
async def test_a_path_that_a_rename_left_is_free_for_another_file(repo: Repo) -> None:
    first = repo.commit(a_md=A)
    repo.git("mv", "a.md", "b.md")
    moved = repo.commit()
    other = repo.commit(a_md=C)
    versions = await versions_of(repo)
    assert versions[FileKey(moved, "b.md")].lineage == (first, "a.md")
    assert versions[FileKey(other, "a.md")].parents == ()
    assert versions[FileKey(other, "a.md")].lineage == (other, "a.md")


@pytest.mark.lengthy
async def test_a_chain_of_renames_in_one_commit_keeps_files_apart(repo: Repo) -> None:
    first = repo.commit(a_md=A, b_md=B)
    repo.git("mv", "b.md", "c.md")
    repo.git("mv", "a.md", "d.md")
    moved = repo.commit()
    versions = await versions_of(repo)
    assert versions[FileKey(moved, "c.md")].parents == (FileKey(first, "b.md"),)
    assert versions[FileKey(moved, "d.md")].parents == (FileKey(first, "a.md"),)


@pytest.mark.lengthy
async def test_of_two_copies_of_a_file_that_went_one_is_the_file(repo: Repo) -> None:
    first = repo.commit(a_md=A)
    both = repo.commit(a_md=None, b_md=A, c_md=A)
    versions = [version for version in (await versions_of(repo)).values() if version.commit.sha == both]
    assert {version.path for version in versions} == {"b.md", "c.md"}
    new, renamed = sorted(versions, key=lambda version: version.status)
    assert (new.status, renamed.status) == (FileStatus.ADDED, FileStatus.RENAMED)
    assert (new.parents, renamed.parents) == ((), (FileKey(first, "a.md"),))
    assert (new.lineage, renamed.lineage) == (new.key, FileKey(first, "a.md"))


@pytest.mark.lengthy
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


@pytest.mark.lengthy
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


async def test_several_globs_are_one_history(repo: Repo) -> None:
    repo.commit(**{"a_md": A, "b.toml": B, "c.txt": C})
    repo.git("mv", "a.md", "d.toml")
    repo.commit()
    async with GitRepository(repo.folder) as repository:
        found = [(file.path, file.status) async for file in repository.file_versions("HEAD", ("**/*.md", "**/*.toml"))]
    assert found == [
        ("a.md", FileStatus.ADDED), ("b.toml", FileStatus.ADDED), ("d.toml", FileStatus.RENAMED)
    ]  # fmt: skip


@pytest.mark.lengthy
async def test_a_version_names_the_lineages_that_end_in_it(repo: Repo) -> None:
    repo.commit("root")
    repo.git("checkout", "--quiet", "-b", "side")
    side = repo.commit(a_md=B)
    repo.git("checkout", "--quiet", "main")
    main = repo.commit(a_md=A)
    merge = repo.merge("side", a_md=A + B)
    versions = await versions_of(repo)
    assert versions[FileKey(merge, "a.md")].lineage == FileKey(main, "a.md")
    assert versions[FileKey(merge, "a.md")].joins == (FileKey(side, "a.md"),)
    assert {version.joins for key, version in versions.items() if key.commit != merge} == {()}
