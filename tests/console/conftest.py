"""A browser, a service, and a page: for each module of tests its own. What there is to be seen, each module makes itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from conftest import settings_for
from console.chromium import Tab, launched, tab
from support.engines import EngineUnderTest
from support.service import Service, serving

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


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
