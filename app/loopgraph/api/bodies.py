"""What the doors read of a request: its body, and what it asks for."""

from __future__ import annotations

import zlib
from typing import Any, Final

import orjson
from starlette.requests import Request

from loopgraph.api.errors import UnsupportedMediaType
from loopgraph.errors import InvalidInput

_GZIP: Final = 31
"""What zlib calls a gzip stream with the largest window."""


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


def plain(body: bytes, encoding: str, largest: int) -> bytes:
    """The body as it was before its ``Content-Encoding``, of which gzip is read, and no more than ``largest`` bytes of it.

    Raises UnsupportedMediaType for other encodings, InvalidInput for what is no gzip, is cut off, or is larger.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _gunzip(body, largest)
    raise UnsupportedMediaType(f"the Content-Encoding must be gzip or none, not {encoding}")


def _gunzip(body: bytes, largest: int) -> bytes:
    whole, rest = bytearray(), body
    while rest:  # a gzip file can have several members
        member = zlib.decompressobj(wbits=_GZIP)
        try:
            whole += member.decompress(rest, largest + 1 - len(whole))
        except zlib.error as error:
            raise InvalidInput("body", "is no gzip, although its Content-Encoding says so") from error
        if len(whole) > largest:
            raise InvalidInput("body", f"must have no more than {largest} bytes once it is decompressed")
        if not member.eof:
            raise InvalidInput("body", "is cut off: the gzip stream has no end")
        rest = member.unused_data
    return bytes(whole)
