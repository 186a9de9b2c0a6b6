"""A start of the engine on an empty folder whose only end is the start cache: the schema is made, every query planned.

It takes some ten seconds of one core, once for an installed engine. A service has it done beside it, by this module as a
program of its own, which takes its settings from the environment::

    python -m loopgraph.effects.schema.rehearsal
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from loopgraph.assets import all_queries
from loopgraph.effects.engine.embedded import EmbeddedEngine
from loopgraph.effects.engine.folder import NO_SPACE
from loopgraph.effects.engine.java import heap_options, java
from loopgraph.effects.engine.start_cache import StartCache
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema.schema import prepare
from loopgraph.errors import EngineStartError, LoopgraphError
from loopgraph.settings import EMBEDDED_SCHEME, Settings

logger = logging.getLogger(__name__)

_QUIET_AFTER_S = 30.0
_SCRATCH = "rehearsal-"
_LIMIT_S = 300.0
_WHOLE_S = 1_800.0
_SPACE, _FILE = 150_000_000, 60_000_000
"""So many bytes it takes while it is made: with a database, and two files of such a size."""


async def make_start_cache(settings: Settings) -> bool:
    """Makes the start cache for the Java of these settings; False if it is there, or another process is making it.

    Raises EngineStartError if it cannot be made or written, and what opening a graph raises.
    """
    folder = settings.embedded_cache
    if folder is None:
        return False
    try:
        return await _made_in(folder, settings)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EngineStartError(
                f"there is no space in {folder} for what makes the engine start faster (some {_SPACE // 10**6} MB while it is "
                "made); the engine starts without it, too"
            ) from error
        raise EngineStartError(f"what makes the engine start faster cannot be kept in {folder}: {error}") from error


async def _made_in(folder: Path, settings: Settings) -> bool:
    """See ``make_start_cache``. Raises OSError, too."""
    cache = StartCache(folder, settings.embedded_java_options)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs in this process
    with (folder / "rehearsal.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # let go by the kernel when its holder dies
        except BlockingIOError:
            return False
        for left in _left_behind(folder):  # whoever made it does not hold the lock
            await asyncio.to_thread(shutil.rmtree, left, ignore_errors=True)
        if cache.options:
            return False
        if shutil.disk_usage(folder).free < _SPACE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with tempfile.TemporaryDirectory(dir=folder, prefix=_SCRATCH) as scratch:
            recorded = Path(scratch, "recorded.aotconf")
            try:
                await _rehearse(settings, Path(scratch, "graph"), recorded)
                cache.put(await asyncio.to_thread(_made, settings, recorded, Path(scratch, "made.aot")))
            except LoopgraphError as error:
                # Others fill the disk, too. Java without space removes what it began, and says anything.
                if NO_SPACE.search(str(error)) or shutil.disk_usage(folder).free < _FILE:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
                raise
    return True


def _left_behind(folder: Path) -> list[Path]:
    """The folders of rehearsals that are under way, or were killed."""
    return list(folder.glob(f"{_SCRATCH}*/"))


async def _rehearse(settings: Settings, graph_folder: Path, recorded: Path) -> None:
    """What every service does soon after its start: Java records the classes and methods that this needs, when it stops."""
    recording = ("-XX:AOTMode=record", f"-XX:AOTConfiguration={recorded}")
    given = {
        "graph_url": f"{EMBEDDED_SCHEME}{graph_folder}",
        "embedded_java_options": (*settings.embedded_java_options, *recording),
        "embedded_cache": None,
    }
    recording_one = settings.model_copy(update=given)
    engine = EmbeddedEngine.configured(graph_folder, recording_one)
    try:
        await asyncio.to_thread(engine.ensure_running)
        async with (
            asyncio.timeout(_WHOLE_S),
            Graph.open(recording_one) as graph,
        ):  # nobody waits for it, or would end it
            await prepare(graph)
            for query in all_queries():
                if not query.choices:
                    await graph.explain(query)
        if (pid := engine.pid) is not None:
            # What Java has recorded it writes when it ends. On a busy machine that takes longer than an engine has to stop.
            os.kill(pid, signal.SIGTERM)
            async with asyncio.timeout(_LIMIT_S):
                await asyncio.to_thread(engine.wait_stopped)
    except TimeoutError as error:
        problem = f"in {_WHOLE_S:g} s not all queries were planned, or Java did not write what it had recorded in {_LIMIT_S:g} s"
        raise EngineStartError(problem) from error
    finally:
        engine.close()


def _made(settings: Settings, recorded: Path, made: Path) -> Path:
    options = (*heap_options(settings.embedded_heap), *settings.embedded_java_options)
    creating = ("-XX:AOTMode=create", f"-XX:AOTConfiguration={recorded}", f"-XX:AOTCache={made}")
    try:
        java_ended = subprocess.run(java((*options, *creating)), capture_output=True, text=True, timeout=_LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise EngineStartError(f"Java did not make its cache in {_LIMIT_S:g} s") from error
    if java_ended.returncode or not made.is_file():
        lines = f"{java_ended.stdout}\n{java_ended.stderr}".splitlines()
        said = [line for line in lines if line and not line.startswith("WARNING: ")]
        raise EngineStartError(f"Java made no cache: {said[-1] if said else f'exit code {java_ended.returncode}'}")
    return made


async def rehearse_beside(settings: Settings) -> None:
    """Has the start cache made, if it is missing, by a process of the lowest priority; ends that when it is cancelled."""
    folder = settings.embedded_cache
    if folder is None or settings.embedded_folder is None:
        return
    await asyncio.sleep(_QUIET_AFTER_S)  # a service has enough to do when it has just started
    if StartCache(folder, settings.embedded_java_options).options and not _left_behind(folder):
        return
    given = {
        "LOOPGRAPH_EMBEDDED_CACHE": str(folder),
        "LOOPGRAPH_EMBEDDED_HEAP": settings.embedded_heap,
        "LOOPGRAPH_EMBEDDED_JAVA_OPTIONS": " ".join(settings.embedded_java_options),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__),
        env={**os.environ, **given},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, 19)  # its engine inherits it
        _, complaint = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        raise
    if process.returncode:
        logger.info("the engine will start no faster: %s", complaint.decode(errors="replace").strip())


def main() -> None:
    """Makes the start cache; exits with a sentence if it cannot be made. Ended politely, it leaves nothing."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(make_start_cache(Settings()))
    except LoopgraphError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    main()
