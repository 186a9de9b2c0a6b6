"""The service as a child process of the demo."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from loopgraph.errors import ServiceError, SetupError

LOOPBACK = "127.0.0.1"
READY_WITHIN_S = 600.0
"""How long a service that lives may take until it can serve. It takes about five seconds; with much other work, minutes."""
QUICK_START = {"LOOPGRAPH_EMBEDDED_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""The first compiler alone and the plain collector: half the processor time for an engine that lives for a minute."""
GRACE_S = 20.0
"""How long the service may take to stop cleanly, its engine included. It takes about a second."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True)
class RunningService:
    """A service that answers: where, on which engine (its agent string), and after how many seconds; its graph, and a folder that
    goes with it."""

    url: str
    engine: str
    ready_s: float
    graph_url: str
    folder: Path


@contextlib.asynccontextmanager
async def running_service(
    graph_url: str | None, trouble: Callable[[str], None] = lambda _: None
) -> AsyncIterator[RunningService]:
    """Serves on a free port of loopback for the length of the block; None: on an embedded engine in a new temporary folder.

    ``trouble`` is told why it is not ready yet.

    The other settings are those of the environment. Raises SetupError with the end of the service's log if it does not get
    ready, and adds that to a ServiceError of the block. Use it in the main thread: on Linux the kernel stops the service
    when the thread that started it has gone, however it went.
    """
    with TemporaryDirectory(prefix="loopgraph-demo-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "service.log"
        port = _free_port()
        url = f"http://{LOOPBACK}:{port}"
        graph_url = graph_url or f"embedded:{folder}/graph"
        options = ["--host", LOOPBACK, "--port", str(port), "--graph-url", graph_url]
        with _child([sys.executable, "-m", "loopgraph", "serve", *options], log) as process:
            started = time.monotonic()
            engine = await _ready(url, process, log, trouble)
            trouble("")
            try:
                yield RunningService(url, engine, time.monotonic() - started, graph_url, Path(folder))
            except ServiceError as error:
                raise ServiceError(f"{error}\n{_end_of(log)}") from error


async def _ready(
    url: str, process: subprocess.Popen[bytes], log: Path, trouble: Callable[[str], None] = lambda _: None
) -> str:
    """Waits until the service can serve requests; its engine. One that has ended is not waited for."""
    deadline, told = time.monotonic() + READY_WITHIN_S, "it does not listen yet"
    async with httpx.AsyncClient(base_url=url, timeout=5, trust_env=False) as http:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise SetupError(f"the service ended with exit code {process.returncode}; {_end_of(log)}")
            with contextlib.suppress(httpx.TransportError):
                answer = await http.get("/readyz")
                if answer.is_success:
                    return str(answer.json()["agent"])
                told = _said(answer)
            trouble(told)
            await asyncio.sleep(0.1)
    raise SetupError(f"the service was not ready within {READY_WITHIN_S:.0f} s: {told}; {_end_of(log)}")


def _said(answer: httpx.Response) -> str:
    """What a service that is not ready says of itself, as a sentence."""
    with contextlib.suppress(ValueError, LookupError, TypeError):
        return str(answer.json()["message"])
    return f"it answers with HTTP {answer.status_code}"


@contextlib.contextmanager
def _child(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with a session of its own, so that Ctrl-C reaches the demo only, which then stops it in order."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=QUICK_START | os.environ,
            preexec_fn=stopped_with(os.getpid()),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:  # one that starts hears it late; why it is stopped is what is to be told
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        finally:
            process.kill()
            process.wait()


def stopped_with(parent: int) -> Callable[[], None] | None:
    """What the child runs before exec so that the kernel stops it when ``parent`` dies, even of SIGKILL. Linux only."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # found before the fork: after it nothing should be loaded

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above took effect
            os._exit(1)

    return before_exec


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()[-8:]
    return "\n".join(["the service's log ends:", *lines]) if lines else "the service logged nothing"
