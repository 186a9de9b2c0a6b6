"""Inputs of the lineage mutations, and the contracts they become."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any, TypeVar

import orjson
import strawberry
from pydantic import BaseModel
from strawberry.scalars import JSON

from loopgraph import errors
from loopgraph.api.access import is_known, name_of
from loopgraph.api.graphql.types.changes import ChangeInput
from loopgraph.api.graphql.types.common import Info, plain, validated
from loopgraph.api.graphql.types.enums import EdgeStrength, EvolutionType, RelationshipType
from loopgraph.contracts.lineage import patterns as contracts
from loopgraph.contracts.lineage.changes import NewEdge, NewPattern, NewVersion

M = TypeVar("M", bound=BaseModel)


@strawberry.input
class EdgeFields:
    """What an edge consists of, beside its ends and its type."""

    edge_id: strawberry.ID | None = strawberry.UNSET
    edge_strength: EdgeStrength = contracts.EdgeStrength.MODERATE
    similarity_score: float | None = None
    confidence_score: float | None = None
    change_summary: str = ""
    breaking_changes: bool = False
    metadata: JSON | None = strawberry.UNSET


@strawberry.input(description="An existing version that the new one descends from.")
class ParentInput(EdgeFields):
    node_id: strawberry.ID
    relationship_type: RelationshipType = contracts.RelationshipType.REFINED_FROM


@strawberry.input(
    description="A source of a derivation, a fork or a merge; the operation says which type of edge is drawn."
)
class SourceInput(EdgeFields):
    node_id: strawberry.ID
    edge_strength: EdgeStrength = contracts.EdgeStrength.STRONG


@strawberry.input
class BaselineInput:
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    avg_duration_ms: float | None = None


@strawberry.input
class VersionFields(ChangeInput):
    """What a version consists of."""

    node_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Your own id makes a retry safe; left out, one is made."
    )
    label: str | None = strawberry.UNSET
    template_code: str = ""
    parameters: JSON | None = strawberry.UNSET
    change_summary: str = ""
    version_tags: list[str] | None = strawberry.UNSET
    version_metadata: JSON | None = strawberry.UNSET
    confidence_score: float | None = None
    performance_baseline: BaselineInput | None = strawberry.UNSET
    quality_baseline: float | None = None
    success_rate_baseline: float | None = None
    created_by: str | None = None


def _left_out(description: str) -> Any:
    """A field that is left out unless it is given."""
    return strawberry.field(default=strawberry.UNSET, description=description)


_TEMPLATE = "Left out: that of the source; of a merge, that of its first source."
_PARAMETERS = "Left out together with the template: those of the same source; else none."


@strawberry.input
class CopiedFields(VersionFields):
    """What a version consists of that is made from others."""

    template_code: str | None = _left_out(_TEMPLATE)  # type: ignore[assignment]  # may be left out, unlike the base's
    parameters: JSON | None = _left_out(_PARAMETERS)


@strawberry.input
class PatternFields(VersionFields):
    """What a pattern and its version 1 consist of."""

    name: str
    pattern_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Your own id makes a retry safe; left out, one is made."
    )
    pattern_type: str = "prompt"
    description: str = ""
    tags: list[str] | None = strawberry.UNSET
    metadata: JSON | None = strawberry.UNSET


@strawberry.input
class CreatePatternInput(PatternFields):
    activate: bool = strawberry.field(default=True, description="Whether version 1 is in use at once, or a draft.")


@strawberry.input
class AddVersionInput(VersionFields):
    pattern_id: strawberry.ID
    version: int | None = strawberry.field(default=None, description="If given, it must be the next number.")
    evolution_type: EvolutionType = contracts.EvolutionType.REFINEMENT
    parents: list[ParentInput] | None = strawberry.field(
        default=None, description="Left out: the version in use (or the latest). An empty list makes a root."
    )
    activate: bool = False


@strawberry.input
class DeriveVersionInput(CopiedFields):
    source: SourceInput
    pattern_id: strawberry.ID | None = strawberry.field(
        default=None, description="The pattern that gets the version; left out: the source's."
    )
    activate: bool = False


@strawberry.input
class ForkPatternInput(PatternFields):
    source: SourceInput
    template_code: str | None = _left_out(_TEMPLATE)  # type: ignore[assignment]  # may be left out, unlike the base's
    parameters: JSON | None = _left_out(_PARAMETERS)
    pattern_type: str | None = _left_out("Left out: that of the source's pattern.")  # type: ignore[assignment]  # as above
    activate: bool = True


@strawberry.input
class MergeVersionsInput(CopiedFields):
    pattern_id: strawberry.ID = strawberry.field(description="The pattern that gets the merged version.")
    sources: list[SourceInput] = strawberry.field(description="Two or more versions.")
    activate: bool = False


@strawberry.input
class ConnectVersionsInput(ChangeInput, EdgeFields):
    source_node_id: strawberry.ID = strawberry.field(description="The earlier version.")
    target_node_id: strawberry.ID = strawberry.field(description="The later version.")
    relationship_type: RelationshipType


@strawberry.input
class DisconnectVersionsInput(ChangeInput):
    edge_id: strawberry.ID
    reason: str = ""


@strawberry.input
class VersionInput(ChangeInput):
    node_id: strawberry.ID


@strawberry.input
class RejectVersionInput(ChangeInput):
    node_id: strawberry.ID
    reason: str = ""


@strawberry.input
class DeprecateVersionInput(ChangeInput):
    node_id: strawberry.ID
    reason: str
    replaced_by: strawberry.ID | None = strawberry.field(
        default=None, description="The version to use instead; it gets a DEPRECATED_BY edge."
    )


_VERSION = (
    "node_id", "version", "label", "template_code", "parameters", "change_summary", "confidence_score",
    "quality_baseline", "success_rate_baseline", "created_by", "activate", "evolution_type", "parents",
)  # fmt: skip
_PATTERN = ("pattern_id", "name", "pattern_type", "description", "tags", "metadata")
_EDGE = tuple(NewEdge.model_fields)

_DEEPEST_JSON = 254
"""So many levels orjson writes."""

_LEVELS = 200
"""So many a map may have: what it is stored and hashed in has some, too."""

_VERSION_NAMES = (
    ("tags", "versionTags"),
    ("metadata", "versionMetadata"),
    (r"performanceBaseline\.(p50|p95|p99|avgDuration)", r"performanceBaseline.\1Ms"),
)


@contextlib.contextmanager
def told_as(*names: tuple[str, str]) -> Iterator[None]:
    """Errors name a field as the client wrote it: each pair is how a path begins in the contract, and how in the input."""
    try:
        yield
    except errors.InvalidInput as error:
        field = error.field.removeprefix("input.")
        for ours, theirs in names:
            field = re.sub(rf"^{ours}\b", theirs, field)
        raise errors.InvalidInput(f"input.{field}", error.problem) from error


def _given(data: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The fields that were given; null is the same as none where there is something to fall back on."""
    maybe_empty = {"parameters", "metadata", "tags", "template_code", "pattern_type"}
    return {name: data[name] for name in names if name in data and not (name in maybe_empty and data[name] is None)}


