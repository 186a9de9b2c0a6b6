"""How much something was used and when, from the counts of its hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final

from loopgraph.contracts.analytics.figures import Peak, Profile, UsageFigures
from loopgraph.contracts.analytics.windows import Count, Span, Window
from loopgraph.reducers.usage.spans import up

DAYS_OF_MONTH: Final = 30.4375
"""A month, on average over the Julian calendar."""

MOST_PEAKS: Final = 5

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def usage_figures(
    hours: Sequence[Count], window: Window | Span, zone: tzinfo, zone_name: str, now: datetime
) -> UsageFigures:
    """The figures of a window; ``hours`` are its hourly counts, ascending, those without executions may lack.

    What lies after the hour of ``now`` is no time in which something could have been used: rates are over the window up to it.
    """
    used = [hour for hour in hours if hour.executions]
    executions = sum(hour.executions for hour in used)
    until = min(window.until, max(up(now, _HOUR), window.since + _HOUR))
    days = (until - window.since) / _DAY
    first, last = (used[0].start, used[-1].start) if used else (None, None)
    return UsageFigures(
        executions=executions,
        per_hour=executions / (days * 24),
        per_day=executions / days,
        per_week=executions / days * 7,
        per_month=executions / days * DAYS_OF_MONTH,
        per_day_since_first_use=executions / (max(until - first, _HOUR) / _DAY) if first else None,
        active_hours=len(used),
        first_used=first,
        last_used=last,
        hours_since_last_use=max(0, (now - last - _HOUR) // _HOUR) if last else None,
        peaks=tuple(
            Peak(start=hour.start, executions=hour.executions)
            for hour in sorted(used, key=lambda hour: (-hour.executions, hour.start))[:MOST_PEAKS]
        ),
        profile=profile(used, zone, zone_name),
    )


def profile(hours: Sequence[Count], zone: tzinfo, zone_name: str) -> Profile:
    """The executions by hour of the day and day of the week, as clocks of the zone showed them (so with its summer time)."""
    of_day: Counter[int] = Counter()
    of_week: Counter[int] = Counter()
    for hour in hours:
        local = hour.start.astimezone(zone)
        of_day[local.hour] += hour.executions
        of_week[local.weekday()] += hour.executions
    return Profile(
        time_zone=zone_name,
        hours_of_day=tuple(of_day[hour] for hour in range(24)),
        days_of_week=tuple(of_week[day] for day in range(7)),
    )
