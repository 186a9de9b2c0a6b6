"""Takes the secrets out of an event of a trace."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from loopgraph.computes.redaction import Redactor
from loopgraph.contracts.observations import Recordable
from loopgraph.errors import InvalidInput

M = TypeVar("M", bound=BaseModel)


def redact_event(event: Recordable, redactor: Redactor) -> Recordable:
    """The event without its secrets: every text and free value is looked through; the same object if it has none.

    An id cannot be redacted, because it ties events together: one that looks like a secret is refused. Raises InvalidInput for
    it, without showing it, and for a value that is nested too deeply.
    """
    return _redacted(event, redactor)


def _redacted(model: M, redactor: Redactor) -> M:
    changes = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name.endswith("_id"):
            if value is not None and redactor.redact_text(value) != value:
                raise InvalidInput(name, "looks like a secret; an id is stored and shown as it is")
            continue
        if isinstance(value, BaseModel):
            clean: object = _redacted(value, redactor)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            clean = tuple(_redacted(item, redactor) for item in value)
        else:
            clean = redactor.redact(value, field=name)
        if clean != value:
            changes[name] = clean
    return model.model_copy(update=changes) if changes else model
