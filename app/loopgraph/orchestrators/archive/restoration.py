"""Restoring archived traces: the order of the steps."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import islice
from pathlib import Path

from loopgraph.contracts.retention import Node, Relationship, RestoreReport
from loopgraph.effects.archive import segments as trace_archive
from loopgraph.effects.archive.retention import SLICE, Item, Retention
from loopgraph.effects.schema.schema import SCHEMA_VERSION
from loopgraph.errors import InvalidInput


async def restore(retention: Retention, paths: Iterable[Path]) -> RestoreReport:
    """Brings the segments that files and folders name back into the graph; again and again, if need be.

    What is in the graph stays as it is. Raises InvalidInput, and changes nothing, if one of the segments is not whole.
    """
    segments = await asyncio.to_thread(trace_archive.segments_of, paths)
    for segment in segments:
        manifest = await asyncio.to_thread(trace_archive.verify, segment)
        if manifest.schema_version > SCHEMA_VERSION:
            problem = f"has schema version {manifest.schema_version}, this program knows {SCHEMA_VERSION}"
            raise InvalidInput(str(segment), f"{problem}: use a newer loopgraph")
    made, known, drawn, loose = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for segment in reversed(segments):  # of a node that several hold, the newest has the latest state
        async for items in _batches(segment):
            fresh, there = await retention.restore_nodes([item for item in items if isinstance(item, Node)])
            made += fresh
            known += there
    for segment in segments:  # the ends of a relationship can be in two of them
        async for items in _batches(segment):
            found, lost = await retention.restore_relationships(
                [item for item in items if isinstance(item, Relationship)]
            )
            drawn += found
            loose += lost
    return RestoreReport(
        segments=tuple(segment.name for segment in segments),
        made=dict(made),
        known=dict(known),
        relationships=dict(drawn),
        loose=dict(loose),
    )


async def _batches(segment: Path) -> AsyncIterator[Sequence[Item]]:
    items = trace_archive.read(segment)
    while batch := await asyncio.to_thread(list, islice(items, SLICE)):
        yield batch
