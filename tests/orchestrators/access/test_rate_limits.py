"""Buckets that empty and fill, and who is let in by them."""

from __future__ import annotations

import pytest

from loopgraph.errors import RateLimited
from loopgraph.orchestrators.access import rate_limits
from loopgraph.orchestrators.access.rate_limits import Buckets, RateLimits


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(rate_limits, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def taken(buckets: Buckets, key: str, wanted: int) -> int:
    """How many of so many could be taken."""
    count = 0
    for _ in range(wanted):
        if not buckets.wait_s(key):
            buckets.take(key)
            count += 1
    return count


def test_a_minutes_worth_may_come_at_once_and_comes_back_in_a_minute(clock: Clock) -> None:
    buckets = Buckets(120)
    assert taken(buckets, "ann", 200) == 120
    assert taken(buckets, "bob", 1) == 1
    assert buckets.wait_s("ann") == 1
    clock.now += 0.5
    assert taken(buckets, "ann", 10) == 1
    clock.now += 30
    assert taken(buckets, "ann", 200) == 60
    clock.now += 3_600
    assert taken(buckets, "ann", 200) == 120  # no more is saved up


def test_who_waits_as_long_as_told_is_let_in(clock: Clock) -> None:
    for size in (1, 2, 7, 59, 61, 1_000):
        buckets = Buckets(size)
        taken(buckets, "ann", size)
        clock.now += (wait := buckets.wait_s("ann"))
        assert wait >= 1
        assert buckets.wait_s("ann") == 0, size


def test_without_a_limit_nobody_waits(clock: Clock) -> None:
    assert taken(Buckets(None), "ann", 10_000) == 10_000


def test_no_more_buckets_are_kept_than_so_many(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "_MOST", 3)
    buckets = Buckets(1)
    for key in "abcde":
        buckets.take(key)
    assert [buckets.wait_s(key) > 0 for key in "abcde"] == [False, False, True, True, True]


def test_events_and_other_requests_have_limits_of_their_own(clock: Clock) -> None:
    limits = RateLimits(1, 2, None)
    limits.ask("ann", events=False)
    with pytest.raises(RateLimited, match="LOOPGRAPH_RATE_LIMIT allows; try again in 60 s"):
        limits.ask("ann", events=False)
    limits.ask("ann", events=True)
    limits.ask("ann", events=True)
    with pytest.raises(RateLimited, match="LOOPGRAPH_RATE_LIMIT_EVENTS allows; try again in 30 s"):
        limits.ask("ann", events=True)


def test_who_guesses_is_stopped_and_who_is_known_is_not(clock: Clock) -> None:
    limits = RateLimits(None, None, 2)
    limits.good("good")
    for _ in range(50):  # an agent whose token has expired
        limits.try_out("here", "expired")
        limits.failed("here", "expired")
    limits.try_out("here", "guess")
    limits.failed("here", "guess")
    with pytest.raises(RateLimited, match="too many tokens of here were none"):
        limits.try_out("here", "another guess")
    limits.try_out("here", "good")
    limits.try_out("elsewhere", "another guess")
    limits.failed("here", "good")  # it was revoked
    with pytest.raises(RateLimited):
        limits.try_out("here", "good")
