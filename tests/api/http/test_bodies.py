"""Bodies as the doors read them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.api.http.bodies import agent_json_value, json_value
from loopgraph.errors import InvalidInput


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


@pytest.mark.parametrize("body", [b"", b"{", b"[1,]", b'"\\ud83d', b'"\\x"', b"NaN", b"\xff"])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    for read in (json_value, agent_json_value):
        with pytest.raises(InvalidInput, match="is not JSON"):
            read(body)
