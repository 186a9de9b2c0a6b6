"""What tracing costs a host program: ``make bench-client``. Prints one Markdown table.

- emit: one call of ``Recorder.record_hook``, while the recorder's task sends the batches to a door that takes them at once,
  in another process. By the clock, and by the processor's time for the calling thread: what others on the machine take from
  it is no cost of the call.
- middleware: what a request to a Starlette application takes more with it than without it, called as ASGI in this process.
- shim: one run of ``loopgraph-hook`` as a process, from its start to its end; beside it, a Python that does nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from loopgraph.clients import Recorder, TracingMiddleware
from loopgraph.clients.delivery import PATH as BATCH
from loopgraph.clients.hook_shim import PATH as HOOK

EVENTS, REQUESTS, RUNS = 20_000, 10_000, 30


async def _take_batch(request: Request) -> Response:
    lines = (await request.body()).split(b"\n")
    return Response(orjson.dumps({"results": [{"index": index} for index in range(len(lines))]}))


async def _take_hook(_request: Request) -> Response:
    return Response(b"{}")


def _serve(listener: socket.socket) -> None:
    routes = [Route(BATCH, _take_batch, methods=["POST"]), Route(HOOK, _take_hook, methods=["POST"])]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="error"))
    asyncio.run(server.serve(sockets=[listener]))


@contextlib.contextmanager
def door() -> Iterator[str]:
    """The address of a door, in another process, that takes everything."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener,), daemon=True)
        process.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        process.terminate()
        process.join()


async def emit(url: str, per_second: int, clock: Callable[[], int]) -> list[float]:
    """Microseconds of each call by a clock (of nanoseconds), at this rate of events."""
    taken = []
    async with Recorder(url, capacity=EVENTS) as recorder:
        pause, burst = 0.01, per_second // 100
        with recorder.trace(prompt_text="bench"):
            for number in range(EVENTS):
                began = clock()
                recorder.record_hook(
                    "PostToolUse",
                    tool_name="Bash",
                    tool_input={"command": "pytest -q", "description": "Run the tests"},
                    success=True,
                    duration_ms=12.5,
                    context={"cwd": "/src", "attempt": number},
                )
                taken.append((clock() - began) / 1000)
                if number % burst == 0:
                    await asyncio.sleep(pause)
        await recorder.flush(60)
    assert recorder.stats.accepted == recorder.stats.emitted
    return taken


async def middleware(url: str) -> tuple[list[float], list[float]]:
    """Microseconds of requests to a Starlette application, without and with the middleware, in turn."""

    async def hello(_request: Request) -> Response:
        return PlainTextResponse("hello")

    plain = Starlette(routes=[Route("/items/{item_id}", hello)])
    async with Recorder(url, capacity=4 * REQUESTS) as recorder:
        traced = Starlette(routes=[Route("/items/{item_id}", hello)])
        traced.add_middleware(TracingMiddleware, recorder=recorder, service_name="bench")
        headers = [(b"host", b"bench"), (b"accept", b"*/*"), (b"user-agent", b"bench")]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_message: Any) -> None:
            return

        async def request(app: Callable[..., Awaitable[None]]) -> float:
            scope = {
                **{"type": "http", "method": "GET", "path": "/items/7", "raw_path": b"/items/7", "query_string": b""},
                **{
                    "headers": headers,
                    "root_path": "",
                    "http_version": "1.1",
                    "scheme": "http",
                    "server": ("bench", 80),
                },
            }
            began = time.perf_counter_ns()
            await app(scope, receive, send)
            return (time.perf_counter_ns() - began) / 1000

        without, with_it = [], []
        for number in range(REQUESTS):
            without.append(await request(plain))
            with_it.append(await request(traced))
            if number % 50 == 0:
                await asyncio.sleep(0.01)
        await recorder.flush(60)
    return without, with_it


def runs(command: Sequence[str], event: bytes, environ: dict[str, str]) -> list[float]:
    """Microseconds of each run of a command."""
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter_ns()
        subprocess.run(command, input=event, env={**os.environ, **environ}, check=True, stdout=subprocess.DEVNULL)
        taken.append((time.perf_counter_ns() - began) / 1000)
    return taken


def row(what: str, unit: str, scale: float, taken: Sequence[float]) -> str:
    """A row of the table."""
    hundredths = statistics.quantiles(taken, n=100)
    p50, p95, p99 = (hundredths[number - 1] / scale for number in (50, 95, 99))
    return f"| {what} | {p50:.1f} {unit} | {p95:.1f} {unit} | {p99:.1f} {unit} |"


def main() -> None:
    """Measures and prints the table."""
    logging.disable(logging.WARNING)
    event = json.dumps({"hook_event_name": "SessionStart", "session_id": "s", "source": "startup"}).encode()
    with door() as url, tempfile.TemporaryDirectory() as folder:
        time.sleep(1)
        rows = [
            row(f"emit, {rate:,} events/s, {name}", "µs", 1, asyncio.run(emit(url, rate, clock)))
            for rate in (1_000, 10_000)
            for name, clock in (("by the clock", time.perf_counter_ns), ("processor", time.thread_time_ns))
        ]
        without, with_it = asyncio.run(middleware(url))
        rows += [row("request without the middleware", "µs", 1, without), row("request with it", "µs", 1, with_it)]
        environ = {"LOOPGRAPH_HOOK_SPOOL": folder}
        shim = (sys.executable, "-m", "loopgraph.clients.hook_shim", "--url")
        rows += [
            row("Python that does nothing", "ms", 1000, runs((sys.executable, "-c", ""), event, environ)),
            row("shim, the service answers", "ms", 1000, runs((*shim, url), event, environ)),
            row("shim, the service is away", "ms", 1000, runs((*shim, "http://127.0.0.1:9"), event, environ)),
        ]
    print("| what | p50 | p95 | p99 |", "| --- | --- | --- | --- |", *rows, sep="\n")


if __name__ == "__main__":
    main()
