"""Answers as JSON, made in slices: the encoder would hold up the event loop for as long as a large one takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from loopgraph.api.graphql.pace import Pace
from loopgraph.contracts.base import json_form

_AT_ONCE = 10_000
"""So many parts take about a millisecond; of a long text, so many characters count as one."""

_CHARACTERS = 64

_DEEP = 60
"""What is nested further is encoded at once: only free JSON is, and its size is bounded where it is stored."""


async def encoded(value: Any, pace: Pace) -> bytes:
    """The JSON of a value, as ``orjson`` makes it."""
    parts: list[bytes] = []
    for part in _parts(value, _DEEP):
        parts.append(part)
        if pace.spent():
            await pace.turn()
    return b"".join(parts)


def _parts(value: Any, levels: int) -> Iterator[bytes]:
    if not levels or not isinstance(value, dict | list) or _size(value) <= _AT_ONCE:
        yield _whole(value)
    elif isinstance(value, list):
        before = b"["
        for some in _together(value):
            yield before
            if len(some) == 1:
                yield from _parts(some[0], levels - 1)
            else:
                yield _whole(some)[1:-1]
            before = b","
        yield b"]"
    elif all(map(_is_text, value)):
        before = b"{"
        for key, item in value.items():
            yield before + _whole(key) + b":"
            yield from _parts(item, levels - 1)
            before = b","
        yield b"}"
    else:
        yield _whole(value)


def _together(items: list[Any]) -> Iterator[list[Any]]:
    """The items in runs that are encoded at once; one that is too large for that is alone."""
    some: list[Any] = []
    left = _AT_ONCE
    for item in items:
        size = _size(item)
        if some and size > left:
            yield some
            some, left = [], _AT_ONCE
        some.append(item)
        left -= size
    if some:
        yield some


def _size(value: Any) -> int:
    """How many parts a value has; of one that has more than are encoded at once, more than that, and no more is looked at."""
    found = 0
    containers: list[Any] = [[value]]
    for one in containers:
        found += len(one)
        if found > _AT_ONCE:
            break
        for item in one.values() if type(one) is dict else one:
            kind = type(item)
            if kind is str:
                if len(item) > _CHARACTERS:
                    found += len(item) // _CHARACTERS
            elif kind is dict or kind is list:
                containers.append(item)
    return found


def _is_text(key: Any) -> bool:
    return isinstance(key, str)


def _whole(value: Any) -> bytes:
    return orjson.dumps(value, json_form, orjson.OPT_NON_STR_KEYS)
