"""The engines that tests run on; ``support/engines`` says where they come from.

A test that takes ``engine`` runs once on every engine at hand, one that takes ``embedded_engine`` on that one only.
All of them share one process per engine, so a test isolates itself by its data: new ids, never an empty graph.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.settings import Settings
from support import syntax_trees
from support.engines import Engines, EngineUnderTest, Unavailable
from support.engines.cache import cache_folder
from support.engines.java import QUICK
from support.engines.sources import SOURCES
from support.scheduling import ModulesTogether, longest_first
from support.waiting import PATIENCE_S

ENGINES = Engines(SOURCES)

# For all engines, also those that services and commands under test start.
os.environ.setdefault("LOOPGRAPH_EMBEDDED_JAVA_OPTIONS", " ".join(QUICK))
os.environ.setdefault("LOOPGRAPH_EMBEDDED_CACHE", str(cache_folder() / "engine"))
# Tests share a graph, and a service would learn from what all of them tell: those of learning turn it on.
os.environ.setdefault("LOOPGRAPH_LEARNING", "false")
# A run starts Python hundreds of times: what is compiled once stays compiled, whatever the environment says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
syntax_trees.one_at_a_time()
# gRPC would abort children between their fork and their program.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

# The machine is shared and the first use of text strategies builds tables: time says nothing about a property.
settings.register_profile("loopgraph", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("loopgraph")
settings.register_profile("quick", settings.get_profile("loopgraph"), max_examples=15)


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, id=name, marks=pytest.mark.engine(name)) for name in ENGINES.asked_for],
)
def engine(request: pytest.FixtureRequest) -> EngineUnderTest:
    """Each engine that this session asks for, in turn."""
    return ENGINES.get(request.param)


@pytest.fixture(scope="session")
def embedded_engine() -> EngineUnderTest:
    """The embedded engine, whatever this session asks for."""
    return ENGINES.get("embedded")


def settings_for(engine: EngineUnderTest) -> Settings:
    """The settings of a service on this engine, as patient with it as the tests are."""
    patience_ms = int(PATIENCE_S * 1000)
    return Settings(
        query_timeout_ms=patience_ms,
        operation_timeout_ms=patience_ms,
        graph_url=engine.url,
        graph_user=engine.user,
        graph_password=engine.password,
        graph_database=engine.database,
    )


@pytest.fixture(scope="session", autouse=True)
def patient_answers() -> Iterator[None]:
    """Answers wait until all is counted: what earlier tests have told of, without anybody who counts it, is more than the product
    waits for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loopgraph.orchestrators.analytics.rolling.BOUND_S", PATIENCE_S)
        yield


@pytest.fixture(scope="session")
async def graph(engine: EngineUnderTest) -> AsyncIterator[Graph]:
    """An open graph with its schema in place, on each engine in turn."""
    async with Graph.open(settings_for(engine)) as opened:
        await schema.prepare(opened)
        yield opened


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What collecting makes stays to the end: the collector of garbage need not look at it again and again, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """A service puts collections off until its event loop is idle, which it is not between tests, and what it freezes stays
    when it ends: here is the time for both, where there is much."""
    global _held_mib
    if _resident_mib() > _held_mib + 300:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        _held_mib = _resident_mib()


_held_mib = 700


def _resident_mib() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") // 2**20
    except FileNotFoundError:  # macOS
        return 0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    config.option.loadscopereorder = False
    return ModulesTogether(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What the engines of this process were tested with, for the process that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["engines"] = ENGINES.outcomes()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    ENGINES.add(getattr(node, "workeroutput", {}).get("engines", {}))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "engine(name): the engine that a test runs on; set by the fixture `engine`")
    config.addinivalue_line(
        "markers", "exhaustive: further values, moments or orders of what the suite shows, and what takes longest"
    )
    config.addinivalue_line("markers", "slow: left out by `make quick`, and in CI where the suite runs once more")
    config.addinivalue_line(
        "markers", "lengthy: takes a processor for over a twentieth of a second; left out by `make quick`"
    )
    config.add_cleanup(ENGINES.close)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips the tests of an engine that this machine does not have.

    Here and not in the fixture, because pytest folds these skips into one line and prints those line by line.
    """
    if "engine" not in getattr(item, "fixturenames", ()):
        return
    for marker in item.iter_markers("engine"):
        try:
            ENGINES.get(*marker.args)
        except Unavailable as reason:
            pytest.skip(f"{marker.args[0]}: {reason}")


def pytest_runtest_call(item: pytest.Item) -> None:
    fixtures = getattr(item, "funcargs", {}).values()
    for name in {fixture.name for fixture in fixtures if isinstance(fixture, EngineUnderTest)}:
        ENGINES.count_test(name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("engines")
    for line in ENGINES.report():
        terminalreporter.write_line(line)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 100 MiB in memory. Skips where none can be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
