"""Ids made of the client's own: valid whatever they are made of, and different for different things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from loopgraph.computes.agents.ids import agent_trace_id, as_id, call_id, digest_id, execution_id, span_key
from loopgraph.contracts.base import Id

ID = TypeAdapter(Id)


def test_ids_are_made_of_the_clients_own() -> None:
    assert execution_id("s-1", "toolu_1") == "s-1/toolu_1"
    assert agent_trace_id("s-1", "a1") == "s-1/a1"
    assert call_id("s-1", "req_1") == "s-1/req_1"
    assert span_key("0AF7651916CD43DD8448EB211C80319C", "B7AD6B7169203331") == (
        "0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331"
    )


def test_what_an_id_may_not_have_is_written_in_hexadecimal() -> None:
    assert as_id("toolu a%b") == "toolu=20a=25b"
    assert as_id("/tmp") == "id:/tmp"
    assert as_id("ü=") == "id:=C3=BC=3D"


def test_a_long_id_is_cut_and_keeps_a_digest_of_the_whole() -> None:
    one, other = as_id("a" * 300), as_id("a" * 301)
    assert one != other
    assert one.startswith("a" * 120 + "#")
    assert as_id("a" * 200) == "a" * 200


@pytest.mark.lengthy
@given(st.text(min_size=1, max_size=300))
def test_every_text_gives_an_id_and_an_id_stays(text: str) -> None:
    id_ = as_id(text)
    assert ID.validate_python(id_) == id_
    assert as_id(id_) == id_


@pytest.mark.lengthy
@given(st.lists(st.text(st.characters(exclude_characters="="), min_size=1, max_size=150), unique=True, max_size=20))
def test_different_texts_give_different_ids(texts: list[str]) -> None:
    not_ids_already = [text for text in texts if not text.startswith("id:")]
    assert len({as_id(text) for text in not_ids_already}) == len(not_ids_already)


def test_a_digest_tells_parts_apart_and_not_the_order_of_members() -> None:
    assert digest_id("a", "bc") != digest_id("ab", "c")
    assert digest_id({"a": 1, "b": None}) == digest_id({"b": None, "a": 1})
