"""Reads attributes by the rows of the table that apply to them: the first place that holds a value of the right kind."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeVar

import orjson

from loopgraph.computes.agents.fields import LONGEST_NAME, Fields, shortened
from loopgraph.computes.otel.dialects.dialect import Dialect, Kind, Listed, Member, Role, Source, Summed, Told
from loopgraph.computes.otel.dialects.table import SPANS
from loopgraph.computes.otel.model import Attributes, Span
from loopgraph.contracts.traces.events import MOST_USD

T = TypeVar("T")

_TOKENS: Final = ("input_tokens", "plain_input_tokens", "output_tokens", "plain_output_tokens", "total_tokens")
_COSTS: Final = ("cost_usd", "input_cost_usd", "output_cost_usd")
_LONGEST_PRINTED: Final = 10_000
"""A map that Python has printed is read up to so many characters."""
_DEEPEST: Final = 16
_MOST_TAGS: Final = 100
_LONGEST_TAG: Final = 100


class Reading:
    """The attributes of a span or a log record. What is taken is gone from ``fields``; members of objects stay there."""

    def __init__(
        self, attributes: Attributes, dialects: tuple[Dialect, ...], events: Sequence[Attributes] = ()
    ) -> None:
        self._begin(attributes, _shape(dialects, frozenset(attributes)), events)

    def _begin(self, attributes: Attributes, shape: _Shape, events: Sequence[Attributes]) -> None:
        self.fields = Fields(attributes)
        self._shape = shape
        self._events = events
        if shape.json_texts:
            self.fields.rest = {
                name: _unquoted(value) if name in shape.json_texts else value
                for name, value in self.fields.rest.items()
            }

    @classmethod
    def of(cls, span: Span) -> Reading:
        """The attributes of a span."""
        reading = cls.__new__(cls)
        shape = _shape_of(span.origin.scope.get("name"), frozenset(span.attributes))
        reading._begin(span.attributes, shape, span.more.get("events", ()))
        return reading

    @classmethod
    def of_attributes(cls, attributes: Attributes) -> Reading:
        """The attributes of another signal than a span, in whatever dialect."""
        return cls(attributes, _shape_of(None, frozenset(attributes)).dialects)

    @property
    def kind(self) -> Kind | None:
        """What it stands for, if it says so."""
        for dialect, attribute in self._shape.kinds:
            value = self.fields.rest.get(attribute)
            if not isinstance(value, str) or not value.strip():
                continue
            known = dialect.kinds[attribute].get(value.strip().lower()) or dialect.other
            if known is not None:
                return Kind(known.role, known.hook_type or _title(value)) if known.role is Role.STEP else known
        return Kind(Role.MODEL) if self._has("model", *_TOKENS) else None

    def may_say(self, *what: str) -> bool:
        """Whether there is anything where one of these may be."""
        return bool(self._shape.places(what))

    @property
    def tells_cost(self) -> bool:
        """Whether it says something of what it cost."""
        return self._has(*_COSTS)

    def text(self, *what: str) -> str | None:
        """The first text."""
        return self._first(what, Fields.text)

    def name(self, *what: str) -> str | None:
        """The first short text."""
        return self._first(what, Fields.name)

    def count(self, *what: str) -> int | None:
        """The first count."""
        return self._first(what, Fields.count)

    def http_status(self, *what: str) -> int | None:
        """The first status of an HTTP response."""
        return self._first(what, lambda fields, name: fields.count(name, smallest=100, largest=599))

    def number(self, *what: str) -> float | None:
        """The first number."""
        return self._first(what, Fields.number)

    def cost(self, *what: str) -> float | None:
        """The first number of US dollars that a call can cost."""
        return self._first(what, lambda fields, name: fields.number(name, largest=MOST_USD))

    def flag(self, *what: str) -> bool | None:
        """The first that is true or false."""
        return self._first(what, Fields.flag)

    def json(self, *what: str) -> Any:
        """The first value, whatever it is; a text that holds a JSON object or array as what it holds."""
        return self._first(what, Fields.json)

    def asked(self, *what: str, reduce: Callable[[Any], str | None]) -> str | None:
        """The first text that ``reduce`` makes of a value; of one that it makes nothing of, the text itself."""

        def take(fields: Fields, name: str) -> str | None:
            value = fields.rest.get(name)
            text = reduce(value) or (value if isinstance(value, str) and value.strip() else None)
            if text is not None:
                fields.any(name)
            return text

        return self._first(what, take)

    def tags(self) -> tuple[str, ...]:
        """The tags: of a list, or of a text with commas between them."""
        found = self.json("tags")
        if found is None:
            return ()
        items = found.split(",") if isinstance(found, str) else found if isinstance(found, list) else ()
        texts = (item.strip()[:_LONGEST_TAG].strip() for item in items[:_MOST_TAGS] if isinstance(item, str))
        return tuple(dict.fromkeys(filter(None, texts)))

    def _has(self, *what: str) -> bool:
        places = self._shape.places(what)
        return bool(places) and any(
            place in self.fields if isinstance(place, str) else self._value(place) is not None for place in places
        )

    def _first(self, what: tuple[str, ...], take: Callable[[Fields, str], T | None]) -> T | None:
        for place in self._shape.places(what):
            if isinstance(place, str):
                found = take(self.fields, place) if place in self.fields else None
            elif (value := self._value(place)) is None:
                continue
            else:
                found = take(Fields({"": value}), "")
            if found is not None:
                if isinstance(place, Listed):
                    self.fields.rest = {
                        name: value for name, value in self.fields.rest.items() if _place_in(name, place.prefix) is None
                    }
                return found
        return None

    def _value(self, place: Member | Listed | Told | Summed) -> Any:
        match place:
            case Member(attribute, path):
                if attribute not in self.fields:
                    return None
                value = _object(self.fields.rest[attribute])
                for name in path:
                    value = value.get(name) if isinstance(value, dict) else None
                return value
            case Summed(attribute, prefix, besides):
                members = _object(self.fields.rest.get(attribute))
                return _sum(members, prefix, besides) if isinstance(members, dict) else None
            case Listed(prefix):
                return _listed(self.fields.rest, prefix)
            case Told(events):
                return [_told(event) for event in self._events if event.get("name") in events] or None


@dataclass(frozen=True, eq=False)
class _Shape:
    """What the names of attributes say of where to look, whatever their values are: most spans of an application are alike."""

    dialects: tuple[Dialect, ...]
    names: frozenset[str]
    json_texts: frozenset[str]
    """The names of attributes whose texts are written as JSON."""
    kinds: tuple[tuple[Dialect, str], ...]
    """The attributes that may say what a span stands for, in their order."""
    _places: dict[tuple[str, ...], tuple[Source, ...]] = field(default_factory=dict)

    def places(self, what: tuple[str, ...]) -> tuple[Source, ...]:
        """Where values of these fields may be, in their order."""
        try:
            return self._places[what]
        except KeyError:
            all_ = (place for field in what for dialect in self.dialects for place in getattr(dialect, field))
            places = self._places[what] = tuple(place for place in all_ if self._may_be_at(place))
            return places

    def _may_be_at(self, place: Source) -> bool:
        match place:
            case str():
                return place in self.names
            case Member(attribute, _) | Summed(attribute):
                return attribute in self.names
            case Listed(prefix):
                return any(name.startswith(f"{prefix}.") for name in self.names)
            case Told():
                return True


@lru_cache(maxsize=512)
def _shape_of(scope: str | None, names: frozenset[str]) -> _Shape:
    """That of the attributes of a scope with these names, by the rows of the table that apply to them, in their order."""
    return _shape(
        tuple(
            dialect
            for dialect in SPANS
            if scope in dialect.scopes or any(name.startswith(dialect.marks) for name in names)
        ),
        names,
    )


@lru_cache(maxsize=512)
def _shape(dialects: tuple[Dialect, ...], names: frozenset[str]) -> _Shape:
    json_texts = tuple(prefix for dialect in dialects for prefix in dialect.json_texts)
    return _Shape(
        dialects,
        names,
        frozenset(name for name in names if name.startswith(json_texts)),
        tuple((dialect, attribute) for dialect in dialects for attribute in dialect.kinds if attribute in names),
    )


def _title(value: str) -> str:
    return shortened(value.strip(), LONGEST_NAME).strip().capitalize()


def _unquoted(value: Any) -> Any:
    """A text that is written as JSON, as it is; anything else as it stands."""
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _object(value: Any) -> Any:
    """A map, of JSON or as Python prints it; anything else says nothing."""
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        pass
    if len(value) > _LONGEST_PRINTED:
        return None
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _sum(members: dict[str, Any], prefix: str, besides: frozenset[str]) -> float | None:
    found = [
        value
        for name, value in members.items()
        if name.startswith(prefix)
        and name not in besides
        and isinstance(value, int | float)
        and not isinstance(value, bool)
    ]
    return sum(found) if found else None


def _place_in(name: str, prefix: str) -> tuple[int, list[str]] | None:
    """The index in a list, and the names below it, that the name of an attribute says."""
    if not name.startswith(prefix) or name[len(prefix) : len(prefix) + 1] != ".":
        return None
    index, *path = name[len(prefix) + 1 :].split(".")
    return (int(index), path) if index.isdecimal() and len(index) < 6 and len(path) < _DEEPEST else None


def _listed(attributes: Attributes, prefix: str) -> list[Any] | None:
    """A list from attributes such as ``prefix.0.message.role``."""
    tree: dict[str, Any] = {}
    for name, value in attributes.items():
        if (found := _place_in(name, prefix)) is None:
            continue
        index, path = found
        *above, last = [str(index), *path]
        node: Any = tree
        for part in above:
            node = node.setdefault(part, {}) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node[last] = value
    plain = _lists(tree)
    return plain if isinstance(plain, list) and plain else None


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    inner = {name: _lists(value) for name, value in node.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


_HOLDERS: Final = ("gen_ai.prompt", "gen_ai.completion", "gen_ai.event.content")
"""Attributes of the events of spans that hold messages as JSON."""


def _told(event: Attributes) -> Any:
    attributes = event.get("attributes") or {}
    for name in _HOLDERS:
        if name in attributes:
            return Fields(attributes).json(name)
    return message_of(event["name"], attributes)


def message_of(event: str, body: Any) -> Any:
    """A message that an event such as ``gen_ai.user.message`` or ``gen_ai.choice`` holds, with whose it is."""
    who = event.removeprefix("gen_ai.").removesuffix(".message")
    return {"role": "assistant" if who == "choice" else who, **body} if isinstance(body, dict) else body
