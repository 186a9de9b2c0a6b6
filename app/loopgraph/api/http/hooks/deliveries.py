"""Which deliveries of hook events are of one event.

Hooks can be installed in several settings files (a user's, a project's). The client runs handlers that are alike once, and others
each: so what arrives twice by one route happened twice, and what arrives by two routes happened once. This is known of the last
events, and by one process; what has an id of the client's own (a tool call, a prompt) counts once in any case.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from loopgraph.effects.clock import new_id

_AT_ONCE: Final = timedelta(seconds=4)
"""All handlers of an event begin at once; so far apart its deliveries can be."""
_REMEMBERED: Final = 4_096


@dataclass
class _Event:
    execution_id: str
    at: datetime
    routes: set[str]
    own_ids: set[str] = field(default_factory=set)


class Deliveries:
    """Remembers the last events, and gives each an id."""

    def __init__(self) -> None:
        self._events: OrderedDict[bytes, list[_Event]] = OrderedDict()

    def execution_id(self, body: bytes, at: datetime, route: str, own_id: str | None) -> str:
        """The id of the event of a delivery: the one that came with it, unless another route was first; else a new one."""
        key = blake2b(body, digest_size=16).digest()
        same = self._events.setdefault(key, [])
        self._events.move_to_end(key)
        while len(self._events) > _REMEMBERED:
            self._events.popitem(last=False)
        own_ids = {own_id} if own_id else set()
        for event in same:
            if not own_ids.isdisjoint(event.own_ids):  # it is sent again
                return event.execution_id
        for event in same:
            if route not in event.routes and abs(at - event.at) <= _AT_ONCE:
                event.routes.add(route)
                event.own_ids |= own_ids
                return event.execution_id
        new = _Event(own_id or new_id(), at, {route}, own_ids)
        same[:] = [*(event for event in same if abs(at - event.at) <= _AT_ONCE), new]
        return new.execution_id
