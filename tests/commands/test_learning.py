"""``loopgraph learning``: what is embedded, and with what."""

from __future__ import annotations

import json
import re
from datetime import timedelta
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
from support.traces import NOON


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


@pytest.mark.exhaustive
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


def test_a_weight_that_cannot_be_is_refused_with_what_is_wrong() -> None:
    told = "semantic=0.4,keyword=0.2,intent=0.2,context=0.1,historical=0.1"
    assert Settings(match_weights=told.replace("0.1", "0.30")).match_weights == (
        "semantic=0.2857,keyword=0.1429,intent=0.1429,context=0.2143,historical=0.2143"
    )
    for wrong, words in (
        (told.replace("0.4", "-1"), "the weight of semantic must be between 0 and 1,000,000, not -1"),
        (told.replace("0.4", "nan"), "the weight of semantic must be between 0 and 1,000,000, not nan"),
        (told.replace("0.4", "inf"), "the weight of semantic must be between 0 and 1,000,000, not inf"),
        (told.replace("0.4", "much"), "the weight of semantic must be a number such as 0.2, not 'much'"),
        (told.replace("semantic", "meaning"), "'meaning' is no part of a score; these are: semantic, keyword"),
        (f"{told},semantic=0.3", "semantic is there twice"),
        ("semantic=1", "keyword, intent, context, historical must be named too"),
        (
            "semantic=0,keyword=0,intent=0,context=0,historical=0",
            "one of semantic, keyword, intent must weigh more than 0",
        ),
        ("", "semantic, keyword, intent, context, historical must be named too"),
    ):
        with pytest.raises(ValueError, match=re.escape(words)):
            Settings(match_weights=wrong)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_weights_are_learned_from_traces_and_told_as_a_setting(tmp_path: Path) -> None:
    """Of each kind of work one prompt in two went another way; where it did, it was asked in another project."""
    environment = {"LOOPGRAPH_GRAPH_URL": f"embedded:{tmp_path / 'graph'}", "LOOPGRAPH_EMBEDDING": "letters"}
    async with Graph.open(Settings(graph_url=environment["LOOPGRAPH_GRAPH_URL"])) as graph:
        await schema.prepare(graph)
        code, out, _ = await command("learning", "weights", **environment)
        assert code == 0
        assert out.startswith("0 traces of 0 sessions beside the learned patterns of before: 0 pairs, of which 0 fit\n")
        assert "Too few sessions" in out
        few = await learning.tell(graph, *(learning.told("mend the mast", at=NOON) for _ in range(4)))
        await learning.learn(learning.learner(graph), few)
        code, out, _ = await command("learning", "weights", **environment)
        assert re.match(r"\d traces of \d sessions", out)
        assert "log loss" not in out
        assert "Too few sessions" in out

        other_way = [("WebFetch", {"url": "https://e.example"}), ("Write", {"file_path": "/src/a.md"})]
        stories = []
        for at in range(160):
            elsewhere = at > 2 and at % 2 == 1
            stories.append(
                learning.told(
                    f"fix the {('harbour', 'lighthouse')[at % 4 // 2]} parser",
                    other_way if elsewhere else learning.FIXING,
                    project="/elsewhere" if elsewhere else "/src",
                    at=NOON + timedelta(minutes=at),
                )
            )
        ids = await learning.tell(graph, *stories)
        await learning.learn(learning.learner(graph), ids)
        code, out, _ = await command("learning", "weights", **environment)
        assert code == 0
        assert re.match(r"1\d\d traces of 1\d\d sessions beside the learned patterns of before: \d+ pairs", out)
        assert "log loss (less is better)" in out
        assert "pairs match at 0.70, of which" in out
        code, told, _ = await command("learning", "weights", "--json", **environment)
        found = json.loads(told)
        assert found["learned"]["context"] > 0.1
        assert (found["reason"] is None) == (found["log_loss"]["high"] < 0.0)
        assert f"LOOPGRAPH_MATCH_WEIGHTS={found['setting']}" in out or found["reason"] == "not_surely_better"
        again = environment | {"LOOPGRAPH_MATCH_WEIGHTS": found["setting"]}
        code, told, _ = await command("learning", "weights", "--json", **again)
        in_use = json.loads(told)
        assert in_use["in_use"] == pytest.approx(found["learned"], abs=1e-3)
        assert in_use["learned"] == found["learned"]
