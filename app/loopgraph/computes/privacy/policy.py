"""What every event goes through before it waits, is stored or is logged: content is left out if that is wanted, secrets are
replaced, and what is too large is cut, in this order, so that no half of a secret is left at a cut."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from loopgraph.computes.privacy.content import KINDS, Kind, frame_of_address, frame_of_map
from loopgraph.computes.privacy.redaction import Redactor
from loopgraph.computes.privacy.size_limits import cut_text, cut_texts, cut_value, settled, within_reach
from loopgraph.errors import InvalidInput, InvalidSetting
from loopgraph.settings import CaptureContent, Settings

DEFAULT_FIELD_BYTES: Final = 64 * 1024

M = TypeVar("M", bound=BaseModel)

_Way = Callable[[str, Any, bool], Any]
"""What becomes of the value of a field, by the field's name, and by whether it is so light that nothing has to be cut of it."""

_LONGEST_ESCAPE: Final = 6
"""So many bytes of JSON a character can take, and a sixth of what a value can take beside its characters is counted for it."""

_REMEMBERED: Final = 1_024
"""So many sets of fields that come together are remembered."""

_ESCAPED = re.compile(rb"=([0-9A-F]{2})")


@dataclass(frozen=True, slots=True)
class Privacy:
    """Decides what of an event is kept. ``max_field_bytes`` bounds each text, list and JSON value; it is at least 1024.

    What ``content`` says holds for content alone: names, headers and tags never keep their secrets.
    """

    redactor: Redactor = field(default_factory=Redactor)
    content: CaptureContent = CaptureContent.REDACTED
    max_field_bytes: int = DEFAULT_FIELD_BYTES
    _ways: dict[str, _Way | None] = field(init=False, repr=False, compare=False)
    _ways_of: Callable[[type[BaseModel], frozenset[str]], tuple[tuple[str, _Way], ...]] = field(
        init=False, repr=False, compare=False
    )

    @classmethod
    def configured(cls, settings: Settings) -> Privacy:
        """What the settings ask for. Raises InvalidSetting, naming the setting, for a name or a pattern that cannot work."""
        try:
            redactor = Redactor(settings.redact_names, settings.redact_patterns, settings.redact_emails)
        except InvalidInput as error:
            setting = "NAMES" if error.field.startswith("extra_names") else "PATTERNS"
            raise InvalidSetting(f"LOOPGRAPH_REDACT_{setting}: {error.problem}") from error
        return cls(redactor, settings.capture_content, settings.max_field_bytes)

    def __post_init__(self) -> None:
        # Which way a field goes is known before any event comes; None is the way of what has nothing to hide.
        object.__setattr__(self, "_ways", {name: self._way(name, kind) for name, kind in KINDS.items()})
        object.__setattr__(self, "_ways_of", lru_cache(maxsize=_REMEMBERED)(self._find_ways))

    def clean(self, event: M, *, weight: int | None = None) -> M:
        """The event as it may be kept; the same object if that is all of it.

        ``weight``, where it is known, is at least the characters of its texts and names, and 16 for every value: of what is light
        nothing has to be cut.

        An id cannot be redacted, because it ties events together: one that looks like a secret is refused. Raises InvalidInput
        for it, without showing it, and for a value that is nested too deeply.
        """
        return self._clean(event, weight is not None and weight * _LONGEST_ESCAPE <= self.max_field_bytes)

    def _clean(self, model: M, light: bool) -> M:
        changes, values = {}, model.__dict__
        for name, way in self._ways_of(type(model), frozenset(model.__pydantic_fields_set__)):
            value = values[name]
            if value is not None and (clean := way(name, value, light)) is not value:
                changes[name] = clean
        return model.model_copy(update=changes) if changes else model

    def _find_ways(self, contract: type[BaseModel], given: frozenset[str]) -> tuple[tuple[str, _Way], ...]:
        """The ways of the fields that are given and have something to hide, in the order of the contract; defaults have not."""
        ways = ((name, self._ways[name]) for name in contract.model_fields if name in given)
        return tuple((name, way) for name, way in ways if way is not None)

    def _way(self, name: str, kind: Kind) -> _Way | None:
        none, full = self.content is CaptureContent.NONE, self.content is CaptureContent.FULL
        match kind:
            case Kind.PLAIN:
                return None
            case Kind.ID:
                return self._id
            case Kind.PART:
                return self._part
            case Kind.CONTENT | Kind.MAP if full:
                return None
            case Kind.CONTENT if none:
                return _empty if name == "modifications_made" else _nothing
            case Kind.MAP | Kind.HEADERS if none:
                return lambda name, value, light: self._kept(name, _frame(value), light)
            case Kind.ADDRESS if none:
                return lambda name, value, light: self._kept(name, frame_of_address(value), light)
        return self._kept

    def _kept(self, name: str, value: Any, light: bool) -> Any:
        if not value:
            return value
        if light and value is (
            self.redactor.redact_text(value) if type(value) is str else self.redactor.redact(value, field=name)
        ):
            return value
        near = within_reach(value, self.max_field_bytes)
        redacted = self.redactor.redact(near, field=name)
        value = redacted if near is value else settled(redacted, self.max_field_bytes)
        if isinstance(value, str):
            return cut_text(value, self.max_field_bytes)
        if isinstance(value, tuple) and value and isinstance(value[0], str):
            return cut_texts(value, self.max_field_bytes)
        return cut_value(value, self.max_field_bytes)

    def _part(self, name: str, value: Any, light: bool) -> Any:
        if not isinstance(value, tuple):
            return self._clean(value, light)
        clean = tuple([self._clean(part, light) for part in value])
        return value if all(new is old for new, old in zip(clean, value, strict=True)) else clean

    def _id(self, name: str, value: Any, light: bool) -> Any:
        is_harmless = self.redactor.is_harmless_id
        if type(value) is str and is_harmless(value):  # nearly every one is
            return value
        for id_ in value if isinstance(value, tuple) else (value,):
            if is_harmless(id_):
                continue
            if self.redactor.redact_text(id_) is not id_ or ("=" in id_ and self._hides_a_secret(id_)):
                raise InvalidInput(name, "looks like a secret; an id is stored and shown as it is")
        return value

    def _hides_a_secret(self, id_: str) -> bool:
        """Whether it is one that ``as_id`` made of a text with a secret."""
        raw = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), id_.encode())
        text = raw.decode("utf-8", "replace")
        return self.redactor.redact_text(text) is not text


def _nothing(name: str, value: Any, light: bool) -> None:
    return None


def _empty(name: str, value: Any, light: bool) -> dict[str, Any]:
    return {}


def _frame(value: Any) -> Any:
    """What is no content of a free map, or of several."""
    if isinstance(value, tuple):
        return tuple([frame_of_map(item) for item in value])
    return frame_of_map(value) if value else value
