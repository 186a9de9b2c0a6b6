"""Patterns in an order, on every engine: values that are the same and that lack, from page to page, either way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.lineage.orders import OrderDirection, PatternFilter, PatternOrder, PatternOrderField, Place
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.lists import ListedPage, PatternLists
from support.lineage import Room
from support.traces import NOON, statement

NAMES = ["b", "A", "a", "c", "B", "d"]
USED = [2, None, 1, 2, None, 3]
"""Hours after noon."""
NUMBERS = [0.1, None, 0.1, None, 1.5, 0.0]


@pytest.mark.lengthy
@pytest.mark.parametrize("direction", OrderDirection)
async def test_pages_follow_in_each_order(graph: Graph, direction: OrderDirection) -> None:
    room, tag = Room.on(graph), new_id()
    lists, made = PatternLists(graph, room.reads), list[str]()
    for name, used in zip(NAMES, USED, strict=True):
        created = await room.lineage.create_pattern(NewPattern(name=name, tags=(tag,)), NewVersion(), room.origin)
        made.append(created.pattern.pattern_id)
        second = await room.lineage.add_version(made[-1], NewVersion(), room.origin)
        for version, hours in ((created.version, used), (second.version, used and used - 1)):
            if hours is not None:
                await statement(
                    graph, "MATCH (v:PatternVersion {node_id: $id}) SET v.last_used_at = $at RETURN 1 AS one",
                    id=version.node_id, at=NOON + timedelta(hours=hours),
                )  # fmt: skip
    filter = PatternFilter(tag=tag)
    numbers = {id_: number for id_, number in zip(made, NUMBERS, strict=True) if number is not None}

    async def by_field(field: PatternOrderField, first: int, after: Place | None) -> ListedPage:
        return await lists.page(PatternOrder(field, direction), first, after, filter)

    async def by_numbers(otherwise: float | None, first: int, after: Place | None) -> ListedPage:
        return await lists.by_numbers(numbers, otherwise, direction, first, after, filter)

    for pages, kind, values in (
        (by_field, PatternOrderField.CREATED_AT, list(range(6))),
        (by_field, PatternOrderField.NAME, [name.lower() for name in NAMES]),
        (by_field, PatternOrderField.LAST_USED_AT, USED),
        (by_numbers, None, NUMBERS),
        (by_numbers, 0.0, [number or 0.0 for number in NUMBERS]),
    ):
        expected = in_order(dict(zip(made, values, strict=True)), direction)
        for first in (1, 2, 6):
            found: list[str] = []
            after = None
            while True:
                page = await pages(kind, first, after)  # type: ignore[operator]
                found += [one.pattern.pattern_id for one in page.items]
                if not page.has_more:
                    break
                assert len(page.items) == first
                after = page.items[-1].place
            assert found == expected, (kind, first)


def in_order(values: Mapping[str, float | str | None], direction: OrderDirection) -> list[str]:
    """The ids by their values, those of one value the latest first, those without at the end."""
    latest = list(reversed(values))
    valued = [id_ for id_ in latest if values[id_] is not None]
    valued.sort(key=values.__getitem__, reverse=direction is OrderDirection.DESC)  # type: ignore[arg-type]
    return [*valued, *(id_ for id_ in latest if values[id_] is None)]
