"""The suite's own engine provisioning: what a session asks for, how engines are found, shared and stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.engines import Engines, EngineUnderTest, Unavailable, not_asked_for
from support.engines.cache import filled_once
from support.engines.java import find_java
from support.engines.model import Source
from support.engines.session import left_behind
from support.waiting import comes_true

ALL = {"embedded", "neo4j", "neo4j-5.26", "neo4j-2026", "memgraph"}
URL = {"LOOPGRAPH_TEST_NEO4J_URL": "bolt://127.0.0.1:7687"}


@pytest.mark.parametrize(
    ("environ", "asked_for"),
    [
        ({}, {"embedded", "neo4j-5.26", "memgraph"}),
        ({"LOOPGRAPH_TEST_ENGINES": "all"}, {"embedded", "neo4j-5.26", "neo4j-2026", "memgraph"}),
        (URL, {"embedded", "neo4j", "memgraph"}),
        ({**URL, "LOOPGRAPH_TEST_ENGINES": "all"}, ALL),
        ({"LOOPGRAPH_TEST_ENGINES": "embedded, neo4j-5.26"}, {"embedded", "neo4j-5.26"}),
        ({"LOOPGRAPH_TEST_ENGINES": ""}, {"embedded", "neo4j-5.26", "memgraph"}),
    ],
)
def test_the_environment_decides_which_engines_a_session_asks_for(environ: dict[str, str], asked_for: set[str]) -> None:
    assert ALL - not_asked_for(environ).keys() == asked_for


def test_an_unknown_engine_is_refused_by_name() -> None:
    with pytest.raises(
        ValueError, match=r"LOOPGRAPH_TEST_ENGINES: 'neo4j-4' is no engine; use all, or any of embedded"
    ):
        not_asked_for({"LOOPGRAPH_TEST_ENGINES": "embedded,neo4j-4"})


class Stage:
    """Sources that keep a diary and start nothing."""

    def __init__(self) -> None:
        self.diary: list[str] = []

    def having(self, name: str) -> Source:
        @contextlib.contextmanager
        def run(folder: Path) -> Iterator[EngineUnderTest]:
            self.diary.append(f"start {name}")
            (folder / "data").write_text(name)
            yield EngineUnderTest(name, "bolt://127.0.0.1:1", "", str(folder), None, f"{name}/1.0")
            self.diary.append(f"stop {name}")

        return run

    def raising(self, error: Exception) -> Source:
        @contextlib.contextmanager
        def run(_folder: Path) -> Iterator[EngineUnderTest]:
            self.diary.append(str(error))
            raise error
            yield

        return run


def test_an_engine_starts_at_its_first_use_and_all_stop_at_the_end_in_reverse() -> None:
    stage = Stage()
    engines = Engines({"embedded": (stage.having("embedded"),), "memgraph": (stage.having("memgraph"),)}, {})
    first = engines.get("memgraph")
    assert engines.get("memgraph") is first
    engines.get("embedded")
    assert stage.diary == ["start memgraph", "start embedded"]
    assert Path(first.password, "data").exists()
    engines.close()
    assert stage.diary[2:] == ["stop embedded", "stop memgraph"]
    assert not Path(first.password).exists(), "an engine's data goes with it"


def test_sources_are_tried_in_order_until_one_has_the_engine() -> None:
    stage = Stage()
    sources = (stage.raising(Unavailable("no Docker")), stage.having("neo4j-5.26"), stage.having("never"))
    engines = Engines({"neo4j-5.26": sources}, {})
    with contextlib.closing(engines):
        assert engines.get("neo4j-5.26").agent == "neo4j-5.26/1.0"
    assert stage.diary == ["no Docker", "start neo4j-5.26", "stop neo4j-5.26"]


def test_the_report_has_a_line_for_each_engine_and_a_reason_for_each_that_was_not_tested() -> None:
    stage = Stage()
    engines = Engines(
        {
            "embedded": (stage.having("embedded"),),
            "neo4j-5.26": (stage.raising(RuntimeError("it broke\nhere")), stage.having("never")),
            "memgraph": (stage.raising(Unavailable("no URL")), stage.raising(Unavailable("no Docker"))),
        },
        {},
    )
    with contextlib.closing(engines):
        engines.get("embedded")
        engines.count_test("embedded")
        for _ in range(2):
            with pytest.raises(RuntimeError, match="it broke"):
                engines.get("neo4j-5.26")
            with pytest.raises(Unavailable, match=r"^no URL; no Docker$"):
                engines.get("memgraph")
    assert stage.diary[1:4] == ["it broke\nhere", "no URL", "no Docker"], "a failure is not tried again"
    assert [line.split(maxsplit=1) for line in engines.report()] == [
        ["embedded", "tested: embedded/1.0, 1 test, ready in 0.0 s"],
        ["neo4j", "not tested: LOOPGRAPH_TEST_NEO4J_URL is not set"],
        ["neo4j-5.26", "not tested: it failed: RuntimeError: it broke"],
        ["neo4j-2026", "not tested: not asked for; LOOPGRAPH_TEST_ENGINES=all or =neo4j-2026 does"],
        ["memgraph", "not tested: no URL; no Docker"],
    ]


def test_the_report_adds_up_what_several_processes_have_done() -> None:
    stage = Stage()
    unavailable = {"memgraph": (stage.raising(Unavailable("no Docker")),)}
    here = Engines({"embedded": (stage.having("embedded"),), **unavailable}, {})
    there = Engines({"embedded": (stage.having("embedded"),), **unavailable}, {})
    with contextlib.closing(here), contextlib.closing(there):
        for engines, tests in ((here, 1), (there, 2)):
            engines.get("embedded")
            for _ in range(tests):
                engines.count_test("embedded")
        with pytest.raises(Unavailable):
            there.get("memgraph")
    here.add(json.loads(json.dumps(there.outcomes())))
    report = dict(line.split(maxsplit=1) for line in here.report())
    assert report["embedded"].startswith("tested: embedded/1.0, 3 tests, ")
    assert report["memgraph"] == "not tested: no Docker"


def test_a_cached_folder_is_filled_by_one_of_several_runs(tmp_path: Path) -> None:
    fillings = []

    def fill(folder: Path) -> None:
        fillings.append(folder)
        time.sleep(0.05)
        (folder / "jar").write_text("content")

    target = tmp_path / "cache" / "neo4j-1"
    runs = [threading.Thread(target=filled_once, args=(target, fill)) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(fillings) == 1
    assert (target / "jar").read_text() == "content"


def test_a_filling_that_fails_leaves_nothing_behind_and_the_next_one_succeeds(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise Unavailable("Maven could not fetch it")

    target = tmp_path / "neo4j-1"
    with pytest.raises(Unavailable):
        filled_once(target, fail)
    assert [path.name for path in tmp_path.iterdir()] == ["neo4j-1.lock"]
    assert filled_once(target, lambda folder: (folder / "jar").touch()) == target
    assert [path.name for path in target.iterdir()] == ["jar"]


@pytest.mark.lengthy
def test_java_is_chosen_by_its_feature_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"901.0.2\" 2026-01-20' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert find_java(900, 902) == find_java(900) == java
    with pytest.raises(Unavailable, match="no Java 902 or later at JAVA_HOME, on the PATH or in /usr/lib/jvm"):
        find_java(902)
    with pytest.raises(Unavailable, match="no Java 899 to 900"):
        find_java(899, 900)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a disk in memory where it is looked for")
def test_folders_of_runs_that_were_killed_are_known(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    names = [f"loopgraph-neo4j-5.26-{pid}-abc_d3f9" for pid in (os.getpid(), gone.pid)]
    for name in [*names, "loopgraph-neo4j-5.26-abc_d3f9", f"other-{gone.pid}-abc"]:
        (tmp_path / name).mkdir()
    assert [folder.name for folder in left_behind(tmp_path)] == names[1:]


@pytest.mark.lengthy
@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_a_child_process_dies_with_a_run_that_is_killed(tmp_path: Path) -> None:
    run = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from support.engines.processes import child
        with child(["sleep", "1000"], Path(sys.argv[1])) as process:
            print(process.pid, flush=True)
            time.sleep(1000)
    """)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    with subprocess.Popen([sys.executable, "-c", run, tmp_path / "log"], env=environ, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)  # it is there
        parent.send_signal(signal.SIGKILL)
    assert comes_true(lambda: not _runs(child))


def _runs(pid: int) -> bool:
    """Whether the process is alive; one that waits for its parent's notice is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
