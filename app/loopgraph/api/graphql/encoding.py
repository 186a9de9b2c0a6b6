"""Answers as JSON, made in slices: the encoder would hold up the event loop for as long as a large one takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from loopgraph.api.graphql.pace import Pace

_AT_ONCE = 1_000
"""So many parts take well below a millisecond, unless they are long texts."""

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
    if levels and isinstance(value, dict) and _large(value) and all(map(_is_text, value)):
        before = b"{"
        for key, item in value.items():
            yield before + _whole(key) + b":"
            yield from _parts(item, levels - 1)
            before = b","
        yield b"}"
    elif levels and isinstance(value, list) and _large(value):
        before = b"["
        for item in value:
            yield before
            yield from _parts(item, levels - 1)
            before = b","
        yield b"]"
    else:
        yield _whole(value)


def _large(value: Any) -> bool:
    """Whether a value has more parts, or is deeper, than is encoded at once; it looks at no more of it than it takes to know."""
    found, level = 0, [value]
    for _ in range(_DEEP):
        inner = []
        for one in level:
            found += len(one)
            if found > _AT_ONCE:
                return True
            inner += [
                item for item in (one.values() if isinstance(one, dict) else one) if isinstance(item, dict | list)
            ]
        if not inner:
            return False
        level = inner
    return True


def _is_text(key: Any) -> bool:
    return isinstance(key, str)


def _whole(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
