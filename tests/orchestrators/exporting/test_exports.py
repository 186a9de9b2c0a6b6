"""Exports on real engines: what is exported is what was recorded, whole and in order, as far as it may be seen."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from loopgraph.building import build_services
from loopgraph.contracts.analytics.figures import SeriesMetric
from loopgraph.contracts.analytics.subjects import SubjectKind
from loopgraph.contracts.analytics.windows import Grain
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.contracts.base import Principal
from loopgraph.contracts.exports.formats import GraphFormat, TableFormat
from loopgraph.contracts.exports.requests import LineageQuery, LineageRequest, SeriesRequest, TableRequest
from loopgraph.contracts.exports.tables import TABLES, TableName
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion, ParentLink
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, RoutingDecided, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.observations import Observation, SessionSeen
from loopgraph.effects.clock import new_id
from loopgraph.effects.exports import keys, tables
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import make_event
from loopgraph.effects.traces.accesses import Accesses
from loopgraph.errors import Forbidden, InvalidInput, NotFound
from loopgraph.orchestrators.exporting.exports import Exports
from loopgraph.orchestrators.exporting.streams import Export
from loopgraph.settings import Settings
from support.access import mate, owned
from support.feedback import ENOUGH, make_subject
from support.lineage import Room
from support.traces import Traces, make_version, record, statement
from support.usage import own_day

Rows = list[dict[str, Any]]
SOMEBODY = mate("somebody")


@pytest.fixture
def exports(graph: Graph) -> Exports:
    return build_services(Settings(), graph).exports


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages, slices and groups of parents of which even a few rows need several."""
    for name, size in (("PAGE", 3), ("PARENTS", 2), ("SLICE_ROWS", 2)):
        monkeypatch.setattr(keys, name, size)


async def whole(export: Export) -> bytes:
    async with aclosing(export.chunks) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def rows(exports: Exports, table: TableName, principal: Principal | None = None, **asked: Any) -> Rows:
    """The rows of a table, each with all of its columns."""
    request = TableRequest(format=TableFormat.NDJSON, **asked)
    found = [json.loads(line) for line in (await whole(await exports.table(table, request, principal))).splitlines()]
    for row in found:
        assert list(row) == [column.name for column in TABLES[table].columns]
    return found


def ids(found: Rows, name: str) -> list[str]:
    return [row[name] for row in found]


class Work:
    """Traces of a session on a day of its own: three steps each, a call under the second, and one straight from the trace."""

    def __init__(self, graph: Graph, traces: int, user: str | None = None) -> None:
        self.graph, self.user = graph, user
        self.day = own_day()
        self.session, self.folder = new_id(), f"/home/dev/{new_id()}"
        self.traces = [new_id() for _ in range(traces)]

    async def record(self, **version: str) -> None:
        seen = SessionSeen(session_id=self.session, cwd=self.folder, timestamp=self.day)
        await record(Traces(self.graph), Observation(event=seen, source="test"))
        for place, trace in enumerate(self.traces):
            at = self.day + timedelta(minutes=place)
            step = {"correlation_id": trace, "hook_type": "ToolUse", "success": True, "duration_ms": 5.0}
            await record(
                Traces(self.graph),
                TraceStarted(
                    correlation_id=trace, session_id=self.session, timestamp=at, user_id=self.user, prompt_text='say "=1"'
                ),
                RoutingDecided(correlation_id=trace, selected_agent=f"agent-{place % 2}", timestamp=at),
                *(HookExecuted(execution_id=f"{trace}.{n}", timestamp=at, **step, **version) for n in range(3)),
                EndpointCalled(
                    correlation_id=trace, call_id=f"{trace}.a", hook_execution_id=f"{trace}.1", timestamp=at, success=True,
                    service_name="s", endpoint_path="/x", input_tokens=2**53 - 1, model="m",
                ),
                EndpointCalled(
                    correlation_id=trace, call_id=f"{trace}.b", timestamp=at, success=True, service_name="s",
                    endpoint_path="/y",
                ),
                TraceCompleted(correlation_id=trace, success=True, timestamp=at + timedelta(seconds=9)),
            )  # fmt: skip


