"""Which of what is marked is counted now."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.analytics.waiting import (
    HELD,
    LONGEST_MS,
    OWN_WEIGHT,
    QUIET_MS,
    SHORT,
    due,
    first_pack,
    packed,
)
from loopgraph.contracts.analytics.counting import Mark

NOW = 10**12


def mark(key: str, first: int, last: int) -> Mark:
    """One that was marked so many milliseconds ago."""
    return Mark("Trace", key, ("1",), NOW - first, NOW - last)


def test_a_trace_waits_until_it_is_quiet_or_has_waited_long() -> None:
    quiet, going_on, long_going = mark("a", QUIET_MS, QUIET_MS), mark("b", QUIET_MS, 0), mark("c", LONGEST_MS, 0)
    assert due([going_on, long_going, quiet], {}, NOW) == [quiet, long_going]


def test_a_long_trace_waits_longer_in_proportion() -> None:
    marks = [mark("a", 9 * LONGEST_MS, 0), mark("b", 10 * LONGEST_MS, 0), mark("c", QUIET_MS, QUIET_MS)]
    assert due(marks, dict.fromkeys("abc", 10 * SHORT), NOW) == [marks[1]]


@pytest.mark.lengthy
@pytest.mark.parametrize("pause_ms", [1, 1_000, 20_000])
def test_what_is_read_of_a_trace_that_goes_on_grows_with_its_steps(pause_ms: int) -> None:
    def reads(steps: int) -> int:
        """Of a trace that is counted when it is due."""
        read, counted, first = 0, 0, 1
        for step in range(1, steps + 1):
            mark = Mark("Trace", "a", ("1",) * (step - first + 1), first * pause_ms, step * pause_ms)
            if due([mark], {"a": counted}, step * pause_ms):
                read, counted, first = read + step, step, step + 1
        return read

    assert reads(16_000) / 16_000 < 2 * max(1, reads(2_000) / 2_000) < 40


def test_what_was_marked_at_an_unknown_time_is_due() -> None:
    unknown = Mark("Trace", "a", ("1",), 0, 0)
    assert due([unknown], {"a": 100_000}, NOW) == [unknown]


def test_of_many_the_quietest_are_counted() -> None:
    marks = [mark(str(place), place, place) for place in range(HELD + 3)]
    assert due(marks, {}, NOW) == marks[:-4:-1]


@pytest.mark.lengthy
@given(st.lists(st.integers(0, 30), max_size=20), st.integers(1, 100))
def test_packs_hold_all_in_their_order_and_are_bounded(sizes: list[int], most: int) -> None:
    known = {str(place): size for place, size in enumerate(sizes)}
    packs = list(packed(known, known, most))
    assert [id_ for pack in packs for id_ in pack] == list(known)
    assert first_pack(list(known), known, most) == (packs[0] if packs else [])
    for pack in packs:
        assert len(pack) == 1 or sum(known[id_] + OWN_WEIGHT for id_ in pack) <= most
