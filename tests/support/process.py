"""``loopgraph serve`` as a process of its own: what can be killed, and what a benchmark loads."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from support.prepared import prepared_where
from support.waiting import PATIENCE_S


@contextmanager
def service(port: int, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """The service on a port, ready, with these settings in its environment; stopped in order at the end of the block.

    A folder of the embedded engine that is not there yet gets its schema at once.
    """
    prepared_where(environment.get("LOOPGRAPH_GRAPH_URL", os.environ.get("LOOPGRAPH_GRAPH_URL", "")))
    command = [sys.executable, "-m", "loopgraph", "serve", "--port", str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=output, stdout=output)
    try:
        wait_until_ready(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()


def wait_until_ready(port: int, process: subprocess.Popen[bytes], seconds: float = PATIENCE_S) -> None:
    """Returns when the service answers that it is ready."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service ended"
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE_S).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the service did not become ready")


async def gone(pid: int, seconds: float = PATIENCE_S) -> None:
    """Waits until there is no such process: the engine must not outlive its owner."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < deadline, "the engine outlived its owner"
        await asyncio.sleep(0.05)
