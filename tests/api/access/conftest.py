"""A service on the embedded engine that wants tokens, for one module at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from conftest import settings_for
from support.access import Team, team
from support.engines import EngineUnderTest


@pytest.fixture(scope="module")
async def office(embedded_engine: EngineUnderTest) -> AsyncIterator[Team]:
    """Its worker looks seldom."""
    async with team(settings_for(embedded_engine), loop_poll_ms=3_600_000) as found:
        yield found
