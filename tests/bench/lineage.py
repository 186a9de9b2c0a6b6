"""Lineage operations against the targets of seed 000: ``make bench`` (``ENGINES='embedded neo4j-5.26 neo4j-2026'``).

Prints one Markdown table. Figures are of whole operations (several statements in one transaction, committed and flushed),
with client and engine sharing the machine: median and 95th percentile, how many statements it takes, and the processor's time
of this process, which the driver, the models and all else have that is not the engine. The last of each engine's columns is the
same over Bolt and nothing else (``raw``), in turns with ours, and how many times as long ours takes.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from bench.raw import Raw
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.lineage.changes import NewEdge, NewPattern, NewVersion
from loopgraph.contracts.lineage.patterns import PathMetric, RelationshipType, TraversalFilter
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.schema import schema
from loopgraph.orchestrators.lineage.traversal import Traversals
from loopgraph.settings import Settings
from support.engines import EngineUnderTest
from support.engines.model import Source
from support.engines.neo4j_jars import from_jars
from support.engines.sources import RELEASE_5, RELEASE_2026, embedded

ORIGIN = Origin(actor_id="bench")
TEMPLATE = "def run(items):\n    return sorted(items)\n" * 20
WARM, ROUNDS, BURST = 30, 200, 400

# A benchmark is not a test: the server gets its own defaults, not the quick start that tests want.
SOURCES: dict[str, Source] = {
    "embedded": embedded,
    "neo4j-5.26": from_jars(RELEASE_5, java_options=()),
    "neo4j-2026": from_jars(RELEASE_2026, java_options=()),
}
TARGETS = {
    "insert a version": "50 ms",
    "draw an edge": "30 ms",
    "path over 100 edges": "200 ms",
    "200 ancestors with their edges": "150 ms",
    "100 concurrent inserts, slowest": "",
    "versions per second, 32 clients": "100/s",
    "edges per second, 32 clients": "200/s",
}


@dataclass(frozen=True)
class Timing:
    """An operation of one client: milliseconds (median, 95th percentile), processor milliseconds of this process, statements."""

    p50: float
    p95: float
    cpu: float
    statements: float | None

    def __str__(self) -> str:
        statements = "" if self.statements is None else f"{self.statements:.0f} statements, "
        return f"{self.p50:.1f} ms (p95 {self.p95:.1f}; {statements}CPU {self.cpu:.1f})"


class Taken:
    """What some rounds of an operation take; ``counted`` is how many statements have been run."""

    def __init__(self, work: Callable[[int], Awaitable[object]], counted: Callable[[], int] | None = None) -> None:
        self._work, self._counted = work, counted
        self._wall: list[float] = []
        self._used: list[float] = []
        self._statements = 0

    async def round(self, number: int) -> None:
        before = self._counted() if self._counted else 0
        began, cpu = time.perf_counter(), time.process_time()
        await self._work(number)
        self._wall.append((time.perf_counter() - began) * 1000)
        self._used.append((time.process_time() - cpu) * 1000)
        self._statements += self._counted() - before if self._counted else 0

    def without(self, first: int) -> Timing:
        """The figures without the first rounds."""
        wall, statements = self._wall[first:], self._statements / len(self._wall) if self._counted else None
        p95 = statistics.quantiles(wall, n=20)[-1]
        return Timing(statistics.median(wall), p95, statistics.median(self._used[first:]), statements)


async def in_turns(*taken: Taken, rounds: int) -> list[Timing]:
    """The figures of several operations, round by round in turns: all of them on the same machine, and on an engine as warm."""
    for number in range(WARM + rounds):
        for one in taken:
            await one.round(number)
    return [one.without(WARM) for one in taken]


async def rate(work: Callable[[int], Awaitable[object]], clients: int = 32) -> float:
    """Operations per second of some concurrent clients."""
    numbers = iter(range(BURST))

    async def client() -> None:
        for number in numbers:
            await work(number)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return BURST / (time.perf_counter() - began)


async def measure(engine: EngineUnderTest) -> tuple[dict[str, str], dict[str, str]]:
    """The figures of one engine, by row: those of the service, and those of the driver alone."""
    settings = Settings(
        graph_url=engine.url,
        graph_user=engine.user,
        graph_password=engine.password,
        graph_database=engine.database,
    )
    async with Graph.open(settings) as graph:
        await schema.prepare(graph)
        lineage, traversals = Lineage(graph), Traversals(LineageReads(graph), 20_000)

        figures: dict[str, str] = {}
        bare: dict[str, str] = {}

        async def beside(
            what: str, work: Callable[[int], Awaitable[object]], alone: Callable[[int], Awaitable[object]], rounds: int
        ) -> None:
            ours, theirs = await in_turns(Taken(work, lambda: graph.statements), Taken(alone), rounds=rounds)
            figures[what], bare[what] = str(ours), f"{theirs}, 1 : {ours.p50 / theirs.p50:.2f}"

        async def pattern() -> tuple[str, str]:
            made = await lineage.create_pattern(NewPattern(name="bench"), NewVersion(activate=True), ORIGIN)
            return made.pattern.pattern_id, made.version.node_id

        async def insert(pattern_id: str) -> str:
            made = await lineage.add_version(pattern_id, NewVersion(template_code=TEMPLATE, activate=True), ORIGIN)
            return made.version.node_id

        own, first = await pattern()
        chain = [first, await insert(own)]
        raw, other = Raw.on(engine), await pattern()
        samples = await raw.samples(chain[1])

        async def add(_: int) -> None:
            chain.append(await insert(own))

        await beside(
            "insert a version", add, lambda number: raw.insert(other[0], other[1], samples, number + 2), rounds=ROUNDS
        )

        ends, others = [[(await pattern())[1] for _ in range(WARM + ROUNDS + 1)] for _ in range(2)]

        async def draw(number: int) -> None:
            await lineage.connect(
                NewEdge(
                    source_node_id=ends[number],
                    target_node_id=ends[number + 1],
                    relationship_type=RelationshipType.DERIVED_FROM,
                ),
                ORIGIN,
            )

        await beside(
            "draw an edge", draw, lambda number: raw.draw(others[number], others[number + 1], samples), rounds=ROUNDS
        )
        await beside(
            "path over 100 edges",
            lambda _: traversals.path(chain[0], chain[100], PathMetric.HOPS),
            lambda _: raw.path(chain[0], chain[100]),
            rounds=50,
        )
        await beside(
            "200 ancestors with their edges",
            lambda _: traversals.traverse([chain[200]], TraversalFilter()),
            lambda _: raw.ancestors(chain[200], chain[1:201]),
            rounds=50,
        )
        await raw.close()

        patterns = [(await pattern())[0] for _ in range(100)]
        taken: list[float] = []

        async def one_of_many(pattern_id: str) -> None:
            began = time.perf_counter()
            await insert(pattern_id)
            taken.append((time.perf_counter() - began) * 1000)

        await asyncio.gather(*(one_of_many(pattern_id) for pattern_id in patterns))
        figures["100 concurrent inserts, slowest"] = f"{max(taken):.0f} ms"
        per_second = await rate(lambda number: insert(patterns[number % len(patterns)]))
        figures["versions per second, 32 clients"] = f"{per_second:.0f}/s"

        fresh = [(await pattern())[1] for _ in range(BURST + 1)]
        per_second = await rate(
            lambda number: lineage.connect(
                NewEdge(
                    edge_id=uuid4().hex,
                    source_node_id=fresh[number],
                    target_node_id=fresh[number + 1],
                    relationship_type=RelationshipType.RELATED_TO,
                ),
                ORIGIN,
            )
        )
        figures["edges per second, 32 clients"] = f"{per_second:.0f}/s"
        return figures, bare


def main() -> None:
    """Measures the engines named on the command line and prints the table."""
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    names = sys.argv[1:] or ["embedded", "neo4j-5.26"]
    columns = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder, SOURCES[name](Path(folder)) as engine:
            columns[f"{name} ({engine.agent})"], columns[f"{name}, Bolt alone"] = asyncio.run(measure(engine))
    print("| operation | target |", " | ".join(columns), "|")
    print("| --- | --- |", " | ".join("---" for _ in columns), "|")
    for row, target in TARGETS.items():
        print(f"| {row} | {target} |", " | ".join(figures.get(row, "") for figures in columns.values()), "|")


if __name__ == "__main__":
    main()
