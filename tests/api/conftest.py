"""The whole service on the embedded engine, behind a real socket.

It runs for one module at a time: its worker advances every open run of the graph, and tests of other rooms advance theirs
by hand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from conftest import settings_for
from support.engines import EngineUnderTest
from support.service import Service, quiet, serving


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    """Its worker is poked by all that the service is told itself, and looks seldom by itself: each look costs statements."""
    async with serving(settings_for(embedded_engine).model_copy(update={"loop_poll_ms": 500})) as service:
        yield service


@pytest.fixture(scope="module")
async def quiet_service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    """A service whose worker has looked at the runs and looks no more: what its graph does, a request has asked for."""
    settings = settings_for(embedded_engine).model_copy(update={"loop_poll_ms": 3_600_000})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loopgraph.orchestrators.analytics.rolling.LEAST_S", 3_600.0)
        async with serving(settings) as service:
            await quiet(service)
            yield service
