"""What the doors read of a request: its body, and what it asks for.

What takes long is done in two threads, so that others are answered meanwhile; more threads would only keep the loop from the
interpreter.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

import orjson
from starlette.requests import Request

from loopgraph.api.errors import UnsupportedMediaType
from loopgraph.api.http import json_slices
from loopgraph.errors import InvalidInput

P = ParamSpec("P")
T = TypeVar("T")

LONG: Final = 32 * 1024
"""Larger bodies are read in a thread."""

_NO_NUMBER: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|(-?Infinity|NaN)', re.DOTALL)
"""A text, which stays, or a number that JSON does not have."""

_ENCODINGS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""Content encodings, and what zlib calls them, with the largest window."""

_FIRST_STEP: Final = 512
_LONGEST_STEP: Final = 64 * 1024
_READERS: Final = ThreadPoolExecutor(2, thread_name_prefix="loopgraph-body")

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


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What some work that takes long comes to; it is done in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_READERS, lambda: work(*args, **kwargs))


async def body_of(request: Request) -> bytes:
    """The body, as it was before its ``Content-Encoding``.

    Raises UnsupportedMediaType and InvalidInput as ``plain`` does, and Overloaded if there is no room for it.
    """
    body = await request.body()
    encoding = ", ".join(request.headers.getlist("content-encoding"))
    if encoding.strip().lower() in ("", "identity"):
        return body
    settings = request.app.state.services.settings
    return await aside(plain, body, encoding, settings.max_batch_bytes, request.state.share.grow)


async def read(reader: Callable[[bytes], T], body: bytes) -> T:
    """What a body is read as, at once or, if it is long, in a thread."""
    return reader(body) if len(body) <= LONG else await aside(reader, body)


def json_value(body: bytes) -> Any:
    """The JSON of a body. Raises InvalidInput."""
    try:
        return json_slices.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput("body", f"is not JSON: {error}") from error


async def json_object(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises UnsupportedMediaType, InvalidInput, Overloaded."""
    kind = media_type(request)
    if not is_json(kind):
        raise UnsupportedMediaType(f"the body must be application/json, not {kind or 'without a Content-Type'}")
    body = await read(json_value, await body_of(request))
    if not isinstance(body, dict):
        raise InvalidInput("body", "must be a JSON object")
    return body


def agent_json_value(body: bytes) -> Any:
    """The JSON of a body that an agent client wrote. Raises InvalidInput.

    Halves of surrogate pairs become U+FFFD: programs in JavaScript that cut a text anywhere send them, and no text can hold them.
    So do bytes that are no UTF-8, which a program cut in another place. The numbers that JSON does not have, which Python
    writes, are texts, as OTLP has them.
    """
    try:
        return json_value(body)
    except InvalidInput:
        readable = body.decode("utf-8", "replace").encode()
        whole = _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], readable)
        return json_value(_NO_NUMBER.sub(lambda found: b'"' + found[1] + b'"' if found[1] else found[0], whole))


def plain(body: bytes, encoding: str, largest: int, grow: Callable[[int], None] = lambda more: None) -> bytes:
    """The body as it was before its ``Content-Encoding``, gzip or deflate, and no more than ``largest`` bytes of it.

    The time it takes is linear in what comes in and out. ``grow`` is told how much comes out, as it does. Raises
    UnsupportedMediaType for other encodings and several, InvalidInput for what is not encoded so, is cut off, or is larger.
    """
    name = encoding.strip().lower()
    if name not in _ENCODINGS:
        raise UnsupportedMediaType(f"the Content-Encoding must be gzip, deflate or none, not {encoding}")
    whole, at, view = bytearray(), 0, memoryview(body)
    while at < len(body):  # a gzip stream can have several members
        if at and name == "deflate":
            raise InvalidInput("body", "goes on after the end of its compressed stream")
        member, step = zlib.decompressobj(wbits=_ENCODINGS[name]), _FIRST_STEP
        while not member.eof:
            if at == len(body):
                raise InvalidInput("body", "is cut off: its compressed stream has no end")
            part = view[at : at + step]
            try:
                more = member.decompress(part, largest + 1 - len(whole))
            except zlib.error as error:
                raise InvalidInput("body", f"is not what its Content-Encoding says: {name}") from error
            whole += more
            if len(whole) > largest:
                raise InvalidInput("body", f"must have no more than {largest} bytes once it is decompressed")
            grow(len(more))
            # What is left over of a part is copied each time: a member that ends soon must not be given much.
            at += len(part) - len(member.unused_data)
            step = min(2 * step, _LONGEST_STEP)
    return bytes(whole)
