"""Child processes that never outlive the test run."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A port of loopback that nothing listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def child(command: Sequence[str | Path], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs for the length of the block and writes to ``log``.

    It is killed, not asked to stop: its data goes with it, and Neo4j takes ten seconds to say goodbye.
    It has its own session, so that Ctrl-C reaches the tests first and they stop it in order. On Linux the kernel stops
    it when the thread that started it dies, even of SIGKILL; so start it in the main thread.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent(),
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _die_with_parent() -> Callable[[], object] | None:
    if sys.platform != "linux":
        return None
    # Bound before the fork: between fork and exec nothing should be imported.
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
