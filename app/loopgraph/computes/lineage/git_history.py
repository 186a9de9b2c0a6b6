"""A git history in the words of the lineage.

Ids are made of the repository's identity, of shas and of paths, so that another import, of another clone too, finds what is
there. (Merging an unrelated history gives a repository more roots and so another identity: all of it is new then.)

A version has one REFINED_FROM edge from its only parent, or a MERGED_INTO edge from each of several. ``created_at`` is
the commit's time and ``created_by`` its author; the metadata have the sha, the author's address and the time of authorship.

- Commits: the repository is the pattern. A commit has no template: ``template_code`` is empty, ``change_summary`` its subject.
- Files: each file is a pattern that is named as its path, and ``template_code`` is its text. A file that is binary or longer
  than ``MAX_TEMPLATE_BYTES`` has none, which its metadata say (``content_omitted``). A deletion is a version without text
  (``deleted``). Ids depend on the glob, because it decides what git takes for a rename.

At the end of an import the version at the imported ref is in use, and a pattern whose file is gone from there has none. A
version in use that no import has made, such as an applied improvement, stays in use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.lineage.changes import ImportedVersion, NewPattern, NewVersion, ParentLink, PatternTip
from loopgraph.contracts.lineage.git import Commit, FileKey, FileStatus, FileVersion
from loopgraph.contracts.lineage.patterns import EvolutionType, Pattern, RelationshipType

MAX_TEMPLATE_BYTES = 256 * 1024
"""Longer files are imported without their text."""

NO_TEXT = f"binary, or longer than {MAX_TEMPLATE_BYTES} bytes"
"""Why a file has no text."""

_NAME = 255
_SUMMARY = 10_000


@dataclass(frozen=True)
class CommitLineage:
    """The commits of a repository as one pattern. ``identity``: 32 hexadecimal digits; ``name``: what the pattern is called."""

    identity: str
    name: str

    @property
    def pattern_id(self) -> str:
        """The id of the pattern."""
        return f"git:{self.identity}"

    def node_id(self, sha: str) -> str:
        """The id of a commit's version."""
        return f"{version_prefix(self.identity)}{sha}"

    def version(self, commit: Commit) -> ImportedVersion:
        """A commit as a version."""
        return ImportedVersion(
            pattern=NewPattern(
                pattern_id=self.pattern_id,
                name=_name(self.name) or "repository",
                pattern_type="repository",
                tags=("git",),
                metadata={"identity": self.identity},
            ),
            version=_version(commit, self.node_id(commit.sha), map(self.node_id, commit.parents)),
        )

    def tip(self, sha: str) -> PatternTip:
        """The version in use when ``sha`` is the tip."""
        return PatternTip(pattern_id=self.pattern_id, node_id=self.node_id(sha))


@dataclass(frozen=True)
class FileLineage:
    """The files of a repository that match ``glob``, each as a pattern. ``identity``: 32 hexadecimal digits."""

    identity: str
    glob: str

    def pattern_id(self, file: FileVersion) -> str:
        """The id of a file's pattern."""
        return self.pattern_of(file.lineage)

    def pattern_of(self, lineage: FileKey) -> str:
        """The id of the pattern of a lineage."""
        return f"git:{self.identity}:{self._digest(*lineage)}"

    def node_id(self, key: FileKey) -> str:
        """The id of a file version."""
        return f"{version_prefix(self.identity)}{key.commit}:{self._digest(key.path)}"

    def version(self, file: FileVersion, text: str | None) -> ImportedVersion:
        """A file version as a version. ``text``: its content, None when that is not to be had."""
        metadata: JsonMap = {"path": file.path, "status": file.status.value, "blob": file.blob}
        if file.previous_paths:
            metadata["previous_paths"] = list(file.previous_paths)
        if file.blob is None:
            metadata["deleted"] = True
        elif text is None:
            metadata["content_omitted"] = NO_TEXT
        node_id, parents = self.node_id(file.key), map(self.node_id, file.parents)
        return ImportedVersion(
            pattern=NewPattern(
                pattern_id=self.pattern_id(file),
                name=_path_name(file.path),
                pattern_type="file",
                tags=("git",),
                metadata={"identity": self.identity, "glob": self.glob},
            ),
            version=_version(file.commit, node_id, parents, metadata, text or ""),
        )

    def tips(self, pattern_ids: Iterable[str], files: Mapping[str, FileVersion]) -> list[PatternTip]:
        """The versions in use of patterns when ``files`` are the last versions by path. Of a file at two paths the later."""
        present = sorted(
            (file for file in files.values() if file.status is not FileStatus.DELETED),
            key=lambda file: (file.commit.committed_at, file.path),
        )
        last = {self.pattern_id(file): file for file in present}
        return [
            PatternTip(pattern_id=id_, node_id=self.node_id(last[id_].key), name=_path_name(last[id_].path))
            if id_ in last
            else PatternTip(pattern_id=id_, node_id=None)
            for id_ in pattern_ids
        ]

    def _digest(self, *parts: str) -> str:
        return hashlib.sha256("\0".join((self.glob, *parts)).encode()).hexdigest()[:20]


def tips_to_follow(
    prefix: str, tips: Iterable[PatternTip], patterns: Mapping[str, Pattern]
) -> tuple[list[PatternTip], int]:
    """The tips that change their patterns, and how many patterns stay with a version in use that no import has made: those of
    imports have ids that begin with ``prefix``.
    """
    changing, kept = [], 0
    for tip in tips:
        pattern = patterns.get(tip.pattern_id)
        if pattern is None:
            continue
        in_use = pattern.current_node_id
        if in_use is not None and not in_use.startswith(prefix):
            kept += 1
            tip = tip.model_copy(update={"node_id": in_use})
        if tip.node_id != in_use or tip.changed(pattern):
            changing.append(tip)
    return changing, kept


def version_prefix(identity: str) -> str:
    """What the ids of all versions imported from a repository begin with."""
    return f"git:{identity[:12]}:"


def _version(
    commit: Commit, node_id: str, parents: Iterable[str], metadata: JsonMap | None = None, template_code: str = ""
) -> NewVersion:
    parent_ids = list(dict.fromkeys(parents))  # a broken commit can name a parent twice
    if len(parent_ids) > 1:
        evolution, relationship = EvolutionType.MERGE, RelationshipType.MERGED_INTO
    else:
        evolution = EvolutionType.REFINEMENT if parent_ids else EvolutionType.CREATION
        relationship = RelationshipType.REFINED_FROM
    about: dict[str, Any] = {"sha": commit.sha, "authored_at": commit.authored_at.isoformat()}
    if commit.author_email:
        about["author_email"] = commit.author_email
    return NewVersion(
        node_id=node_id,
        label=commit.sha[:12],
        evolution_type=evolution,
        template_code=template_code,
        change_summary=commit.subject[:_SUMMARY],
        tags=("git",),
        metadata=about | (metadata or {}),
        activate=True,
        created_at=commit.committed_at,
        created_by=_name(commit.author_name) or _name(commit.author_email) or "unknown",
        parents=tuple(
            ParentLink(node_id=parent, relationship_type=relationship, edge_id=f"{node_id}:{number}")
            for number, parent in enumerate(parent_ids, start=1)
        ),
    )


def _name(text: str) -> str:
    return text.strip()[:_NAME].strip()


def _path_name(path: str) -> str:
    """A path as a name; of a very long one the end."""
    return _name(path if len(path) <= _NAME else f"…{path[1 - _NAME :]}") or repr(path)
