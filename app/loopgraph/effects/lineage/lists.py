"""Patterns in an order, a page at a time. Each page is one statement, which orders all patterns before it cuts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from loopgraph.assets import Query, query
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.orders import (
    OrderDirection,
    PatternFilter,
    PatternOrder,
    PatternOrderField,
    Place,
    Value,
)
from loopgraph.contracts.lineage.patterns import Pattern
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.lineage import mapping
from loopgraph.effects.lineage.reads import LineageReads

_OLDEST = query("lineage/patterns_oldest")
_BY_NAME = query("lineage/patterns_by_name")
_BY_LAST_USE = query("lineage/patterns_by_last_use")
_BY_NUMBER = query("lineage/patterns_by_number")


class Listed(NamedTuple):
    """A pattern, and where it is in the order."""

    pattern: Pattern
    place: Place


class ListedPage(NamedTuple):
    """Some patterns in an order, and whether more follow."""

    items: tuple[Listed, ...]
    has_more: bool


class PatternLists:
    """Reads patterns in an order."""

    def __init__(self, graph: Graph, reads: LineageReads) -> None:
        self._graph = graph
        self._reads = reads

    async def page(self, order: PatternOrder, first: int, after: Place | None, filter: PatternFilter) -> ListedPage:
        """So many patterns behind a place (None: from the first), by what the graph keeps of them: not by what is counted."""
        if order.field is PatternOrderField.CREATED_AT:
            return await self._by_age(order.direction, first, after, filter)
        by = _BY_NAME if order.field is PatternOrderField.NAME else _BY_LAST_USE
        return await self._by_value(by, order.direction, first, after, filter)

    async def by_numbers(
        self,
        numbers: Mapping[str, float],
        otherwise: float | None,
        direction: OrderDirection,
        first: int,
        after: Place | None,
        filter: PatternFilter,
    ) -> ListedPage:
        """The same by numbers of patterns, by their ids; ``otherwise`` is that of all others, None: they come last."""
        return await self._by_value(_BY_NUMBER, direction, first, after, filter, numbers=numbers, otherwise=otherwise)

    async def _by_age(
        self, direction: OrderDirection, first: int, after: Place | None, filter: PatternFilter
    ) -> ListedPage:
        key = after.time_key if after else None
        if direction is OrderDirection.DESC:
            found = await self._reads.patterns_page(Page(first=first, after=key), **filter.model_dump())
            return ListedPage(tuple(_listed(pattern, None) for pattern in found.patterns), found.has_more)
        rows = await self._graph.read(_OLDEST, after=key or "", limit=first + 1, **filter.model_dump())
        return _page(rows, first)

    async def _by_value(
        self,
        by: Query,
        direction: OrderDirection,
        first: int,
        after: Place | None,
        filter: PatternFilter,
        **more: Any,
    ) -> ListedPage:
        rows = await self._graph.read(
            by.choose(DIRECTION=direction.name),
            value=after.value if after else None,
            before=after.time_key if after else None,
            down=direction is OrderDirection.DESC,
            limit=first + 1,
            **filter.model_dump(),
            **more,
        )
        return _page(rows, first)


def _page(rows: Sequence[Row], first: int) -> ListedPage:
    found = (_listed(mapping.pattern(row["pattern"], row["current_node_id"]), row.get("value")) for row in rows[:first])
    return ListedPage(tuple(found), len(rows) > first)


def _listed(pattern: Pattern, value: Value) -> Listed:
    return Listed(pattern, Place(value, time_key(pattern.created_at, pattern.pattern_id)))
