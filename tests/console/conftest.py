"""A browser, a graph, a service, and a page: for each module of tests its own. What there is to be seen, each module makes
itself, and nothing else is to be seen: lists are short, and figures are known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conftest import settings_for
from console.chromium import Tab, launched, tab
from loopgraph.effects.engine.folder import EngineFolder
from support.engines import EngineUnderTest
from support.engines.sources import embedded
from support.own_engine import OwnEngine
from support.service import Service, serving

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def engine_of_consoles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EngineUnderTest, OwnEngine]]:
    """An engine for the graphs of all these modules."""
    folder = tmp_path_factory.mktemp("consoles")
    with embedded(folder) as engine:
        yield engine, OwnEngine(settings_for(engine), EngineFolder(folder))


@pytest.fixture(scope="module")
def embedded_engine(engine_of_consoles: tuple[EngineUnderTest, OwnEngine]) -> EngineUnderTest:
    """A graph with nothing in it."""
    engine, databases = engine_of_consoles
    return replace(engine, database=databases.with_new_database(prepared=True).graph_database)


@pytest.fixture(scope="module")
async def service(browser: Browser, embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    """Not started where there is no browser."""
    async with serving(settings_for(embedded_engine).model_copy(update={"loop_poll_ms": 500})) as service:
        yield service


@pytest.fixture
async def open_tab(browser: Browser, service: Service) -> AsyncIterator[Tab]:
    """A page that must not have had any fault, nor asked anybody else, at the end."""
    async with tab(browser, service.url) as opened:
        yield opened
        assert opened.faults == []
        assert opened.foreign == []
