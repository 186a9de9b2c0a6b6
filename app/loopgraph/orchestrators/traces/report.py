"""The first look: what happened in some time beside what it used."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from loopgraph.contracts.analytics import NO_USAGE, TimeRange
from loopgraph.contracts.base import Principal
from loopgraph.contracts.report import Report, ReportDimension, ReportRow
from loopgraph.effects.traces.analytics import Analytics
from loopgraph.reducers.report import ACTIVE, DIMENSIONS, joined

MOST_GROUPS: Final = 10_000
"""So many groups are read before the most expensive of them are chosen."""


async def report(
    analytics: Analytics,
    since: datetime | None,
    until: datetime,
    by: ReportDimension,
    principal: Principal | None,
    *,
    project: str | None = None,
    first: int = 50,
) -> Report:
    """What agents did from ``since`` (None: ever) to ``until``; ``first`` rows at most, of days the latest."""
    span, dimension = TimeRange(since=since, until=until), [DIMENSIONS[by]]
    happened, used, usages = await asyncio.gather(
        analytics.activity(span, [], principal, 1, project),
        analytics.model_usage(span, [], principal, 1, project),
        analytics.model_usage(span, dimension, principal, MOST_GROUPS, project),
    )
    activities = await analytics.activity(span, dimension, principal, MOST_GROUPS, project) if by in ACTIVE else []
    rows = joined(by, activities, usages)
    kept = rows[-first:] if by is ReportDimension.DAY else rows[:first]
    total = ReportRow(key=None, activity=next(iter(happened), None), usage=next(iter(used), NO_USAGE))
    return Report(
        since=since, until=until, project=project, by=by, total=total, rows=tuple(kept), cut=len(kept) < len(rows)
    )