@pytest.mark.lengthy
@pytest.mark.usefixtures("small")
async def test_traces_and_what_is_in_them_are_exported_whole_and_in_order(graph: Graph, exports: Exports) -> None:
    work = Work(graph, 7)
    await work.record()
    traces = await rows(exports, TableName.TRACES, session_id=work.session)
    assert ids(traces, "correlation_id") == work.traces
    assert traces[0]["prompt_text"] == 'say "=1"'
    assert traces[0]["started_at"] == f"{work.day:%Y-%m-%dT%H:%M:%S.%f}Z"
    [session] = await rows(exports, TableName.SESSIONS, project=work.folder)
    assert (session["session_id"], session["cwd"]) == (work.session, work.folder)
    executions = await rows(exports, TableName.EXECUTIONS, session_id=work.session)
    assert ids(executions, "execution_id") == [f"{trace}.{n}" for trace in work.traces for n in range(3)]
    calls = await rows(exports, TableName.CALLS, session_id=work.session)
    assert ids(calls, "call_id") == [f"{trace}.{n}" for trace in work.traces for n in "ab"]
    assert calls[0]["input_tokens"] == 2**53 - 1
    assert calls[0]["hook_execution_id"] == f"{work.traces[0]}.1"


@pytest.mark.lengthy
@pytest.mark.usefixtures("small")
async def test_traces_are_filtered_by_time_agent_and_project(graph: Graph, exports: Exports) -> None:
    work = Work(graph, 6)
    await work.record()
    time = {"since": work.day + timedelta(minutes=1), "until": work.day + timedelta(minutes=5)}
    assert ids(await rows(exports, TableName.TRACES, **time), "correlation_id") == work.traces[1:5]
    even = await rows(exports, TableName.TRACES, **time, agent="agent-0")
    assert ids(even, "correlation_id") == [work.traces[2], work.traces[4]]
    there = await rows(exports, TableName.CALLS, **time, project=work.folder, agent="agent-1")
    assert ids(there, "correlation_id") == [work.traces[n] for n in (1, 1, 3, 3)]
    assert await rows(exports, TableName.EXECUTIONS, **time, project=f"{work.folder}/else") == []


@pytest.mark.lengthy
@pytest.mark.usefixtures("small")
async def test_a_project_is_what_a_trace_or_its_session_names_or_else_the_folder(
    graph: Graph, exports: Exports
) -> None:
    work, name, of_session = Work(graph, 2), new_id(), new_id()
    await work.record()
    other, session = new_id(), new_id()
    seen = SessionSeen(session_id=session, cwd=work.folder, project=of_session, timestamp=work.day)
    await record(Traces(graph), Observation(event=seen, source="test"))
    named = TraceStarted(correlation_id=other, session_id=work.session, project=name, timestamp=work.day)
    unnamed = TraceStarted(correlation_id=new_id(), session_id=session, timestamp=work.day)
    await record(Traces(graph), named, unnamed)
    expected = {work.folder: work.traces, name: [other], of_session: [unnamed.correlation_id]}
    for project, traces in expected.items():
        found = await rows(exports, TableName.TRACES, since=work.day, project=project)
        assert ids(found, "correlation_id") == traces
    for project, sessions in ((work.folder, [work.session]), (of_session, [session]), (name, [])):
        assert ids(await rows(exports, TableName.SESSIONS, project=project), "session_id") == sessions


@pytest.mark.lengthy
@pytest.mark.usefixtures("small")
async def test_uses_name_the_version_and_are_filtered_by_pattern(graph: Graph, exports: Exports) -> None:
    node_id, other = await make_version(graph), await make_version(graph)
    work = Work(graph, 3)
    await work.record(node_id=node_id)
    found = await rows(exports, TableName.USES, session_id=work.session)
    assert ids(found, "execution_id") == [f"{trace}.{n}" for trace in work.traces for n in range(3)]
    pattern_id = found[0]["pattern_id"]
    assert {(row["node_id"], row["version"], row["pattern_name"]) for row in found} == {(node_id, 1, "sort")}
    assert await rows(exports, TableName.USES, session_id=work.session, pattern_id=pattern_id) == found
    [of_other] = await rows(exports, TableName.VERSIONS, pattern_id=await pattern_of(exports, other))
    assert await rows(exports, TableName.USES, session_id=work.session, pattern_id=of_other["pattern_id"]) == []
    used = await rows(exports, TableName.TRACES, session_id=work.session, pattern_id=pattern_id)
    assert ids(used, "correlation_id") == work.traces


async def pattern_of(exports: Exports, node_id: str) -> str:
    request = LineageRequest(query=LineageQuery.ANCESTORS, node_id=node_id, format=GraphFormat.JGF)
    graph = json.loads(await whole(await exports.lineage(request)))["graph"]
    pattern_id: str = graph["nodes"][node_id]["metadata"]["pattern_id"]
    return pattern_id


