"""Data points of metrics as observations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from loopgraph.computes.agents.fields import LONGEST_NAME, Fields, said, shortened
from loopgraph.computes.agents.ids import as_id, digest_id
from loopgraph.computes.otel.claude_code import PREFIX, SESSION, is_of_agent, session_seen
from loopgraph.computes.otel.dialects.table import WHOSE
from loopgraph.computes.otel.model import Point, instant
from loopgraph.computes.otel.report import Report
from loopgraph.contracts.traces.observations import MetricMeasured, Observation, Temporality
from loopgraph.errors import InvalidInput

_ALWAYS: Final = {"gauge": Temporality.GAUGE, "summary": Temporality.CUMULATIVE}
"""The temporality of those kinds of metrics that have no choice."""


def observe_points(items: Sequence[Point | InvalidInput]) -> Report:
    """What the data points of one request say; what could not be read is refused, and one without a finite value; one that says
    that there is no value now is passed over."""
    report, sessions = Report(), set()
    for i, point in report.sound(items).items():
        if not point.measured:
            continue
        try:
            report.add(i, _observe(point))
        except (InvalidInput, ValidationError) as error:
            report.refuse(i, error)
            continue
        if is_of_agent(point.metric, point.attributes) and point.attributes[SESSION] not in sessions:
            sessions.add(point.attributes[SESSION])
            report.add_common(session_seen(point.origin, point.attributes, point.time_ns))
    return report


def _observe(point: Point) -> Observation:
    value = point.value
    if value is None or not math.isfinite(value):
        raise InvalidInput("value" if point.count is None else "sum", "must be a finite number")
    fields = Fields(point.attributes)
    session = fields.text(*WHOSE) or Fields(point.origin.resource).text(*WHOSE)
    about = {} if point.metric.startswith(PREFIX) and session else {"resource": point.origin.resource}
    measured = MetricMeasured(
        point_id=digest_id(
            point.origin.resource,
            point.origin.scope,
            (point.metric, point.unit, point.kind, point.attributes, point.start_ns, point.time_ns),
        ),
        name=shortened(point.metric, LONGEST_NAME),
        unit=point.unit,
        temporality=_temporality(point),
        value=value,
        context={**point.more, **about, "attributes": fields.rest},
        **said(
            session_id=as_id(session) if session else None,
            count=point.count,
            started_at=instant(point.start_ns),
            timestamp=instant(point.time_ns),
        ),
    )
    return Observation(event=measured, source=f"otel.{point.origin.service or 'unknown'}")


def _temporality(point: Point) -> Temporality:
    if point.kind in _ALWAYS:
        return _ALWAYS[point.kind]
    if point.temporality == "unspecified":
        raise InvalidInput("aggregationTemporality", "must be 1 (delta) or 2 (cumulative)")
    return Temporality(point.temporality)
