"""The request log: who asked for what and what came of it, and nothing else."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from loopgraph.effects.logs import JsonLines
from support.service import Service
from support.waiting import until

SECRET = "ghp_0123456789abcdefghijklmnopqrstuvwxyzABCD"


class Log:
    """What is logged, line by line."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    async def of(self, route: str) -> dict[str, Any]:
        """The line of the request log for a route, once it is there: it follows the answer."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found[:] = [line for line in self.lines if line.get("route") == route]
            return bool(found)

        await until(there)
        return found[-1]


@pytest.fixture
def log() -> Iterator[Log]:
    made = Log()
    handler = logging.StreamHandler(made.stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("loopgraph")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield made
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.mark.lengthy
async def test_a_request_has_one_line_without_its_body_and_its_secrets(service: Service, log: Log) -> None:
    trace = uuid4().hex
    event = {"correlation_id": trace, "hook_type": "PostToolUse", "success": True, "tool_input": {"note": SECRET}}
    headers = {"authorization": f"Bearer {SECRET}", "cookie": f"session={SECRET}"}
    answer = await service.http.post(f"/api/traces/hook?key={SECRET}", json=event, headers=headers)
    line = await log.of("/api/traces/hook")
    told = {name: line[name] for name in ("level", "logger", "method", "route", "status", "principal")}
    assert told == {
        "level": "info",
        "logger": "loopgraph.requests",
        "method": "POST",
        "route": "/api/traces/hook",
        "status": answer.status_code,
        "principal": "anonymous",
    }
    assert line["ms"] > 0
    assert SECRET not in log.stream.getvalue()


@pytest.mark.lengthy
async def test_the_id_of_a_request_is_that_of_its_answer_and_of_all_its_lines(service: Service, log: Log) -> None:
    mine = f"mine-{uuid4().hex}"
    answer = await service.http.post("/graphql", json={"query": "{ __typename }"}, headers={"x-correlation-id": mine})
    assert answer.headers["x-correlation-id"] == mine
    assert (await log.of("/graphql"))["correlation_id"] == mine

    answer = await service.http.get("/api/openapi.json")
    assert (await log.of("/api/openapi.json"))["correlation_id"] == answer.headers["x-correlation-id"]


async def test_an_error_that_is_masked_is_found_by_its_id(
    service: Service, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(service.parts.lineage_reads, "patterns", broken, raising=False)
    monkeypatch.setattr(service.parts.sessions, "page", broken, raising=False)
    answer = await service.http.post("/graphql", json={"query": "{ sessions { edges { cursor } } }"})
    [error] = answer.json()["errors"]
    told = error["extensions"]["correlationId"]
    lines = [line for line in log.lines if line.get("correlation_id") == told]
    assert "a fault of ours" in "".join(line.get("exception", "") for line in lines)
    assert answer.headers["x-correlation-id"] == told


@pytest.mark.parametrize("sent", ["a b\tc", "x" * 2_000, "\u00fc{}"])
async def test_an_id_that_is_none_is_not_taken_over(service: Service, log: Log, sent: str) -> None:
    headers = [(b"x-correlation-id", sent.encode())]
    answer = await service.http.request("POST", "/graphql", json={"query": "{ __typename }"}, headers=headers)
    line = await log.of("/graphql")
    assert line["correlation_id"] == answer.headers["x-correlation-id"]
    assert sent not in line["correlation_id"]


async def test_what_clients_make_up_stands_in_no_line(service: Service, log: Log) -> None:
    made_up = f"up-{uuid4().hex}"
    await service.http.get(f"/{made_up}%0A%1b[2J?q={made_up}")
    assert (await log.of("other"))["status"] == 404
    assert made_up not in log.stream.getvalue()


@pytest.mark.lengthy
async def test_health_is_not_told_unless_it_fails(service: Service, log: Log) -> None:
    for path in ("/livez", "/healthz", "/readyz", "/metrics"):
        assert (await service.http.get(path)).status_code == 200
    await service.http.get("/api/openapi.json")
    await log.of("/api/openapi.json")
    assert {line["route"] for line in log.lines if "route" in line} == {"/api/openapi.json"}


@pytest.mark.lengthy
async def test_the_writer_of_all_belongs_to_no_request(service: Service, log: Log) -> None:
    event = {"correlation_id": uuid4().hex, "hook_type": "PostToolUse", "success": True}
    seen = []
    before = service.parts.recorder._traces.record

    async def record(*args: Any, **given: Any) -> Any:
        from loopgraph.effects.logs import current_id

        seen.append(current_id())
        return await before(*args, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service.parts.recorder._traces, "record", record)
        assert (await service.http.post("/api/traces/hook", json=event)).status_code == 200
    assert seen == [None]