@pytest.mark.lengthy
async def test_each_sees_only_traces_of_their_own_and_of_nobody(graph: Graph, exports: Exports) -> None:
    mine, hers, nobodys = Work(graph, 2, "somebody"), Work(graph, 2, "her"), Work(graph, 2)
    for work in (mine, hers, nobodys):
        await work.record()
        await owned(graph)
        asked = {"session_id": work.session}
        for table in (TableName.TRACES, TableName.EXECUTIONS, TableName.CALLS):
            everything = await rows(exports, table, **asked)
            assert len(everything) >= 2
            assert await rows(exports, table, SOMEBODY, **asked) == ([] if work is hers else everything)
    end = mine.day + timedelta(days=1)
    request = SeriesRequest(metric=SeriesMetric.EXECUTIONS, since=mine.day, until=end)
    with pytest.raises(Forbidden):
        await exports.table(TableName.USAGE, TableRequest(), SOMEBODY)
    with pytest.raises(Forbidden):
        await exports.series(request, SOMEBODY)


async def test_accesses_are_exported_to_those_alone_who_may_see_everything(graph: Graph, exports: Exports) -> None:
    pattern_id = await pattern_of(exports, await make_version(graph))
    access = make_event(EventType.LINEAGE_TRAVERSED, Origin(), pattern_id=pattern_id)
    await Accesses(graph).write([access])
    everything = ids(await rows(exports, TableName.EVENTS, pattern_id=pattern_id), "event_id")
    changes = ids(await rows(exports, TableName.EVENTS, SOMEBODY, pattern_id=pattern_id), "event_id")
    assert changes
    assert everything == [*changes, access.event_id]


@pytest.mark.lengthy
@pytest.mark.usefixtures("small")
async def test_patterns_versions_and_edges_are_exported_in_order(graph: Graph, exports: Exports) -> None:
    room = Room.on(graph)
    pattern = NewPattern(pattern_id=new_id(), name='"=cmd"')
    chain = [new_id() for _ in range(8)]
    history = [
        NewVersion(
            node_id=node_id,
            template_code=f"text {place}",
            parents=(ParentLink(node_id=chain[place - 1]),) if place else (),
        )
        for place, node_id in enumerate(chain)
    ]
    await room.history(pattern, history)
    [told] = await rows(exports, TableName.PATTERNS, pattern_id=pattern.pattern_id)
    assert (told["name"], told["latest_version"]) == ('"=cmd"', 8)
    versions = await rows(exports, TableName.VERSIONS, pattern_id=pattern.pattern_id)
    assert ids(versions, "node_id") == chain
    assert [row["version"] for row in versions] == list(range(1, 9))
    assert versions[7]["template_code"] == "text 7"
    edges = await rows(exports, TableName.EDGES, pattern_id=pattern.pattern_id)
    assert [(row["source_node_id"], row["target_node_id"]) for row in edges] == list(pairwise(chain))
    events = await rows(exports, TableName.EVENTS, pattern_id=pattern.pattern_id)
    assert len(events) >= 8
    assert events == sorted(events, key=lambda row: (row["recorded_at"], row["event_id"]))


@pytest.mark.lengthy
@pytest.mark.usefixtures("small")
async def test_many_edges_of_one_version_come_once_each(graph: Graph, exports: Exports) -> None:
    room = Room.on(graph)
    first, *others = await room.versions(8)
    drawn = [(await room.connect(first, other))[0].edge_id for other in others]
    pattern_id = await pattern_of(exports, first)
    assert ids(await rows(exports, TableName.EDGES, pattern_id=pattern_id), "edge_id") == sorted(drawn)


@pytest.mark.lengthy
@pytest.mark.usefixtures("small")
async def test_runs_and_the_executions_of_experiments(graph: Graph, exports: Exports) -> None:
    subject = await make_subject(graph)
    improvement = await subject.propose()
    run = await subject.advance(await subject.start())
    of_pattern = {"pattern_id": subject.pattern_id}
    [told] = await rows(exports, TableName.RUNS, **of_pattern)
    assert (told["run_id"], told["status"], told["min_sample_size"]) == (run.run_id, "waiting", ENOUGH)
    await subject.work(8, {subject.node_id: 100.0, improvement.candidate_node_id: 80.0})
    found = await rows(exports, TableName.EXPERIMENT_EXECUTIONS, **of_pattern)
    assert len(found) == 8
    assert {row["unit"] for row in found} == {f"unit-{n}" for n in range(8)}
    assert {(row["arm"], row["node_id"]) for row in found} <= {
        ("control", subject.node_id), ("treatment", improvement.candidate_node_id),
    }  # fmt: skip
    assert found == sorted(found, key=lambda row: row["node_id"])
    experiment = {"experiment_id": found[0]["experiment_id"]}
    assert await rows(exports, TableName.EXPERIMENT_EXECUTIONS, **experiment) == found


