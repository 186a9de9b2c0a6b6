"""A hundred who look at once at what another process writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.chromium import launched
from console.live import audience
from support.command import settings_of
from support.engines import EngineUnderTest
from support.engines.processes import free_port
from support.process import service

pytestmark = pytest.mark.slow

CLIENTS, PAGES = 100, 3


async def test_a_hundred_live_clients_all_see_what_another_process_writes(
    embedded_engine: EngineUnderTest, tmp_path: Path
) -> None:
    followed, writing = free_port(), free_port()
    settings = {name: value for name, value in settings_of(embedded_engine).items() if value != "None"}
    async with launched() as browser:
        with (
            service(followed, tmp_path / "followed.log", **settings),
            service(writing, tmp_path / "writing.log", **settings),
        ):
            async with audience(browser, followed, writing, clients=CLIENTS, pages=PAGES) as looking:
                assert len(looking.clients) + len(looking.pages) == CLIENTS
                for _ in range(3):
                    await looking.saw(await looking.write())
                assert [opened.faults + opened.foreign for opened in looking.pages] == [[]] * PAGES
