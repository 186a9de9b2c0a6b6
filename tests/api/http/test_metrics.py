"""``/metrics``: what it tells of what has just been done, what it costs, and what it does without the graph."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from conftest import settings_for
from loopgraph.api.http.metrics import Looks
from loopgraph.api.metrics import Metrics
from loopgraph.assets import asset
from loopgraph.errors import GraphUnavailable
from support.engines import EngineUnderTest
from support.service import Service, serving
from support.waiting import PATIENCE_S, until

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
PAGE = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"


async def scraped(service: Service) -> Samples:
    """What a scrape finds, each look anew."""
    service.http.headers.pop("accept", None)
    answer = await service.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0.0)


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopgraph.api.http.metrics.AGAIN_S", 0.0)
    monkeypatch.setattr("loopgraph.api.http.metrics.PATIENCE_S", PATIENCE_S)


def hook() -> dict[str, object]:
    return {"correlation_id": uuid4().hex, "execution_id": uuid4().hex, "hook_type": "PostToolUse", "success": True}


@pytest.mark.lengthy
async def test_what_is_done_is_counted_where_it_is_done(service: Service) -> None:
    before, event = await scraped(service), hook()
    assert (await service.http.post("/api/traces/hook", json=event)).status_code == 200
    assert (await service.http.post("/api/traces/hook", json=event)).status_code == 200
    assert (await service.http.post("/api/traces/hook", json={})).status_code == 400
    await service.query("{ __typename }")
    await service.query('query Named { p: patternVersion(nodeId: "none") { nodeId } }')
    await service.ask("{ nowhere }")
    after = await scraped(service)

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert more("loopgraph_events_total", outcome="recorded") == 1
    assert more("loopgraph_events_total", outcome="repeated") == 1
    assert more("loopgraph_batch_events_count") == 2
    assert more("loopgraph_http_requests_total", route="/api/traces/hook", method="POST", status="200") == 2
    assert more("loopgraph_http_requests_total", route="/api/traces/hook", method="POST", status="400") == 1
    assert more("loopgraph_http_request_seconds_count", route="/api/traces/hook") == 3
    assert more("loopgraph_graphql_operations_total", type="query", field="__typename", outcome="ok") == 1
    assert more("loopgraph_graphql_operations_total", type="query", field="patternVersion", outcome="ok") == 1
    assert more("loopgraph_graphql_operations_total", type="other", field="other", outcome="INVALID_DOCUMENT") == 1
    ran = {dict(labels)["query"] for name, labels in after if name == "loopgraph_statement_seconds_count"}
    assert {"system/backlogs"} < ran
    assert all(asset("cypher", f"{name}.cypher").is_file() for name in ran)
    assert more("loopgraph_statement_seconds_count", query="system/backlogs") == 1
    assert more("loopgraph_transaction_seconds_count", access="write") >= 2
    assert value(after, "loopgraph_queue_events") == 0
    assert value(after, "loopgraph_queue_events_limit") == service.parts.settings.ingest_queue_events
    assert {dict(labels)["state"] for (name, labels), at in after.items() if name == "loopgraph_state" and at} == {
        "serving"
    }
    assert value(after, "loopgraph_graph_up") == value(after, "loopgraph_graph_stores") == 1
    assert {labels for name, labels in after if name == "loopgraph_backlog"} == {
        frozenset({("of", of)}) for of in ("counting", "learning", "runs", "review")
    }


@pytest.mark.lengthy
async def test_a_client_makes_up_no_labels(service: Service) -> None:
    made_up = f"made-up-{uuid4().hex}"
    await service.http.get(f"/{made_up}")
    await service.http.request(made_up[:8].upper(), "/graphql")
    await service.http.get(f"/api/renderings/{made_up}")
    await service.http.post("/graphql", json={"query": f"query M{made_up[-8:]} {{ {made_up[-8:]}: __typename }}"})
    text = (await service.http.get("/metrics")).text
    assert made_up not in text
    assert made_up[-8:] not in text
    assert made_up[:8].upper() not in text


@pytest.mark.lengthy
async def test_a_scrape_costs_one_statement_and_those_at_once_share_it(
    quiet_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopgraph.api.http.metrics.AGAIN_S", 3_600.0)
    looks, before = Looks(Metrics()), quiet_service.parts.graph.statements
    await asyncio.gather(*(looks.look(quiet_service.parts) for _ in range(20)))
    await looks.look(quiet_service.parts)
    assert quiet_service.parts.graph.statements - before == 1


@pytest.mark.lengthy
async def test_a_scrape_is_answered_while_the_graph_is_away(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> dict[str, int]:
        raise GraphUnavailable("it is away")

    monkeypatch.setattr(service.parts.backlogs, "waiting", away)
    samples = await scraped(service)
    assert value(samples, "loopgraph_graph_up") == value(samples, "loopgraph_state", state="serving") == 0
    assert value(samples, "loopgraph_state", state="unavailable") == 1
    assert ("loopgraph_graph_up", frozenset()) in samples
    assert not [name for name, _ in samples if name == "loopgraph_backlog"]

    async def never() -> dict[str, int]:
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr("loopgraph.api.http.metrics.PATIENCE_S", 0.01)
    monkeypatch.setattr(service.parts.backlogs, "waiting", never)
    assert value(await scraped(service), "loopgraph_graph_up") == 0


@pytest.mark.lengthy
async def test_two_services_of_one_process_do_not_mix(embedded_engine: EngineUnderTest, service: Service) -> None:
    async with serving(settings_for(embedded_engine)) as other:
        before = await scraped(service)
        for _ in range(3):
            await other.http.get("/healthz")
        mine, others = await scraped(service), await scraped(other)
    labels = {"route": "/healthz", "method": "GET", "status": "200"}
    assert value(others, "loopgraph_http_requests_total", **labels) == 3
    assert value(mine, "loopgraph_http_requests_total", **labels) == value(
        before, "loopgraph_http_requests_total", **labels
    )


@pytest.mark.lengthy
async def test_who_follows_is_counted_and_a_stream_has_no_time(service: Service) -> None:
    following = service.follow("traces_follow")
    task = asyncio.ensure_future(anext(following))
    try:
        await until(lambda: service.parts.tail.followers > 0)
        samples = await scraped(service)
        assert value(samples, "loopgraph_subscribers") >= 1
        assert value(samples, "loopgraph_http_requests_in_work") >= 2
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await following.aclose()


def described() -> dict[str, tuple[str, str]]:
    """Of each metric of the registry its kind and its labels, by the name that queries use."""
    found = {}
    for family in Metrics().registry.collect():
        if family.name.startswith(("loopgraph_", "process_")):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            collector = Metrics().registry._names_to_collectors.get(family.name)
            found[name] = (family.type, ", ".join(getattr(collector, "_labelnames", ())))
    return found


@pytest.mark.lengthy
def test_the_table_of_the_documentation_has_every_metric() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \| [^|]+ \|$", PAGE.read_text(encoding="utf-8"), re.M
    )
    table = {name: (kind, labels.replace("`", "").strip()) for name, kind, _, labels in rows}
    assert table == described()


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_proxy_that_shows_the_service_elsewhere_counts_the_same_paths(embedded_engine: EngineUnderTest) -> None:
    settings = settings_for(embedded_engine).model_copy(update={"root_path": "/loopgraph"})
    async with serving(settings) as service, httpx.AsyncClient(base_url=service.url, trust_env=False) as client:
        assert (await client.get("/loopgraph/healthz")).status_code == 200
        labels = {"route": "/healthz", "method": "GET", "status": "200"}
        assert value(await scraped(service), "loopgraph_http_requests_total", **labels) == 1
