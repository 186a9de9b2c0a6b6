"""What hook events of agent clients say, as tests ask for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

from loopgraph.api.http.hooks.agent_hooks import DIALECTS
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.contracts.traces.observations import Observation

E = TypeVar("E")

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWN_ID = "own-1"


def observed(client: str, body: Any) -> tuple[Observation, ...]:
    """What a client's event says that arrived at noon."""
    return DIALECTS[client](body, Arrival(AT, stamped=False, execution_id=OWN_ID))


def only(client: str, body: Any, kind: type[E]) -> E:
    """The one event of this kind of which it tells first-hand; what it says of its session in passing is not looked at."""
    [event] = [one.event for one in observed(client, body) if isinstance(one.event, kind) and _tells(one)]
    return event


def _tells(one: Observation) -> bool:
    return one.event.timestamp is not None
