"""How much each of several subjects is used."""

from __future__ import annotations

from collections.abc import Sequence

from loopgraph.contracts.analytics.figures import UsageFigures
from loopgraph.contracts.analytics.subjects import Subject
from loopgraph.contracts.analytics.windows import Grain, Span, Window
from loopgraph.effects.clock import now, time_zone
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.exact import Resolved
from loopgraph.reducers.usage.usage import usage_figures


async def usage_of(
    buckets: Buckets, subjects: Sequence[Subject], window: Window, zone_name: str
) -> dict[Subject, UsageFigures]:
    """The figures of usage of each subject, in one statement. Raises InvalidInput for a time zone that there is not."""
    zone, at = time_zone(zone_name), now()
    counts = await buckets.counts(subjects, window, Grain.HOUR)
    span = Span(window.since, window.until)
    return {subject: usage_figures(counts.get(subject, ()), span, zone, zone_name, at) for subject in subjects}


async def usage_within(buckets: Buckets, subject: Subject, resolved: Resolved, zone_name: str) -> UsageFigures:
    """The same of one subject, over the span of an answer that may begin and end within hours."""
    zone, at, edges = time_zone(zone_name), now(), [edge.count for edge in resolved.edges.get(subject, ())]
    inner = resolved.inner
    counts = (await buckets.counts([subject], inner, Grain.HOUR)).get(subject, ()) if inner else ()
    span = Span(resolved.basis.since, resolved.basis.until)
    return usage_figures(sorted([*counts, *edges]), span, zone, zone_name, at)
