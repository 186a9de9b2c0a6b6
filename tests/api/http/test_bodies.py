"""Bodies as the doors read them."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.api.errors import UnsupportedMediaType
from loopgraph.api.http.bodies import agent_json_value, json_value, plain, read
from loopgraph.api.http.serving.limits import SMALL, Room
from loopgraph.errors import InvalidInput, Overloaded
from support.quick import first_quick


@pytest.mark.lengthy
@given(st.lists(st.text(st.characters(), max_size=20) | st.sampled_from(["\\u", "\\", '"', "\ud83d\ude00"])))
def test_text_of_any_kind_is_read(texts: list[str]) -> None:
    """Also with halves of surrogate pairs, which JavaScript writes and only U+FFFD can stand for."""
    readable = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    assert agent_json_value(json.dumps(texts).encode()) == readable


def test_half_a_pair() -> None:
    assert agent_json_value(rb'["\ud83d", "\\ud83d", "\ud83d\ude00", "\ude00x", "\ud83d\ud83d\ude00"]') == [
        "�",
        r"\ud83d",
        "😀",
        "�x",
        "�😀",
    ]


@pytest.mark.parametrize("body", [b"", b"{", b"[1,]", b'"\\ud83d', b'"\\x"', b"NaNs", b"\xff"])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    for reader in (json_value, agent_json_value):
        with pytest.raises(InvalidInput, match="is not JSON"):
            reader(body)


def test_numbers_that_json_does_not_have_are_texts_from_agents() -> None:
    body = b'{"NaN": [NaN, -Infinity, Infinity], "said": "NaN \\" Infinity", "n": 1e5}'
    with pytest.raises(InvalidInput, match="is not JSON"):
        json_value(body)
    read = {"NaN": ["NaN", "-Infinity", "Infinity"], "said": 'NaN " Infinity', "n": 1e5}
    assert agent_json_value(body) == read


def packed(encoding: str, content: bytes) -> bytes:
    return gzip.compress(content) if encoding == "gzip" else zlib.compress(content)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", " GZIP "])
@pytest.mark.parametrize("size", [0, 1, 600, 70_000, 1_000_000])
def test_what_was_compressed_is_read(encoding: str, size: int) -> None:
    content, grown = random.Random(size).randbytes(size), []
    assert plain(packed(encoding.strip().lower().removeprefix("x-"), content), encoding, size, grown.append) == content
    assert sum(grown) == size


@pytest.mark.parametrize("sizes", [[0], [0, 0, 3], [5, 0, 70_000, 1], [1] * 3_000])
def test_members_of_a_stream_are_one_body(sizes: list[int]) -> None:
    parts = [random.Random(size).randbytes(size) for size in sizes]
    assert plain(b"".join(map(gzip.compress, parts)), "gzip", sum(sizes)) == b"".join(parts)


@pytest.mark.parametrize(
    ("encoding", "body", "problem"),
    [
        ("gzip", b"{}" * 20, "Content-Encoding"),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-9], "cut off"),
        ("gzip", gzip.compress(b"{}", mtime=0)[:5], "cut off"),
        ("gzip", gzip.compress(b"{}", mtime=0) + b"more", "Content-Encoding"),
        ("gzip", gzip.compress(b"{}", mtime=0) + gzip.compress(b"{}", mtime=0)[:-1], "cut off"),
        ("gzip", gzip.compress(b"x" * 1_001, mtime=0), "no more than 1000 bytes"),
        ("gzip", gzip.compress(b"x" * 500, mtime=0) * 3, "no more than 1000 bytes"),
        pytest.param("gzip", gzip.compress(b"x" * 10_000_000, mtime=0), "no more than 1000 bytes", id="a bomb"),
        ("gzip", gzip.compress(b"{}", mtime=0) + b"\0", "cut off"),
        ("deflate", zlib.compress(b"x" * 1_001), "no more than 1000 bytes"),
        ("deflate", zlib.compress(b"{}") * 2, "goes on"),
        ("deflate", b"\xff\xff\xff", "Content-Encoding"),
    ],
)
def test_what_was_not_compressed_so_is_refused(encoding: str, body: bytes, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        plain(body, encoding, 1_000)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip, identity", "gzip;q=1"])
def test_other_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="gzip, deflate or none"):
        plain(b"", encoding, 1_000)


@pytest.mark.lengthy
@pytest.mark.parametrize("content", [b"", b"x"])
def test_time_is_linear_in_the_number_of_members(content: bytes) -> None:
    """Each member used to copy all that came after it: twice as many took four times as long."""

    def seconds(members: int) -> float:
        body = gzip.compress(content) * members
        began = time.thread_time()
        assert plain(body, "gzip", members) == content * members
        return time.thread_time() - began

    seconds(1_000)
    assert min(seconds(40_000) for _ in range(3)) < 14 * min(seconds(5_000) for _ in range(3))


async def test_room_for_bodies_is_bounded_and_given_back() -> None:
    room = Room(1_000_000)
    with room.share() as first:
        first.grow(3_000_000)  # any one alone
        with room.share() as second:
            second.grow(SMALL)  # what is small is always let in
            with pytest.raises(Overloaded):
                second.grow(1)
        with room.share() as third, pytest.raises(Overloaded):
            plain(gzip.compress(bytes(200_000)), "gzip", 1_000_000, third.grow)
    with room.share() as fourth:
        fourth.grow(600_000)
        with room.share() as fifth, pytest.raises(Overloaded):
            fifth.grow(600_000)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("reader", "body"),
    first_quick(
        [
            (json_value, b'{"a":[' + b'{"b":"c"},' * 2_000_000 + b"1]}"),
            (json_value, b"[" + b"1," * 8_000_000 + b"1]"),
            (json_value, b'["' + rb"\"x" * 5_000_000 + b'"]'),
            (lambda body: plain(body, "gzip", 1_000_000), gzip.compress(b"") * 100_000),
        ]
    ),
    ids=["objects", "numbers", "text", "members"],
)
@pytest.mark.slow
async def test_others_get_their_turn_while_a_large_body_is_read(reader: Callable[[bytes], object], body: bytes) -> None:
    """None of them waits for longer than a small part of what the whole takes, in time of the processor: how long that is on the
    clock says how busy the machine is."""
    began = time.process_time()
    longest, turns, reading = 0.0, 0, asyncio.create_task(read(reader, body))
    while not reading.done():
        turn = time.process_time()
        await asyncio.sleep(0.001)
        longest, turns = max(longest, time.process_time() - turn), turns + 1
    await reading
    taken = time.process_time() - began
    assert turns > 2
    assert longest < max(0.25, taken / 3)
