"""The history of definitions in the words of the lineage: what ``git_history`` says of files, for those that are definitions.

A lineage of files is a definition's if it ever was at the path of one: so its whole history is, also from before it was moved
there. It is one pattern: of the kind, and with the name, that it has at the tip, or had last. Its versions have the kind and the
name of their own time. A lineage that a merge brought into such a one belongs to it, too.

Texts that have no commit are versions as well. A *seen* version was found in a work tree, or in a clone that was cut off, and has
the tag ``uncommitted``; its id is made of the text, so that the same text is the same version. As soon as a commit of the pattern
has this very text, its version takes the seen one's place (DEPRECATED_BY). Outside git all versions are made of texts, and none
has that tag.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from loopgraph.computes.definitions.front_matter import front_matter, text_of
from loopgraph.computes.definitions.places import Places, Spot, shortened
from loopgraph.computes.lineage.git_history import FileLineage, version_prefix
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.lineage.changes import (
    ImportedVersion,
    NewPattern,
    NewVersion,
    ParentLink,
    PatternTip,
    template_hash,
)
from loopgraph.contracts.lineage.definitions import UNCOMMITTED, DefinitionKind
from loopgraph.contracts.lineage.git import CommitFiles, FileKey, FileStatus, FileVersion
from loopgraph.contracts.lineage.patterns import EvolutionType, RelationshipType

OUTSIDE_GIT = "definition:"
"""What the ids of patterns and versions outside git begin with."""

_DESCRIPTION = 2_000


@dataclass
class Survey:
    """Which lineages of a history are definitions; it is told what each commit did, parents first."""

    places: Places
    last: dict[FileKey, FileVersion] = field(default_factory=dict)
    """The last version of each lineage that had a text at a definition's path."""
    _joins: defaultdict[FileKey, set[FileKey]] = field(default_factory=lambda: defaultdict(set))

    def add(self, change: CommitFiles) -> None:
        """What one commit did."""
        for version in change.versions:
            self._joins[version.lineage].update(version.joins)
            if version.blob is not None and self.places.spot(version.path) is not None:
                self.last[version.lineage] = version

    def chosen(self) -> dict[FileKey, FileVersion]:
        """The lineages that are definitions, each with the version that says what it is last."""
        found, waiting = dict(self.last), list(self.last)
        while waiting:
            lineage = waiting.pop()
            for joined in self._joins[lineage]:
                if joined not in found:
                    found[joined] = found[lineage]
                    waiting.append(joined)
        return found


@dataclass(frozen=True)
class Described:
    """What a definition is: where it lies, and the text that says its name. ``file`` is its path in the repository, where that is
    another one than in its scope."""

    spot: Spot
    text: str
    file: str | None = None

    @property
    def pattern_type(self) -> str:
        """Its kind."""
        return self.spot.kind.value

    @cached_property
    def name(self) -> str:
        """What people call it."""
        return self.spot.identity(self.text).name

    @cached_property
    def description(self) -> str:
        """What its front matter says that it is for."""
        if self.spot.kind is DefinitionKind.MEMORY:
            return ""
        return text_of(front_matter(self.text, self.spot.path), "description")[:_DESCRIPTION]

    def metadata(self) -> JsonMap:
        """Whose it is, and where."""
        return {"origin": self.spot.place.origin.value, "scope": self.spot.place.scope, "path": self.spot.path}

    def pattern(self, pattern_id: str, more: JsonMap) -> NewPattern:
        """The pattern, as it is made."""
        return NewPattern(
            pattern_id=pattern_id,
            name=self.name,
            pattern_type=self.pattern_type,
            description=self.description,
            metadata=self.metadata() | more,
        )

    def tip(self, pattern_id: str, node_id: str | None) -> PatternTip:
        """The pattern, as it is from now on."""
        return PatternTip(
            pattern_id=pattern_id,
            node_id=node_id,
            name=self.name,
            pattern_type=self.pattern_type,
            description=self.description,
            metadata=self.metadata(),
        )


@dataclass(frozen=True)
class DefinitionLineage:
    """The definitions of a repository. ``identity``: 32 hexadecimal digits; ``about``: what each pattern's metadata say of it."""

    identity: str
    places: Places
    about: JsonMap

    @property
    def files(self) -> FileLineage:
        """The ids: those of files whose glob is none, so that they are the same whatever is looked for."""
        return FileLineage(self.identity, ":definitions:")

    @property
    def prefix(self) -> str:
        """What the ids of all versions of this repository begin with."""
        return version_prefix(self.identity)

    def pattern_of(self, lineage: FileKey) -> str:
        """The id of the pattern of a lineage."""
        return self.files.pattern_of(lineage)

    def new_pattern_id(self, path: str) -> str:
        """The id of the pattern of a file that was seen before any commit had it."""
        return f"git:{self.identity}:new-{_digest(path)}"

    def node_id(self, key: FileKey) -> str:
        """The id of a file version."""
        return self.files.node_id(key)

    def seen_id(self, pattern_id: str, text: str) -> str:
        """The id of a version that was seen and has no commit."""
        return f"{self.prefix}seen:{_digest(pattern_id, template_hash(text))}"

    def version(self, file: FileVersion, text: str | None, last: Described, pattern_id: str) -> ImportedVersion:
        """A file version as a version of the definition that is ``last``."""
        made = self.files.version(file, text)
        spot = self.places.spot(file.path)
        then = Described(spot or last.spot, text or "")
        name = then.name if spot and text else last.name if file.blob is None else shortened(file.path)
        pattern = last.pattern(pattern_id, self.about)
        return made.model_copy(
            update={"pattern": pattern.model_copy(update={"name": name, "pattern_type": then.pattern_type})}
        )

    def seen(self, now_is: Described, pattern_id: str, parent: str | None, modified_at: datetime) -> ImportedVersion:
        """A version that has no commit. ``parent``: the version that its file was, None for a new file."""
        node_id = self.seen_id(pattern_id, now_is.text)
        return _of_text(now_is, pattern_id, node_id, parent, modified_at, self.about, (UNCOMMITTED,))

    def at_tip(self, files: Mapping[str, FileVersion], chosen: Iterable[FileKey]) -> dict[str, FileVersion]:
        """The definitions that are there when ``files`` are the last versions by path."""
        known = frozenset(chosen)
        return {
            path: file
            for path, file in files.items()
            if file.status is not FileStatus.DELETED and file.lineage in known and self.places.spot(path) is not None
        }


def outside_git(place_scope: str, path: str) -> str:
    """The id of the pattern of a file outside git: ``path`` is the one in its scope."""
    return f"{scope_prefix(place_scope)}{_digest(path)}"


def scope_prefix(place_scope: str) -> str:
    """What the ids of all patterns of a scope outside git begin with."""
    return f"{OUTSIDE_GIT}{_digest(place_scope)[:16]}:"


def version_outside_git(pattern_id: str, text: str) -> str:
    """The id of the version that has this text."""
    return f"{pattern_id}:{template_hash(text).removeprefix('sha256:')[:20]}"


def of_text(now_is: Described, pattern_id: str, parent: str | None, modified_at: datetime) -> ImportedVersion:
    """A version of a file outside git; ``parent`` is the one before it, None for the first."""
    node_id = version_outside_git(pattern_id, now_is.text)
    return _of_text(now_is, pattern_id, node_id, parent, modified_at, {}, ())


def _of_text(
    now_is: Described,
    pattern_id: str,
    node_id: str,
    parent: str | None,
    modified_at: datetime,
    about: JsonMap,
    tags: tuple[str, ...],
) -> ImportedVersion:
    return ImportedVersion(
        pattern=now_is.pattern(pattern_id, about),
        version=NewVersion(
            node_id=node_id,
            evolution_type=EvolutionType.REFINEMENT if parent else EvolutionType.CREATION,
            template_code=now_is.text,
            tags=tags,
            metadata={"path": now_is.file or now_is.spot.path},
            activate=True,
            created_at=modified_at,
            parents=(
                ParentLink(node_id=parent, relationship_type=RelationshipType.REFINED_FROM, edge_id=f"{node_id}:1"),
            )
            if parent
            else (),
        ),
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]
