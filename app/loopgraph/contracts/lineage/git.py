"""History as git keeps it: commits, and the versions of files that they made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints

from loopgraph.contracts.base import Contract, Instant

Sha = Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")]
"""A full object name: SHA-1, or SHA-256 in repositories that use it."""


class Commit(Contract):
    """One commit. ``parents`` in git's order: none for a root, several for a merge.

    Text that is not valid UTF-8 has U+FFFD in its place; names and subject may be empty. A date that git cannot read
    is the Unix epoch, as in git's own output.
    """

    sha: Sha
    parents: tuple[Sha, ...]
    author_name: str
    author_email: str
    authored_at: Instant
    committed_at: Instant
    subject: str


class FileStatus(StrEnum):
    """What a commit did to a file, seen from its first parent."""

    ADDED = "added"
    MODIFIED = "modified"
    RENAMED = "renamed"
    DELETED = "deleted"


class FileKey(NamedTuple):
    """A file version has this key in its repository: a commit makes at most one version of a path."""

    commit: Sha
    path: str


class FileVersion(Contract):
    """A file as one commit left it.

    ``blob`` is the object with the content, None when the commit deleted the file. ``parents`` are, for each parent of
    the commit in order and without repetition, the last version of the file in that parent's history; a renamed file's
    parents have its former path. ``lineage`` is the first version of the file's first line of descent; all versions
    with the same ``lineage`` are one file; ``joins`` are the other lineages that end in this version. Bytes of a path that are
    not UTF-8 are written ``\\xNN``.
    """

    commit: Commit
    path: str
    status: FileStatus
    blob: Sha | None
    parents: tuple[FileKey, ...]
    lineage: FileKey
    joins: tuple[FileKey, ...] = ()

    @property
    def key(self) -> FileKey:
        """The version's own key."""
        return FileKey(self.commit.sha, self.path)

    @property
    def previous_paths(self) -> tuple[str, ...]:
        """The other paths that the file had in the parents."""
        return tuple(dict.fromkeys(parent.path for parent in self.parents if parent.path != self.path))


class CommitFiles(NamedTuple):
    """What one commit did to the files of a history.

    ``versions`` are those it made; ``files`` the last version of every path after it, deletions included, to be looked at
    before the next commit is read.
    """

    commit: Commit
    versions: Sequence[FileVersion]
    files: Mapping[str, FileVersion]


class ImportForm(StrEnum):
    """What becomes a version: every commit, or every state of every file."""

    COMMITS = "commits"
    FILES = "files"


Count = Annotated[int, Field(ge=0)]


class ImportProgress(Contract):
    """How far an import has come.

    ``commits`` of ``total`` have been read. Of their versions so many were ``known``; ``versions``, ``edges`` and ``patterns``
    are new. At the end, ``kept`` patterns stay with a version in use that no import has made.
    """

    total: Count = 0
    commits: Count = 0
    known: Count = 0
    versions: Count = 0
    edges: Count = 0
    patterns: Count = 0
    kept: Count = 0

    def plus(self, **more: int) -> ImportProgress:
        """The totals with more of some of them."""
        return self.model_copy(update={name: getattr(self, name) + count for name, count in more.items()})
