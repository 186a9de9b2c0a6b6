"""Large JSON, read in slices: the same values and the same refusals as of ``orjson``, whatever the size of the slices."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopgraph.api.http import json_slices

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(st.sampled_from('ab"\\{,')), inner, max_size=5),
    max_leaves=30,
)


def outcome(read: Any, *arguments: Any) -> Any:
    """What a text is read as; the types alone of a refusal."""
    try:
        return read(*arguments)
    except orjson.JSONDecodeError as error:
        return type(error)


@pytest.mark.lengthy
@given(VALUES, st.integers(1, 60), st.sampled_from([None, 1]), st.booleans())
def test_values(value: Any, slice_: int, indent: int | None, ascii_: bool) -> None:
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_).encode()
    read = json_slices.loads(body, slice_)
    assert read == value
    assert orjson.dumps(read) == orjson.dumps(orjson.loads(body))


@pytest.mark.lengthy
@given(st.text(st.sampled_from('[]{},:"\\ 1a'), max_size=40), st.integers(1, 8))
@example('[,"abcdefgh"]', 4)
@example('["abcdefgh",]', 4)
@example('["abcdefgh","abcdefgh",]', 4)
@example('[["abcdefgh"]["abcdefgh"]]', 4)
@example('[["abcdefgh"],,1]', 4)
@example('{"a":["abcdefgh"] 1}', 4)
@example('{["abcdefgh"]}', 4)
@example('{1:["abcdefgh"]}', 4)
@example('{"a":1 "b":["abcdefgh"]}', 4)
@example('{"a":["abcdefgh"],"a":1}', 4)
@example('{"a":["abcdefgh"}', 4)
@example('["abcdefgh"]]', 4)
@example('[ ["abcdefgh\\\\"] , "\\"" ]', 4)
def test_what_is_no_json_is_refused_as_well(text: str, slice_: int) -> None:
    assert outcome(json_slices.loads, text.encode(), slice_) == outcome(orjson.loads, text.encode())


@pytest.mark.lengthy
@given(VALUES, st.data())
def test_damaged_texts(value: Any, data: st.DataObject) -> None:
    body = bytearray(json.dumps([value, value]).encode())
    place = data.draw(st.integers(0, len(body) - 1))
    body[place : place + data.draw(st.integers(0, 3))] = data.draw(
        st.sampled_from([b"", b",", b"]", b"}", b'"', b"\xff"])
    )
    assert outcome(json_slices.loads, bytes(body), 8) == outcome(orjson.loads, bytes(body))


def test_depth_is_bounded() -> None:
    with pytest.raises(orjson.JSONDecodeError, match="Recursion"):
        json_slices.loads(b"[" * 100_000 + b"]" * 100_000, 8)
