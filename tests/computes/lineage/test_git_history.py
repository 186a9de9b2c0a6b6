"""Commits and file versions as versions of the lineage: ids, edges, names, and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopgraph.computes.lineage.git_history import (
    MAX_TEMPLATE_BYTES,
    CommitLineage,
    FileLineage,
    tips_to_follow,
    version_prefix,
)
from loopgraph.contracts.lineage.changes import PatternTip
from loopgraph.contracts.lineage.git import Commit, FileKey, FileStatus, FileVersion
from loopgraph.contracts.lineage.patterns import EvolutionType, Pattern, RelationshipType

IDENTITY = "0123456789abcdef" * 2
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHA, OTHER, THIRD = "a" * 40, "b" * 40, "c" * 40
COMMITS = CommitLineage(IDENTITY, "prompts")
FILES = FileLineage(IDENTITY, "**/*.md")


def commit(sha: str = SHA, *parents: str, **changes: Any) -> Commit:
    fields: dict[str, Any] = {
        "author_name": "Ada",
        "author_email": "ada@example.org",
        "authored_at": NOON,
        "committed_at": NOON + timedelta(hours=1),
        "subject": "a change",
    }
    return Commit(sha=sha, parents=parents, **fields | changes)


def file(path: str, of: Commit, *parents: FileKey, **changes: Any) -> FileVersion:
    fields: dict[str, Any] = {"status": FileStatus.MODIFIED, "blob": THIRD, "lineage": FileKey(of.sha, path)}
    return FileVersion(commit=of, path=path, parents=parents, **fields | changes)


def pattern(pattern_id: str, in_use: str | None, name: str = "a.md") -> Pattern:
    return Pattern(
        pattern_id=pattern_id,
        name=name,
        pattern_type="file",
        latest_version=1,
        current_node_id=in_use,
        created_at=NOON,
        created_by="Ada",
        updated_at=NOON,
    )


def test_a_commit_is_a_version_with_its_author_and_both_times() -> None:
    made = COMMITS.version(commit(SHA, OTHER))
    version = made.version
    assert (made.pattern_id, made.pattern.name) == (f"git:{IDENTITY}", "prompts")
    assert (made.node_id, version.label) == (f"git:{IDENTITY[:12]}:{SHA}", SHA[:12])
    assert (version.template_code, version.change_summary) == ("", "a change")
    assert (version.created_by, version.created_at) == ("Ada", NOON + timedelta(hours=1))
    assert version.metadata == {"sha": SHA, "author_email": "ada@example.org", "authored_at": NOON.isoformat()}
    assert version.activate


@pytest.mark.parametrize(
    ("parents", "evolution", "edges"),
    [
        ((), EvolutionType.CREATION, []),
        ((OTHER,), EvolutionType.REFINEMENT, [(OTHER, RelationshipType.REFINED_FROM)]),
        ((OTHER, OTHER), EvolutionType.REFINEMENT, [(OTHER, RelationshipType.REFINED_FROM)]),
        (
            (OTHER, THIRD),
            EvolutionType.MERGE,
            [(OTHER, RelationshipType.MERGED_INTO), (THIRD, RelationshipType.MERGED_INTO)],
        ),
    ],
)
def test_edges_from_the_parents(
    parents: tuple[str, ...], evolution: EvolutionType, edges: list[tuple[str, RelationshipType]]
) -> None:
    version = COMMITS.version(commit(SHA, *parents)).version
    assert version.evolution_type is evolution
    assert version.parents is not None
    assert [(link.node_id, link.relationship_type) for link in version.parents] == [
        (COMMITS.node_id(sha), kind) for sha, kind in edges
    ]


@pytest.mark.parametrize(
    ("name", "email", "author"),
    [
        ("", "ada@example.org", "ada@example.org"),
        (" \t", "", "unknown"),
        ("A" * 300, "", "A" * 255),
        ("A" * 254 + " B", "", "A" * 254),
        ("Ada\u00a0", "", "Ada"),
    ],
)
def test_authors_that_git_allows_and_a_name_does_not(name: str, email: str, author: str) -> None:
    made = COMMITS.version(commit(author_name=name, author_email=email, subject="x" * 1_000_000))
    assert made.version.created_by == author
    assert ("author_email" in made.version.metadata) == bool(email)
    assert made.version.change_summary == "x" * 10_000


def test_a_repository_without_a_name() -> None:
    assert CommitLineage(IDENTITY, "").version(commit()).pattern.name == "repository"


def test_a_file_version_has_its_text_and_says_where_it_was() -> None:
    before = FileKey(OTHER, "old name.md")
    made = FILES.version(
        file("prompts/ü/new name.md", commit(SHA, OTHER), before, status=FileStatus.RENAMED, lineage=before), "# Hi\n"
    )
    assert made.pattern.name == "prompts/ü/new name.md"
    assert made.version.template_code == "# Hi\n"
    assert made.version.metadata == {
        "sha": SHA,
        "author_email": "ada@example.org",
        "authored_at": NOON.isoformat(),
        "path": "prompts/ü/new name.md",
        "status": "renamed",
        "blob": THIRD,
        "previous_paths": ["old name.md"],
    }
    assert made.version.parents is not None
    assert [link.node_id for link in made.version.parents] == [FILES.node_id(before)]


def test_a_file_keeps_its_pattern_under_any_path_and_another_glob_has_its_own() -> None:
    first = FileKey(OTHER, "old.md")
    old, new = file("old.md", commit(OTHER)), file("new.md", commit(SHA, OTHER), first, lineage=first)
    assert FILES.version(old, "").pattern_id == FILES.version(new, "").pattern_id
    assert FILES.version(old, "").node_id != FILES.version(new, "").node_id
    other = FileLineage(IDENTITY, "*.md")
    assert other.version(old, "").pattern_id != FILES.version(old, "").pattern_id
    assert other.version(old, "").node_id != FILES.version(old, "").node_id


def test_a_file_without_text_says_why() -> None:
    gone = FILES.version(file("a.md", commit(), status=FileStatus.DELETED, blob=None), None).version
    binary = FILES.version(file("a.md", commit()), None).version
    empty = FILES.version(file("a.md", commit()), "").version
    assert (gone.template_code, binary.template_code, empty.template_code) == ("", "", "")
    assert gone.metadata["deleted"] is True
    assert binary.metadata["content_omitted"] == f"binary, or longer than {MAX_TEMPLATE_BYTES} bytes"
    assert not {"deleted", "content_omitted"} & empty.metadata.keys()


def test_very_long_paths_are_named_by_their_end() -> None:
    made = FILES.version(file("folder/" * 100 + "the-end.md", commit()), "")
    assert len(made.pattern.name) == 255
    assert made.pattern.name.endswith("/the-end.md")
    assert made.pattern.name.startswith("…")


def test_tips_are_the_files_that_are_there_and_none_for_those_that_are_gone() -> None:
    first = FileKey(OTHER, "a.md")
    here = file("b.md", commit(SHA), first, lineage=first)
    elsewhere = file("c.md", commit(THIRD, committed_at=NOON), first, lineage=first)  # the same file, but earlier
    gone = file("gone.md", commit(SHA), status=FileStatus.DELETED, blob=None)
    merged = file("merged.md", commit(SHA))
    ids = [FILES.pattern_id(version) for version in (here, gone, merged)]
    tips = FILES.tips(ids, {version.path: version for version in (here, elsewhere, gone)})
    assert tips == [
        PatternTip(pattern_id=ids[0], node_id=FILES.node_id(here.key), name="b.md"),
        PatternTip(pattern_id=ids[1], node_id=None),
        PatternTip(pattern_id=ids[2], node_id=None),
    ]


def test_only_tips_that_change_something_are_followed() -> None:
    tip = PatternTip(pattern_id="p", node_id=COMMITS.node_id(SHA), name="a.md")
    gone = PatternTip(pattern_id="p", node_id=None)

    def follow(tip: PatternTip, in_use: str | None, name: str = "a.md") -> tuple[list[PatternTip], int]:
        return tips_to_follow(version_prefix(IDENTITY), [tip], {"p": pattern("p", in_use, name)})

    assert follow(tip, None) == ([tip], 0)
    assert follow(tip, COMMITS.node_id(OTHER)) == ([tip], 0)
    assert follow(tip, tip.node_id) == ([], 0)
    assert follow(tip, tip.node_id, "old.md") == ([tip], 0)
    assert follow(gone, tip.node_id) == ([gone], 0)
    assert follow(gone, None) == ([], 0)


def test_a_version_in_use_that_no_import_made_stays_in_use() -> None:
    tip = PatternTip(pattern_id="p", node_id=COMMITS.node_id(SHA), name="new.md")
    renamed = tip.model_copy(update={"node_id": "improved"})
    assert tips_to_follow(version_prefix(IDENTITY), [tip], {"p": pattern("p", "improved", "new.md")}) == ([], 1)
    assert tips_to_follow(version_prefix(IDENTITY), [tip], {"p": pattern("p", "improved", "old.md")}) == ([renamed], 1)
