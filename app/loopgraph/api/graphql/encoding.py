"""Answers as JSON, made in slices: the encoder would hold up the event loop for as long as a large one takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from loopgraph.api.graphql.pace import Pace

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
    if levels and isinstance(value, dict) and any(map(_nested, value.values())) and all(map(_is_text, value)):
        before = b"{"
        for key, item in value.items():
            yield before + _whole(key) + b":"
            yield from _parts(item, levels - 1)
            before = b","
        yield b"}"
    elif levels and isinstance(value, list) and _nested(value):
        before = b"["
        for item in value:
            yield before
            yield from _parts(item, levels - 1)
            before = b","
        yield b"]"
    else:
        yield _whole(value)


def _nested(value: Any) -> bool:
    """Whether a value can be large: an object that is not empty, or a list of objects or lists."""
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)


def _is_text(key: Any) -> bool:
    return isinstance(key, str)


def _whole(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
