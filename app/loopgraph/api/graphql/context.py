"""What a request has at hand: the service's parts, who asks, and loaders that gather the reads of one operation."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from starlette.requests import HTTPConnection

from loopgraph.api.access import asking, origin, still_asking
from loopgraph.api.graphql.loaders import Loaders
from loopgraph.api.graphql.pace import Pace, Turns
from loopgraph.api.services import Services
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.base import Id, Principal
from loopgraph.contracts.live import Cursor
from loopgraph.effects.clock import new_id

_ID: TypeAdapter[str] = TypeAdapter(Id)


@dataclass
class Place:
    """Where a subscription by server-sent events is. ``last_event_id``: where its client says it was when it lost the stream
    before; ``cursor``: after what is being told now, None where that has no cursor."""

    last_event_id: str | None = None
    cursor: Cursor | None = None


@dataclass(frozen=True)
class Context:
    """The context of one GraphQL operation (of one connection on a WebSocket, so nothing in it may go stale)."""

    services: Services
    principal: Principal | None
    correlation_id: str
    asker: Origin
    """Who asks, as the audit trail has it."""

    loaders: Loaders
    turns: Turns
    place: Place
    still: Callable[[], Awaitable[None]]
    """Raises Unauthenticated if who asks is not known any more: what takes long asks again."""

    @contextlib.contextmanager
    def operation(self) -> Iterator[None]:
        """An operation is executed in this block."""
        with self.turns.operation(), self.loaders.once.operation():
            yield


def context_of(connection: HTTPConnection, pace: Pace) -> Context:
    """The context for a request or a WebSocket; a correlation id is taken over from its header or made."""
    services, principal, turns = connection.app.state.services, asking(connection), Turns(pace)
    correlation_id = _correlation_id_of(connection)
    asker = origin(principal, correlation_id)
    loaders = Loaders(services, principal, turns, asker)
    place = Place(connection.headers.get("last-event-id") or None if connection.scope["type"] == "http" else None)
    return Context(services, principal, correlation_id, asker, loaders, turns, place, lambda: still_asking(connection))


def _correlation_id_of(connection: HTTPConnection) -> str:
    """The correlation id of the header, if it is one; the answer's header says which is used."""
    try:
        return _ID.validate_python(connection.headers.get("x-correlation-id"))
    except ValidationError:
        return new_id()
