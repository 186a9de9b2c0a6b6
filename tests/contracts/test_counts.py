"""What buckets hold as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.analytics.counts import (
    LEVELS,
    MANY_VALUED,
    counts_of,
    json_of,
    of_json,
    tallies_of,
    text_of,
)


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


_NAMES = st.one_of(
    st.text(max_size=3), st.sampled_from(["]},", ']},"', ']},"user":{', '"session":{', "]},\\", "\\", "unit"])
)
_NUMBERS = st.lists(st.sampled_from([0, 1, 2**70]), min_size=6, max_size=6)
_DIMENSIONS = st.sampled_from(["agent", "session", "unit", "user", "tag", "x]}", ']},"'])
_TOLD = st.dictionaries(_DIMENSIONS, st.dictionaries(_NAMES, _NUMBERS, min_size=1, max_size=3), max_size=4)


@given(_TOLD, st.booleans(), st.sets(_DIMENSIONS))
def test_what_is_not_asked_for_may_lack_and_all_else_is_as_it_was(
    told: dict[str, dict[str, list[int]]], halved: bool, wanted: set[str]
) -> None:
    text = json_of({**told, **({LEVELS: {"unit": 1}} if halved else {})})
    found = tallies_of(text, wanted)
    assert {name: told[name] for name in told if name not in MANY_VALUED or name in wanted}.items() <= found.items()
    assert found.items() <= told.items()
    assert tallies_of(text) == told


def test_the_dimensions_with_the_most_values_are_not_read_for_others() -> None:
    told = {name: {"a": [1, 1, 0, 1, 5, 0]} for name in ("agent", "session", "tag", "unit", "user")}
    assert set(tallies_of(json_of(told), ["user"])) == {"agent", "tag", "user"}
    assert set(tallies_of(json_of(told), ["unit"])) == {"agent", "tag", "unit", "user"}
    assert tallies_of(None, ["user"]) == {}
