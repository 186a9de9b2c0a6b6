"""Cyclic garbage goes when nobody is held up by it, and does not stay for ever under a load that never ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import weakref
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from loopgraph.effects.memory import _TRIM, Collector, collect_seldom, give_back
from support.waiting import PATIENCE_S


class Knot:
    def __init__(self) -> None:
        self.itself = self


def knot() -> weakref.ref[Knot]:
    return weakref.ref(Knot())


@pytest.fixture
def by_hand() -> Iterator[None]:
    """Python itself collects nothing meanwhile: else it may come before whoever is tested."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextlib.asynccontextmanager
async def running(collector: Collector) -> AsyncIterator[None]:
    task = asyncio.create_task(collector.run_forever())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.usefixtures("by_hand")
async def test_garbage_goes_while_nobody_is_busy() -> None:
    before, left = gc.get_threshold(), knot()

    async def idle() -> None:
        pass

    async with running(Collector(idle, every_s=0.01)), asyncio.timeout(PATIENCE_S):
        while left() is not None:  # noqa: ASYNC110 - a collection has no event
            await asyncio.sleep(0.01)
        assert gc.get_threshold()[2] > before[2]
    assert gc.get_threshold() == before


async def test_it_waits_until_nobody_is_busy() -> None:
    asked, free = asyncio.Event(), asyncio.Event()

    async def idle() -> None:
        asked.set()
        await free.wait()

    collector = Collector(idle, every_s=0.01)
    async with running(collector), asyncio.timeout(PATIENCE_S):
        await asked.wait()
        assert collector.collections == 0
        free.set()
        while not collector.collections:  # noqa: ASYNC110 - a collection has no event
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("by_hand")
async def test_it_does_not_wait_for_ever() -> None:
    left = knot()
    async with running(Collector(asyncio.Event().wait, every_s=0.01, latest_s=0.01)), asyncio.timeout(PATIENCE_S):
        while left() is not None:  # noqa: ASYNC110 - a collection has no event
            await asyncio.sleep(0.01)


async def test_of_several_in_one_process_the_last_gives_back_what_the_first_found() -> None:
    before = gc.get_threshold()
    first, second = (asyncio.create_task(Collector(asyncio.Event().wait).run_forever()) for _ in range(2))
    await asyncio.sleep(0)
    for task in (first, second):
        assert gc.get_threshold()[2] > before[2]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert gc.get_threshold() == before


@pytest.mark.lengthy
def test_a_process_that_takes_much_in_looks_seldom() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    try:
        gc.set_threshold(700, 11, 12)
        collect_seldom()
        assert gc.get_threshold()[0] > 700
        assert gc.get_threshold()[1:] == (11, 12)
        assert gc.get_freeze_count() > frozen
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@pytest.mark.skipif(_TRIM is None, reason="the C library of this machine is not glibc")
def test_what_is_free_within_the_process_goes_back_to_the_machine() -> None:
    held = [bytes(2_000) for _ in range(25_000)]
    del held[:-1]  # the last one keeps the rest from going back by itself
    before = resident_mb()
    give_back()
    assert resident_mb() < before - 25
    assert len(held) == 1


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
