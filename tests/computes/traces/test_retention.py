"""Durations as people write them, what may go, and how much at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.traces.retention import duration, packed, sliced, why_kept
from loopgraph.contracts.traces.retention import Kept, NodeId, Standing
from loopgraph.errors import InvalidInput

CUT = datetime(2020, 1, 1, tzinfo=UTC)
OLD = Standing("t", ("t",), CUT - timedelta(microseconds=1), False, False, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90d", timedelta(days=90)),
        (" 12 h ", timedelta(hours=12)),
        ("2w", timedelta(weeks=2)),
        ("30m", timedelta(minutes=30)),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert duration(text, "--older-than") == expected


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1.5h", "90 days", "1y", "٣d", "999999999w", "1d\n2h"])
def test_what_is_no_duration_is_told_with_its_field(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^--older-than: "):
        duration(text, "--older-than")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"last_sign": CUT}, Kept.YOUNGER),
        ({"in_progress": True}, Kept.IN_PROGRESS),
        ({"is_referred_to": True, "in_progress": True}, Kept.REFERRED_TO),
        ({"is_evidence": True, "last_sign": CUT}, Kept.EVIDENCE),
    ],
)
def test_why_a_trace_stays(change: dict[str, object], reason: Kept | None) -> None:
    assert why_kept(OLD._replace(**change), CUT) == reason  # type: ignore[arg-type]


def test_the_root_of_a_trace_goes_last() -> None:
    assert OLD._replace(trace_ids=("a", "t", "z")).root_last == ("a", "z", "t")


@pytest.mark.lengthy
@given(st.lists(st.integers(1, 40), max_size=30), st.integers(1, 20))
def test_packs_and_slices_hold_everything_in_order_and_are_bounded(sizes: list[int], size: int) -> None:
    units = {f"u{n}": [NodeId("HookExecution", f"{n}.{i}") for i in range(count)] for n, count in enumerate(sizes)}
    packs = list(packed(units, size))
    assert [(unit, ids) for pack in packs for unit, ids in pack.items()] == list(units.items())
    for pack in packs:
        slices = sliced(pack, size)
        assert all(sum(map(len, part.values())) <= size for part in slices)
        assert len(slices) == 1 or len(pack) == 1
        assert [id_ for part in slices for ids in part.values() for id_ in ids] == [
            id_ for ids in pack.values() for id_ in ids
        ]
