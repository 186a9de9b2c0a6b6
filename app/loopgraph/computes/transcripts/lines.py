"""Lines of transcripts, read so that no line can fail, whatever it holds."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

import orjson

_VALUE_BYTES: Final = 128
"""What a value takes in memory beside what stands for it in its line: measured of small objects, which take most."""

_SHORT: Final = 16
"""In a shorter string no marks of values are looked for."""

_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def fits(line: bytes, most: int) -> bool:
    """Whether a line can be read in about ``most`` bytes of memory. A long text does; millions of small values do not."""
    if len(line) * (1 + _VALUE_BYTES) <= most:  # though each of its bytes were a value
        return True
    room = (most - len(line)) // _VALUE_BYTES
    values = _marks(line, 0, len(line))
    if values <= room:
        return True
    for string in _STRING.finditer(line) if room >= 0 else ():
        start, end = string.span()
        if end - start > _SHORT and (values := values - _marks(line, start, end)) <= room:
            return True
    return False


def _marks(line: bytes, start: int, end: int) -> int:
    """How many commas and opening brackets there are: about one for each value, but for those in strings."""
    return line.count(b",", start, end) + line.count(b"{", start, end) + line.count(b"[", start, end)


def record_of(line: bytes) -> dict[str, Any] | None:
    """The JSON object that a line holds; None if it holds none. Half a character, which some clients write, becomes ``?``."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        found = _leniently(line)
    return found if isinstance(found, dict) else None


def _leniently(line: bytes) -> Any:
    try:
        text = line.decode("utf-8", "replace")
        whole = json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace")
        return orjson.loads(whole)
    except (ValueError, RecursionError):
        return None


def instant_of(value: Any) -> datetime | None:
    """An instant as clients write them: RFC 3339, or milliseconds since 1970; None for anything else."""
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def mapping_of(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def texts_of(content: Any) -> str:
    """What is said in a message: a text, or the texts of its blocks, each on lines of its own."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    blocks = (block.get("text") if isinstance(block, dict) else block for block in content)
    return "\n".join(text for text in blocks if isinstance(text, str))
