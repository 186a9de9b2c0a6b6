"""What a known sender cannot say otherwise: an event of a person is of no other user than that person is."""

from __future__ import annotations

from loopgraph.contracts.access import ADMIN, is_person
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.observations import Observation, Recordable


def said_by(sender: Principal | None, event: Recordable) -> Recordable:
    """The event; one that names a user names its sender, if that is a person."""
    if sender is None or ADMIN in sender.roles or not is_person(sender):
        return event
    told = event.event if isinstance(event, Observation) else event
    if getattr(told, "user_id", None) in (None, sender.subject):
        return event
    own = told.model_copy(update={"user_id": sender.subject})
    return event.model_copy(update={"event": own}) if isinstance(event, Observation) else own  # type: ignore[return-value]
