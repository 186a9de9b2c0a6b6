"""The life of the embedded engine, with real processes: start, join, kill, take over, stop.

Each start of an engine costs seconds, so most tests share one and bring it back if they have killed it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import neo4j
import pytest

import loopgraph
from loopgraph.effects.engine import embedded
from loopgraph.effects.engine.embedded import EmbeddedEngine, EngineAddress, free_ports, speaks_bolt
from loopgraph.effects.engine.folder import FORMAT, VERSION, EngineFolder
from loopgraph.effects.engine.java import heap_options
from loopgraph.errors import EngineStartError
from support.own_engine import engine_in
from support.waiting import PATIENCE_S, comes_true

pytestmark = pytest.mark.slow

OWNER = """
    import json, os, subprocess, sys, time
    from pathlib import Path
    from loopgraph.effects.engine.embedded import EmbeddedEngine
    from loopgraph.settings import Settings
    engine = EmbeddedEngine.configured(Path(sys.argv[1]), Settings())
    address = engine.ensure_running()
    {then}
    print(json.dumps([engine.owner, engine.pid, address.url]), flush=True)
    sys.stdin.read()
    engine.close()
"""
"""A process that needs the engine until its stdin ends."""


@contextlib.contextmanager
def process(folder: Path, then: str = "") -> Iterator[subprocess.Popen[str]]:
    code = textwrap.dedent(OWNER).format(then=then)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            yield running
        finally:
            if running.stdin:
                running.stdin.close()
            running.wait(PATIENCE_S)


def told(running: subprocess.Popen[str]) -> tuple[bool, int, str]:
    """Whether the process owns the engine, the engine's pid, its URL."""
    assert running.stdout is not None
    owner, pid, url = json.loads(running.stdout.readline())
    return owner, pid, url


def runs(pid: int) -> bool:
    """Whether the process is alive; one that only waits to be reaped is not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def parent(pid: int) -> int:
    return int(subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout)


def write(address: EngineAddress, text: str) -> None:
    with neo4j.GraphDatabase.driver(address.url, auth=(address.user, address.password)) as driver:
        driver.execute_query("CREATE (:Note {text: $text})", text=text, database_=address.database)


def notes(address: EngineAddress) -> set[str]:
    with neo4j.GraphDatabase.driver(address.url, auth=(address.user, address.password)) as driver:
        answer = driver.execute_query("MATCH (n:Note) RETURN n.text AS text", database_=address.database)
        return {record["text"] for record in answer.records}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the shared engine, with a name that is hard on paths."""
    return tmp_path_factory.mktemp("shared") / "ein Gärtner 100%"


@pytest.fixture(scope="module")
def engine(home: Path) -> Iterator[EmbeddedEngine]:
    with contextlib.closing(engine_in(home)) as engine:
        yield engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "graph"


def test_it_starts_in_a_new_folder_that_only_the_user_can_read(engine: EmbeddedEngine, home: Path) -> None:
    address = engine.ensure_running()
    assert speaks_bolt(int(address.url.rpartition(":")[2]))
    write(address, "started")
    assert "started" in notes(address), "the database is there as soon as the engine is called ready"
    assert engine.owner
    assert engine.pid is not None
    assert runs(engine.pid)

    password = home / "password"
    assert password.read_text() == address.password
    assert password.stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    assert address.password not in repr(address)
    commands = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert address.password not in commands
    assert "started" in (home / "log" / "engine.0.log").read_text()


def test_one_that_runs_is_joined(engine: EmbeddedEngine, home: Path) -> None:
    address = engine.ensure_running()
    other = engine_in(home)
    assert other.ensure_running() == address
    assert other.pid == engine.pid
    assert not other.owner
    other.wait_stopped()  # it owns none: returns at once
    other.close()
    assert engine.ensure_running() == address, "who does not own it does not stop it"


def test_ctrl_c_in_the_terminal_does_not_reach_it(engine: EmbeddedEngine) -> None:
    engine.ensure_running()
    pid = engine.pid
    assert pid is not None
    assert os.getsid(pid) == parent(pid) != os.getsid(0)
    os.kill(parent(pid), signal.SIGINT)
    os.kill(pid, signal.SIGINT)
    time.sleep(0.3)
    engine.ensure_running()
    assert engine.pid == pid


