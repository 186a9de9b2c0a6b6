"""Restoring archived traces: the order of the steps."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

from loopgraph.contracts.traces.retention import Manifest, NodeId, Progress, RestoreReport, Tell
from loopgraph.effects.archive import segments as trace_archive
from loopgraph.effects.archive.retention import SLICE, SLICE_BYTES, Retention
from loopgraph.effects.schema.schema import SCHEMA_VERSION
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.archive.ahead import ahead

T = TypeVar("T")


async def restore(retention: Retention, paths: Iterable[Path], tell: Tell = lambda _progress: None) -> RestoreReport:
    """Brings the segments that files and folders name back into the graph; again and again, if need be.
    ``tell`` is told how far it is.

    What is in the graph stays, and gets what it lacks: a late event can have made a trace anew. What was archived under an older
    schema is brought up to this one's; so is what an attempt before, which was cut off, left as it is archived. Raises
    InvalidInput, and changes nothing, if one of the segments is not whole.
    """
    segments = await asyncio.to_thread(trace_archive.segments_of, paths)
    manifests: dict[Path, Manifest] = {}
    total = moved = 0
    for segment in segments:
        manifests[segment] = manifest = await asyncio.to_thread(trace_archive.verify, segment)
        if manifest.schema_version > SCHEMA_VERSION:
            problem = f"has schema version {manifest.schema_version}, this program knows {SCHEMA_VERSION}"
            raise InvalidInput(str(segment), f"{problem}: use a newer loopgraph")
        total += manifest.lines - 1
    made, known, completed, drawn, loose = (Counter[str]() for _ in range(5))
    shared = set[NodeId]()
    behind: defaultdict[int, set[NodeId]] = defaultdict(set)
    with_steps: set[Path] = set()
    for segment in reversed(segments):  # of a node that several hold, the newest has the latest state
        version, steps = manifests[segment].schema_version, 0
        async for nodes in _ahead(trace_archive.node_batches(segment, 2 * SLICE, SLICE_BYTES)):
            done = await retention.restore_nodes(nodes)
            made.update(id_.label for id_ in done.made)
            # What stands beside many traces is archived with each part of them: it was there, or was made, once.
            known.update(id_.label for id_ in done.known if id_ not in shared)
            completed.update(id_.label for id_ in done.completed)
            shared |= {id_ for id_ in (*done.made, *done.known) if id_.label in ("Agent", "Session")}
            steps += done.drawn["RAN"]
            moved += len(nodes)
            tell(Progress(moved, moved, made["Trace"] + known["Trace"], total))
            if version < SCHEMA_VERSION:
                behind[version] |= {*await retention.as_archived(nodes), *done.completed}
        if steps == manifests[segment].relationships.get("RAN", 0):  # every one of them hangs at its trace
            with_steps.add(segment)
            drawn["RAN"] += steps
            moved += steps
    for segment in segments:  # the ends of a relationship can be in two of them
        batches = trace_archive.relationship_batches(segment, SLICE, SLICE_BYTES, but_steps=segment in with_steps)
        async for relationships in _ahead(batches):
            found, lost = await retention.restore_relationships(relationships)
            drawn += found
            loose += lost
            moved += len(relationships)
            tell(Progress(moved, moved, made["Trace"] + known["Trace"], total))
    for version, ids in behind.items():  # when all is there that they may need
        await retention.backfill(version, ids)
    return RestoreReport(
        segments=tuple(segment.name for segment in segments),
        made=dict(made),
        known=dict(known),
        completed=dict(completed),
        relationships=dict(drawn),
        loose=dict(loose),
    )


async def _ahead(batches: Iterator[Sequence[T]]) -> AsyncIterator[Sequence[T]]:
    """Batches that are read in a thread, one ahead."""

    async def read() -> AsyncIterator[Sequence[T]]:
        while batch := await asyncio.to_thread(next, batches, None):
            yield batch

    async with aclosing(ahead(read())) as coming:
        async for batch in coming:
            yield batch
