"""The door for many events, through a real socket, on the embedded engine."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from loopgraph.api.http.batch import MOST
from loopgraph.effects.clock import new_id
from support.service import Service
from support.traces import Traces

Json = dict[str, Any]
KINDS = ("start", "routing", "hook", "endpoint", "complete")


def events(trace: str, hooks: int) -> list[Json]:
    steps = [
        {"kind": "hook", "correlation_id": trace, "execution_id": f"{trace}-{n}", "hook_type": "T", "success": True}
        for n in range(hooks)
    ]
    return [
        {"kind": "start", "correlation_id": trace, "prompt_text": "sort"},
        {"kind": "routing", "correlation_id": trace, "selected_agent": "sorter"},
        *steps,
        {"kind": "endpoint", "correlation_id": trace, "service_name": "s", "endpoint_path": "/p", "success": True},
        {"kind": "complete", "correlation_id": trace, "success": True},
    ]


async def post(service: Service, content: bytes, status: int = 200, query: str = "", **headers: str) -> Json:
    sent = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = await service.http.post(f"/api/traces/batch{query}", content=content, headers=sent)
    assert answer.status_code == status, answer.text
    body: Json = answer.json()
    return body


async def hooks_of(service: Service, trace: str) -> list[str]:
    parts = await Traces(service.parts.graph).parts([trace], None)
    return sorted(hook.execution_id for hook in parts[trace].hooks) if trace in parts else []


@pytest.mark.lengthy
@pytest.mark.parametrize("lines", [False, True], ids=["array", "ndjson"])
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
async def test_a_whole_trace_in_one_request(service: Service, lines: bool, zipped: bool) -> None:
    trace = new_id()
    sent = events(trace, 3)
    body = b"\n\n".join(json.dumps(event).encode() for event in sent) if lines else json.dumps(sent).encode()
    headers = {"content_type": "application/x-ndjson"} if lines else {}
    if zipped:
        body, headers = gzip.compress(body), {**headers, "content_encoding": "gzip"}
    results = (await post(service, body, **headers))["results"]
    assert [result["index"] for result in results] == list(range(len(sent)))
    assert [result["kind"] for result in results] == [event["kind"] for event in sent]
    assert {result["correlation_id"] for result in results} == {trace}
    assert results[2] == {
        "index": 2, "kind": "hook", "correlation_id": trace, "execution_id": f"{trace}-0", "repeated": False
    }  # fmt: skip
    assert results[5]["execution_id"], "the call's id was made"
    assert await hooks_of(service, trace) == [f"{trace}-{n}" for n in range(3)]
    again = (await post(service, body, **headers))["results"]
    assert [result["repeated"] for result in again if result["kind"] != "endpoint"] == [True] * 6


@pytest.mark.lengthy
async def test_one_bad_item_does_not_lose_the_others(service: Service) -> None:
    trace = new_id()
    start, routing, hook, *_ = events(trace, 1)
    bad: list[tuple[Any, str, str]] = [
        ({"kind": "hook", "correlation_id": trace}, "INVALID_INPUT", "hook_type"),
        ({"kind": "hop", "correlation_id": trace}, "INVALID_INPUT", "kind"),
        ({"correlation_id": trace}, "INVALID_INPUT", "kind"),
        ([], "INVALID_INPUT", "body"),
        ({**hook, "hook_type": "other"}, "CONFLICT", ""),
        ({**hook, "execution_id": new_id(), "node_id": "no-such-version"}, "NOT_FOUND", ""),
        ({**hook, "execution_id": "ghp_0123456789abcdefghijABCDEFGHIJ"}, "INVALID_INPUT", "execution_id"),
    ]
    lines = [json.dumps(item) for item in (start, hook, *(item for item, _, _ in bad), routing)]
    body = "\n".join([*lines, '{"kind": "start"', json.dumps({"kind": "start", "correlation_id": f"{trace}-child"})])
    results = (await post(service, body.encode(), content_type="application/x-ndjson"))["results"]
    assert [result["index"] for result in results] == list(range(12))
    assert [index for index, result in enumerate(results) if "error" not in result] == [0, 1, 9, 11]
    found = [(result["error"]["code"], result["error"].get("field", "")) for result in results[2:9]]
    assert found == [(code, field) for _, code, field in bad]
    assert results[10]["error"]["field"] == "body"
    assert "ghp_" not in json.dumps(results)
    assert await hooks_of(service, trace) == [f"{trace}-0"]


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_ten_thousand_events_and_no_more(service: Service) -> None:
    trace = new_id()
    many = events(trace, MOST - 4)
    results = (await post(service, json.dumps(many).encode()))["results"]
    assert len(results) == MOST
    assert not [result for result in results if result.get("repeated") is not False]
    assert len(await hooks_of(service, trace)) == MOST - 4
    error = (await post(service, json.dumps([*many, many[0]]).encode(), 413))["error"]
    assert error["code"] == "BODY_TOO_LARGE"
    assert "10000" in error["message"]


@pytest.mark.lengthy
async def test_an_answer_as_soon_as_the_events_are_queued(service: Service) -> None:
    trace = new_id()
    sent = [*events(trace, 40), {"kind": "hook"}]
    results = (await post(service, json.dumps(sent).encode(), 202, "?ack=queued"))["results"]
    assert all(result["queued"] for result in results[:-1])
    assert results[-1]["error"]["field"] == "correlation_id"
    await post(service, json.dumps(sent[:1]).encode())
    single = {"correlation_id": trace, "execution_id": f"{trace}-single", "hook_type": "T"}
    answer = await service.http.post("/api/traces/hook?ack=queued", json=single)
    assert (answer.status_code, answer.json()["queued"]) == (202, True)
    answer = await service.http.post("/api/traces/hook", json=single)
    assert answer.json()["repeated"]
    assert len(await hooks_of(service, trace)) == 41
    error = (await post(service, b"[]", 400, "?ack=never"))["error"]
    assert error["field"] == "ack"


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("body", "headers", "status", "word"),
    [
        (b"{}", {}, 400, "array"),
        (b"[", {}, 400, "JSON"),
        (b"[]", {"content_type": "text/plain"}, 415, "ndjson"),
        (b"[]", {"content_encoding": "br"}, 415, "gzip"),
        (b"[]", {"content_encoding": "gzip"}, 400, "gzip"),
        (gzip.compress(b" " * 33_600_000, mtime=0), {"content_encoding": "gzip"}, 400, "decompressed"),
    ],
)
async def test_what_cannot_be_read(
    service: Service, body: bytes, headers: dict[str, str], status: int, word: str
) -> None:
    assert word in (await post(service, body, status, **headers))["error"]["message"]


@pytest.mark.lengthy
async def test_events_may_be_larger_than_other_bodies(service: Service) -> None:
    trace, large = new_id(), service.parts.settings.max_body_bytes
    event = {"kind": "start", "correlation_id": trace, "prompt_text": "x"}
    body = json.dumps([event]).encode() + b" " * large
    assert (await post(service, body))["results"][0]["repeated"] is False
    single = b'{"correlation_id": "%b", "prompt_text": "y"}' % new_id().encode() + b" " * large
    for path in ("/api/traces/start", "/graphql"):
        answer = await service.http.post(path, content=single, headers={"content-type": "application/json"})
        assert answer.status_code == (413 if path == "/graphql" else 200)


async def test_an_empty_batch(service: Service) -> None:
    assert await post(service, b"[]") == {"results": []}


@pytest.mark.lengthy
async def test_the_schema_says_what_events_may_have(service: Service) -> None:
    answer = await service.http.get("/api/traces/schema")
    assert answer.headers["content-type"] == "application/schema+json"
    schema = answer.json()
    kinds = {one["$ref"].rpartition("/")[2] for one in schema["oneOf"]}
    assert kinds == {schema["discriminator"]["mapping"][kind].rpartition("/")[2] for kind in KINDS}
    for event in events(new_id(), 1):
        [of_kind] = [
            one for name in kinds if (one := schema["$defs"][name])["properties"]["kind"]["const"] == event["kind"]
        ]
        assert set(of_kind["required"]) <= event.keys() <= of_kind["properties"].keys(), event
        assert of_kind["additionalProperties"] is False
        for missing in of_kind["required"]:
            less = {name: value for name, value in event.items() if name != missing}
            results = (await post(service, json.dumps([less]).encode()))["results"]
            assert results[0]["error"]["code"] == "INVALID_INPUT", missing
