"""Lineage operations against the targets of seed 000: ``make bench`` (``ENGINES='embedded neo4j-5.26 neo4j-2026'``).

Prints one Markdown table. Figures are of whole operations (several statements in one transaction, committed and flushed),
with client and engine sharing the machine: median and 95th percentile, how many statements it takes, and the processor's time
of this process, which the driver, the models and all else have that is not the engine. The last of each engine's columns is the
same over Bolt and nothing else (``raw``).
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from bench.raw import Raw
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.changes import NewEdge, NewPattern, NewVersion
from loopgraph.contracts.lineage import PathMetric, RelationshipType, TraversalFilter
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


async def timed(
    work: Callable[[int], Awaitable[object]], rounds: int = ROUNDS, counted: Callable[[], int] | None = None
) -> Timing:
    """The figures of some rounds, after a warm-up; ``counted`` is how many statements have been run."""
    for number in range(WARM):
        await work(number)
    taken, used, before = [], [], counted() if counted else 0
    for number in range(WARM, WARM + rounds):
        began, cpu = time.perf_counter(), time.process_time()
        await work(number)
        taken.append((time.perf_counter() - began) * 1000)
        used.append((time.process_time() - cpu) * 1000)
    statements = (counted() - before) / rounds if counted else None
    return Timing(statistics.median(taken), statistics.quantiles(taken, n=20)[-1], statistics.median(used), statements)


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

        async def figure(work: Callable[[int], Awaitable[object]], rounds: int = ROUNDS) -> str:
            return str(await timed(work, rounds, lambda: graph.statements))

        async def pattern() -> tuple[str, str]:
            made = await lineage.create_pattern(NewPattern(name="bench"), NewVersion(activate=True), ORIGIN)
            return made.pattern.pattern_id, made.version.node_id

        async def insert(pattern_id: str) -> str:
            made = await lineage.add_version(pattern_id, NewVersion(template_code=TEMPLATE, activate=True), ORIGIN)
            return made.version.node_id

        own, first = await pattern()
        chain = [first]

        async def add(_: int) -> None:
            chain.append(await insert(own))

        figures = {"insert a version": await figure(add)}

        ends = [(await pattern())[1] for _ in range(WARM + ROUNDS + 1)]

        async def draw(number: int) -> None:
            await lineage.connect(
                NewEdge(
                    source_node_id=ends[number],
                    target_node_id=ends[number + 1],
                    relationship_type=RelationshipType.DERIVED_FROM,
                ),
                ORIGIN,
            )

        figures["draw an edge"] = await figure(draw)
        figures["path over 100 edges"] = await figure(
            lambda _: traversals.path(chain[0], chain[100], PathMetric.HOPS), rounds=50
        )
        figures["200 ancestors with their edges"] = await figure(
            lambda _: traversals.traverse([chain[200]], TraversalFilter()), rounds=50
        )
        bare = await _bare(engine, await pattern(), ends, chain)

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


async def _bare(
    engine: EngineUnderTest, own: tuple[str, str], ends: Sequence[str], chain: Sequence[str]
) -> dict[str, str]:
    raw = Raw.on(engine)
    samples = await raw.samples(chain[100])
    figures = {
        "insert a version": str(await timed(lambda number: raw.insert(own[0], own[1], samples, number + 2))),
        "draw an edge": str(await timed(lambda number: raw.draw(ends[number + 1], ends[number], samples))),
        "path over 100 edges": str(await timed(lambda _: raw.path(chain[0], chain[100]), rounds=50)),
        "200 ancestors with their edges": str(
            await timed(lambda _: raw.ancestors(chain[200], chain[1:201]), rounds=50)
        ),
    }
    await raw.close()
    return figures


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
