"""The whole service on the embedded engine, behind a real socket.

It runs for one module at a time: its worker advances every open run of the graph, and tests of other rooms advance theirs
by hand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from conftest import settings_for
from support.engines import EngineUnderTest
from support.service import Service, serving, serving_quietly


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    """Its worker is poked by all that the service is told itself, and looks seldom by itself: each look costs statements."""
    async with serving(settings_for(embedded_engine).model_copy(update={"loop_poll_ms": 500})) as service:
        yield service


@pytest.fixture(scope="module")
async def quiet_service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    """A service that does nothing by itself: what its graph does, a request has asked for."""
    async with serving_quietly(settings_for(embedded_engine)) as service:
        yield service
