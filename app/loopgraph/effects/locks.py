"""Locks of one process for keys that many of its transactions would fight over.

They make nothing safe (another process knows nothing of them; the graph's own locks do that), they only let the transactions of
one process queue up instead of colliding and being retried: measured on the embedded engine, ten times the throughput.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary


class KeyedLocks:
    """A lock for each key, kept while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    def __call__(self, key: Hashable) -> asyncio.Lock:
        """The lock of this key, to be used in ``async with``."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock
