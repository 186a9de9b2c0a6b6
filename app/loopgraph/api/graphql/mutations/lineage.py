"""Mutations of the lineage. Each is one transaction that also writes its event."""

from __future__ import annotations

from typing import Annotated

import strawberry

from loopgraph import errors
from loopgraph.api.graphql.mutations import inputs
from loopgraph.api.graphql.types.changes import origin_of
from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.expected import Expected, mutation
from loopgraph.api.graphql.types.lineage.edges import LineageEdge
from loopgraph.api.graphql.types.lineage.patterns import Pattern
from loopgraph.api.graphql.types.lineage.versions import PatternVersion
from loopgraph.api.graphql.types.list_size import short_list
from loopgraph.contracts.audit import EventType
from loopgraph.contracts.lineage import patterns as contracts
from loopgraph.contracts.lineage.changes import Created, NewVersion
from loopgraph.contracts.lineage.patterns import EvolutionType, RelationshipType


@strawberry.type
class VersionPayload:
    """A version that was made, with its pattern and the edges into it."""

    pattern: Pattern
    version: PatternVersion
    edges: list[LineageEdge] = short_list()
    repeated: bool = strawberry.field(description="Whether an earlier request with the same id had made it.")


@strawberry.type
class EdgePayload:
    """An edge that was drawn or closed."""

    edge: LineageEdge
    repeated: bool = strawberry.field(
        default=False, description="Whether an earlier request with the same id had drawn it."
    )


@strawberry.type
class StatusPayload:
    """A version whose status changed."""

    version: PatternVersion
    edge: LineageEdge | None = strawberry.field(
        default=None, description="The edge to the replacement, if one was named."
    )


CreatePatternResult = Annotated[VersionPayload | Expected, strawberry.union("CreatePatternResult")]
AddVersionResult = Annotated[VersionPayload | Expected, strawberry.union("AddVersionResult")]
DeriveVersionResult = Annotated[VersionPayload | Expected, strawberry.union("DeriveVersionResult")]
ForkPatternResult = Annotated[VersionPayload | Expected, strawberry.union("ForkPatternResult")]
MergeVersionsResult = Annotated[VersionPayload | Expected, strawberry.union("MergeVersionsResult")]
ConnectVersionsResult = Annotated[EdgePayload | Expected, strawberry.union("ConnectVersionsResult")]
DisconnectVersionsResult = Annotated[EdgePayload | Expected, strawberry.union("DisconnectVersionsResult")]
ActivateVersionResult = Annotated[StatusPayload | Expected, strawberry.union("ActivateVersionResult")]
DeprecateVersionResult = Annotated[StatusPayload | Expected, strawberry.union("DeprecateVersionResult")]
ArchiveVersionResult = Annotated[StatusPayload | Expected, strawberry.union("ArchiveVersionResult")]
RejectVersionResult = Annotated[StatusPayload | Expected, strawberry.union("RejectVersionResult")]
SetCurrentVersionResult = Annotated[StatusPayload | Expected, strawberry.union("SetCurrentVersionResult")]


_ONE_SOURCE = (r"parents(\.0)?", "source")
"""A derivation and a fork have one parent, which their inputs call the source."""


def _payload(created: Created) -> VersionPayload:
    return VersionPayload(
        pattern=Pattern.of(created.pattern),
        version=PatternVersion.of(created.version),
        edges=[LineageEdge.of(edge) for edge in created.edges],
        repeated=created.repeated,
    )


async def _first_source(info: Info, version: NewVersion) -> contracts.PatternVersion:
    """The first version that another is made from. Raises NotFound."""
    node_id = (version.parents or ())[0].node_id
    source = await info.context.loaders.version.load(node_id)
    if source is None:
        raise errors.NotFound("PatternVersion", node_id)
    return source


async def _completed(
    info: Info, input: inputs.CopiedFields | inputs.ForkPatternInput, version: NewVersion
) -> NewVersion:
    """A version that is made from others: without a template it has that of the first, and then its parameters, too."""
    if isinstance(input.template_code, str):
        return version
    source = await _first_source(info, version)
    parameters = version.parameters if isinstance(input.parameters, dict) else source.parameters
    return version.model_copy(update={"template_code": source.template_code, "parameters": parameters})


