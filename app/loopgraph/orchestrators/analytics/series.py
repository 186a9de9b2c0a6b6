"""Time series of anything that is counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

from loopgraph.contracts.analytics.answers import Grouped, TimeSeries
from loopgraph.contracts.analytics.figures import SeriesMetric, TimeInterval
from loopgraph.contracts.analytics.subjects import Dimension, Subject
from loopgraph.contracts.analytics.windows import Bucket
from loopgraph.contracts.base import Principal
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.reducers.usage.series import COUNTED, DIMENSIONED, count_points, edges, grain_of, grouped, points
from loopgraph.reducers.usage.spans import span_of

MOST_LINES: Final = 20
"""So many values of a dimension have a line of their own, the most frequent; the others have one together."""


async def time_series(
    buckets: Buckets,
    metric: SeriesMetric,
    subject: Subject,
    since: datetime,
    until: datetime,
    interval: TimeInterval,
    zone: tzinfo,
    group_by: Dimension | None,
    most: int,
    principal: Principal | None,
) -> TimeSeries:
    """A metric over whole intervals of a time zone's calendar, from the one that holds ``since``.

    With ``group_by`` there is a line for each of the ``most`` frequent values. Raises InvalidInput for a range that is none or
    has too many points, and for a metric that is not known of each value.
    """
    if group_by is not None and metric not in DIMENSIONED:
        known = ", ".join(sorted(each.name for each in DIMENSIONED))
        raise InvalidInput("groupBy", f"values of a dimension have no {metric.name}; of {known} there is one for each")
    instants = edges(since, until, interval, zone)
    window = span_of(instants)
    basis = await buckets.basis(window, principal)
    grain = grain_of(instants)
    if group_by is None and metric in COUNTED:
        counts = await buckets.counts([subject], window, grain)
        line = Grouped(value=None, points=tuple(count_points(counts[subject], instants, metric)))
        return TimeSeries(basis=basis, lines=(line,))
    found = await buckets.series([subject], window, grain, dimensions=group_by is not None)
    lines: dict[str | None, Sequence[Bucket]] = (
        {None: found[subject]} if group_by is None else dict(grouped(found[subject], group_by, most))
    )
    return TimeSeries(
        basis=basis,
        lines=tuple(
            Grouped(value=value, points=tuple(points(line, instants, metric))) for value, line in lines.items()
        ),
    )
