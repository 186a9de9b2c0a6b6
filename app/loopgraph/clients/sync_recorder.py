"""The recorder for programs without an event loop: the same one, on the loop of a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any, Self

from loopgraph.clients.events import TraceEvents
from loopgraph.clients.recorder import Recorder
from loopgraph.clients.stats import RecorderStats


class SyncRecorder(TraceEvents):
    """A ``Recorder`` as an ordinary context manager; it takes the same options.

    with SyncRecorder("http://127.0.0.1:8053") as recorder, recorder.trace(prompt_text="sort the list"):
        ...
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._recorder = Recorder(url, **options)
        self.project = self._recorder.project
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def stats(self) -> RecorderStats:
        """What became of the events."""
        return self._recorder.stats

    def emit(self, event: Mapping[str, Any]) -> bool:
        """As ``Recorder.emit``."""
        return self._recorder.emit(event)

    def flush(self, timeout: float | None = None) -> bool:
        """As ``Recorder.flush``; False outside of the block, where nothing is sent."""
        if self._loop is None:
            return False
        return asyncio.run_coroutine_threadsafe(self._recorder.flush(timeout), self._loop).result()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loopgraph-recorder", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._recorder.__aenter__(), self._loop).result()
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._loop is not None
        assert self._thread is not None
        asyncio.run_coroutine_threadsafe(self._recorder.__aexit__(*exception), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None
