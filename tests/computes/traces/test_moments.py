"""Instants as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loopgraph.computes.traces.moments import moment
from loopgraph.errors import InvalidInput

NOW = datetime(2026, 11, 29, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("30d", NOW - timedelta(days=30)),
        (" 12h ", NOW - timedelta(hours=12)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T09:30:00Z", datetime(2026, 11, 1, 9, 30, tzinfo=UTC)),
        ("2026-11-01t09:30z", datetime(2026, 11, 1, 9, 30, tzinfo=UTC)),
        ("2026-11-01T09:30:00.250+02:00", datetime(2026, 11, 1, 7, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-11-01 09:30:00-05:00", datetime(2026, 11, 1, 14, 30, tzinfo=UTC)),
    ],
)
def test_durations_days_and_instants(text: str, instant: datetime) -> None:
    assert moment(text, "--since", NOW) == instant


def test_what_ends_with_a_day_has_the_whole_of_it() -> None:
    assert moment("2026-11-30", "--until", NOW, ends=True) == datetime(2026, 12, 1, tzinfo=UTC)
    assert moment("2026-11-30T10:00:00Z", "--until", NOW, ends=True) == datetime(2026, 11, 30, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-02-30", "no day"),
        ("0000-01-01", "no day"),
        ("9999-12-31", "no day"),
        ("2026-11-01T25:00:00Z", "no day"),
        ("2026-11-01T09:30:00", "with its offset"),
        ("2026-11", "names no time"),
        ("yesterday", "names no time"),
        ("", "names no time"),
        ("0d", "not a duration"),
        ("999999999w", "a thousand years"),
    ],
)
def test_what_names_no_instant_is_refused_with_words(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        moment(text, "--until", NOW, ends=True)
    assert "--until" in str(refused.value)
