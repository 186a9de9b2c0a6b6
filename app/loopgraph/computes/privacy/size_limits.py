"""What is too large to be stored as it is: cut, with a marker that says how much is missing.

Sizes are in bytes: of texts in UTF-8, of other values as JSON. What has no size, because JSON cannot hold it, is left alone:
whoever stores it refuses it with a better reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import orjson

CUT: Final = "loopgraph.cut"
"""The name under which a value says that some of it is missing: ``{"loopgraph.cut": {"bytes": 123456}}``."""

_LONGEST_MARKER: Final = 64
_MARKER: Final = re.compile(r"…\[cut: [0-9,]+ of ([0-9,]+) bytes\]\Z")
_REACH: Final = 32 * 1024
"""No secret has more characters."""

_END: Final = "\uf8ff"
_ENDED: Final = re.compile(f"{_END}([0-9]+){_END}\\Z")
_DEEPEST: Final = 200
_CLOSE_ENOUGH: Final = 128
_SHORTEST_TEXT: Final = 256
"""Bytes to which texts inside a value are cut at most; if that does not help, other things go."""


def cut_text(text: str, limit: int) -> str:
    """The text in ``limit`` bytes: its beginning, and how much of it was cut; the same object if it is not longer.

    A character is cut off whole. ``limit`` is at least 64.
    """
    if len(text) * 4 <= limit or (len(text) <= limit and text.isascii()):
        return text
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) <= limit:
        return text
    cut_before = _MARKER.search(text, len(text) - _LONGEST_MARKER)
    return _cut(raw, limit, int(cut_before[1].replace(",", "")) if cut_before else len(raw))


def _cut(raw: bytes, limit: int, total: int) -> str:
    """The beginning of a text in ``limit`` bytes, and how much of the ``total`` was cut."""
    end = min(limit - _LONGEST_MARKER, len(raw))
    while end < len(raw) and raw[end] & 0xC0 == 0x80:  # within a character
        end -= 1
    return f"{raw[:end].decode('utf-8', 'surrogatepass')}…[cut: {total - end:,} of {total:,} bytes]"


def within_reach(value: Any, limit: int, depth: int = 0) -> Any:
    """The value with the ends of very long texts left out, so that looking for secrets takes no longer than what is kept is
    worth: an image of megabytes takes seconds. The same object if it has none; else ``settled`` is to follow once it is redacted.
    """
    if isinstance(value, str):
        if len(value) <= limit + 2 * _REACH:
            return value
        total = len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
        return f"{value[: limit + _REACH]}{_END}{total}{_END}"
    if depth > _DEEPEST:  # too deep to be kept at all, as whoever looks for secrets will say
        return value
    if isinstance(value, dict):
        shorter = {key: within_reach(item, limit, depth + 1) for key, item in value.items()}
        return shorter if any(shorter[key] is not item for key, item in value.items()) else value
    if isinstance(value, list | tuple):
        items = [within_reach(item, limit, depth + 1) for item in value]
        return type(value)(items) if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def settled(value: Any, limit: int) -> Any:
    """What ``within_reach`` left, with texts whose ends it left out in ``limit`` bytes.

    What stood before a missing end goes, too: it can be half of a secret.
    """
    if isinstance(value, str):
        ended = _ENDED.search(value, max(0, len(value) - _LONGEST_MARKER))
        if ended is None:
            return value
        sure = value[: max(0, ended.start() - _REACH)]
        return _cut(sure.encode("utf-8", "surrogatepass"), limit, int(ended[1]))
    if isinstance(value, dict):
        return {key: settled(item, limit) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([settled(item, limit) for item in value])
    return value


def cut_texts(texts: tuple[str, ...], limit: int) -> tuple[str, ...]:
    """The first of the texts that fit into ``limit`` bytes, and how many were cut; the same object if all fit."""
    if sum(len(text) for text in texts) * 4 <= limit:
        return texts
    kept = _first_that_fit(texts, limit)
    return texts if kept == len(texts) else (*texts[:kept], f"…[cut: {len(texts) - kept:,} of {len(texts):,}]")


def cut_value(value: Any, limit: int) -> Any:
    """A JSON-like value in ``limit`` bytes; the same object if it is not larger.

    Its longest texts are cut first. If it is still too large, its largest members are replaced by ``CUT`` markers, and if even
    their names are too many, or the items of a list, the first ones stay and a marker says how large the rest was.
    """
    if isinstance(value, str):
        return cut_text(value, limit)
    if not isinstance(value, dict | list | tuple):
        return value
    size = _size(value)
    if size is None or size <= limit:
        return value
    shortest = _with_texts_cut(value, _SHORTEST_TEXT)
    if (_size(shortest) or 0) <= limit:
        return _with_longest_texts(value, limit)
    if isinstance(value, dict):
        return _largest_members_cut(shortest, value, limit)
    kept = _first_that_fit(shortest, limit)
    rest = [*shortest[:kept], _marker(value[kept:], len(value) - kept)]
    return tuple(rest) if isinstance(value, tuple) else rest


def _with_longest_texts(value: Any, limit: int) -> Any:
    """The value with its texts cut to the same length, the greatest that fits, or nearly so."""
    fits, too_long = _SHORTEST_TEXT, limit
    while too_long - fits > _CLOSE_ENOUGH:
        middle = (fits + too_long) // 2
        if (_size(_with_texts_cut(value, middle)) or 0) <= limit:
            fits = middle
        else:
            too_long = middle
    return _with_texts_cut(value, fits)


def _size(value: Any) -> int | None:
    """The bytes of a value as JSON; None if JSON cannot hold it."""
    try:
        return len(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str))
    except orjson.JSONEncodeError:
        return None


def _with_texts_cut(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return cut_text(value, longest)
    if isinstance(value, dict):
        return {key: _with_texts_cut(item, longest) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_with_texts_cut(item, longest) for item in value])
    return value


def _largest_members_cut(value: dict[Any, Any], whole: dict[Any, Any], limit: int) -> dict[Any, Any]:
    """``value`` with markers in the place of as many members as need be; ``whole`` is what they were."""
    result, size = dict(value), _size(value) or 0
    nested = [(_size(item) or 0, key) for key, item in value.items() if isinstance(item, dict | list | tuple)]
    for bytes_, key in sorted(nested, key=lambda found: found[0], reverse=True):
        if size <= limit:
            return result
        result[key] = _marker(whole[key])
        size += (_size(result[key]) or 0) - bytes_
    if size <= limit:
        return result
    members = list(result.items())
    kept = _first_that_fit(members, limit)
    rest = dict(list(whole.items())[kept:])
    return {**dict(members[:kept]), **_marker(rest, len(rest))}


def _first_that_fit(items: Iterable[Any], limit: int) -> int:
    """How many of the items fit into ``limit`` bytes together with a marker."""
    left, kept = limit - 2 * _LONGEST_MARKER, 0
    for item in items:
        left -= (_size(item) or 0) + 2
        if left < 0:
            break
        kept += 1
    return kept


def _marker(value: Any, items: int | None = None) -> dict[str, dict[str, int]]:
    missing = {"bytes": _size(value) or 0}
    return {CUT: missing if items is None else {**missing, "items": items}}
