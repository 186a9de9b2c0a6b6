"""Lines of any file, each bounded in memory."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.traces.loading import Line
from loopgraph.effects.traces.lines import lines_of


@pytest.mark.lengthy
@given(st.lists(st.binary(max_size=40)), st.booleans(), st.integers(1, 30))
def test_every_line_comes_with_its_number_and_those_that_are_too_long_without_text(
    rows: list[bytes], ends: bool, most: int
) -> None:
    rows = [row.replace(b"\n", b"").replace(b"\r", b"") for row in rows]
    data = b"".join(row + b"\n" for row in rows)
    if not ends and rows:
        data = data[:-1]
        rows = rows if rows[-1] else rows[:-1]
    found = list(lines_of(io.BytesIO(data), most))
    assert [line.number for line in found] == list(range(1, len(rows) + 1))
    assert sum(line.size for line in found) == len(data)
    assert [line.text for line in found] == [row if len(row) <= most else None for row in rows]


def test_ends_of_windows_are_no_part_of_a_line() -> None:
    assert list(lines_of(io.BytesIO(b"a\r\nb"), 10)) == [Line(1, b"a", 3), Line(2, b"b", 1)]