@pytest.mark.lengthy
@pytest.mark.usefixtures("small")
async def test_usage_is_caught_up_and_by_hour_or_day(graph: Graph, exports: Exports) -> None:
    work = Work(graph, 3)
    await work.record()
    day = {"since": work.day, "until": work.day + timedelta(days=1)}
    [hour] = await rows(exports, TableName.USAGE, **day, kind=SubjectKind.PROJECT)
    assert (hour["name"], hour["executions"], hour["successes"]) == (work.folder, 3, 3)
    assert hour["duration_ms"] == 27_000.0
    assert hour["statuses"] == {"success": 3}
    assert hour["input_tokens"] == 3 * (2**53 - 1)
    of_day = await rows(exports, TableName.USAGE, **day, grain=Grain.DAY)
    assert {row["kind"] for row in of_day} >= {"all", "agent", "tool", "endpoint", "model", "project"}
    assert [row["start"] for row in of_day] == [f"{work.day:%Y-%m-%d}T00:00:00.000000Z"] * len(of_day)
    [line] = [row for row in of_day if row["kind"] == "project"]
    assert {**line, "grain": "hour"} == hour


@pytest.mark.lengthy
async def test_a_series_is_that_of_the_api(graph: Graph, exports: Exports) -> None:
    work = Work(graph, 3)
    await work.record()
    request = SeriesRequest(
        metric=SeriesMetric.EXECUTIONS, kind=SubjectKind.PROJECT, name=work.folder, since=work.day,
        until=work.day + timedelta(days=2), format=TableFormat.CSV,
    )  # fmt: skip
    told = (await whole(await exports.series(request, None))).decode().splitlines()
    assert told[0] == "metric,group,start,end,value,executions"
    assert [line.split(",")[4:] for line in told[1:]] == [["3.0", "3"], ["0.0", "0"]]
    with pytest.raises(InvalidInput, match=r"^name: must be given for project"):
        await exports.series(request.model_copy(update={"name": ""}), None)
    with pytest.raises(InvalidInput, match=r"^time_zone: "):
        await exports.series(request.model_copy(update={"time_zone": "Mars/Base"}), None)
    with pytest.raises(NotFound):
        await exports.series(request.model_copy(update={"kind": SubjectKind.PATTERN, "name": "none"}), None)


@pytest.mark.lengthy
async def test_what_is_written_or_goes_meanwhile_disturbs_nothing(graph: Graph, exports: Exports, small: None) -> None:
    work = Work(graph, 9)
    await work.record()
    request = TableRequest(format=TableFormat.NDJSON, session_id=work.session, columns=("correlation_id",))
    export = await exports.table(TableName.TRACES, request, None)
    found: list[str] = []
    async with aclosing(export.chunks) as chunks:
        async for chunk in chunks:
            found += [json.loads(line)["correlation_id"] for line in chunk.splitlines()]
            if len(found) <= 2:
                await statement(graph, "MATCH (t:Trace {correlation_id: $id}) DETACH DELETE t", id=work.traces[8])
                late = work.day - timedelta(minutes=1)
                await record(
                    Traces(graph), TraceStarted(correlation_id=new_id(), session_id=work.session, timestamp=late)
                )
    assert found == work.traces[:8]