@strawberry.type
class LineageMutation:
    @mutation("Makes a pattern with its version 1.")
    async def create_pattern(self, info: Info, input: inputs.CreatePatternInput) -> CreatePatternResult:
        version = inputs.new_version(info, input, evolution_type=EvolutionType.CREATION)
        lineage = info.context.services.lineage
        return _payload(await lineage.create_pattern(inputs.new_pattern(input), version, origin_of(info, input)))

    @mutation("Adds the next version of a pattern.")
    async def add_version(self, info: Info, input: inputs.AddVersionInput) -> AddVersionResult:
        version = inputs.new_version(info, input)
        return _payload(
            await info.context.services.lineage.add_version(input.pattern_id, version, origin_of(info, input))
        )

    @mutation("Adds a version derived from another version: DERIVED_FROM.")
    async def derive_version(self, info: Info, input: inputs.DeriveVersionInput) -> DeriveVersionResult:
        origin, sources = origin_of(info, input), ([input.source], RelationshipType.DERIVED_FROM)
        with inputs.told_as(_ONE_SOURCE):
            version = inputs.new_version(info, input, evolution_type=EvolutionType.DERIVATION, sources=sources)
            version = await _completed(info, input, version)
            pattern_id = input.pattern_id
            if pattern_id is None:
                pattern_id = strawberry.ID((await _first_source(info, version)).pattern_id)
            lineage = info.context.services.lineage
            return _payload(await lineage.add_version(pattern_id, version, origin, EventType.VERSION_DERIVED))

    @mutation("Makes a new pattern whose version 1 is forked from a version of another: FORKED_FROM.")
    async def fork_pattern(self, info: Info, input: inputs.ForkPatternInput) -> ForkPatternResult:
        origin, sources = origin_of(info, input), ([input.source], RelationshipType.FORKED_FROM)
        pattern, lineage = inputs.new_pattern(input), info.context.services.lineage
        with inputs.told_as(_ONE_SOURCE):
            version = inputs.new_version(info, input, evolution_type=EvolutionType.FORK, sources=sources)
            version = await _completed(info, input, version)
            if not input.pattern_type:
                source = await _first_source(info, version)
                pattern = pattern.model_copy(update={"pattern_type": source.pattern_type})
            return _payload(await lineage.create_pattern(pattern, version, origin))

    @mutation("Adds a version that merges two or more versions: MERGED_INTO from each.")
    async def merge_versions(self, info: Info, input: inputs.MergeVersionsInput) -> MergeVersionsResult:
        if len(input.sources) < 2:
            raise errors.InvalidInput("sources", "must be at least two versions")
        origin, sources = origin_of(info, input), (input.sources, RelationshipType.MERGED_INTO)
        with inputs.told_as(("parents", "sources")):
            version = inputs.new_version(info, input, evolution_type=EvolutionType.MERGE, sources=sources)
            version = await _completed(info, input, version)
            lineage = info.context.services.lineage
            return _payload(await lineage.add_version(input.pattern_id, version, origin, EventType.VERSION_MERGED))

    @mutation("Draws an edge between two existing versions, from the earlier to the later.")
    async def connect_versions(self, info: Info, input: inputs.ConnectVersionsInput) -> ConnectVersionsResult:
        lineage = info.context.services.lineage
        edge, repeated = await lineage.connect(inputs.new_edge(input), origin_of(info, input))
        return EdgePayload(edge=LineageEdge.of(edge), repeated=repeated)

    @mutation("Closes the interval of an edge; the edge stays, for the past.")
    async def disconnect_versions(self, info: Info, input: inputs.DisconnectVersionsInput) -> DisconnectVersionsResult:
        edge = await info.context.services.lineage.disconnect(input.edge_id, input.reason, origin_of(info, input))
        return EdgePayload(edge=LineageEdge.of(edge))

    @mutation("Puts a draft into use: it becomes its pattern's current version.")
    async def activate_version(self, info: Info, input: inputs.VersionInput) -> ActivateVersionResult:
        version = await info.context.services.lineage.activate(input.node_id, origin_of(info, input))
        return StatusPayload(version=PatternVersion.of(version))

    @mutation("Takes an active version out of use, optionally naming its replacement.")
    async def deprecate_version(self, info: Info, input: inputs.DeprecateVersionInput) -> DeprecateVersionResult:
        version, edge = await info.context.services.lineage.deprecate(
            input.node_id, input.reason, input.replaced_by, origin_of(info, input)
        )
        return StatusPayload(version=PatternVersion.of(version), edge=LineageEdge.of(edge) if edge else None)

    @mutation("Puts a deprecated version away; it is never deleted.")
    async def archive_version(self, info: Info, input: inputs.VersionInput) -> ArchiveVersionResult:
        version = await info.context.services.lineage.archive(input.node_id, origin_of(info, input))
        return StatusPayload(version=PatternVersion.of(version))

    @mutation("Closes a draft that will not be used.")
    async def reject_version(self, info: Info, input: inputs.RejectVersionInput) -> RejectVersionResult:
        version = await info.context.services.lineage.reject(input.node_id, input.reason, origin_of(info, input))
        return StatusPayload(version=PatternVersion.of(version))

    @mutation("Makes an active version its pattern's current one.")
    async def set_current_version(self, info: Info, input: inputs.VersionInput) -> SetCurrentVersionResult:
        version = await info.context.services.lineage.make_current(input.node_id, origin_of(info, input))
        return StatusPayload(version=PatternVersion.of(version))