def described(contract: type[M], data: dict[str, Any]) -> M:
    """The contract of some data, whose free maps can be stored and read back. Raises InvalidInput."""
    found = validated(contract, data)
    _check_maps(found, "input")
    return found


def _check_maps(found: BaseModel, path: str) -> None:
    for name, value in found:
        if isinstance(value, dict) and not _storable(value):
            raise errors.InvalidInput(
                f"{path}.{name}",
                f"must be JSON of at most {_LEVELS} levels, with finite numbers and integers of at most 64 bits",
            )


def _storable(value: dict[str, Any]) -> bool:
    """Whether a map comes back from JSON text as it is. GraphQL literals can hold more than that: 1e999 is infinite."""
    nested: Any = value
    for _ in range(_DEEPEST_JSON - _LEVELS):
        nested = [nested]
    try:
        return bool(orjson.loads(orjson.dumps(nested)) == nested)
    except TypeError:
        return False


def new_pattern(input: PatternFields) -> NewPattern:
    """The pattern that an input describes. Raises InvalidInput."""
    return described(NewPattern, _given(plain(input), _PATTERN))


def new_version(
    info: Info,
    input: VersionFields,
    *,
    evolution_type: contracts.EvolutionType | None = None,
    sources: tuple[list[SourceInput], contracts.RelationshipType] | None = None,
) -> NewVersion:
    """The version that an input describes, made by who asks; ``sources`` become its parents by one type. Raises InvalidInput."""
    raw = plain(input)
    data = _given(raw, _VERSION)
    for name, given in (("tags", raw.get("version_tags")), ("metadata", raw.get("version_metadata"))):
        if given is not None:
            data[name] = given
    if baseline := raw.get("performance_baseline"):
        data["performance_baseline"] = {name.removesuffix("_ms"): value for name, value in baseline.items()}
    if evolution_type is not None:
        data["evolution_type"] = evolution_type
    if sources is not None:
        data["parents"] = [{**plain(source), "relationship_type": sources[1]} for source in sources[0]]
    for parent in data.get("parents") or ():
        if parent.get("metadata", ...) is None:
            del parent["metadata"]
    with told_as(*_VERSION_NAMES):
        version = described(NewVersion, data)
        for index, parent in enumerate(version.parents or ()):
            _check_maps(parent, f"input.parents.{index}")
        return _made_by(info, version)


def _made_by(info: Info, version: NewVersion) -> NewVersion:
    """A version that names who makes it: the principal where it is known, and not what the input says."""
    principal = info.context.principal
    return version.model_copy(update={"created_by": name_of(principal)}) if is_known(principal) else version


def new_edge(input: ConnectVersionsInput) -> NewEdge:
    """The edge that an input describes. Raises InvalidInput."""
    return described(NewEdge, _given(plain(input), _EDGE))
