"""How much each of several subjects is used."""

from __future__ import annotations

from collections.abc import Sequence

from loopgraph.contracts.analytics.figures import UsageFigures
from loopgraph.contracts.analytics.subjects import Subject
from loopgraph.contracts.analytics.windows import Grain, Window
from loopgraph.effects.clock import now, time_zone
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.reducers.usage.usage import usage_figures


async def usage_of(
    buckets: Buckets, subjects: Sequence[Subject], window: Window, zone_name: str
) -> dict[Subject, UsageFigures]:
    """The figures of usage of each subject, in one statement. Raises InvalidInput for a time zone that there is not."""
    zone, at = time_zone(zone_name), now()
    counts = await buckets.counts(subjects, window, Grain.HOUR)
    return {subject: usage_figures(counts.get(subject, ()), window, zone, zone_name, at) for subject in subjects}
