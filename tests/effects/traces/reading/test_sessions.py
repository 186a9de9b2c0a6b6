"""Reading sessions and what belongs to them, on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.contracts.traces.observations import LogRecorded, MetricMeasured, Observation, SessionSeen, Temporality
from loopgraph.effects.clock import new_id, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.records import log_key, metric_key
from loopgraph.effects.traces.reading.sessions import SessionReads, session_key
from loopgraph.effects.traces.recording.mapping import trace_key
from loopgraph.errors import InvalidInput, UserError
from support.access import mate, owned
from support.traces import NOON, Traces, at

ANYBODY = None


def seen(event: Any) -> Observation:
    return Observation(event=event, source="hook.Test")


async def record(graph: Graph, *events: Any) -> None:
    outcomes = await Traces(graph).record(events, received_at=NOON)
    assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]


@pytest.fixture
async def sessions(graph: Graph) -> tuple[str, str]:
    """The ids of two sessions. The first is mine, with a trace of mine, one of hers and one of nobody in particular, each with
    a log record, and two data points; the second has one trace and a log record of its own.
    """
    mine, other = new_id(), new_id()
    known = SessionSeen(
        session_id=mine, user_id="me", client="claude-code", started_at=at(100), context={"a": 1}, tags=("x", "y")
    )
    events: list[Any] = [
        seen(known),
        seen(SessionSeen(session_id=other, started_at=at(200))),
        TraceStarted(correlation_id=f"{other}-only", session_id=other, timestamp=at(1)),
        seen(LogRecorded(record_id=f"{other}-log", session_id=other, timestamp=at(1), body=["text", 1])),
        *(
            seen(
                MetricMeasured(
                    point_id=f"{mine}-{i}", session_id=mine, name="cost", unit="USD", temporality=Temporality.DELTA,
                    value=float(i), timestamp=at(i),
                )
            )
            for i in (2, 1)
        ),
    ]  # fmt: skip
    for i, user in enumerate(("me", "her", None)):
        trace = f"{mine}-{user}"
        events += [
            TraceStarted(correlation_id=trace, session_id=mine, user_id=user, timestamp=at(i)),
            # All at one instant: the id decides.
            seen(LogRecorded(record_id=f"{trace}-log", correlation_id=trace, session_id=mine, timestamp=at(5))),
        ]
    await record(graph, *events)
    return mine, other


async def test_sessions_by_id_and_newest_first(graph: Graph, sessions: tuple[str, str]) -> None:
    reads, (mine, other) = SessionReads(graph), sessions
    found = await reads.by_id([mine, other, new_id()], ANYBODY)
    assert set(found) == {mine, other}
    session = found[mine]
    assert (session.client, session.started_at, session.ended_at) == ("claude-code", at(100), None)
    assert (session.context, session.tags) == ({"hook.Test": {"a": 1}}, ("x", "y"))

    page = await reads.page(Page(first=1, after=session_key(found[other])), ANYBODY)
    assert page.items[0].at <= at(200)
    after = await reads.page(Page(first=100, after=f"{session_key(found[mine])}~"), ANYBODY)
    assert after.items[0].session_id == mine


async def test_what_belongs_to_sessions_comes_in_pages(graph: Graph, sessions: tuple[str, str]) -> None:
    reads, (mine, other) = SessionReads(graph), sessions
    first = await reads.traces(sessions, Page(first=2), ANYBODY)
    assert [trace.correlation_id for trace in first[mine].items] == [f"{mine}-None", f"{mine}-her"]
    assert (first[mine].has_more, first[other].has_more) == (True, False)
    rest = await reads.traces([mine], Page(first=2, after=trace_key(first[mine].items[-1])), ANYBODY)
    assert [trace.correlation_id for trace in rest[mine].items] == [f"{mine}-me"]

    logs = await reads.logs(sessions, Page(first=2), ANYBODY)
    assert [record.record_id for record in logs[mine].items] == [f"{mine}-None-log", f"{mine}-her-log"]
    assert [(record.at, record.body) for record in logs[other].items] == [(at(1), ["text", 1])]
    more = await reads.logs([mine], Page(first=2, after=log_key(logs[mine].items[-1])), ANYBODY)
    assert ([record.record_id for record in more[mine].items], more[mine].has_more) == ([f"{mine}-me-log"], False)

    points = await reads.metrics(sessions, Page(first=1))
    [point] = points[mine].items
    assert (point.value, point.at, point.temporality, points[mine].has_more) == (1.0, at(1), Temporality.DELTA, True)
    assert points[other].items == ()
    [point] = (await reads.metrics([mine], Page(first=1, after=metric_key(point))))[mine].items
    assert point.value == 2.0
    for after in ("yesterday|x", "2026-01-01T00:00:00|x"):
        with pytest.raises(InvalidInput, match="after: must be a cursor"):
            await reads.logs([mine], Page(first=1, after=after), ANYBODY)


async def test_who_sees_what(graph: Graph, sessions: tuple[str, str]) -> None:
    await owned(graph)
    reads, (mine, other) = SessionReads(graph), sessions
    for principal, visible, users in (
        (mate("me"), {mine, other}, {"me", "None"}),
        (mate("her"), {other}, {"her", "None"}),
        (Principal(subject="her", roles=("admin",)), {mine, other}, {"me", "her", "None"}),
    ):
        assert set(await reads.by_id(sessions, principal)) == visible
        traces = (await reads.traces([mine], Page(first=9), principal))[mine].items
        logs = (await reads.logs([mine], Page(first=9), principal))[mine].items
        assert {trace.correlation_id.rpartition("-")[2] for trace in traces} == users
        assert {log.record_id.split("-")[-2] for log in logs} == users
        page = await reads.page(Page(first=9, after=f"{time_key(at(200), other)}~"), principal)
        assert {session.session_id for session in page.items} & {mine, other} == visible