def test_a_forked_child_joins_and_does_not_own_it(engine: EmbeddedEngine) -> None:
    address = engine.ensure_running()
    child = os.fork()
    if child == 0:  # nothing of pytest may run here
        with contextlib.suppress(BaseException):
            joined = engine.ensure_running() == address and not engine.owner
            engine.close()
            os._exit(0 if joined else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert engine.owner
    assert engine.ensure_running() == address


def test_after_a_kill_of_the_engine_it_is_started_again_with_its_data(engine: EmbeddedEngine) -> None:
    address = engine.ensure_running()
    write(address, "before the kill")
    pid = engine.pid
    assert pid is not None
    watcher = threading.Thread(target=engine.wait_stopped)
    watcher.start()
    os.kill(pid, signal.SIGKILL)
    watcher.join(10)
    assert not watcher.is_alive()
    assert not engine.owner
    assert engine.pid is None

    again = engine.ensure_running()
    assert again == address, "the same port, so that a driver finds it again"
    assert engine.owner
    assert engine.pid != pid
    assert "before the kill" in notes(again)


@pytest.mark.exhaustive
def test_a_stop_of_the_guard_is_clean_and_a_lost_password_is_replaced(engine: EmbeddedEngine, home: Path) -> None:
    address = engine.ensure_running()
    write(address, "kept")
    pid = engine.pid
    assert pid is not None
    os.kill(parent(pid), signal.SIGTERM)
    engine.wait_stopped()
    assert not runs(pid)
    assert "ArcadeDB Server is down" in (home / "log" / "console.log").read_text()

    (home / "password").unlink()
    again = engine.ensure_running()
    assert again.password != address.password
    assert "kept" in notes(again)


@pytest.mark.exhaustive
def test_one_that_hangs_is_killed_by_its_owner(engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.ensure_running()
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(engine, "_timeout_s", 0.1)
    with pytest.raises(EngineStartError, match=rf"did not answer in 0\.1 s \(pid {pid}\) and was killed"):
        engine.ensure_running()
    engine.wait_stopped()
    assert not runs(pid)


def open_files(pid: int) -> set[Path]:
    """The files that a process holds open; those that it closes meanwhile are left out."""
    held = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            held.add(descriptor.readlink())
    return held


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a process to its parent")
def test_a_kill_of_the_guard_takes_the_engine_with_it(engine: EmbeddedEngine, home: Path) -> None:
    engine.ensure_running()
    pid = engine.pid
    assert pid is not None
    assert home / "engine.lock" in open_files(pid), "so the folder stays locked until the engine, too, has gone"
    os.kill(parent(pid), signal.SIGKILL)
    engine.wait_stopped()
    assert comes_true(lambda: not runs(pid))
    assert comes_true(lambda: not EngineFolder(home).is_locked())


@pytest.mark.exhaustive
def test_the_next_process_takes_over_when_the_owner_is_killed(folder: Path) -> None:
    # The owner has other children, by exec and by fork: they must not keep the engine alive.
    children = """
subprocess.Popen(["sleep", "1000"], close_fds=False)
if os.fork() == 0:
    time.sleep(1000)
    os._exit(0)
"""
    engine = engine_in(folder)
    with process(folder, children) as owner:
        owns, pid, url = told(owner)
        assert owns
        address = engine.ensure_running()
        assert (address.url, engine.pid, engine.owner) == (url, pid, False)
        write(address, "acknowledged")
        owner.kill()
        owner.wait()
    assert comes_true(lambda: not runs(pid)), "no orphan"

    with contextlib.closing(engine):
        again = engine.ensure_running()
        assert engine.owner
        assert again == address
        assert notes(again) == {"acknowledged"}
        new = engine.pid
        engine.close()
        assert new is not None
        assert not runs(new)
        engine.close()
        with pytest.raises(EngineStartError, match="closed"):
            engine.ensure_running()


@pytest.mark.exhaustive
def test_two_processes_that_start_at_once_get_one_engine(folder: Path) -> None:
    with process(folder) as one, process(folder) as two:
        first, second = told(one), told(two)
    assert {first[0], second[0]} == {True, False}
    assert first[1:] == second[1:]
    assert comes_true(lambda: not runs(first[1]))


@pytest.mark.exhaustive
def test_a_stale_address_is_not_believed(folder: Path) -> None:
    """It names a process that is alive and a port that speaks Bolt; neither is this folder's engine."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listener.getsockname()[1]
        threading.Thread(target=answer_handshakes, args=(listener,), daemon=True).start()
        assert speaks_bolt(port)
        folder.mkdir()
        (folder / "loopgraph.json").write_text(json.dumps({"format": FORMAT, "version": VERSION}))
        (folder / "engine.json").write_text(json.dumps({"port": port, "pid": os.getpid(), "started_at": "2026-01-01"}))
        (folder / "engine.lock").touch()
        engine = stack.enter_context(contextlib.closing(engine_in(folder)))
        assert engine.pid is None
        address = engine.ensure_running()
        assert engine.owner
        assert engine.pid not in (None, os.getpid())
        assert address.url != f"bolt://127.0.0.1:{port}"
        assert notes(address) == set()


def answer_handshakes(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(20)
                connection.sendall(b"\0\0\4\5")


@pytest.mark.exhaustive
def test_a_port_that_is_taken_in_between_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[socket.socket] = []

    def somebody_is_faster(preferred: int | None) -> tuple[int, int]:
        ports = free_ports(preferred)
        if not taken:
            taken.append(socket.create_server(("127.0.0.1", ports[0])))
        return ports

    monkeypatch.setattr(embedded, "free_ports", somebody_is_faster)
    with contextlib.closing(engine_in(folder)) as engine:
        address = engine.ensure_running()
        assert address.url != f"bolt://127.0.0.1:{taken[0].getsockname()[1]}"
        assert notes(address) == set()
    taken[0].close()


def test_a_start_is_given_up_when_it_is_closed(folder: Path) -> None:
    engine = engine_in(folder)
    errors: list[EngineStartError] = []

    def start() -> None:
        try:
            engine.ensure_running()
        except EngineStartError as error:
            errors.append(error)

    starting = threading.Thread(target=start)
    starting.start()
    assert comes_true(lambda: (folder / "engine.json").exists())
    engine.close()
    starting.join(5)
    assert [str(error) for error in errors] == ["the embedded engine was closed by this process while it was starting"]
    assert not EngineFolder(folder).is_locked()


def test_a_start_that_fails_says_why_and_where_the_logs_are(folder: Path) -> None:
    with pytest.raises(EngineStartError, match=r"code 1 while starting.*maximum heap.*its logs are in .*log"):
        engine_in(folder, heap="1k").ensure_running()
    assert not EngineFolder(folder).is_locked()


@pytest.mark.exhaustive
def test_a_start_that_takes_too_long_is_ended(folder: Path) -> None:
    with pytest.raises(EngineStartError, match=r"did not answer in 0\.2 s"):
        engine_in(folder, start_timeout_s=0.2).ensure_running()
    assert not EngineFolder(folder).is_locked()


def test_a_locked_folder_whose_engine_does_not_answer(folder: Path) -> None:
    held = EngineFolder(folder).try_lock()
    assert held is not None
    with held, pytest.raises(EngineStartError, match=r"did not answer in 0\.2 s"):
        engine_in(folder, start_timeout_s=0.2).ensure_running()


def test_without_the_package_the_error_says_what_to_do(folder: Path) -> None:
    """An interpreter without site-packages, in which only loopgraph itself can be found."""
    code = f"""
        import sys
        sys.path.insert(0, {str(Path(loopgraph.__file__).parents[1])!r})
        from pathlib import Path
        from loopgraph.effects.engine.embedded import EmbeddedEngine
        EmbeddedEngine(Path(sys.argv[1])).ensure_running()
    """
    command = [sys.executable, "-I", "-S", "-c", textwrap.dedent(code), str(folder)]
    error = subprocess.run(command, capture_output=True, text=True, check=False).stderr.splitlines()[-1]
    assert "EngineStartError: the embedded engine is not installed: `pip install arcadedb-embedded`" in error
    assert "LOOPGRAPH_GRAPH_URL" in error


def test_free_ports_differ_and_prefer_the_one_asked_for() -> None:
    free, _ = free_ports(None)
    assert free_ports(free)[0] == free
    with socket.create_server(("127.0.0.1", free)):
        assert free not in free_ports(free)
    ports = free_ports(None)
    assert ports[0] != ports[1]


@pytest.mark.parametrize("answer", [b"", b"\0\0\0\0", b"HTTP", bytes.fromhex("6060b017"), b"\0\0"])
def test_what_does_not_answer_in_bolt_is_not_taken_for_it(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(20)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        assert not speaks_bolt(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ("512m", ("-Xmx512m", "-Xms80m", "-XX:NewSize=48m")),
        ("2g", ("-Xmx2g", "-Xms80m", "-XX:NewSize=48m")),
        ("131072k", ("-Xmx131072k", "-Xms80m", "-XX:NewSize=48m")),
        ("64m", ("-Xmx64m",)),
        ("1000k", ("-Xmx1000k",)),
    ],
)
def test_a_heap_begins_small_where_it_may_grow(size: str, options: tuple[str, ...]) -> None:
    assert heap_options(size) == options
