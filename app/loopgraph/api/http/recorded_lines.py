"""A line of what was recorded elsewhere, as ``loopgraph traces load`` takes it: an item of ``/api/traces/batch``, or an
observation as dead letters hold them.

A line can be loaded again without harm, so a step has to bring its own id here.
"""

from __future__ import annotations

from pydantic import ValidationError

from loopgraph.api.errors import invalid_input
from loopgraph.api.http.batch import event_of_item
from loopgraph.api.http.bodies import json_value
from loopgraph.contracts.traces.observations import Observation, Recordable
from loopgraph.errors import InvalidInput

_IDS = {"hook": "execution_id", "endpoint": "call_id"}


def recordable_of(line: bytes) -> Recordable:
    """The event of a line. Raises InvalidInput."""
    data = json_value(line)
    if not isinstance(data, dict):
        raise InvalidInput("line", "must be a JSON object")
    if "event" in data:
        try:
            return Observation.model_validate(data)
        except ValidationError as error:
            raise invalid_input(error, Observation) from error
    kind = data.get("kind")
    id_ = _IDS.get(kind) if isinstance(kind, str) else None
    if id_ is not None and data.get(id_) is None:
        raise InvalidInput(id_, "is required in a file: without it, loading the line again would count it twice")
    return event_of_item(data)
