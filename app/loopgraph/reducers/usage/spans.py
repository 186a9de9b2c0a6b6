"""Over which hours an answer is made, and of which buckets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.analytics.windows import Grain, Span, Window
from loopgraph.errors import InvalidInput

MOST_DAYS: Final = 400
"""No answer is over a longer time: thirteen months."""

LAST_DAYS: Final = 30
"""What is asked for without a beginning is over so many days."""

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = datetime(9999, 12, 31, tzinfo=UTC)


def range_of(
    since: datetime | None, until: datetime | None, now: datetime, days: int = LAST_DAYS
) -> tuple[datetime, datetime]:
    """The instants of a range, from the first to the one after the last: by default until the end of today (UTC), and since so
    many days before that. Raises InvalidInput where the range is none."""
    try:
        end = midnight(now) + _DAY if until is None else until
        begin = end - days * _DAY if since is None else since
    except OverflowError as error:
        raise _out_of_time() from error
    if begin >= end:
        left_out = "" if until else f", which is {end:%Y-%m-%dT%H:%MZ} where it is left out"
        raise InvalidInput("window.since", f"must be before until{left_out}")
    return begin, end


def window_of(since: datetime | None, until: datetime | None, now: datetime, days: int = LAST_DAYS) -> Window:
    """The whole hours that a range touches; see ``range_of``. Raises InvalidInput where it is none, or longer than
    ``MOST_DAYS``."""
    begin, end = range_of(since, until, now, days)
    try:
        last = up(end, _HOUR)
        first = down(begin if since else last - (end - begin), _HOUR)
    except OverflowError as error:
        raise _out_of_time() from error
    if last - first > MOST_DAYS * _DAY:
        raise InvalidInput("window", f"must not be longer than {MOST_DAYS} days")
    return Window(since=first, until=last)


def _out_of_time() -> InvalidInput:
    return InvalidInput("window", "must lie between the years 1 and 9999")


def span_of(instants: Sequence[datetime]) -> Window:
    """The hours that begin between the first of some instants and the last."""
    return Window(since=up(instants[0], _HOUR), until=up(instants[-1], _HOUR))


def before(window: Window, now: datetime) -> tuple[Window, Window]:
    """What of a window is over, and as many hours before it."""
    until = max(min(window.until, up(now, _HOUR)), window.since + _HOUR)
    return Window(since=window.since - (until - window.since), until=window.since), Window(
        since=window.since, until=until
    )


def pieces(window: Window) -> tuple[tuple[Window, Grain], ...]:
    """The days that a window holds whole, and the hours before and after them."""
    first, last = up(window.since, _DAY), down(window.until, _DAY)
    if first >= last:
        return ((window, Grain.HOUR),)
    parts = ((window.since, first, Grain.HOUR), (first, last, Grain.DAY), (last, window.until, Grain.HOUR))
    return tuple((Window(since=since, until=until), grain) for since, until, grain in parts if since < until)


def parted(window: Window, at: datetime) -> tuple[Window, Window]:
    """What of a window is before an hour within it, and what is not."""
    return Window(since=window.since, until=at), Window(since=at, until=window.until)


def whole_hours(span: Span) -> Window | None:
    """The hours that a span holds whole; None where there are none."""
    since, until = up(span.since, _HOUR), down(span.until, _HOUR)
    return Window(since=since, until=until) if since < until else None


def edges_of(span: Span) -> tuple[Span, ...]:
    """The parts of hours at the ends of a span: two at most, none of one of whole hours."""
    first, last = up(span.since, _HOUR), down(span.until, _HOUR)
    if first > last:  # it lies within one hour
        return (span,)
    parts = (Span(span.since, first), Span(last, span.until))
    return tuple(part for part in parts if part.since < part.until)


def whole_days(window: Window) -> bool:
    """Whether a window can be made of days alone."""
    return all(midnight(at) == at for at in (window.since, window.until))


def midnight(at: datetime) -> datetime:
    """The beginning of a day of UTC."""
    return down(at, _DAY)


def down(at: datetime, step: timedelta) -> datetime:
    """The last whole hour, or day, at ``at`` or before it."""
    return at - (at - _EPOCH) % step


def up(at: datetime, step: timedelta) -> datetime:
    """The first whole hour, or day, at ``at`` or after it."""
    return at + (_EPOCH - at) % step


def bucketed(range: TimeRange) -> Window | None:
    """The window of a range that buckets answer: of whole hours and at least a day, open, or of more than a week (whose first and
    last hour then count whole); None for what is so small that it is made of the executions themselves."""
    since, until = range.since or _EPOCH, range.until or _END
    whole = all(at is None or down(at, _HOUR) == at for at in (range.since, range.until))
    if until - since < (_DAY if whole else 7 * _DAY) or until > _END or since < _EPOCH:
        return None
    return Window(since=down(since, _HOUR), until=up(until, _HOUR))
