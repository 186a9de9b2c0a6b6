"""Which call each report is of, where the client gives no ids: the same whatever comes first."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.effects.traces.recording.placing.call_order import CallOrder, Kind, Report
from support.traces import NOON

Told = tuple[str, int, int]
"""Begins, ends, was, or was with a name, and the seconds of what it tells."""


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def calls(reports: list[Told]) -> list[tuple[datetime | None, ...]]:
    """When each call began, ended and was recorded."""
    stored: list[tuple[Report, str]] = []
    for number, (kind, first, last) in enumerate(reports):
        order = CallOrder("p/", stored)
        report = {
            "begins": Report(Kind.BEGINS, at(first)),
            "ends": Report(Kind.ENDS, at(last)),
            "was": Report(Kind.RECORD, at(last), at(first)),
        }.get(kind) or Report(Kind.NAMED, at(last), at(first), kind)
        order.add(report, kind if report.name else f"p/{number}")
        stored = list(order.settled().items())
    found: dict[str, dict[Kind, datetime]] = {}
    for report, id_ in stored:
        assert report.kind not in found.setdefault(id_, {})
        assert report.name in (None, id_)
        found[id_][report.kind] = report.at
    return sorted(
        (
            tuple(call.get(kind) for kind in (Kind.BEGINS, Kind.ENDS, Kind.RECORD, Kind.NAMED))
            for call in found.values()
        ),
        key=str,
    )


def told(number: int, *, recorded: bool) -> list[Told]:
    """All reports of so many equal calls, one after the other."""
    reports: list[Told] = []
    for first, last in ((10 * i, 10 * i + 5) for i in range(number)):
        reports += [("begins", first, last), ("ends", first, last), *([("was", first, last)] if recorded else [])]
    return reports


@pytest.mark.lengthy
@pytest.mark.parametrize("recorded", [False, True])
def test_two_equal_calls_are_told_apart_in_every_order(recorded: bool) -> None:
    reports = told(2, recorded=recorded)
    expected = calls(reports)
    assert len(expected) == 2
    assert all(begun and ended and ended - begun == timedelta(seconds=5) for begun, ended, *_ in expected)
    for order in itertools.permutations(reports):
        assert calls(list(order)) == expected, order


@pytest.mark.lengthy
@given(st.permutations(told(4, recorded=True)))
def test_so_are_four_that_are_recorded(reports: list[Told]) -> None:
    assert calls(reports) == calls(told(4, recorded=True))


@pytest.mark.lengthy
@given(st.permutations(told(3, recorded=False)))
def test_so_are_three_that_hooks_alone_tell_of(reports: list[Told]) -> None:
    assert calls(reports) == calls(told(3, recorded=False))


def test_a_record_of_a_call_that_no_hook_tells_of_is_a_call_by_itself() -> None:
    """A call that was not allowed, between two that were."""
    reports: list[Told] = [("begins", 0, 5), ("ends", 0, 5), ("was", 7, 8), ("begins", 10, 15), ("ends", 10, 15)]
    for order in itertools.permutations(reports):
        found = calls(list(order))
        assert (None, None, at(8), None) in found
        assert len(found) == 3


@pytest.mark.lengthy
@given(st.permutations([*told(2, recorded=True), *told(2, recorded=True)]))
def test_reports_that_are_told_again_change_nothing(reports: list[Told]) -> None:
    assert calls(reports) == calls(told(2, recorded=True))


def named(number: int, *, recorded: bool, hooked: bool) -> list[Told]:
    """The same with a transcript, which names each call and was written a little later than it ended."""
    reports = told(number, recorded=recorded) if hooked else [("was", 10 * i, 10 * i + 5) for i in range(number)]
    return [*reports, *((f"call {i}", 10 * i, 10 * i + 6) for i in range(number))]


@pytest.mark.lengthy
@pytest.mark.parametrize(("recorded", "hooked"), [(True, True), (False, True), (True, False)])
@given(st.data())
def test_a_transcript_tells_them_apart_and_gives_them_their_ids(
    recorded: bool, hooked: bool, data: st.DataObject
) -> None:
    reports = named(3, recorded=recorded, hooked=hooked)
    found = calls(data.draw(st.permutations(reports)))
    assert found == calls(reports)
    assert len(found) == 3
    assert all(call[3] for call in found)


@pytest.mark.lengthy
@given(
    st.permutations(
        [("begins", 1, 2), ("ends", 1, 2), ("begins", 3, 4), ("ends", 3, 4), ("call a", 0, 5), ("call b", 0, 5)]
    )
)
def test_equal_calls_of_one_message_stay_two(reports: list[Told]) -> None:
    """Which of them is which, nobody can tell: their transcript dates both by the whole message."""
    found = calls(reports)
    assert len(found) == 2
    assert all(all((begun, ended, call)) for begun, ended, _, call in found)
