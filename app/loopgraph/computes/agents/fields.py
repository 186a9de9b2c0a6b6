"""Reads the fields of a report one by one. What is left in the end has no place of its own and becomes its context."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson
from pydantic import ValidationError

from loopgraph.contracts.traces.events import LONGEST_MS
from loopgraph.errors import InvalidInput, in_our_words

LONGEST_NAME: Final = 255
LONGEST_TEXT: Final = 1_000_000
_LARGEST_COUNT: Final = 2**53 - 1

_LONG_WORD: Final = 128
_CUT_WORD: Final = re.compile(r"[\w.~-]+\Z")
_IN_WORD: Final = re.compile(r"[\w.~-]")


class Fields:
    """The fields of one report. Each ``take`` removes the field if it is of the kind that is asked for, and answers None if not,
    so that an odd value stays in ``rest`` instead of being lost. A null is as good as no field."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        if all(values.values()):  # many times as fast as a look at each, and mostly enough
            self.rest = dict(values)
        else:
            self.rest = {name: value for name, value in values.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self.rest

    def any(self, *names: str) -> Any:
        """The first of these fields that is there, whatever it is."""
        for name in names:
            if name in self.rest:
                return self.rest.pop(name)
        return None

    def text(self, *names: str) -> str | None:
        """The first that is a text with something in it; of one that is too long, its beginning."""
        for name in names:
            value = self.rest.get(name)
            if isinstance(value, str) and value.strip():
                del self.rest[name]
                return shortened(value, LONGEST_TEXT)
        return None

    def name(self, *names: str) -> str | None:
        """The first that is a short text, without white space around it."""
        for name in names:
            value = self.rest.get(name)
            if isinstance(value, str) and value.strip() and len(value) <= LONGEST_NAME:
                del self.rest[name]
                return value.strip()
        return None

    def id(self, name: str) -> str | None:
        """An id that says where the report belongs; an empty one is none. Raises InvalidInput if it is not a text."""
        value = self.rest.pop(name, None)
        if value is not None and not isinstance(value, str):
            raise InvalidInput(name, "must be a text")
        return value or None

    def required_id(self, name: str) -> str:
        """An id without which nothing can be said. Raises InvalidInput."""
        value = self.id(name)
        if value is None:
            raise InvalidInput(name, "is required: a text that is not empty")
        return value

    def number(self, *names: str, largest: float = LONGEST_MS) -> float | None:
        """The first that is a number from 0 to ``largest``: to what a duration, in milliseconds, can be; also one written as
        text."""
        for name in names:
            value = _number(self.rest.get(name))
            if value is not None and 0 <= value <= largest:
                del self.rest[name]
                return value
        return None

    def count(self, *names: str, smallest: int = 0, largest: int = _LARGEST_COUNT) -> int | None:
        """The first that is a whole number in these bounds; also one written as text, or sent as a double."""
        for name in names:
            value = _whole(self.rest.get(name))
            if isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest:
                del self.rest[name]
                return value
        return None

    def flag(self, *names: str) -> bool | None:
        """The first that is true or false; also one written as text."""
        for name in names:
            value = self.rest.get(name)
            if isinstance(value, str):
                value = {"true": True, "false": False}.get(value.lower())
            if isinstance(value, bool):
                del self.rest[name]
                return value
        return None

    def json(self, *names: str) -> Any:
        """The first of these fields; a text that holds a JSON object or array as what it holds."""
        value = self.any(*names)
        if isinstance(value, str) and value[:1] in ("{", "["):
            try:
                return orjson.loads(value)
            except orjson.JSONDecodeError:
                return value
        return value


_NAME: Final = re.compile(r"[a-z]+(?:_[a-z]+)+")


def first_problem(error: ValidationError) -> InvalidInput:
    """The first thing that is wrong with a report, without its value: its field, and what would be right. A rule over several
    fields is about the one that it speaks of first."""
    first = error.errors(include_url=False, include_input=False)[0]
    problem = in_our_words(first["msg"])
    if not (field := ".".join(str(part) for part in first["loc"])):
        named = _NAME.search(problem)
        field = named[0] if named else "body"
        problem = problem.removeprefix(f"{field} ")
    return InvalidInput(field, problem)


def _whole(value: Any) -> Any:
    """The value, as a number if it is a whole one written as text or sent as a double."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def shortened(text: str, longest: int) -> str:
    """The beginning of the text, in so many characters, without a word that would be cut through.

    Secrets are known by their form, and looked for later: what is left of one at a cut could be too short for that. A word
    that is longer than ``_LONG_WORD`` is cut through, because what is left of it is not.
    """
    cut = text[:longest]
    if len(text) > longest and _IN_WORD.match(text, longest):
        word = _CUT_WORD.search(cut, max(0, longest - _LONG_WORD))
        if word is not None and len(word[0]) < _LONG_WORD:
            return cut[: word.start()]
    return cut


def said(**fields: Any) -> dict[str, Any]:
    """The fields that are known: for a contract, what is not given says nothing."""
    return {name: value for name, value in fields.items() if value is not None}
