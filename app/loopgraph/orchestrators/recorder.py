"""Takes events in, on behalf of every door: they are redacted, then recorded."""

from __future__ import annotations

from collections.abc import Sequence

from loopgraph.computes.event_redaction import redact_event
from loopgraph.computes.redaction import Redactor
from loopgraph.contracts.observations import Recordable
from loopgraph.contracts.traces import Recorded
from loopgraph.effects.clock import now
from loopgraph.effects.traces import Traces
from loopgraph.errors import UserError


class Recorder:
    """Takes events in, on behalf of every door."""

    def __init__(self, traces: Traces, redactor: Redactor) -> None:
        self._traces = traces
        self._redactor = redactor

    async def record(self, events: Sequence[Recordable]) -> list[Recorded | UserError]:
        """What became of each event, in their order; all that were recorded are committed. See ``Traces.record``."""
        received_at = now()
        clean = [self._clean(event) for event in events]
        sound = [event for event in clean if not isinstance(event, UserError)]
        recorded = iter(await self._traces.record(sound, received_at=received_at))
        return [event if isinstance(event, UserError) else next(recorded) for event in clean]

    def _clean(self, event: Recordable) -> Recordable | UserError:
        try:
            return redact_event(event, self._redactor)
        except UserError as error:
            return error
