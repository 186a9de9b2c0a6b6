"""Free maps with what JSON has no form for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from loopgraph.api.graphql.encoding import encoded
from loopgraph.api.graphql.pace import Pace
from loopgraph.contracts.lineage.changes import NewVersion, request_hash
from loopgraph.effects.graph.values import json_text, json_value

RAW = b"\xff\x00"
BASE64 = "_wA="


@pytest.mark.parametrize("held", [RAW, bytearray(RAW), memoryview(RAW)])
async def test_bytes_are_base64_wherever_a_free_map_becomes_json(held: Any) -> None:
    given, told = {"a": {"b": [held]}}, {"a": {"b": [BASE64]}}
    assert json_value(json_text(given)) == told
    assert orjson.loads(await encoded(given, Pace())) == told


def test_a_change_with_bytes_is_told_from_another() -> None:
    one, other = NewVersion(metadata={"a": RAW}), NewVersion(metadata={"a": b"\xfe"})
    assert one.model_dump(mode="json")["metadata"] == {"a": BASE64}
    assert request_hash(one) != request_hash(other)


async def test_what_else_has_no_form_is_stored_as_text_and_no_answer() -> None:
    assert json_value(json_text({"at": datetime(2026, 11, 29, tzinfo=UTC), "of": range(2)}))["of"] == "range(0, 2)"
    with pytest.raises(TypeError):
        await encoded({"of": range(2)}, Pace())
