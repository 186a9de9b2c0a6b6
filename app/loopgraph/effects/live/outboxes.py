"""How far what is told has been published elsewhere, and which process publishes it: in the graph, beside what is told.

One process at a time has an outbox, by a lease. That spares work and is no lock: that nothing is published twice, the broker
sees to (``effects/broker/publishing``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from loopgraph.assets import query
from loopgraph.contracts.broker import Outbox
from loopgraph.contracts.live import Cursor
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction

_TAKE = query("changes/take_outbox")
_CREATE = query("changes/create_outbox")
_SAVE = query("changes/save_outbox")
_RELEASE = query("changes/release_outbox")
_HELD = query("changes/outboxes")

LENGTH: Final = timedelta(seconds=20)
"""How long a lease holds: as long nothing is published when a process was killed."""

HELD: Final = timedelta(days=7)
"""For so long what is told is kept for an outbox that does not get on."""


class Outboxes:
    """The outboxes that one process has, under a name that it makes up."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.owner = f"outbox-{new_id()}"

    async def take(self, name: str, begin: Cursor) -> Outbox | None:
        """The outbox of this name, leased to this process; None if another has it. One that is new begins at ``begin``."""
        at = now()

        async def work(tx: Transaction) -> Row | None:
            keys = {"name": name, "owner": self.owner, "now": at, "until": at + LENGTH}
            rows = await tx.run(_TAKE, **keys)
            if not rows:
                rows = await tx.run(_CREATE, **keys, cursor=_text(begin))
            return rows[0]["outbox"] if rows[0]["taken"] else None

        row = await self._graph.transaction(work)
        if row is None:
            return None
        following = row.get("next_cursor")
        return Outbox(name, row["number"], _cursor(row["cursor"]), _cursor(following) if following else None)

    async def save(self, outbox: Outbox, *, complete: bool) -> bool:
        """Keeps how far an outbox is, and its lease; whether this process still has it. ``complete``: all that was told has been
        published by now."""
        at = now()
        rows = await self._graph.write(
            _SAVE,
            name=outbox.name,
            owner=self.owner,
            now=at,
            until=at + LENGTH,
            number=outbox.number,
            cursor=_text(outbox.cursor),
            next_cursor=_text(outbox.next) if outbox.next else None,
            complete_at=at if complete else None,
        )
        return bool(rows)

    async def release(self, name: str) -> None:
        """Leaves an outbox to others at once."""
        await self._graph.write(_RELEASE, name=name, owner=self.owner, now=now())


async def held_from(graph: Graph, at: datetime) -> list[dict[int, int]]:
    """Up to where changes of each writer have been published, for each outbox that what comes after is kept for."""
    rows = await graph.read(_HELD, since=at - HELD)
    return [dict(_cursor(row["cursor"]).positions) for row in rows]


def _text(cursor: Cursor) -> str:
    held: dict[str, Any] = {
        "at": cursor.at.isoformat(),
        "positions": {str(key): seq for key, seq in cursor.positions.items()},
    }
    return orjson.dumps(held).decode()


def _cursor(text: str) -> Cursor:
    held = orjson.loads(text)
    return Cursor({int(key): seq for key, seq in held["positions"].items()}, datetime.fromisoformat(held["at"]))
