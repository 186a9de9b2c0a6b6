"""arize-phoenix, another public tool that keeps traces and tells figures of them: in an environment of its own, on SQLite.

It is asked and told by its documented doors only: OTLP over HTTP with the attributes of OpenInference, as its own instrumentation
sends them, and GraphQL, as its own pages ask. A trace is a span of an agent, under it one for each execution of a pattern, with
the pattern as its name (which has a column of its own), under the first of them the call of a model.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from bench.analytics import generate
from bench.http_load import Connection, request
from bench.ingest import cpu_s
from support.engines.processes import child, free_port

PACKAGE: Final = "arize-phoenix"
PROJECT: Final = "default"
_START_S, _AT_ONCE, _PAUSE_S = 600, 500, 0.5
_PROBE = generate.Model("bench-probe", "bench", 1.0, 1.0)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_PRICE = "mutation ($input: CreateModelMutationInput!) { createModel(input: $input) { model { name } } }"
_STORED = (
    "query ($project: String!) { getProjectByName(name: $project) { recordCount costSummary { total { cost } } } }"
)

_OK, _ERROR = Status.STATUS_CODE_OK, Status.STATUS_CODE_ERROR


class Stored(NamedTuple):
    """What a project holds."""

    spans: int
    cost_usd: float


def installed(home: Path) -> str | None:
    """Installs it into an environment in this folder, where it is not there yet; says why it cannot be, if it cannot."""
    if (home / "bin" / "phoenix").exists():
        return None
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]
    for step in ([sys.executable, "-m", "venv", str(home)], pip):
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode:
            return (done.stderr.strip() or done.stdout.strip() or "no word why").splitlines()[-1]
    return None


def version(home: Path) -> str:
    """The version in this environment."""
    asked = f"import importlib.metadata; print(importlib.metadata.version({PACKAGE!r}))"
    return subprocess.run(
        [home / "bin" / "python", "-c", asked], check=True, capture_output=True, text=True
    ).stdout.strip()


@contextlib.contextmanager
def running(home: Path, folder: Path) -> Iterator[tuple[int, int]]:
    """Its port and its process, with what it stores in a folder; without what it does beside storing and answering."""
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), folder / "log"
    environment = {
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
    }
    given = [f"{name}={value}" for name, value in environment.items()]
    with child(["/usr/bin/env", *given, home / "bin" / "phoenix", "serve"], log) as process:
        asyncio.run(_ready(port, process, log))
        yield port, process.pid


async def _ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(_START_S):
        while True:
            with contextlib.suppress(OSError, EOFError):  # it does not listen yet
                await ask(port, "{ projects(first: 1) { edges { node { name } } } }")
                return
            if process.poll() is not None:
                raise RuntimeError(f"{PACKAGE} did not start: see {log}")
            await asyncio.sleep(_PAUSE_S)


def asking(document: str, variables: dict[str, Any] | None = None) -> bytes:
    """A document as the bytes of a request."""
    return request("/graphql", orjson.dumps({"query": document, "variables": variables or {}}))


async def ask(port: int, document: str, **variables: Any) -> Any:
    """The data of a document."""
    async with Connection.open(port) as connection:
        status, body = await connection.ask(asking(document, variables))
    answer = orjson.loads(body)
    assert status == 200, answer
    assert not answer.get("errors"), answer
    return answer["data"]


async def _stored(port: int, project: str) -> Stored:
    found = (await ask(port, _STORED, project=project))["getProjectByName"]
    return Stored(found["recordCount"], found["costSummary"]["total"]["cost"] or 0.0) if found else Stored(0, 0.0)


class Filled(NamedTuple):
    """What telling it took: the seconds by the clock and of its processor are those until it had stored all."""

    spans: int
    seconds: float
    cpu_s: float


def filled(folder: Path, executions: int, begin: datetime, port: int, process: int) -> Filled:
    """What it has stored in the folder; it is told of it if it was not."""
    note = folder / "stored.json"
    if note.exists():
        return Filled(**orjson.loads(note.read_bytes()))
    began, used = time.perf_counter(), cpu_s(process)
    spans = asyncio.run(_fill(port, executions, begin))
    found = Filled(spans, time.perf_counter() - began, cpu_s(process) - used)
    note.write_bytes(orjson.dumps(found._asdict()))
    return found


async def _fill(port: int, executions: int, begin: datetime) -> int:
    """Tells it the prices and the traces, and returns how many spans these are when it has stored all of them."""
    await _price(port)
    sent = 0
    async with Connection.open(port) as connection:
        for body, spans in _bodies(executions, begin):
            await _send(connection, body)
            sent += spans
    while (await _stored(port, PROJECT)).spans < sent:  # noqa: ASYNC110 - another process stores
        await asyncio.sleep(_PAUSE_S)
    return sent


async def _price(port: int) -> None:
    """Tells it what the models cost, and returns when it goes by that: it looks for new prices now and then, all at once."""
    for model in (*generate.MODELS, _PROBE):
        costs = [
            {"tokenType": "input", "costPerMillionTokens": model.input_usd, "kind": "PROMPT"},
            {"tokenType": "output", "costPerMillionTokens": model.output_usd, "kind": "COMPLETION"},
        ]
        about = {"name": f"priced {model.name}", "namePattern": f"^{model.name.replace('.', '[.]')}$", "costs": costs}
        await ask(port, _PRICE, input=about)
    number = 0
    async with Connection.open(port) as connection:
        while not (await _stored(port, _PROBE.name)).cost_usd:
            number += 1
            call = {"model": _PROBE.name, "service_name": _PROBE.service, "input_tokens": 1_000, "output_tokens": 1_000}
            event = {"kind": "endpoint", "correlation_id": "probe", "call_id": str(number), "success": True, **call}
            together, spans = _empty(_PROBE.name)
            spans.append(_span(event, "", "call", "LLM", _EPOCH + timedelta(days=20_000), 1.0, _tokens(event)))
            await _send(connection, together.SerializeToString())
            await asyncio.sleep(_PAUSE_S)


async def _send(connection: Connection, body: bytes) -> None:
    """Sends spans, again and again while it has as many waiting as it takes."""
    while True:
        status, answer = await connection.ask(request("/v1/traces", body, "application/x-protobuf"))
        if status == 200:
            return
        assert status in (429, 503), answer
        await asyncio.sleep(_PAUSE_S)


def _empty(project: str) -> tuple[ExportTraceServiceRequest, Any]:
    together = ExportTraceServiceRequest()
    resource = together.resource_spans.add()
    resource.resource.attributes.add(key="openinference.project.name").value.string_value = project
    return together, resource.scope_spans.add().spans


def _bodies(executions: int, begin: datetime) -> Iterator[tuple[bytes, int]]:
    """The traces, some hundred spans a body, and how many these are."""
    together, spans = _empty(PROJECT)
    steps = (event for event in generate.events(executions, begin) if "kind" in event)
    for _, events in groupby(steps, lambda event: event["correlation_id"]):
        spans.extend(_spans(list(events)))
        if len(spans) >= _AT_ONCE:
            yield together.SerializeToString(), len(spans)
            together, spans = _empty(PROJECT)
    if spans:
        yield together.SerializeToString(), len(spans)


def _spans(events: list[generate.Event]) -> Iterator[Span]:
    """The spans of a trace: of its start and its end one, of each step and each call one."""
    start, end = events[0], events[-1]
    assert (start["kind"], end["kind"]) == ("start", "complete")
    root = start["correlation_id"]
    began = datetime.fromisoformat(start["timestamp"])
    whole_ms = (datetime.fromisoformat(end["timestamp"]) - began) / timedelta(milliseconds=1)
    about = {"session.id": start["session_id"], "user.id": start["user_id"], "input.value": start["prompt_text"]}
    yield _span({**end, "id": root}, "", "trace", "AGENT", began, whole_ms, about)
    for event in events:
        if event["kind"] not in ("hook", "endpoint"):
            continue
        began, lasted = datetime.fromisoformat(event["started_at"]), event["duration_ms"]
        if event["kind"] == "hook":
            pattern, tool = event["node_id"].rpartition("-")[0], {"tool.name": event["tool_name"]}
            yield _span(event, root, pattern, "TOOL", began, lasted, tool)
        else:
            yield _span(event, event["hook_execution_id"], "call", "LLM", began, lasted, _tokens(event))


def _tokens(event: generate.Event) -> dict[str, str | int]:
    given, made = event["input_tokens"], event["output_tokens"]
    return {
        "llm.model_name": event["model"],
        "llm.provider": event["service_name"],
        "llm.token_count.prompt": given,
        "llm.token_count.completion": made,
        "llm.token_count.total": given + made,
    }


def _span(
    event: generate.Event, parent: str, name: str, kind: str, began: datetime, lasted_ms: float, values: dict[str, Any]
) -> Span:
    """A span of an event. What did not succeed is an error, as for us: Phoenix knows no denied and no interrupted steps."""
    begin_us = (began - _EPOCH) // timedelta(microseconds=1)
    span = Span(
        trace_id=hashlib.sha256(event["correlation_id"].encode()).digest()[:16],
        span_id=_id(event.get("execution_id") or event.get("call_id") or event["id"]),
        parent_span_id=_id(parent) if parent else b"",
        name=name,
        start_time_unix_nano=begin_us * 1_000,
        end_time_unix_nano=(begin_us + round(lasted_ms * 1_000)) * 1_000,
        status=Status(code=_OK if event.get("success") else _ERROR, message=event.get("error_message", "")),
    )
    for key, value in {"openinference.span.kind": kind, **values}.items():
        attribute = span.attributes.add(key=key).value
        if isinstance(value, int):
            attribute.int_value = value
        else:
            attribute.string_value = value
    return span


def _id(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:8]
