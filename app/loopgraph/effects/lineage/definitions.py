"""Reads of what people wrote: versions by the text that a model was given."""

from __future__ import annotations

from collections.abc import Iterable

from loopgraph.assets import query
from loopgraph.contracts.definitions import VersionOfBody
from loopgraph.contracts.stored import stored
from loopgraph.effects.graph.client import Graph

_VERSIONS_OF_BODIES = query("lineage/versions_of_bodies")

MOST_OF_ONE_BODY = 100
"""So many versions that have the same body are read; copies of one file have it, too."""


class DefinitionReads:
    """Reads definitions of skills, commands, subagents and memory."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def versions_of_bodies(self, body_digests: Iterable[str]) -> dict[str, tuple[VersionOfBody, ...]]:
        """The versions that have these bodies (``contracts.bodies.body_digest``), the earliest first; unknown ones are absent."""
        wanted = sorted(set(body_digests))
        if not wanted:
            return {}
        rows = await self._graph.read(_VERSIONS_OF_BODIES, body_digests=wanted, limit=MOST_OF_ONE_BODY)
        found = {
            row["body_digest"]: [stored(VersionOfBody, version) for version in row["versions"]]
            for row in rows
            if row["versions"]
        }
        return {
            digest: tuple(sorted(versions, key=lambda version: (version.created_at, version.node_id)))
            for digest, versions in found.items()
        }
