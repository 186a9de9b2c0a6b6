"""Lines of transcripts, before they are read."""

from __future__ import annotations

import json

import pytest

from loopgraph.computes.transcripts.lines import fits

MB = 1024 * 1024
SOURCE = "def f(a, b):\n    return {'a': [a, b], \"b\": {}}\n"


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("what", "value", "does"),
    [
        ("a long text", {"stdout": "x" * 20 * MB}, True),
        ("a long text with much in it that looks like values", {"stdout": SOURCE * (20 * MB // len(SOURCE))}, True),
        ("many values, as an output of JSON has them", [{"id": n, "name": "x" * 100} for n in range(20_000)], True),
        pytest.param("millions of small values", [{"a": 1}] * 2_000_000, False, marks=pytest.mark.slow),
        ("millions of numbers", list(range(1_000_000)), False),
        ("more than there is room for", {"stdout": "x" * 40 * MB}, False),
    ],
)
def test_a_line_is_read_if_it_takes_no_more_memory_than_it_may(what: str, value: object, does: bool) -> None:
    assert fits(json.dumps(value).encode(), 32 * MB) is does, what
