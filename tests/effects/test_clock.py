"""The names of time zones, and keys that sort by time."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.effects.clock import instant_of_key, time_key, time_zone, time_zones
from loopgraph.errors import InvalidInput


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("localtime", "such as Europe/Berlin"),
        ("posixrules", "such as Europe/Berlin"),
        ("Factory", "such as Europe/Berlin"),
        ("right/Europe/Berlin", "Europe/Berlin"),
        ("posix/Asia/Kathmandu", "Asia/Kathmandu"),
        ("leapseconds", "such as"),
        ("tzdata.zi", "such as"),
        ("zone.tab", "such as"),
        ("Europe", "such as"),
        ("../etc/passwd", "such as"),
        ("/usr/share/zoneinfo/UTC", "such as"),
        ("Europe/../Europe/Berlin", "Europe/Berlin"),
        ("Europe/Berlin\0", "Europe/Berlin"),
        ("", "such as"),
        ("Mars/Olympus", "such as"),
        ("x" * 5_000, "such as"),
        ("europe/berlin", "did you mean Europe/Berlin?"),
        ("Europe/Kyivv", "did you mean Europe/Kyiv?"),
        ("utc", "did you mean UTC?"),
    ],
)
def test_what_is_no_zone_is_refused_with_what_would_be_right(name: str, right: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        time_zone(name)
    assert raised.value.field == "timeZone"
    assert "in the IANA database" in raised.value.problem
    assert right in raised.value.problem
    assert len(raised.value.problem) < 300


def test_the_zones_of_the_database_are_taken_all() -> None:
    assert available_timezones() - time_zones() <= {"Factory", "localtime", "posixrules"}
    for name in ("UTC", "Europe/Berlin", "EST5EDT", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "Asia/Calcutta"):
        assert time_zone(name).key == name


INSTANTS = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone


@pytest.mark.lengthy
@given(INSTANTS, INSTANTS)
def test_keys_sort_by_instants_however_far_they_are(one: datetime, other: datetime) -> None:
    keys = time_key(one, "a"), time_key(other, "b")
    assert (keys[0] < keys[1]) == (one <= other)
    assert instant_of_key(keys[0]) == one


def test_a_range_that_ends_in_2300_has_what_is_now() -> None:
    assert time_key(datetime(2026, 11, 29, tzinfo=UTC), "z") < time_key(datetime(2300, 1, 1, tzinfo=UTC), "a")
