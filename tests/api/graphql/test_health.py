"""``serviceHealth``: what a page shows of the service itself, also while the graph is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.http.test_health import wired
from conftest import settings_for
from loopgraph import __version__
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.effects.clock import now
from loopgraph.effects.traces.dead_letters import DeadLetters
from support.engines import EngineUnderTest
from support.service import serving

HEALTH = "{ serviceHealth { version isReady trouble engine engineAgent latencyMs waitingEvents deadLetters } }"


@pytest.mark.lengthy
async def test_it_follows_the_graph_and_counts_what_was_put_aside(
    embedded_engine: EngineUnderTest, tmp_path: Path
) -> None:
    async with wired(embedded_engine) as wire:
        url = f"bolt://127.0.0.1:{wire.port}"
        changed = {"graph_url": url, "dead_letter_folder": tmp_path / "letters"}
        async with serving(settings_for(embedded_engine).model_copy(update=changed)) as service:
            healthy = (await service.query(HEALTH))["serviceHealth"]
            assert healthy.pop("latencyMs") > 0
            assert "ArcadeDB" in healthy.pop("engineAgent")
            assert healthy == {
                "version": __version__, "isReady": True, "trouble": None, "engine": "embedded", "waitingEvents": 0,
                "deadLetters": 0,
            }  # fmt: skip
            letters = DeadLetters(tmp_path / "letters")
            await letters.add([TraceStarted(correlation_id=f"t{i}") for i in range(3)], ValueError("no"), now())

            await wire.cut()
            gone = (await service.query(HEALTH))["serviceHealth"]
            assert (gone["isReady"], gone["latencyMs"], gone["deadLetters"]) == (False, None, 3)
            assert "does not answer" in gone["trouble"]

            await wire.mend()
            assert (await service.query(HEALTH))["serviceHealth"]["isReady"]

            letters.path.unlink()
            letters.path.mkdir()
            assert (await service.query(HEALTH))["serviceHealth"]["deadLetters"] is None
