"""The wire format of protobuf, as far as it takes to find the parts of a message without reading them.

A message that is read as a whole is lost as a whole for one text in it that is no UTF-8; and the interpreter's lock is held for
as long as that takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from loopgraph.errors import InvalidInput

_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_SIZES: Final = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT: Final = 10


class Part(NamedTuple):
    """A field of a message: its number, its content if that has a length (texts, bytes, messages), and all of it as it stands."""

    number: int
    content: memoryview | None
    raw: memoryview


def parts(message: bytes | memoryview) -> Iterator[Part]:
    """The fields of a message in their order, up to where it breaks. Raises InvalidInput there."""
    view, at = memoryview(message), 0
    while at < len(view):
        begin = at
        tag, at = _varint(view, at)
        kind, content = tag & 7, None
        if kind == _DELIMITED:
            length, at = _varint(view, at)
            content = view[at : at + length]
            at += length
        elif kind == _VARINT:
            _, at = _varint(view, at)
        elif kind in _SIZES:
            at += _SIZES[kind]
        else:
            raise InvalidInput("body", "is no protobuf")
        if at > len(view) or tag >> 3 == 0:
            raise InvalidInput("body", "is no protobuf, or is cut off")
        yield Part(tag >> 3, content, view[begin:at])


def delimited(number: int, content: bytes) -> bytes:
    """A field with this content, as it stands in a message."""
    return _encoded(number << 3 | _DELIMITED) + _encoded(len(content)) + content


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    """The number that begins at ``at``, and the place after it."""
    value = 0
    for i, byte in enumerate(view[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, at + i + 1
    raise InvalidInput("body", "is no protobuf, or is cut off")


def _encoded(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
