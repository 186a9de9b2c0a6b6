"""The bounded buffer between a program and the delivery of its events."""

from __future__ import annotations

import threading
from collections import deque


class Buffer:
    """Events as JSON texts, first in, first out; bounded by their number and by their bytes. Any thread may use it."""

    def __init__(self, capacity: int, capacity_bytes: int) -> None:
        self._items: deque[bytes] = deque()
        self._capacity, self._capacity_bytes = capacity, capacity_bytes
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: bytes) -> bool:
        """False if the buffer is full: the item is not taken."""
        with self._lock:
            if len(self._items) >= self._capacity or self._bytes + len(item) > self._capacity_bytes:
                return False
            self._items.append(item)
            self._bytes += len(item)
            return True

    def take(self, most: int, most_bytes: int) -> list[bytes]:
        """The oldest items: at most ``most`` of at most ``most_bytes`` together, but always one if there is any."""
        taken: list[bytes] = []
        size = 0
        with self._lock:
            while self._items and len(taken) < most and (not taken or size + len(self._items[0]) <= most_bytes):
                taken.append(self._items.popleft())
                size += len(taken[-1])
            self._bytes -= size
        return taken

    def clear(self) -> None:
        """Forgets all items."""
        with self._lock:
            self._items.clear()
            self._bytes = 0
