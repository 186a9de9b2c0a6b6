"""What a client asks for when it changes the lineage. Ids are optional: a client that brings its own can retry safely."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Self

import orjson
from pydantic import BaseModel, Field, model_validator

from loopgraph.contracts.base import Contract, Id, Instant, JsonMap, Name, Tags, Text, Unit
from loopgraph.contracts.lineage.patterns import (
    Baseline,
    EdgeStrength,
    EvolutionType,
    LineageEdge,
    Pattern,
    PatternVersion,
    RelationshipType,
)


class ParentLink(Contract):
    """An edge from an existing version to the one that is being made."""

    node_id: Id
    relationship_type: RelationshipType = RelationshipType.REFINED_FROM
    edge_id: Id | None = None
    edge_strength: EdgeStrength = EdgeStrength.MODERATE
    similarity_score: Unit | None = None
    confidence_score: Unit | None = None
    change_summary: Text = ""
    breaking_changes: bool = False
    metadata: JsonMap = {}


class NewVersion(Contract):
    """A version to be made.

    ``version``, if given, must be the next number. ``parents`` None means the version in use (or the latest, if none is), and
    an empty list a root. ``created_at`` and ``created_by`` are for imported history.
    """

    node_id: Id | None = None
    version: Annotated[int, Field(ge=1)] | None = None
    label: Name | None = None
    evolution_type: EvolutionType = EvolutionType.REFINEMENT
    template_code: Text = ""
    parameters: JsonMap = {}
    change_summary: Text = ""
    tags: Tags = ()
    metadata: JsonMap = {}
    confidence_score: Unit | None = None
    performance_baseline: Baseline | None = None
    quality_baseline: Unit | None = None
    success_rate_baseline: Unit | None = None
    activate: bool = False
    created_at: Instant | None = None
    created_by: Name | None = None
    parents: tuple[ParentLink, ...] | None = None


class NewPattern(Contract):
    """A pattern to be made, together with its version 1."""

    pattern_id: Id | None = None
    name: Name
    pattern_type: Name = "prompt"
    description: Text = ""
    tags: Tags = ()
    metadata: JsonMap = {}


class NewEdge(Contract):
    """An edge to be drawn between two existing versions, from the earlier to the later."""

    edge_id: Id | None = None
    source_node_id: Id
    target_node_id: Id
    relationship_type: RelationshipType
    edge_strength: EdgeStrength = EdgeStrength.MODERATE
    similarity_score: Unit | None = None
    confidence_score: Unit | None = None
    change_summary: Text = ""
    breaking_changes: bool = False
    metadata: JsonMap = {}


class ImportedVersion(Contract):
    """A version of recorded history and the pattern it belongs to, which is made if it is not there.

    Both name their ids and the version its parents, so that the same history can be imported again.
    """

    pattern: NewPattern
    version: NewVersion

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.pattern.pattern_id is None or self.version.node_id is None or self.version.parents is None:
            raise ValueError("recorded history names pattern_id, node_id and parents")
        return self

    @property
    def pattern_id(self) -> str:
        """The id of the pattern."""
        return str(self.pattern.pattern_id)

    @property
    def node_id(self) -> str:
        """The id of the version."""
        return str(self.version.node_id)


class Imported(Contract):
    """How much of an import was new."""

    patterns: Annotated[int, Field(ge=0)] = 0
    versions: Annotated[int, Field(ge=0)] = 0
    edges: Annotated[int, Field(ge=0)] = 0


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


class PatternTip(Contract):
    """What a pattern's history ends with: the version in use (None: there is none any more), and what it is (None: as it was)."""

    pattern_id: Id
    node_id: Id | None
    name: Name | None = None
    pattern_type: Name | None = None
    description: Text | None = None
    metadata: JsonMap | None = None

    def changed(self, pattern: Pattern) -> dict[str, Any]:
        """What is different of the pattern from now on; of its metadata, the keys that are not named here stay, and so do the
        folders that it was found in before."""
        facts: dict[str, Any] = {"name": self.name, "pattern_type": self.pattern_type, "description": self.description}
        if self.metadata is not None:
            facts["metadata"] = pattern.metadata | self.metadata
            if "folders" in self.metadata:
                folders = {*_texts(pattern.metadata.get("folders")), *_texts(self.metadata["folders"])}
                facts["metadata"]["folders"] = sorted(folders)
        return {name: fact for name, fact in facts.items() if fact not in (None, getattr(pattern, name))}


class Created(Contract):
    """What making a version gave: ``repeated`` says that an earlier request with the same id and content had made it."""

    pattern: Pattern
    version: PatternVersion
    edges: tuple[LineageEdge, ...]
    repeated: bool = False


def template_hash(template_code: str) -> str:
    """``sha256:<hex>`` over the exact UTF-8 bytes of the template."""
    return "sha256:" + hashlib.sha256(template_code.encode("utf-8", "surrogatepass")).hexdigest()


def request_hash(*parts: BaseModel | Any) -> str:
    """Hash of what a request asks for, to tell a retry from another request with the same id."""
    plain = [part.model_dump(mode="json") if isinstance(part, BaseModel) else part for part in parts]
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)).hexdigest()
