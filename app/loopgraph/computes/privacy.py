"""What every event goes through before it waits, is stored or is logged: content is left out if that is wanted, secrets are
replaced, and what is too large is cut, in this order, so that no half of a secret is left at a cut."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from loopgraph.computes.content import KINDS, Kind, frame_of_address, frame_of_map
from loopgraph.computes.redaction import Redactor
from loopgraph.computes.size_limits import cut_text, cut_texts, cut_value
from loopgraph.contracts.observations import Recordable
from loopgraph.errors import InvalidInput
from loopgraph.settings import CaptureContent

DEFAULT_FIELD_BYTES: Final = 64 * 1024

M = TypeVar("M", bound=BaseModel)

_ESCAPED = re.compile(rb"=([0-9A-F]{2})")


@dataclass(frozen=True, slots=True)
class Privacy:
    """Decides what of an event is kept. ``max_field_bytes`` bounds each text, list and JSON value; it is at least 1024.

    What ``content`` says holds for content alone: names, headers and tags never keep their secrets.
    """

    redactor: Redactor = field(default_factory=Redactor)
    content: CaptureContent = CaptureContent.REDACTED
    max_field_bytes: int = DEFAULT_FIELD_BYTES

    def clean(self, event: Recordable) -> Recordable:
        """The event as it may be kept; the same object if that is all of it.

        An id cannot be redacted, because it ties events together: one that looks like a secret is refused. Raises InvalidInput
        for it, without showing it, and for a value that is nested too deeply.
        """
        return self._clean(event)

    def _clean(self, model: M) -> M:
        changes = {}
        for name, value in model.__dict__.items():
            kind = KINDS.get(name, Kind.CONTENT)
            if value is None or kind is Kind.PLAIN:
                continue
            clean = self._field(kind, name, value)
            if clean is not value:
                changes[name] = clean
        return model.model_copy(update=changes) if changes else model

    def _field(self, kind: Kind, name: str, value: Any) -> Any:
        match kind:
            case Kind.ID:
                self._check_id(name, value)
                return value
            case Kind.PART:
                return self._parts(value) if isinstance(value, tuple) else self._clean(value)
            case Kind.CONTENT | Kind.MAP if self.content is CaptureContent.FULL:
                return value
            case Kind.CONTENT if self.content is CaptureContent.NONE:
                return {} if name == "modifications_made" else None
        if self.content is CaptureContent.NONE:
            value = _frame(kind, value)
        return self._cut(self.redactor.redact(value, field=name))

    def _parts(self, parts: tuple[BaseModel, ...]) -> tuple[BaseModel, ...]:
        clean = tuple([self._clean(part) for part in parts])
        return parts if all(new is old for new, old in zip(clean, parts, strict=True)) else clean

    def _check_id(self, name: str, value: str | tuple[str, ...]) -> None:
        if isinstance(value, tuple):
            for item in value:
                self._check_id(name, item)
            return
        if self.redactor.redact_text(value) is not value or ("=" in value and self._hides_a_secret(value)):
            raise InvalidInput(name, "looks like a secret; an id is stored and shown as it is")

    def _hides_a_secret(self, id_: str) -> bool:
        """Whether it is one that ``as_id`` made of a text with a secret."""
        raw = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), id_.encode())
        text = raw.decode("utf-8", "replace")
        return self.redactor.redact_text(text) is not text

    def _cut(self, value: Any) -> Any:
        if isinstance(value, str):
            return cut_text(value, self.max_field_bytes)
        if isinstance(value, tuple) and value and isinstance(value[0], str):
            return cut_texts(value, self.max_field_bytes)
        return cut_value(value, self.max_field_bytes)


def _frame(kind: Kind, value: Any) -> Any:
    """The value without its content."""
    match kind:
        case Kind.ADDRESS:
            return frame_of_address(value)
        case Kind.MAP | Kind.HEADERS:
            if isinstance(value, tuple):
                return tuple([frame_of_map(item) for item in value])
            return frame_of_map(value) if value else value
    return value
