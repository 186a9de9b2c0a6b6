"""What the story of the demo does when the service does not do its part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from loopgraph.demo.client import Client, Json
from loopgraph.demo.story import Story
from loopgraph.errors import ServiceError
from support.audience import Nobody


class Stalled:
    """A client of a service whose runs never move; the first one's stream ends, the others' go on without a word."""

    def __init__(self) -> None:
        self.open = 0
        self.subscribed = 0

    async def subscribe(self, _: str, **__: Any) -> AsyncIterator[Json]:
        self.open += 1
        self.subscribed += 1
        try:
            if self.subscribed > 1:
                await asyncio.Event().wait()
        finally:
            self.open -= 1
        return
        yield {}


async def test_a_run_that_stands_still_is_told_and_nothing_on_top_of_it() -> None:
    client = Stalled()
    told = Story(cast("Client", client), Nobody(), "test", 10)
    with pytest.raises(ServiceError, match=f"of {told.cases[0].workload.name} stands still"):
        await told._experiment()
    assert client.subscribed == len(told.cases) > 1
    assert client.open == 0
