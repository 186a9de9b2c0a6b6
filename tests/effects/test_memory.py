"""Cyclic garbage goes when nobody is held up by it, and does not stay for ever under a load that never ends."""

from __future__ import annotations

import asyncio
import gc
import weakref

from loopgraph.effects.memory import LATEST, Collector


class Knot:
    def __init__(self) -> None:
        self.itself = self


def knot() -> weakref.ref[Knot]:
    return weakref.ref(Knot())


async def test_garbage_goes_while_nobody_is_busy() -> None:
    collector, before = Collector(lambda: False, every_s=0.01), gc.get_threshold()
    task, left = asyncio.create_task(collector.run_forever()), knot()
    async with asyncio.timeout(30):
        while left() is not None:  # noqa: ASYNC110 - a collection has no event
            await asyncio.sleep(0.01)
    assert gc.get_threshold()[2] > before[2]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert gc.get_threshold() == before


def test_it_is_put_off_and_not_for_ever() -> None:
    collector = Collector(lambda: True)
    for _ in range(LATEST):
        collector.look()
    assert collector.collections == 0
    left = knot()
    collector.look()
    assert (collector.collections, left()) == (1, None)
    collector.look()
    assert collector.collections == 1
