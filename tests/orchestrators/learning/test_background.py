"""The learner beside a service: traces that end are learned from soon, those of before in slices, and a restart goes on."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.rounds import ALL, LearningRounds
from loopgraph.effects.schema import schema
from loopgraph.settings import Settings
from support.engines.processes import free_port
from support.learning import learned, taught, tell, told, word
from support.prepared import prepared
from support.process import service
from support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.slow


async def all_taught(graph: Graph, ids: list[str]) -> set[str]:
    """The patterns that traces taught, once all of them have."""

    async def have_taught() -> bool:
        return all(row["pattern_id"] for row in await taught(graph, ids))

    await until(have_taught, 0.2)
    return {str(row["pattern_id"]) for row in await taught(graph, ids)}


@pytest.mark.exhaustive
async def test_a_service_learns_from_what_was_there_and_what_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, port = prepared(tmp_path / "graph"), free_port()
    monkeypatch.setenv("LOOPGRAPH_GRAPH_URL", f"embedded:{folder}")
    monkeypatch.setenv("LOOPGRAPH_LEARNING", "true")
    thing = word()
    async with Graph.open(Settings()) as graph:
        await schema.prepare(graph)
        before = await tell(graph, *(told(f"fix {thing}") for _ in range(3)))

        async def went_back() -> bool:
            return (await LearningRounds(graph).current()).backfilled_to == ALL

        for number in range(2):  # the second is a restart
            with service(port, tmp_path / f"log{number}"):
                ids = list(before)
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client:
                    for event in told(f"fix {thing}"):
                        kind = {"start": "start", "hook": "hook", "complete": "complete"}[event.kind]
                        body = event.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
                        answer = await client.post(f"/api/traces/{kind}", json=body)
                        assert answer.status_code == 200, answer.text
                    ids.append(event.correlation_id)
                    [pattern_id] = await all_taught(graph, ids)
                found = await learned(graph, pattern_id)
                assert found["learned"]["successes"] == 4 + number
                before.append(ids[-1])
                await until(went_back, 0.2)
