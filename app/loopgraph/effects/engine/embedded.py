"""The embedded engine: ArcadeDB with its own Java runtime (PyPI ``arcadedb-embedded``), run as a child process.

    this process ──lifeline──> guard ──> java          folder/engine.lock: held by the guard and by java
    other processes ───────────────Bolt───^             folder/engine.json: where java answers

No process has a lasting role. Whoever needs the engine calls ``ensure_running``: if the lock of the folder is free it
starts the engine and owns it from then on, else it joins the one that runs. The engine stops with its owner, however that
ends (``guard``), and the kernel frees the lock with the engine; so the next caller starts it again, on the same port
if that is still free, and finds everything that was acknowledged.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from loopgraph.effects.engine.folder import EngineFolder, EngineRecord
from loopgraph.effects.engine.java import DATABASE, LOOPBACK, USER, heap_options, java, server
from loopgraph.effects.engine.start_cache import StartCache
from loopgraph.errors import EngineStartError, LoopgraphError, SetupError

if TYPE_CHECKING:  # it needs no more than the standard library, and says so where the engine is missing
    from loopgraph.settings import Settings

logger = logging.getLogger(__name__)

_PAUSE_S = 0.05
_PROBE_TIMEOUT_S = 2.0
_STOP_TIMEOUT_S = 15.0  # more than the grace period of the guard
_ATTEMPTS = 3
_GUARD = Path(__file__).with_name("guard.py")

_ENVIRONMENT = ("HOME", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ")
"""What the engine gets of our environment: no secrets of the service, and no JAVA_TOOL_OPTIONS that change how it runs."""

_CRASHES = frozenset(128 + number for number in (signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGSEGV))
"""Exit codes of a Java that failed itself."""

_CACHE_UNUSABLE = re.compile(r"\[error *\]\[(?:aot|cds)")
"""How Java reports that it goes without the start cache that it was given."""

_UNCAUGHT = 'Exception in thread "main"'
"""How Java reports that its start failed. The engine then stays alive and serves nothing, as when a port is taken."""


@dataclass(frozen=True)
class EngineAddress:
    """Where the running engine answers, and as whom."""

    url: str
    user: str
    password: str = field(repr=False)
    database: str


class EmbeddedEngine:
    """The engine of one folder, as seen from this process. Thread-safe; a forked child does not inherit the ownership.

    ``heap`` is the largest Java heap (``"512m"``, ``"1g"``), ``java_options`` are more options of its Java, ``cache`` is the
    folder of the start caches. ``start_timeout_s`` limits the wait for an engine that another process starts or runs, and the
    start of an own one. An owned engine lives until ``close()``, and not longer than this object.
    """

    def __init__(
        self,
        folder: Path,
        *,
        heap: str = "512m",
        java_options: Sequence[str] = (),
        cache: Path | None = None,
        start_timeout_s: float = 60.0,
    ) -> None:
        self._folder = EngineFolder(folder)
        self._java_options = (*heap_options(heap), *java_options)
        self._cache = (cache, tuple(java_options)) if cache else None
        self._timeout_s = start_timeout_s
        self._child: _Child | None = None
        self._lock = threading.Lock()
        self._closing = threading.Event()

    @classmethod
    def configured(cls, folder: Path, settings: Settings) -> EmbeddedEngine:
        """The engine of a folder, with the Java that the settings ask for."""
        java_options, cache = settings.embedded_java_options, settings.embedded_cache
        return cls(folder, heap=settings.embedded_heap, java_options=java_options, cache=cache)

    def check_begun(self) -> None:
        """Raises SetupError if no database was ever made in the folder, nor is being made; changes nothing."""
        try:
            self._folder.recognise()
            if self._folder.holds_a_graph or self._folder.is_locked():
                return
        except OSError as error:
            raise self._unusable(error) from error
        raise SetupError(f"there is no database yet in {self._folder.path}: `loopgraph serve` or `import` makes one")

    def ensure_running(self) -> EngineAddress:
        """The address of the running engine, which is joined, or else started. Blocks; joining takes milliseconds.

        Raises ForeignData if the folder holds something else; EngineStartError if the engine does not start or answer,
        is not installed, cannot use the folder, or ``close()`` was called.
        """
        deadline = time.monotonic() + self._timeout_s
        with self._lock:
            try:
                self._folder.recognise()
                while not self._closing.is_set():
                    lock = self._folder.try_lock()
                    if lock is not None:
                        with _not_for_forks(lock):
                            return self._start(lock)
                    address = self._join()
                    if address is not None:
                        return address
                    if time.monotonic() >= deadline:
                        raise self._no_answer()
                    self._closing.wait(_PAUSE_S)  # it is starting or stopping
            except OSError as error:
                raise self._unusable(error) from error
        raise EngineStartError("the embedded engine was closed by this process")

    def _unusable(self, error: OSError) -> EngineStartError:
        why = error.strerror or str(error)
        return EngineStartError(f"the embedded engine cannot use {self._folder.path}: {why}")

    def start_beside(self) -> None:
        """Begins what ``ensure_running`` does, and does not wait for it. What goes wrong is told by who does wait."""

        def start() -> None:
            with contextlib.suppress(LoopgraphError):
                self.ensure_running()

        threading.Thread(target=start, name="engine-start", daemon=True).start()

    def wait_stopped(self) -> None:
        """Blocks until the engine that this process owns has gone; returns at once if it owns none."""
        child = self._child
        if child is not None:
            child.guard.wait()

    @property
    def owner(self) -> bool:
        """Whether this process started the engine that runs."""
        child = self._child
        return child is not None and child.alive

    @property
    def pid(self) -> int | None:
        """The process id of the running engine; None if none runs or it is not ready yet."""
        record = self._folder.record()
        return record.pid if record and self._folder.is_locked() else None

    def shortage(self, *, logged: bool) -> str | None:
        """That there is no space left for the engine, in words; None if there is, as far as can be seen. See EngineFolder."""
        return self._folder.shortage(logged=logged)

    def close(self) -> None:
        """Stops the engine if this process owns it, and ends a start that another thread waits for. It stays closed."""
        self._closing.set()
        with self._lock:
            child, self._child = self._child, None
            if child is not None:
                child.stop()

    def _join(self) -> EngineAddress | None:
        record = self._folder.record()
        if record is None or record.pid is None or not speaks_bolt(record.port):
            return None
        if self._folder.record() != record:
            return None  # a new start replaced it meanwhile: what answered on the old port may be something else
        return self._address(record.port)

    def _start(self, lock: io.FileIO) -> EngineAddress:
        if self._child is not None:
            self._child.stop()  # gone already, unless its folder was replaced under it
            self._child = None
        deadline = time.monotonic() + self._timeout_s
        self._folder.prepare()
        last = self._folder.record()
        preferred = last.port if last else None  # so that drivers find the engine where it was
        cache = StartCache(*self._cache) if self._cache else None
        cached = cache.options if cache else ()
        for attempt in range(1, _ATTEMPTS + 1):
            port, http_port = free_ports(preferred)
            self._folder.publish(EngineRecord(port))
            child = self._spawn(lock, port, http_port, cached)
            try:
                self._wait_ready(child, port, http_port, deadline)
                self._folder.publish(EngineRecord(port, child.pid, datetime.now(UTC).isoformat(), http_port))
            except BaseException as error:
                child.stop()
                if isinstance(error, _ServesNothing) and attempt < _ATTEMPTS:
                    preferred = None
                    continue
                if isinstance(error, _Crashed) and cache and cached:
                    cache.drop()  # Java checks its header only: one with broken content crashes it
                    cached = ()
                    continue
                raise
            if cache and cached and _CACHE_UNUSABLE.search(self._printed()):
                cache.drop()  # it is cut off, say, and of no use to any start
            self._child = child
            logger.info("the embedded engine runs: pid %s, port %s, logs in %s", child.pid, port, self._folder.log)
            return self._address(port)
        raise AssertionError("unreachable")

    def _spawn(self, lock: io.FileIO, port: int, http_port: int, cached: Sequence[str]) -> _Child:
        command = [*java((*self._java_options, *cached)), *server(self._folder, port, http_port)]
        read_end, write_end = os.pipe()
        lifeline = _not_for_forks(io.FileIO(write_end, "wb"))
        try:
            with self._folder.console.open("wb") as console:
                guard = subprocess.Popen(
                    # -I and -S: nothing of the user's Python setup, and a start in 20 ms
                    [sys.executable, "-I", "-S", _GUARD, str(read_end), str(lock.fileno()), *command],
                    cwd=self._folder.root,
                    env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
                    | {"LC_ALL": "C.UTF-8"},  # in the C locale Java cannot open a path that is not ASCII
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=console,
                    pass_fds=(read_end, lock.fileno()),
                    start_new_session=True,  # out of reach of the terminal's Ctrl-C
                )
        except BaseException:
            lifeline.close()
            raise
        finally:
            os.close(read_end)
        assert guard.stdout is not None
        with guard.stdout as stdout:
            pid = stdout.readline()
        return _Child(guard, lifeline, int(pid) if pid else None)

    def _wait_ready(self, child: _Child, port: int, http_port: int, deadline: float) -> None:
        while True:
            exit_code = child.guard.poll()
            if exit_code is not None:
                failure = _Crashed if exit_code in _CRASHES else EngineStartError
                raise failure(f"the embedded engine ended with code {exit_code} while starting{self._why()}")
            if _UNCAUGHT in self._printed():
                raise _ServesNothing(f"the embedded engine failed to start{self._why()}")
            # Bolt alone answers too early: before the database of a new folder is created.
            if _is_online(http_port) and speaks_bolt(port):
                return
            if time.monotonic() >= deadline:
                raise EngineStartError(f"the embedded engine did not answer in {self._timeout_s:g} s{self._why()}")
            if self._closing.wait(_PAUSE_S):
                raise EngineStartError("the embedded engine was closed by this process while it was starting")

    def _no_answer(self) -> EngineStartError:
        process = "" if self.pid is None else f" (pid {self.pid})"
        text = f"the embedded engine in {self._folder.path} did not answer in {self._timeout_s:g} s{process}"
        if self._child is not None and self._child.alive:
            self._child.kill()
            text += " and was killed; it can be started again"
        return EngineStartError(f"{text}; its logs are in {self._folder.log}")

    def _printed(self) -> str:
        return self._folder.console.read_text(encoding="utf-8", errors="replace")

    def _why(self) -> str:
        """The last lines that say something (no stack frames, no notices), and where there is more."""
        lines = [line for line in self._printed().splitlines() if line and not line[0].isspace()]
        lines = [line for line in lines if not line.startswith("WARNING: ")][-3:]
        return f": {' / '.join(lines)[-600:] or 'it printed nothing'}; its logs are in {self._folder.log}"

    def _address(self, port: int) -> EngineAddress:
        return EngineAddress(f"bolt://{LOOPBACK}:{port}", USER, self._folder.password(), DATABASE)


class _ServesNothing(EngineStartError):
    """The engine is alive, but its start failed; another port may help."""


class _Crashed(EngineStartError):
    """Java itself failed."""


@dataclass(frozen=True)
class _Child:
    """An engine that this process owns: its guard, and the pipe whose closing stops both."""

    guard: subprocess.Popen[bytes]
    lifeline: io.FileIO
    pid: int | None

    @property
    def alive(self) -> bool:
        return self.guard.poll() is None

    def stop(self) -> None:
        """End it cleanly and wait until it has ended."""
        self.lifeline.close()
        try:
            self.guard.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.guard.kill()
            self.guard.wait()

    def kill(self) -> None:
        """End an engine that does not answer."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def speaks_bolt(port: int) -> bool:
    """Whether the port of loopback answers a Bolt handshake with a version of Bolt 4 or 5.

    Source: Neo4j, "Bolt Protocol handshake specification": a magic number and four proposals, each ``0, range, minor,
    major``; the answer is the version agreed on, or zeros.
    """
    magic = bytes.fromhex("6060b017")
    proposals = bytes((0, 4, 4, 5)) + bytes((0, 2, 4, 4)) + bytes(8)
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_PROBE_TIMEOUT_S) as connection:
            connection.sendall(magic + proposals)
            with connection.makefile("rb") as answers:
                answer = answers.read(4)
    except OSError:
        return False
    return len(answer) == 4 and answer[:2] == b"\0\0" and answer[3] in (4, 5)


def free_ports(preferred: int | None) -> tuple[int, int]:
    """Two different ports of loopback that nobody listens on now; the first is ``preferred`` if it is one of these."""
    with contextlib.ExitStack() as sockets:
        ports = []
        for wanted in (preferred or 0, 0):
            probe = sockets.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closing connections do not occupy it
            try:
                probe.bind((LOOPBACK, wanted))
            except OSError:
                probe.bind((LOOPBACK, 0))
            ports.append(int(probe.getsockname()[1]))
    return ports[0], ports[1]


def _is_online(http_port: int) -> bool:
    """Whether the engine says over HTTP that its start is complete, the database included."""
    connection = http.client.HTTPConnection(LOOPBACK, http_port, timeout=_PROBE_TIMEOUT_S)
    try:
        connection.request("GET", "/api/v1/ready")
        return connection.getresponse().status == http.client.NO_CONTENT
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


_private: weakref.WeakSet[io.FileIO] = weakref.WeakSet()


def _not_for_forks(file: io.FileIO) -> io.FileIO:
    """Marks a file that only this process may hold open. Programs it starts do not inherit it, forked children would."""
    _private.add(file)
    return file


def _close_private_files() -> None:
    for file in tuple(_private):
        file.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_private_files)
