"""Numbers agree with what they count."""

from __future__ import annotations

import pytest

from loopgraph.contracts.counted import counted


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ["event"], "0 events"),
        (1, ["event"], "1 event"),
        (1234, ["event"], "1,234 events"),
        (1, ["event waits", "events wait"], "1 event waits"),
        (2, ["event waits", "events wait"], "2 events wait"),
    ],
)
def test_a_number_agrees_with_what_it_counts(number: int, words: list[str], text: str) -> None:
    assert counted(number, *words) == text
