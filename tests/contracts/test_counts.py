"""What buckets hold as text."""

from __future__ import annotations

import pytest

from loopgraph.contracts.analytics.counts import counts_of, json_of, of_json, tallies_of, text_of


@pytest.mark.parametrize("number", [0, 2**63 - 1, 2**64 - 1, 2**64, 40 * 10**18, 10**30])
def test_integers_of_any_size_come_back(number: int) -> None:
    told = {"user": {"😀": [1, number], 'a"b\\|c\n': [number, -1]}, "tag": {}}
    text = json_of(told)
    assert of_json(text) == told
    assert text == json_of(of_json(text))
    assert tallies_of(text) == told
    counts = {"t2": number, 'e:a"b\\|c\n': 1}
    assert counts_of(text_of(counts)) == counts
    assert text_of(counts) == text_of(dict(reversed(counts.items())))
    nested = [7, text_of(counts), told]  # as a contribution is stored
    assert of_json(json_of(nested)) == nested
    assert all(type(value) is int for value in counts_of(text_of(counts)).values())
