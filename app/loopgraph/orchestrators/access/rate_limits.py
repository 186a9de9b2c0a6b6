"""How often somebody may ask: a token bucket for each, which fills by itself.

Each process has its own. That a limit holds for all of them together would want a store that every request waits for; so a
limit protects the process that it is asked of. That is forty lines. The package ``limits`` counts in windows, at whose end a
burst may be twice as large; what it has beyond this is a choice of such stores.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from time import monotonic
from typing import Final

from loopgraph.errors import RateLimited

_MOST: Final = 10_000


class Buckets:
    """Buckets by key, each of ``a_minute`` that may be taken at once and come back in a minute; None never refuses."""

    def __init__(self, a_minute: int | None) -> None:
        self._size = a_minute
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str) -> int:
        """After how many seconds there is one to be taken; 0 for now."""
        if self._size is None:
            return 0
        lacking = 1.0 - self._now_in(key, self._size)
        return max(1, math.ceil(lacking * 60 / self._size)) if lacking > 1e-9 else 0

    def take(self, key: str) -> None:
        """Takes one, if there is one."""
        if self._size is None:
            return
        left = self._now_in(key, self._size)
        if left >= 1.0 - 1e-9:
            self._left[key] = left - 1.0, monotonic()
            self._left.move_to_end(key)
            while len(self._left) > _MOST:
                self._left.popitem(last=False)  # who has not asked for longest has a full one soon

    def _now_in(self, key: str, size: int) -> float:
        left, at = self._left.get(key, (float(size), 0.0))
        return min(float(size), left + (monotonic() - at) * size / 60)


class RateLimits:
    """The limits of one process."""

    def __init__(self, requests: int | None, events: int | None, failures: int | None) -> None:
        self._requests = Buckets(requests)
        self._events = Buckets(events)
        self._failures = Buckets(failures)
        self._failed: OrderedDict[str, None] = OrderedDict()
        self._good: OrderedDict[str, None] = OrderedDict()

    def ask(self, who: str, *, events: bool) -> None:
        """Somebody asks. Raises RateLimited if that is more often than allowed."""
        buckets = self._events if events else self._requests
        if wait_s := buckets.wait_s(who):
            raise RateLimited(f"{who} asks more often than LOOPGRAPH_RATE_LIMIT{'_EVENTS' * events} allows", wait_s)
        buckets.take(who)

    def try_out(self, address: str, digest: str) -> None:
        """Somebody shows a secret. Raises RateLimited for one that has not been good here, if its address has shown too many
        that are none. ``digest`` stands for the secret."""
        if digest not in self._good and (wait_s := self._failures.wait_s(address)):
            raise RateLimited(f"too many tokens of {address} were none", wait_s)

    def good(self, digest: str) -> None:
        """A secret was what it should be."""
        _note(self._good, digest)

    def failed(self, address: str, digest: str) -> None:
        """A secret was none. One that an address shows again is no guess, and counts once: an agent whose token has expired must
        not shut out who shares its address."""
        self._good.pop(digest, None)
        key = f"{address} {digest}"
        if key not in self._failed:
            self._failures.take(address)
        _note(self._failed, key)


def _note(known: OrderedDict[str, None], key: str) -> None:
    known[key] = None
    known.move_to_end(key)
    while len(known) > _MOST:
        known.popitem(last=False)
