"""Reads of what people wrote: versions by the text that a model was given, and what a scan has to know of the patterns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.lineage.definitions import UNCOMMITTED, VersionOfBody
from loopgraph.contracts.lineage.patterns import Pattern
from loopgraph.contracts.stored import stored
from loopgraph.contracts.traces.uses import definition_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import chunks
from loopgraph.effects.lineage import mapping

_VERSIONS_OF_BODIES = query("lineage/versions_of_bodies")
_PATTERNS_BETWEEN = query("lineage/patterns_between")
_PATTERNS_BY_DEFINITION = query("lineage/patterns_by_definition")
_GIT_IDENTITIES = query("lineage/git_identities")
_COMMITTED_TEXTS = query("lineage/committed_texts")

MOST_OF_ONE_BODY = 100
"""So many versions that have the same body are read; copies of one file have it, too."""


_PAGE = 500


class CommittedText(NamedTuple):
    """A version without a commit, and a commit's version with the same text; ``label`` is that version's."""

    node_id: str
    committed: str
    label: str | None


class DefinitionReads:
    """Reads definitions of skills, commands, subagents and memory."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def versions_of_bodies(self, body_digests: Iterable[str]) -> dict[str, tuple[VersionOfBody, ...]]:
        """The versions that have these bodies (``contracts.lineage.bodies.body_digest``), the earliest first; unknown ones are
        absent."""
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

    async def patterns_of_prefix(self, prefix: str) -> list[Pattern]:
        """The patterns whose ids begin so, in their order."""
        found: list[Pattern] = []
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        while True:
            after = found[-1].pattern_id if found else prefix
            rows = await self._graph.read(_PATTERNS_BETWEEN, after=after, end=end, limit=_PAGE)
            found += [mapping.pattern(row["pattern"], row["current_node_id"]) for row in rows]
            if len(rows) < _PAGE:
                return found

    async def patterns_named(self, kinds: Iterable[str], name: str) -> list[Pattern]:
        """The patterns of these kinds that people call so, and that have a version in use."""
        keys = [definition_key(kind, name) for kind in kinds]
        rows = await self._graph.read(_PATTERNS_BY_DEFINITION, keys=keys, limit=_PAGE)
        found = [mapping.pattern(row["pattern"], row["current_node_id"]) for row in rows]
        return sorted(
            (pattern for pattern in found if pattern.name == name and pattern.current_node_id),
            key=lambda pattern: pattern.pattern_id,
        )

    async def git_identities(self) -> list[str]:
        """The identities of all repositories whose history was imported."""
        rows = await self._graph.read(_GIT_IDENTITIES, begin="git:", end="git;")
        return sorted(row["identity"] for row in rows)

    async def committed_texts(self, pattern_ids: Iterable[str]) -> list[CommittedText]:
        """The versions of these patterns that were seen without a commit, and whose text a commit has now."""
        found: dict[str, CommittedText] = {}
        for some in chunks(pattern_ids):
            for row in await self._graph.read(_COMMITTED_TEXTS, pattern_ids=some, tag=UNCOMMITTED):
                found[row["node_id"]] = CommittedText(**row)
        return list(found.values())