@pytest.mark.lengthy
async def test_long_contents_are_read_few_at_a_time(
    graph: Graph, exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = new_id()
    step = {"correlation_id": trace, "hook_type": "ToolUse", "success": True, "tool_response": {"said": "x" * 60_000}}
    for at in range(0, 40, 10):
        await record(Traces(graph), *(HookExecuted(execution_id=f"{trace}.{n:02}", **step) for n in range(at, at + 10)))
    await record(Traces(graph), TraceStarted(correlation_id=trace, session_id=trace))
    asked: list[int] = []
    chunks = tables.chunks

    def counted(ids: list[str]) -> list[list[str]]:
        asked.append(len(ids))
        return chunks(ids)

    monkeypatch.setattr(tables, "chunks", counted)
    found = await rows(exports, TableName.EXECUTIONS, session_id=trace)
    assert ids(found, "execution_id") == [f"{trace}.{n:02}" for n in range(40)]
    assert sum(asked) == 40
    assert max(asked) == keys.SLICE_CHARACTERS // 60_013  # the beginning and the end of the JSON are in it, too


def test_slices_are_bounded_in_rows_and_characters() -> None:
    def sizes(*weights: int) -> list[int]:
        return [len(part) for part in keys.sliced(keys.Key("", weight, {}) for weight in weights)]

    most = keys.SLICE_CHARACTERS
    assert sizes(*[0] * (2 * keys.SLICE_ROWS + 1)) == [keys.SLICE_ROWS, keys.SLICE_ROWS, 1]
    assert sizes(most, 1, most - 1, 5 * most, 0) == [1, 2, 1, 1]
    assert sizes() == []


@pytest.mark.parametrize(
    ("table", "asked", "wrong"),
    [
        (TableName.PATTERNS, {"session_id": "s"}, "session_id: is no filter of patterns, which can be filtered by"),
        (TableName.TRACES, {"kind": SubjectKind.TOOL}, "kind: is no filter of traces"),
        (TableName.TRACES, {"columns": ("nothing",)}, "columns: 'nothing' is none of correlation_id"),
    ],
)
async def test_what_cannot_be_is_told_before_anything_is_read(
    exports: Exports, table: TableName, asked: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(InvalidInput, match=f"^{wrong}"):
        await exports.table(table, TableRequest(**asked), None)


async def test_an_unknown_pattern_or_experiment_is_not_found(exports: Exports) -> None:
    with pytest.raises(NotFound):
        await exports.table(TableName.VERSIONS, TableRequest(pattern_id="none"), None)
    with pytest.raises(NotFound):
        await exports.table(TableName.EXPERIMENT_EXECUTIONS, TableRequest(experiment_id="none"), None)


async def lineage(exports: Exports, **asked: Any) -> dict[str, Any]:
    request = LineageRequest(format=GraphFormat.JGF, **asked)
    graph: dict[str, Any] = json.loads(await whole(await exports.lineage(request)))["graph"]
    return graph


@pytest.mark.lengthy
async def test_graphs_of_the_lineage(graph: Graph, exports: Exports) -> None:
    room = Room.on(graph)
    a, b, c, d = await room.versions(4)
    (ab, _), (bc, _), (cd, _), (ac, _) = [await room.connect(*ends) for ends in ((a, b), (b, c), (c, d), (a, c))]

    async def of(query: LineageQuery, **asked: Any) -> tuple[set[str], set[str], bool]:
        told = await lineage(exports, query=query, **asked)
        return set(told["nodes"]), {edge["id"] for edge in told["edges"]}, told["metadata"]["truncated"]

    assert await of(LineageQuery.ANCESTORS, node_id=c) == ({a, b, c}, {ab.edge_id, bc.edge_id, ac.edge_id}, False)
    assert await of(LineageQuery.DESCENDANTS, node_id=b) == ({b, c, d}, {bc.edge_id, cd.edge_id}, False)
    near = await of(LineageQuery.NEIGHBOURHOOD, node_id=b)
    assert near == ({a, b, c}, {ab.edge_id, bc.edge_id, ac.edge_id}, True)
    everything = ({a, b, c, d}, {ab.edge_id, bc.edge_id, cd.edge_id, ac.edge_id}, False)
    assert await of(LineageQuery.NEIGHBOURHOOD, node_id=b, max_depth=9) == everything
    pattern_id = await pattern_of(exports, a)
    assert await of(LineageQuery.PATTERN, pattern_id=pattern_id) == everything
    assert await of(LineageQuery.PATH, source_node_id=a, target_node_id=d) == (
        {a, c, d}, {ac.edge_id, cd.edge_id}, False,
    )  # fmt: skip
    before = cd.valid_from - timedelta(microseconds=1)
    assert await of(LineageQuery.DESCENDANTS, node_id=b, as_of=before) == ({b, c}, {bc.edge_id}, False)
    nodes, _, truncated = await of(LineageQuery.ANCESTORS, node_id=d, max_nodes=2)
    assert (nodes, truncated) == ({d, c}, True)
    with pytest.raises(NotFound):
        await lineage(exports, query=LineageQuery.PATH, source_node_id=d, target_node_id=a)
    with pytest.raises(NotFound):
        await lineage(exports, query=LineageQuery.ANCESTORS, node_id="none")
    with pytest.raises(InvalidInput, match=r"^max_nodes: "):
        await lineage(exports, query=LineageQuery.ANCESTORS, node_id=d, max_nodes=10**9)


@pytest.mark.lengthy
async def test_an_export_that_is_left_early_reads_no_more(graph: Graph, exports: Exports, small: None) -> None:
    work = Work(graph, 9)
    await work.record()
    export = await exports.table(TableName.EXECUTIONS, TableRequest(session_id=work.session), None)
    async with aclosing(export.chunks) as chunks:
        await anext(chunks)
        await anext(chunks)
    statements = graph.statements
    for _ in range(20):
        await asyncio.sleep(0)
    assert graph.statements == statements
