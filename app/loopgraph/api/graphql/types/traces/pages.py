"""Pages of what is in a trace: where everything hangs is known from its skeleton, and only what is shown is read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import chain, islice
from typing import Any, cast

from loopgraph.api.graphql.loaders import Loader
from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.connections import Connection, Listing, sliced
from loopgraph.api.graphql.types.nodes import both
from loopgraph.api.graphql.types.presentation import present
from loopgraph.api.graphql.types.traces.waterfall import (
    TimelineConnection,
    TimelineEntry,
    WaterfallConnection,
    WaterfallRow,
)
from loopgraph.computes.traces.branches import Branch, Branches
from loopgraph.computes.traces.timeline import Moment, entry, moments
from loopgraph.computes.traces.tree import Key, Node
from loopgraph.computes.traces.waterfall import Waterfall
from loopgraph.contracts.traces.assembly import Head, Span, SpanKind
from loopgraph.effects.graph.many import MANY, made_of

Places = Sequence[Node[Any]]
"""Nodes of trees of spans, or of whole records where these are read anyway."""


def _text(key: Key) -> str:
    return f"{key[0].value}:{key[1]}"


_PLACES = Listing[Node[Any]]("places", lambda node: _text(node.key))
_MOMENTS = Listing[Moment]("moments", lambda moment: _text(moment.of) if moment.of else moment.event)


def lists(
    instead_of_slice: str, kind: SpanKind, to: tuple[str, str], description: str, *, anywhere: bool = False
) -> tuple[Any, Any]:
    """The fields of a trace or step for what is in it of one kind: the connection, whose name is given, and the old slice.

    ``anywhere``: at any depth, but not in traces that it spawned; else what hangs under it directly.
    """

    async def places(root: Any, info: Info) -> Places:
        place = await root.find_place(info)
        return all_of(info, place, kind) if anywhere else place.inside(kind)

    async def connection(root: Any, info: Info, first: int = 100, after: str | None = None) -> Any:
        return await _page(info, await places(root, info), first, after)

    async def slice_(root: Any, info: Info, first: int | None = None, offset: int = 0) -> Any:
        return await _slice(info, await places(root, info), first, offset)

    return both(connection, slice_, to, description, instead_of_slice)


def all_of(info: Info, place: Node[Any], kind: SpanKind) -> Places:
    """What is anywhere in a place of one kind, but not in traces that it spawned; in the order of time."""
    return info.context.loaders.all_of(place, kind)


async def _page(info: Info, places: Places, first: int, after: str | None) -> Connection[Any]:
    """A connection over what is at some places of a tree: steps, calls or traces."""
    shown, has_more = _PLACES.part(info, places, first, after)
    records = await _records(info, shown)
    return _PLACES.connection(shown, partial(_made, records), has_more=has_more, after=after, total=len(places))


async def _slice(info: Info, places: Places, first: int | None, offset: int) -> list[Any]:
    """A slice of what is at some places of a tree: steps, calls or traces."""
    shown = sliced(info, places, first, offset)
    records = await _records(info, shown)
    return [made for place in shown if (made := _made(records, place)) is not None]


def _made(records: dict[Key, Any], place: Node[Any]) -> Any:
    """The object of a place; None if its record has gone meanwhile."""
    return present(records.get(place.key), place)


async def timeline(info: Info, head: Head, place: Node[Any], first: int, after: str | None) -> TimelineConnection:
    """A page of the timeline of a trace."""
    of_trace = info.context.loaders.once.made("moments", _moments, head, place)
    shown, has_more = _MOMENTS.part(info, of_trace, first, after)
    records = await _read(info, [moment.of for moment in shown if moment.of])

    def made(moment: Moment) -> TimelineEntry | None:
        if moment.of is None:
            return TimelineEntry.of(entry(moment, head, None))
        return TimelineEntry.of(entry(moment, head, records[moment.of])) if moment.of in records else None

    found = _MOMENTS.connection(shown, made, has_more=has_more, after=after, total=len(of_trace), of=TimelineConnection)
    return cast("TimelineConnection", found)


def _moments(head: Head, place: Node[Any]) -> list[Moment]:
    return moments(head, [(node.key, node.record.at) for node in place.walk(into_traces=False) if node is not place])


async def _drawing(info: Info, tops: Places) -> Waterfall[Any]:
    """The waterfall of some trees. What is drawn of trees that are remembered is remembered with them."""
    keys, made = tuple(top.key for top in tops), info.context.services.skeletons.made_of(tops)
    if made is not None and keys in made:
        drawn: Waterfall[Any] = made[keys]
        return drawn
    # Threads that reckon keep the event loop waiting: hundreds of small ones are drawn faster by itself. No more are counted.
    few = islice(chain.from_iterable(top.walk() for top in tops), MANY + 1)
    drawn = await made_of(sum(1 for _ in few), lambda: Waterfall(tops))
    if made is not None:
        made[keys] = drawn
    return drawn


async def _branch(info: Info, waterfall: Waterfall[Any], key: Key) -> Branch:
    """What was used in a part of a tree; all parts of it are summed up at once, when the first is asked for."""

    def summing(_: Waterfall[Any]) -> asyncio.Future[Branches]:
        return asyncio.ensure_future(_branches(info, waterfall))

    branches = await asyncio.shield(info.context.loaders.once.made("branches", summing, waterfall))
    return branches.of(key)


async def _branches(info: Info, waterfall: Waterfall[Any]) -> Branches:
    calls = await info.context.services.traces.usage_of_calls(node.trace_id for node in waterfall.nodes)
    return await made_of(len(waterfall.nodes), lambda: Branches(waterfall.nodes, calls))


async def drawn(info: Info, tops: Places, first: int, after: str | None) -> WaterfallConnection:
    """A page of the waterfall of some traces."""
    _PLACES.page(info, first, after)
    if info.context.turns.spent():
        await info.context.turns.turn()

    def drawing(*tops: Node[Any]) -> asyncio.Future[Waterfall[Any]]:
        return asyncio.ensure_future(_drawing(info, tops))

    # Shielded: where one part of an answer is given up, another may wait for the same drawing.
    waterfall = await asyncio.shield(info.context.loaders.once.made("waterfall", drawing, *tops))
    shown, has_more = _PLACES.part(info, waterfall.nodes, first, after)

    def made(node: Node[Any]) -> WaterfallRow:
        return WaterfallRow.of(waterfall.bar(node).row(), partial(_branch, info, waterfall, node.key))

    found = _PLACES.connection(
        shown, made, has_more=has_more, after=after, total=len(waterfall.nodes), of=WaterfallConnection
    )
    return cast("WaterfallConnection", found)


async def _records(info: Info, shown: Places) -> dict[Key, Any]:
    """The records of what is shown; what has gone meanwhile is absent."""
    known = {place.key: place.record for place in shown if not isinstance(place.record, Span)}
    return known | await _read(info, [place.key for place in shown if place.key not in known])


async def _read(info: Info, keys: Sequence[Key]) -> dict[Key, Any]:
    """Some records, in at most one statement for each kind; what has gone meanwhile is absent."""
    loaders = info.context.loaders
    of_kind = {SpanKind.STEP: loaders.hook_execution, SpanKind.CALL: loaders.call, SpanKind.TRACE: loaders.head}

    async def of(kind: SpanKind) -> dict[Key, Any]:
        ids = [id_ for wanted, id_ in keys if wanted is kind]
        found = await cast("Loader[str, Any]", of_kind[kind]).load_many(ids)
        return {(kind, id_): record for id_, record in zip(ids, found, strict=True) if record}

    kinds = dict.fromkeys(kind for kind, _ in keys)
    if len(kinds) == 1:
        return await of(*kinds)
    return {key: record for part in await asyncio.gather(*map(of, kinds)) for key, record in part.items()}
