"""Settings that cannot work are refused before the graph is opened."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from loopgraph.api.startup import PlainStart
from loopgraph.checking import check_settings
from loopgraph.errors import SetupError
from loopgraph.settings import Settings


def test_prices_that_are_not_understood(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text("[models.ours]\ninput = -1\n")
    with pytest.raises(SetupError, match=r"models\.ours\.input"):
        check_settings(Settings(prices_file=file))
    file.write_text("[models.ours]\ninput = 1\n")
    check_settings(Settings(prices_file=file))


@pytest.mark.lengthy
def test_criteria_of_success_that_are_not_understood(tmp_path: Path) -> None:
    file = tmp_path / "success.toml"
    file.write_text("[criteria.no_errors]\nweight = -1\n")
    with pytest.raises(SetupError, match=r"criteria\.no_errors\.weight"):
        check_settings(Settings(success_file=file))
    file.write_text("[criteria.no_errors]\nweight = 1\n")
    check_settings(Settings(success_file=file))


def test_who_vouches_for_people_is_checked_before_anything_is_opened() -> None:
    with pytest.raises(SetupError, match="LOOPGRAPH_OIDC_ISSUER is needed"):
        check_settings(Settings(oidc_audiences=("loopgraph",)))


async def test_an_application_that_is_ended_at_once_tells_it_in_a_sentence() -> None:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield

    started, told = asyncio.Event(), list[Message]()
    asked = iter([{"type": "lifespan.startup"}])

    async def receive() -> Message:
        return next(asked, None) or await asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        told.append(message)
        started.set()

    served = PlainStart(Starlette(lifespan=lifespan))({"type": "lifespan", "state": {}}, receive, send)
    server = asyncio.create_task(served)
    await started.wait()
    server.cancel()  # as the end of the server's loop does after a second Ctrl-C
    with pytest.raises(asyncio.CancelledError):
        await server
    assert told[-1] == {"type": "lifespan.shutdown.failed", "message": "ended at once, as was wanted"}
