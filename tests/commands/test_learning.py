"""``loopgraph learning``: what is embedded, and with what."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import settings_for
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offline_model import OfflineModel
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.effects.schema import schema
from loopgraph.settings import Settings
from support import learning
from support.command import command, settings_of
from support.embedding_api import embedding_api
from support.engines import EngineUnderTest
from support.engines.processes import free_port
from support.learned import Learned, learn
from support.prepared import prepared


@pytest.mark.lengthy
async def test_prompts_are_embedded_once_and_other_models_are_forgotten(embedded_engine: EngineUnderTest) -> None:
    environment = settings_of(embedded_engine)
    async with Graph.open(settings_for(embedded_engine)) as graph:
        await schema.prepare(graph)
        await learn(graph, Learned(["fix the login timeout"]), Learned(["deploy the billing service"]))
        reads, offline = PromptReads(graph), OfflineModel().load().key
        code, out, _ = await command("learning", "embed", **environment)
        found = re.fullmatch(rf"(\d+) prompts embedded with {re.escape(offline)}; there are ([\d,]+)\n", out)
        assert code == 0
        assert found is not None
        assert int(found[1]) >= 2
        code, out, _ = await command("learning", "embed", **environment)
        assert out.startswith(f"0 prompts embedded with {offline}")

        with embedding_api() as api:
            other = {
                "LOOPGRAPH_EMBEDDING": "endpoint",
                "LOOPGRAPH_EMBEDDING_URL": api.url,
                "LOOPGRAPH_EMBEDDING_MODEL": "small",
            }
            code, out, _ = await command("learning", "embed", "--forget-others", **environment, **other)
            assert code == 0
            assert "embedded with small@1#64" in out
            assert "of other models taken away" in out
            assert offline not in await reads.counts()
            api.status, api.body = 401, b'{"error": {"message": "no such key"}}'
            code, _, err = await command("learning", "embed", **environment, **other)
            assert code != 0
            assert "it answers 401: no such key" in err


@pytest.mark.lengthy
async def test_an_endpoint_that_cannot_be_asked_is_refused_before_anything_is_done() -> None:
    for environment, words in (
        ({"LOOPGRAPH_EMBEDDING": "endpoint"}, "LOOPGRAPH_EMBEDDING_URL is needed"),
        ({"LOOPGRAPH_EMBEDDING_URL": "http://e.example/v1"}, "LOOPGRAPH_EMBEDDING_MODEL is needed"),
        (
            {
                "LOOPGRAPH_EMBEDDING_URL": "http://e.example/v1",
                "LOOPGRAPH_EMBEDDING_MODEL": "small",
                "LOOPGRAPH_EMBEDDING_KEY": "k",
            },
            "LOOPGRAPH_EMBEDDING_URL must be https",
        ),
    ):
        code, _, err = await command("serve", "--port", str(free_port()), **environment)
        assert code != 0
        assert words in err


@pytest.mark.lengthy
async def test_all_traces_are_looked_at_once_more(tmp_path: Path) -> None:
    environment = {"LOOPGRAPH_GRAPH_URL": f"embedded:{prepared(tmp_path / 'graph')}", "LOOPGRAPH_EMBEDDING": "letters"}
    async with Graph.open(Settings(graph_url=environment["LOOPGRAPH_GRAPH_URL"])) as graph:
        await schema.prepare(graph)
        thing = learning.word()
        ids = await learning.tell(graph, *(learning.told(f"fix {thing}", success=at < 2) for at in range(3)))
        for _ in range(2):
            code, out, err = await command("learning", "rebuild", **environment)
            assert (code, out) == (0, "1 learned pattern of 2 successful traces and 1 failed\n"), err
        assert len({row["pattern_id"] for row in await learning.taught(graph, ids)}) == 1
        code, out, _ = await command("learning", "status", **environment)
        assert code == 0
        assert out.startswith(
            "1 learned pattern, 1 of them matched, of 2 successful traces and 1 failed; 0 failed ones wait"
        )
        assert "0 traces to be looked at; last learned at" in out
