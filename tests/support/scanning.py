"""Scans for definitions in tests: projects, a home of one's own, and what came of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from loopgraph.contracts.audit import EventFilter, LineageEvent, Origin
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.git import ImportProgress
from loopgraph.contracts.lineage.patterns import ANCESTRY, Direction, LineageEdge, PatternVersion
from loopgraph.contracts.lineage.scans import ScannedPattern, ScannedSource
from loopgraph.effects.clock import new_id
from loopgraph.effects.definitions.user_folders import UserFolders
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.definitions import DefinitionReads
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.orchestrators.lineage.definition_scan import DefinitionScan
from loopgraph.orchestrators.lineage.definition_sources import Sources


def skill(name: str, body: str) -> str:
    return f"---\nname: {name}\ndescription: Does {name}\n---\n\n{body}\n"


@dataclass
class Scans:
    """Scans on one graph, by somebody with a home of their own."""

    graph: Graph
    home: Path
    actor_id: str = field(default_factory=new_id)

    @property
    def reads(self) -> LineageReads:
        return LineageReads(self.graph)

    async def run(
        self,
        *paths: Path,
        user: bool = False,
        fork: str | None = None,
        report: Callable[[str, ImportProgress], None] = lambda *_: None,
    ) -> list[ScannedSource]:
        """What a scan finds."""
        sources = Sources(self.home)
        if user:
            sources.add_user(UserFolders.of({}, self.home), self.actor_id)
        for path in paths:
            sources.add_project(path)
        scan = DefinitionScan(
            LineageImport(self.graph),
            self.reads,
            DefinitionReads(self.graph),
            Lineage(self.graph),
            Origin(actor_id=self.actor_id),
            report,
        )
        return [found async for found in scan.run(sources.found, fork)]

    async def one(self, *paths: Path, user: bool = False, fork: str | None = None) -> ScannedSource:
        """What it finds in the only source that there is."""
        (found,) = await self.run(*paths, user=user, fork=fork)
        return found

    async def pattern(self, *paths: Path, user: bool = False, name: str = "triage") -> ScannedPattern:
        """What it finds of one definition, the only one of this name that is not gone for long."""
        found = [one for source in await self.run(*paths, user=user) for one in source.patterns]
        (pattern,) = [one for one in found if one.identity.name == name]
        return pattern

    async def versions(self, pattern_id: str) -> list[PatternVersion]:
        """All versions of a pattern, the oldest first."""
        found = await self.reads.versions_pages([pattern_id], 1_000)
        return sorted(found[pattern_id].versions, key=lambda version: version.version)

    async def in_use(self, pattern_id: str) -> PatternVersion | None:
        node_id = (await self.reads.patterns([pattern_id]))[pattern_id].current_node_id
        return (await self.reads.versions([node_id]))[node_id] if node_id else None

    async def edges(self, pattern_id: str) -> list[LineageEdge]:
        node_ids = [version.node_id for version in await self.versions(pattern_id)]
        return await self.reads.edges(node_ids, Direction.ANCESTORS, ANCESTRY)

    async def events(self, pattern_id: str) -> list[LineageEvent]:
        return list((await Events(self.graph).page(EventFilter(pattern_id=pattern_id), Page(first=1_000))).events)
