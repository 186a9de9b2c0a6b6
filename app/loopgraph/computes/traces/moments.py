"""Instants as people write them: how long ago, on which day, or exactly when."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from loopgraph.computes.traces.retention import duration
from loopgraph.errors import InvalidInput

_AGO = re.compile(r"\d+\s*[mhdw]", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def moment(text: str, field: str, now: datetime, *, ends: bool = False) -> datetime:
    """The instant that a text names: ``30d`` or ``12h`` before ``now``, a day of UTC (its beginning; its end for what ``ends``
    with it), or an instant of RFC 3339. Raises InvalidInput, naming ``field``."""
    text = text.strip()
    try:
        if _DAY.fullmatch(text):
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            return day + timedelta(days=1) if ends else day
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):  # the 30th of February, the year 0
        raise InvalidInput(field, f"{text!r} is no day or time that there is") from None
    if not _AGO.fullmatch(text):
        ways = "how long ago, as in 30d or 12h; a day, 2026-11-01; or a time with its offset, 2026-11-01T09:30:00Z"
        raise InvalidInput(field, f"{text!r} names no time; write {ways}")
    return now - duration(text, field)
