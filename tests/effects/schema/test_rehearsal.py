"""The start cache: made once, used by the next start, and never in the way of one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from loopgraph.effects.engine.embedded import EmbeddedEngine
from loopgraph.effects.engine.start_cache import StartCache
from loopgraph.effects.schema.rehearsal import make_start_cache
from loopgraph.errors import EngineStartError
from loopgraph.settings import Settings
from support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a start cache of their own, made by a real start."""
    settings = Settings(embedded_cache=tmp_path_factory.mktemp("cache") / "new")
    assert await make_start_cache(settings)
    assert not await make_start_cache(settings)
    return settings


def cache_of(settings: Settings) -> StartCache:
    assert settings.embedded_cache is not None
    return StartCache(settings.embedded_cache, settings.embedded_java_options)


def maps(engine: EmbeddedEngine) -> str:
    return Path(f"/proc/{engine.pid}/maps").read_text()


@pytest.mark.exhaustive
def test_the_next_start_uses_it(made: Settings, tmp_path: Path) -> None:
    cache = cache_of(made)
    assert {entry.name for entry in cache.folder.iterdir()} == {cache.file.name, "rehearsal.lock"}
    with contextlib.closing(EmbeddedEngine.configured(tmp_path / "graph", made)) as engine:
        engine.ensure_running()
        assert str(cache.file) in maps(engine)
    assert not StartCache(cache.folder, ("-XX:+UseParallelGC",)).options, "it is of other options"


@pytest.mark.exhaustive
@pytest.mark.parametrize("broken", ["cut off", "overwritten"])
def test_a_broken_one_is_no_obstacle_and_goes_so_that_it_is_made_anew(
    made: Settings, tmp_path: Path, broken: str
) -> None:
    settings = made.model_copy(update={"embedded_cache": tmp_path / "cache"})
    whole, cache = cache_of(made).file.read_bytes(), cache_of(settings)
    middle = len(whole) // 3
    cache.folder.mkdir()
    cache.file.write_bytes(
        whole[:middle] if broken == "cut off" else whole[:middle] + bytes(500_000) + whole[middle + 500_000 :]
    )
    with contextlib.closing(EmbeddedEngine.configured(tmp_path / "graph", settings)) as engine:
        engine.ensure_running()
        assert str(cache.file) not in maps(engine)
    assert not cache.file.exists()


async def test_one_that_is_ended_leaves_nothing_and_what_a_killed_one_left_goes(made: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    environment = {**os.environ, "LOOPGRAPH_EMBEDDED_CACHE": str(folder)}
    for signal_ in (signal.SIGTERM, signal.SIGKILL):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "loopgraph.effects.schema.rehearsal", env=environment
        )
        await until(lambda: any(folder.glob("rehearsal-*/graph/engine.json")))
        process.send_signal(signal_)
        await process.wait()
        assert bool(list(folder.glob("rehearsal-*/"))) == (signal_ is signal.SIGKILL)
    settings = made.model_copy(update={"embedded_cache": folder})
    cache = cache_of(settings)
    cache.file.write_bytes(cache_of(made).file.read_bytes())
    assert not await make_start_cache(settings)
    assert {entry.name for entry in folder.iterdir()} == {cache.file.name, "rehearsal.lock"}


async def test_where_it_cannot_be_kept_it_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EngineStartError, match=r"cannot be kept in .*file"):
        await make_start_cache(Settings(embedded_cache=tmp_path / "file"))
    assert not await make_start_cache(Settings(embedded_cache=None))


@pytest.mark.exhaustive
async def test_without_space_it_says_so_and_that_the_engine_starts_without(
    made: Settings, small_disk: Path, tmp_path: Path
) -> None:
    settings = made.model_copy(update={"embedded_cache": small_disk / "cache"})
    problem = r"there is no space in .*cache for what makes the engine start faster .*starts without it"
    with pytest.raises(EngineStartError, match=problem):
        await make_start_cache(settings)
    with contextlib.closing(EmbeddedEngine.configured(tmp_path / "graph", settings)) as engine:
        engine.ensure_running()


@pytest.mark.exhaustive
async def test_space_that_runs_out_meanwhile_is_told_the_same(
    made: Settings, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopgraph.effects.schema.rehearsal._SPACE", 1)  # it looked like enough
    settings = made.model_copy(update={"embedded_cache": small_disk / "cache"})
    with pytest.raises(EngineStartError, match=r"there is no space in .*cache for"):
        await make_start_cache(settings)
    assert {entry.name for entry in (small_disk / "cache").iterdir()} == {"rehearsal.lock"}


def test_only_the_newest_ones_are_kept(tmp_path: Path) -> None:
    for number in range(6):
        cache = StartCache(tmp_path, (f"-Dnumber={number}",))
        made = tmp_path / "made"
        made.write_bytes(b"")
        cache.put(made)
        assert cache.options
    assert len(list(tmp_path.iterdir())) == 4
