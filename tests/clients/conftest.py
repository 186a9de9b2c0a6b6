"""The whole service on the embedded engine, behind a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from conftest import settings_for
from support.engines import EngineUnderTest
from support.service import Service, serving


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(embedded_engine).model_copy(update={"loop_poll_ms": 3_600_000})) as service:
        yield service
