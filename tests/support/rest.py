"""What tests of the REST views share: patterns that are used now, and answers that must be as they are described."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import httpx

from loopgraph.api.rest.view import View
from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.traces.events import HookExecuted, RoutingDecided, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id, now
from support.service import Json, Service

ORIGIN = Origin(actor_type=ActorType.USER, actor_id="tester")


class Made(NamedTuple):
    """A pattern with two versions, of which the second is in use."""

    pattern_id: str
    node_ids: tuple[str, str]


async def pattern(service: Service, name: str, pattern_type: str, **more: Any) -> Made:
    """A new pattern with two versions."""
    lineage = service.parts.lineage
    new = NewPattern(name=name, pattern_type=pattern_type, **more)
    made = await lineage.create_pattern(new, NewVersion(template_code="Print it.", activate=True), ORIGIN)
    id_ = made.pattern.pattern_id
    second = NewVersion(template_code="Print it twice, with a number before each line.", activate=True)
    added = await lineage.add_version(id_, second, ORIGIN)
    return Made(id_, (made.version.node_id, added.version.node_id))


def execution(
    node_id: str, at: datetime, *, success: bool, duration_ms: float, quality: float | None
) -> list[TraceEvent]:
    """A trace with one step that ran a version."""
    trace, session = new_id(), new_id()
    return [
        TraceStarted(
            correlation_id=trace, session_id=session, user_id="u", timestamp=at, context={"context_type": "bugfix"}
        ),
        RoutingDecided(correlation_id=trace, selected_agent="coder", timestamp=at),
        HookExecuted(
            correlation_id=trace,
            execution_id=new_id(),
            hook_type="ToolUse",
            tool_name="Sort",
            node_id=node_id,
            session_id=session,
            started_at=at,
            completed_at=at + timedelta(milliseconds=duration_ms),
            duration_ms=duration_ms,
            success=success,
            quality_score=quality,
        ),
        TraceCompleted(correlation_id=trace, success=success, timestamp=at + timedelta(seconds=1)),
    ]


async def used(
    service: Service,
    made: Made,
    successes: int,
    failures: int,
    duration_ms: float = 100.0,
    quality: float | None = None,
) -> None:
    """Executions of the version in use, in the last ten days."""
    begun = now() - timedelta(days=10)
    of = successes + failures
    events: list[TraceEvent] = []
    for number in range(of):
        events += execution(
            made.node_ids[1],
            begun + number * timedelta(days=9) / of,
            success=number >= failures,
            duration_ms=duration_ms + number,
            quality=quality,
        )
    await service.parts.recorder.record(events)


async def asked(service: Service, view: View[Any], path: str | None = None, **given: Any) -> Json:
    """What a view answers, which must be 200 and as it is described."""
    response = await ask(service, view, path, **given)
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    view.answer.model_validate_json(response.content)
    return answer


async def ask(service: Service, view: View[Any], path: str | None = None, **given: Any) -> httpx.Response:
    """A request for a view."""
    if view.method == "POST":
        return await service.http.post(path or view.path, json=given)
    return await service.http.get(path or view.path, params=given)
