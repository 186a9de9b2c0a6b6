"""The engines of one test session: one process per kind, started at its first use, stopped at the end."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from support.engines.model import EngineUnderTest, Source, Unavailable
from support.engines.plan import NAMES, not_asked_for

Outcome = tuple[str, int, float]
"""The engine's agent, the tests that ran on it, and the seconds until it was ready; or why it was not tested, 0, and 0."""


_SHARED_MEMORY = Path("/dev/shm")
_ENOUGH = 2 * 1024**3
"""Bytes; the engines of one process grow to some hundred MB in a whole run."""

_OWNER = re.compile(r"-(\d+)-[^-]+$")


class Engines:
    """Hands out engines by name. Whatever the first asking for a name ended with, every later one ends with too."""

    def __init__(self, sources: Mapping[str, tuple[Source, ...]], environ: Mapping[str, str] = os.environ) -> None:
        self._sources = sources
        self._not_asked_for = not_asked_for(environ)
        self._outcomes: dict[str, EngineUnderTest | Exception] = {}
        self._seconds: dict[str, float] = {}
        self._tests: Counter[str] = Counter()
        self._elsewhere: dict[str, Outcome] = {}
        self._running = contextlib.ExitStack()

    @property
    def asked_for(self) -> list[str]:
        """The names that tests on every engine run with."""
        return [name for name in NAMES if name not in self._not_asked_for]

    def get(self, name: str) -> EngineUnderTest:
        """The running engine, started if this is its first use.

        Raises Unavailable with every source's reason, or what a source failed with.
        """
        if name not in self._outcomes:
            started = time.monotonic()
            try:
                self._outcomes[name] = self._start(name)
            except Exception as error:
                self._outcomes[name] = error
            self._seconds[name] = time.monotonic() - started
        outcome = self._outcomes[name]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _start(self, name: str) -> EngineUnderTest:
        reasons = []
        for source in self._sources[name]:
            folder = self._running.enter_context(_folder(name))
            try:
                return self._running.enter_context(source(Path(folder)))
            except Unavailable as reason:
                reasons.append(str(reason))
        raise Unavailable("; ".join(reasons))

    def count_test(self, name: str) -> None:
        """One more test ran on this engine."""
        self._tests[name] += 1

    def close(self) -> None:
        """Stop every engine that this session started, the last first, and remove its data."""
        self._running.close()

    def outcomes(self) -> dict[str, Outcome]:
        """What this process has done with each engine that it was asked for, in plain values."""
        return {name: self._outcome(name) for name in self._outcomes}

    def add(self, outcomes: Mapping[str, Outcome]) -> None:
        """Adds what another process of the same run has done."""
        for name, other in outcomes.items():
            ours = self._elsewhere.setdefault(name, other)
            if ours is not other:
                self._elsewhere[name] = _together(ours, other)

    def report(self) -> Iterator[str]:
        """One line per engine: tested with what, or not tested and why."""
        self.add(self.outcomes())
        width = max(map(len, NAMES))
        for name in NAMES:
            yield f"{name:<{width}}  {self._state(name)}"

    def _outcome(self, name: str) -> Outcome:
        outcome = self._outcomes[name]
        if isinstance(outcome, EngineUnderTest):
            return outcome.agent, self._tests[name], self._seconds[name]
        if isinstance(outcome, Unavailable):
            return f"not tested: {outcome}", 0, 0.0
        return f"not tested: it failed: {type(outcome).__name__}: {str(outcome).partition(chr(10))[0]}", 0, 0.0

    def _state(self, name: str) -> str:
        if name not in self._elsewhere:
            return f"not tested: {self._not_asked_for.get(name, 'no test of this run needs it')}"
        what, tests, seconds = self._elsewhere[name]
        return f"tested: {what}, {tests} test{'s' * (tests != 1)}, ready in {seconds:.1f} s" if seconds else what


def _folder(name: str) -> tempfile.TemporaryDirectory[str]:
    memory = _memory()
    for left in left_behind(memory) if memory else ():
        shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"loopgraph-{name}-{os.getpid()}-", dir=memory)


def left_behind(memory: Path) -> Iterator[Path]:
    """Folders of processes that were killed, which would take memory until the machine is started again."""
    for folder in memory.glob("loopgraph-*"):
        if (owner := _OWNER.search(folder.name)) and not Path("/proc", owner[1]).exists():
            yield folder


def _memory() -> Path | None:
    """A disk in memory that has space for engines, if there is one: a commit waits for its disk, and a run commits ten thousands
    of times."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(_SHARED_MEMORY).free > _ENOUGH and os.access(_SHARED_MEMORY, os.W_OK):
            return _SHARED_MEMORY
    return None


def _together(one: Outcome, other: Outcome) -> Outcome:
    tested = one if one[2] else other
    return tested[0], one[1] + other[1], max(one[2], other[2])
