"""Large writes beside others end well, in parts that are as small as they need to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from loopgraph.effects.archive.giving_way import GivingWay
from loopgraph.errors import GraphContended, GraphFull


class Place:
    """Where parts of at most so many items can be written now; ``most`` says it for each attempt, counted from 1."""

    def __init__(self, most: Callable[[int], int]) -> None:
        self._most = most
        self.written: list[int] = []
        self.sizes: list[int] = []
        self.attempts = 0

    async def write(self, part: Sequence[int]) -> int:
        self.attempts += 1
        if len(part) > self._most(self.attempts):
            raise GraphContended("others were faster")
        self.written += part
        self.sizes.append(len(part))
        return sum(part)


async def test_all_at_once_where_nobody_else_writes() -> None:
    place = Place(lambda _: 1_000)
    assert await GivingWay().write(range(1_000), place.write) == [sum(range(1_000))]
    assert await GivingWay().write([], place.write) == []
    assert place.attempts == 1


async def test_in_smaller_parts_where_others_do_and_in_larger_ones_again() -> None:
    place, way = Place(lambda attempt: 100 if attempt < 20 else 1_000), GivingWay()
    results = await way.write(range(1_000), place.write)
    assert place.written == list(range(1_000))
    assert sum(results) == sum(range(1_000))
    assert max(place.sizes) <= 1_000
    await way.write(range(1_000), place.write)
    await way.write(range(1_000), place.write)
    assert place.sizes[-1] == 1_000


async def test_a_single_item_waits_for_a_while() -> None:
    place, way = Place(lambda attempt: 1 if attempt > 3 else 0), GivingWay([0.0, 0.0, 0.0])
    assert await way.write([7], place.write) == [7]
    never = Place(lambda _: 0)
    with pytest.raises(GraphContended):
        await way.write([7, 8], never.write)
    assert never.written == []


async def test_other_errors_are_passed_on() -> None:
    async def full(_: Sequence[int]) -> int:
        raise GraphFull("no space left")

    with pytest.raises(GraphFull):
        await GivingWay().write([1, 2], full)
