"""The engines of one test session: one process per kind, started at its first use, stopped at the end."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from support.engines.model import EngineUnderTest, Source, Unavailable
from support.engines.plan import NAMES, not_asked_for


class Engines:
    """Hands out engines by name. Whatever the first asking for a name ended with, every later one ends with too."""

    def __init__(self, sources: Mapping[str, tuple[Source, ...]], environ: Mapping[str, str] = os.environ) -> None:
        self._sources = sources
        self._not_asked_for = not_asked_for(environ)
        self._outcomes: dict[str, EngineUnderTest | Exception] = {}
        self._seconds: dict[str, float] = {}
        self._tests: Counter[str] = Counter()
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
            folder = self._running.enter_context(tempfile.TemporaryDirectory(prefix=f"loopgraph-{name}-"))
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

    def report(self) -> Iterator[str]:
        """One line per engine: tested with what, or not tested and why."""
        width = max(map(len, NAMES))
        for name in NAMES:
            yield f"{name:<{width}}  {self._state(name)}"

    def _state(self, name: str) -> str:
        outcome = self._outcomes.get(name)
        if isinstance(outcome, EngineUnderTest):
            tests = self._tests[name]
            return f"tested: {outcome.agent}, {tests} test{'s' * (tests != 1)}, ready in {self._seconds[name]:.1f} s"
        if isinstance(outcome, Unavailable):
            return f"not tested: {outcome}"
        if outcome is not None:
            return f"not tested: it failed: {type(outcome).__name__}: {str(outcome).partition(chr(10))[0]}"
        return f"not tested: {self._not_asked_for.get(name, 'no test of this run needs it')}"
