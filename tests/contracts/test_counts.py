"""What buckets hold as text."""

from __future__ import annotations

import pytest

from loopgraph.contracts.analytics.counts import json_of, of_json, tallies_of


@pytest.mark.parametrize("number", [0, 2**63 - 1, 2**64 - 1, 2**64, 40 * 10**18, 10**30])
def test_integers_of_any_size_come_back(number: int) -> None:
    told = {"user": {"😀": [1, number], 'a"b\\|c\n': [number, -1]}, "tag": {}}
    text = json_of(told)
    assert of_json(text) == told
    assert text == json_of(of_json(text))
    assert tallies_of(text) == told
