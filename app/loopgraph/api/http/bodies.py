"""What the doors read of a request: its body, and what it asks for."""

from __future__ import annotations

import re
import zlib
from typing import Any, Final

import orjson
from starlette.requests import Request

from loopgraph.api.errors import UnsupportedMediaType
from loopgraph.errors import InvalidInput

_ENCODINGS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""Content encodings, and what zlib calls them, with the largest window."""

_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""An escape in JSON text: a pair of surrogates, half a pair, or another."""


def media_type(request: Request) -> str:
    """The media type of the body in small letters, without parameters; empty if it is not said."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(media: str) -> bool:
    """Whether it is a media type of JSON."""
    return media == "application/json" or media.endswith("+json")


def waits_for_commit(request: Request) -> bool:
    """Whether the answer is to wait for the commit, as it does without ``?ack=queued``. Raises InvalidInput for other values."""
    ack = request.query_params.get("ack", "committed")
    if ack not in ("committed", "queued"):
        raise InvalidInput("ack", "must be committed or queued")
    return ack == "committed"


def json_value(body: bytes) -> Any:
    """The JSON of a body. Raises InvalidInput."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput("body", f"is not JSON: {error}") from error


def agent_json_value(body: bytes) -> Any:
    """The JSON of a body that an agent client wrote. Raises InvalidInput.

    Halves of surrogate pairs become U+FFFD: programs in JavaScript that cut a text anywhere send them, and no text can hold them.
    """
    try:
        return json_value(body)
    except InvalidInput:
        return json_value(_ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], body))


def plain(body: bytes, encoding: str, largest: int) -> bytes:
    """The body as it was before its ``Content-Encoding``, gzip or deflate, and no more than ``largest`` bytes of it.

    Raises UnsupportedMediaType for other encodings, InvalidInput for what is not encoded so, is cut off, or is larger.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in _ENCODINGS:
        raise UnsupportedMediaType(f"the Content-Encoding must be gzip, deflate or none, not {encoding}")
    whole, rest = bytearray(), body
    while rest:  # a gzip stream can have several members
        member = zlib.decompressobj(wbits=_ENCODINGS[name])
        try:
            whole += member.decompress(rest, largest + 1 - len(whole))
        except zlib.error as error:
            raise InvalidInput("body", f"is not what its Content-Encoding says: {name}") from error
        if len(whole) > largest:
            raise InvalidInput("body", f"must have no more than {largest} bytes once it is decompressed")
        if not member.eof:
            raise InvalidInput("body", "is cut off: its compressed stream has no end")
        rest = member.unused_data
    return bytes(whole)
