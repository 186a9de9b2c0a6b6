"""How a line of a transcript is told as observations: under which ids, and how far each is to be trusted.

A transcript is the client's own record, first hand and whole in what was said. Of how a call ended it has what the model was
told, which a hook of the call itself may know better. Its times are those of writing: they count like a hook's arrival, and less
than what the client's log records and spans have measured.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from loopgraph.computes.agents.ids import as_id
from loopgraph.computes.transcripts.claude_code.turns import Turn
from loopgraph.contracts.stored import sound
from loopgraph.contracts.traces.events import TraceCompleted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, ObservedEvent
from loopgraph.contracts.traces.precedence import Clock

CLIENT = "claude-code"


def observed(event: ObservedEvent, kind: str, **how: Any) -> Observation:
    """A report of a line of this kind; ``how`` are other fields of the Observation, as its readers have made them."""
    return sound(Observation, {"event": event, "source": f"transcript.{kind}", "clock": Clock.WRITTEN, **how})


class Place(NamedTuple):
    """Where a line belongs: the client's id of its session, and its turn."""

    session_id: str
    turn: Turn

    @property
    def session(self) -> str:
        """The session."""
        return as_id(self.session_id)

    def step(self, at: datetime | None) -> dict[str, Any]:
        """Where a step of the turn belongs, and when it was: fields of a HookExecuted."""
        where: dict[str, Any] = {"correlation_id": self.turn.trace, "session_id": self.session}
        if self.turn.root:
            where["root_id"] = self.turn.root
        return where | ({"timestamp": at} if at else {})

    def ended(self, at: datetime | None, status: TraceStatus, **more: Any) -> TraceCompleted:
        """The turn is over; ``more`` are fields of its end, those that are None are not known."""
        known = {name: value for name, value in {"timestamp": at, **more}.items() if value is not None}
        return TraceCompleted(correlation_id=self.turn.trace, status=status, **known)
