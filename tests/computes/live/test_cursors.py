"""Cursors as texts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.live.cursors import cursor_of, cursor_text
from loopgraph.contracts.live import Cursor
from loopgraph.errors import InvalidInput

NUMBERS = st.integers(1, 2**31)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
CURSORS = st.builds(
    Cursor,
    st.dictionaries(NUMBERS, st.integers(0, 2**40), max_size=20),
    INSTANTS,
    st.none() | st.tuples(NUMBERS, st.integers(1, 500)),
)


@pytest.mark.lengthy
@given(CURSORS)
def test_a_cursor_is_what_its_text_says(cursor: Cursor) -> None:
    text = cursor_text(cursor)
    assert cursor_of(text, "after") == cursor
    assert text.replace("-", "").replace("_", "").isalnum()


def test_a_cursor_is_short() -> None:
    text = cursor_text(Cursor({1_234_567 * number: 100_000 for number in range(1, 11)}, datetime.now(UTC)))
    assert len(text) < 120


@pytest.mark.lengthy
@given(st.text() | CURSORS.map(cursor_text).flatmap(lambda text: st.integers(0, len(text) - 1).map(lambda n: text[:n])))
def test_what_no_update_carried_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="after: must be the cursor of an update"):
        cursor_of(text, "after")


@pytest.mark.lengthy
@given(CURSORS, st.data())
def test_a_cursor_with_another_letter_is_refused_or_none_of_them(cursor: Cursor, data: st.DataObject) -> None:
    text = cursor_text(cursor)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([letter for letter in "ABCXYZabcxyz0189-_" if letter != text[place]]))
    try:
        found = cursor_of(text[:place] + other + text[place + 1 :], "after")
    except InvalidInput:
        return
    assert place == len(text) - 1, "only the last letter has bits that say nothing"
    assert found == cursor
