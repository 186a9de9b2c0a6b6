"""What a request has at hand: the service's parts, who asks, and loaders that gather the reads of one operation."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from starlette.requests import HTTPConnection

from loopgraph.api.access import asking
from loopgraph.api.graphql.loaders import Loaders
from loopgraph.api.graphql.pace import Pace, Turns
from loopgraph.api.services import Services
from loopgraph.contracts.base import Id, Principal
from loopgraph.effects.clock import new_id

_ID: TypeAdapter[str] = TypeAdapter(Id)


@dataclass(frozen=True)
class Context:
    """The context of one GraphQL operation (of one connection on a WebSocket, so nothing in it may go stale)."""

    services: Services
    principal: Principal | None
    correlation_id: str
    loaders: Loaders
    turns: Turns

    @contextlib.contextmanager
    def operation(self) -> Iterator[None]:
        """An operation is executed in this block."""
        with self.turns.operation(), self.loaders.once.operation():
            yield


def context_of(connection: HTTPConnection, pace: Pace) -> Context:
    """The context for a request or a WebSocket; a correlation id is taken over from its header or made."""
    services, principal, turns = connection.app.state.services, asking(connection), Turns(pace)
    return Context(services, principal, _correlation_id_of(connection), Loaders(services, principal, turns), turns)


def _correlation_id_of(connection: HTTPConnection) -> str:
    """The correlation id of the header, if it is one; the answer's header says which is used."""
    try:
        return _ID.validate_python(connection.headers.get("x-correlation-id"))
    except ValidationError:
        return new_id()
