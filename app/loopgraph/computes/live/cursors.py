"""Cursors as texts: URL-safe base64 of a few bytes for each writer."""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from loopgraph.contracts.live import Cursor
from loopgraph.errors import InvalidInput

_VERSION: Final = 1
_LONGEST: Final = 64 * 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def cursor_text(cursor: Cursor) -> str:
    """The text that ``cursor_of`` reads."""
    numbers = [_VERSION, max(0, (cursor.at - _EPOCH) // _MICROSECOND), *(cursor.part or (0, 0))]
    last = 0
    for writer, seq in sorted(cursor.positions.items()):
        numbers += (writer - last, seq)
        last = writer
    content = b"".join(map(_packed, numbers))
    check = (zlib.crc32(content) & 0xFFFF).to_bytes(2)
    return urlsafe_b64encode(check + content).rstrip(b"=").decode()


def cursor_of(text: str, field: str) -> Cursor:
    """The cursor that a text is. Raises InvalidInput, naming ``field``, for one that no update carried."""
    wrong = InvalidInput(field, "must be the cursor of an update, as it was")
    if not text or len(text) > _LONGEST or not text.isascii():
        raise wrong
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        content = raw[2:]
        if raw[:2] != (zlib.crc32(content) & 0xFFFF).to_bytes(2):
            raise wrong
        version, micros, writer, done, *pairs = _numbers(content)
        if version != _VERSION or len(pairs) % 2:
            raise wrong
        at = _EPOCH + micros * _MICROSECOND
    except (ValueError, OverflowError) as error:
        raise wrong from error
    positions, last = {}, 0
    for more, seq in zip(pairs[::2], pairs[1::2], strict=True):
        last += more
        positions[last] = seq
    return Cursor(positions, at, (writer, done) if done else None)


def _packed(number: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last have the eighth."""
    bytes_ = bytearray()
    while number > 0x7F:
        bytes_.append(number & 0x7F | 0x80)
        number >>= 7
    bytes_.append(number)
    return bytes(bytes_)


def _numbers(content: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in content:
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield number
            number = shift = 0
    if shift:
        raise ValueError("a number has no end")
