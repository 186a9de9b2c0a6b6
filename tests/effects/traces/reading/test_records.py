"""Log records and data points of nobody are read newest first, as fast as there are few."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from loopgraph.contracts.base import Page
from loopgraph.contracts.traces.observations import LogRecorded, MetricMeasured, Observation, Temporality
from loopgraph.contracts.traces.sessions import LogFilter, MetricFilter
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.records import RecordReads, log_key, metric_key
from loopgraph.effects.traces.recording.writes import TraceWrites
from support.traces import NOON
from support.waiting import until

FIRST = Page(first=20)
LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)


def log(id_: str, at: datetime) -> Observation:
    return Observation(event=LogRecorded(record_id=id_, name=id_[:36], timestamp=at), source="test")


def point(id_: str, at: datetime) -> Observation:
    event = MetricMeasured(point_id=id_, name=id_[:36], temporality=Temporality.DELTA, value=1, timestamp=at)
    return Observation(event=event, source="test")


async def test_pages_of_both_go_on_where_the_one_before_ended(graph: Graph) -> None:
    kind, reads = new_id(), RecordReads(graph)
    # Two of each instant: then the id decides.
    dated = [(f"{kind}-{number}", NOON + timedelta(seconds=number // 2)) for number in range(7)]
    told = [make(id_, at) for id_, at in dated for make in (log, point)]
    await TraceWrites(graph).record(told, received_at=NOON)
    expected = [id_ for id_, _ in reversed(dated)]
    logs, points, of_logs, of_points = list[str](), list[str](), Page(first=3), Page(first=3)
    while True:
        found = await reads.logs(LogFilter(name=kind), of_logs, None)
        measured = await reads.metrics(MetricFilter(name=kind), of_points, None)
        logs += [record.record_id for record in found.items]
        points += [one.point_id for one in measured.items]
        assert found.has_more == measured.has_more
        if not found.has_more:
            break
        of_logs = Page(first=3, after=log_key(found.items[-1]))
        of_points = Page(first=3, after=metric_key(measured.items[-1]))
    assert logs == points == expected
    some = LogFilter(name=kind, since=NOON + timedelta(seconds=1), until=NOON + timedelta(seconds=3))
    assert [record.record_id for record in (await reads.logs(some, FIRST, None)).items] == expected[1:5]


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_the_newest_are_found_as_fast_among_many(graph: Graph) -> None:
    """Some of each of 1,000 and of 9,000 records; a sort of all of them would take nine times as long."""
    kind, reads, writes = new_id(), RecordReads(graph), TraceWrites(graph)
    theirs = LogFilter(since=LONG_AGO, until=LONG_AGO + timedelta(days=1))

    async def fill(first: int, last: int) -> None:
        told = [log(f"{kind}-{number}", LONG_AGO + timedelta(seconds=number)) for number in range(first, last)]
        for begin in range(0, len(told), 1_000):
            await writes.record(told[begin : begin + 1_000], received_at=NOON)

    async def fastest() -> float:
        times = []
        for _ in range(9):
            began = time.perf_counter()
            found = await reads.logs(theirs, FIRST, None)
            times.append(time.perf_counter() - began)
            assert len(found.items) == 20
        return min(times)

    await fill(0, 1_000)
    few = await fastest()
    await fill(1_000, 9_000)

    async def is_as_fast() -> bool:
        return await fastest() < 4 * few + 0.005

    await until(is_as_fast)  # the machine may have become slower since
