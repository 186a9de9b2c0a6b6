"""What failed, as the graph holds it, on every engine; and what people write of it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from loopgraph.computes.analytics.templates import template_id
from loopgraph.contracts.analytics.failures import FailedPart, FailureFilter
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.audit import EventFilter, EventType
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, RoutingDecided, TraceCompleted, TraceStarted
from loopgraph.effects.analytics import failures, ranges
from loopgraph.effects.analytics.failures import ErrorAnnotations, FailureReads
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from support.access import mate, owned
from support.traces import NOON, Traces, make_version, record, statement
from support.uses import ORIGIN


def start() -> datetime:
    """The start of a day that no other test uses."""
    return NOON + timedelta(days=365 + random.SystemRandom().randrange(10**6))


def span(begin: datetime) -> TimeRange:
    return TimeRange(since=begin, until=begin + timedelta(hours=1))


async def test_what_failed_is_read_with_where_it_happened(graph: Graph) -> None:
    begin, trace, node_id = start(), new_id(), await make_version(graph)
    about = {"correlation_id": trace, "timestamp": begin + timedelta(seconds=1)}
    long = "a" * 2_500 + "b" * 2_500
    await record(
        Traces(graph),
        TraceStarted(correlation_id=trace, timestamp=begin),
        RoutingDecided(correlation_id=trace, selected_agent="fixer"),
        HookExecuted(
            **about, execution_id=f"{trace}-ran", hook_type="ToolUse", tool_name="Bash", node_id=node_id, success=False,
            error_message="exit 1", error_type="tool_error",
        ),
        HookExecuted(**about, execution_id=f"{trace}-ok", hook_type="ToolUse", success=True),
        HookExecuted(**about, execution_id=f"{trace}-no", hook_type="ToolUse", status="denied", error_message="no"),
        EndpointCalled(
            **about, call_id=f"{trace}-call", hook_execution_id=f"{trace}-ran", service_name="api", endpoint_path="/x",
            status="timeout", error_message=long, response_status=504,
        ),
        EndpointCalled(**about, call_id=f"{trace}-own", service_name="api", endpoint_path="/y", success=False),
        TraceCompleted(correlation_id=trace, success=False, timestamp=begin + timedelta(seconds=9), error_message="gave up"),
    )  # fmt: skip
    read = await FailureReads(graph).failures(span(begin), None)
    assert (read.traces, read.since) == (1, None)
    found = {failure.call_id or failure.execution_id or "trace": failure for failure in read.found}
    assert found.keys() == {"trace", f"{trace}-ran", f"{trace}-call", f"{trace}-own"}
    whole, ran, call, own = (found[key] for key in ("trace", f"{trace}-ran", f"{trace}-call", f"{trace}-own"))
    assert (whole.part, whole.message, whole.ended, whole.agent) == (FailedPart.TRACE, "gave up", True, "fixer")
    assert whole.at == begin + timedelta(seconds=9)
    assert (ran.part, ran.message, ran.error_type, ran.tool_name) == (FailedPart.STEP, "exit 1", "tool_error", "Bash")
    assert (ran.node_ids, ran.ended, ran.correlation_id) == ((node_id,), False, trace)
    assert (call.part, call.execution_id, call.service_name, call.endpoint_path) == (
        FailedPart.CALL,
        ran.execution_id,
        "api",
        "/x",
    )
    assert (call.response_status, call.node_ids, call.tool_name) == (504, (node_id,), "Bash")
    assert call.message == "a" * 2_000 + "\n…\n" + "b" * 1_000
    assert (own.part, own.execution_id, own.message, own.at) == (
        FailedPart.CALL,
        None,
        None,
        begin + timedelta(seconds=1),
    )


async def test_a_failure_is_told_of_the_versions_in_force_when_it_happened(graph: Graph) -> None:
    begin, trace = start(), new_id()
    skill, command, memory = [await make_version(graph) for _ in range(3)]
    await record(
        Traces(graph),
        TraceStarted(correlation_id=trace, timestamp=begin),
        *(
            HookExecuted(
                correlation_id=trace, execution_id=f"{trace}-{second}", hook_type="ToolUse", success=False, error_message="no",
                timestamp=begin + timedelta(seconds=second),
            )
            for second in (1, 5, 9)
        ),
    )  # fmt: skip
    for node_id, kind, since, until in (
        (skill, DefinitionKind.SKILL, 4, 6), (command, DefinitionKind.COMMAND, 3, 4), (memory, DefinitionKind.MEMORY, 8, 8),
    ):  # fmt: skip
        await statement(
            graph,
            """MATCH (t:Trace {correlation_id: $trace})
            CREATE (t)-[:RAN]->(:HookExecution {execution_id: $id, correlation_id: $trace, pattern_type: $kind, node_id: $node_id,
              started_at: $since, completed_at: $until, status: 'success', created_at: $since})""",
            trace=trace,
            id=new_id(),
            kind=kind.value,
            node_id=node_id,
            since=begin + timedelta(seconds=since),
            until=begin + timedelta(seconds=until),
        )
    read = await FailureReads(graph).failures(span(begin), None)
    found = {failure.execution_id: set(failure.node_ids) for failure in read.found}
    assert found == {f"{trace}-1": {memory}, f"{trace}-5": {memory, skill, command}, f"{trace}-9": {memory, command}}
    for node_id in (skill, memory):
        of_version = await FailureReads(graph).failures(span(begin), None, FailureFilter(node_id=node_id))
        assert sorted(of_version.found, key=lambda failure: failure.key) == sorted(
            read.found, key=lambda failure: failure.key
        )
        assert (of_version.traces, of_version.since) == (1, None)


async def test_everybody_sees_their_own_failures_and_those_of_nobody(graph: Graph) -> None:
    begin = start()
    for user in ("ada", "bob", None):
        trace = new_id()
        await record(
            Traces(graph),
            TraceStarted(correlation_id=trace, timestamp=begin, user_id=user),
            HookExecuted(
                correlation_id=trace, execution_id=new_id(), hook_type="T", success=False, error_message=f"of {user}"
            ),
            EndpointCalled(correlation_id=trace, call_id=new_id(), service_name="s", endpoint_path="/", success=False),
            TraceCompleted(correlation_id=trace, success=False),
        )
    await owned(graph)
    reads = FailureReads(graph)
    for principal, traces in ((None, 3), (mate("ada"), 2), (mate("eve"), 1)):
        read = await reads.failures(span(begin), principal)
        assert (read.traces, len(read.found)) == (traces, 3 * traces)
    said = {failure.message for failure in (await reads.failures(span(begin), mate("ada"))).found}
    assert {"of ada", "of None"} <= said
    assert "of bob" not in said


async def test_it_looks_no_further_back_than_it_may_and_says_so(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = start()
    events = []
    for number in range(12):
        trace, at = new_id(), begin + timedelta(minutes=number)
        step = {"hook_type": "T", "success": False, "error_message": "no", "timestamp": at}
        events += [
            TraceStarted(correlation_id=trace, timestamp=at),
            *(HookExecuted(correlation_id=trace, execution_id=new_id(), **step) for _ in range(3)),
        ]
    await record(Traces(graph), *events)
    reads = FailureReads(graph)
    whole = await reads.failures(span(begin), None)
    assert (len(whole.found), whole.traces, whole.since) == (36, 12, None)
    monkeypatch.setattr(ranges, "FIRST_SLICE", 2)
    in_slices = await reads.failures(span(begin), None)
    assert (sorted(failure.key for failure in in_slices.found), in_slices.traces, in_slices.since) == (
        sorted(failure.key for failure in whole.found), 12, None,
    )  # fmt: skip
    monkeypatch.setattr(ranges, "MOST_TRACES", 5)
    few = await reads.failures(span(begin), None)
    assert (len(few.found), few.traces, few.since) == (15, 5, begin + timedelta(minutes=7))
    monkeypatch.setattr(failures, "MOST_FAILURES", 4)  # fewer than two traces have: they are read one by one
    fewer = await reads.failures(span(begin), None)
    assert (len(fewer.found), fewer.traces, fewer.since) == (6, 2, begin + timedelta(minutes=10))
    assert {failure.at for failure in fewer.found} == {begin + timedelta(minutes=minute) for minute in (10, 11)}


@pytest.mark.lengthy
async def test_with_an_agent_or_a_version_it_looks_further_back(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    begin, agent, node_id = start(), f"agent {new_id()}", await make_version(graph)
    events = []
    for number in range(12):
        trace, at = new_id(), begin + timedelta(minutes=number)
        step = {"hook_type": "T", "success": False, "error_message": "no", "timestamp": at, "started_at": at}
        events += [
            TraceStarted(correlation_id=trace, timestamp=at, user_id="ada" if number == 6 else None),
            RoutingDecided(correlation_id=trace, selected_agent="other" if number % 2 else agent),
            HookExecuted(correlation_id=trace, execution_id=new_id(), node_id=None if number % 3 else node_id, **step),
            TraceCompleted(correlation_id=trace, success=False, timestamp=at),
        ]
    await record(Traces(graph), *events)
    await owned(graph)
    reads = FailureReads(graph)

    async def minutes(filter: FailureFilter, principal: Principal | None = None) -> tuple[list[int], int, int | None]:
        read = await reads.failures(span(begin), principal, filter)
        found = sorted({(failure.at - begin) // timedelta(minutes=1) for failure in read.found})
        return found, read.traces, None if read.since is None else (read.since - begin) // timedelta(minutes=1)

    of_agent, of_version = FailureFilter(agent=agent), FailureFilter(node_id=node_id)
    assert await minutes(of_agent) == ([0, 2, 4, 6, 8, 10], 6, None)
    assert await minutes(of_version) == ([0, 3, 6, 9], 4, None)
    assert await minutes(of_version, mate("eve")) == ([0, 3, 9], 3, None)
    monkeypatch.setattr(ranges, "FIRST_SLICE", 2)
    monkeypatch.setattr(ranges, "MOST_TRACES", 4)
    assert await minutes(FailureFilter()) == ([8, 9, 10, 11], 4, 8)
    assert await minutes(of_agent) == ([4, 6, 8, 10], 4, 4)
    assert await minutes(of_version) == ([0, 3, 6, 9], 4, None)
    monkeypatch.setattr(ranges, "MOST_TRACES", 6)
    assert await minutes(of_agent) == ([0, 2, 4, 6, 8, 10], 6, None)
    monkeypatch.setattr(ranges, "LARGEST_SLICE", 3)
    assert await minutes(of_agent) == ([0, 2, 4, 6, 8, 10], 6, None)
    monkeypatch.setattr(failures, "MOST_PASSED_OVER", 4)  # two slices of three
    assert await minutes(of_agent) == ([6, 8, 10], 3, 6)
    assert await minutes(FailureFilter(agent=agent, node_id=node_id)) == ([0, 3, 6, 9], 4, None)
    monkeypatch.setattr(ranges, "MOST_TRACES", 1)
    assert await minutes(of_version) == ([9], 1, 9)
    monkeypatch.setattr(ranges, "MOST_TRACES", 3)
    assert await minutes(of_version) == ([3, 6, 9], 3, 3)
    monkeypatch.setattr(ranges, "MOST_TRACES", 4)
    monkeypatch.setattr(failures, "AT_ONCE", 1)
    monkeypatch.setattr(failures, "MOST_FAILURES", 4)  # a step and a trace in each
    assert await minutes(of_version) == ([6, 9], 2, 6)
    monkeypatch.setattr(failures, "AT_ONCE", 4)
    assert await minutes(of_version) == ([6, 9], 2, 6), "of more failures than may be read at once, none is left out"
    monkeypatch.undo()
    forever = span(begin).model_copy(update={"until": datetime(9999, 12, 31, tzinfo=UTC)})
    assert (await reads.failures(forever, None, of_version)).traces == 4


async def test_what_people_know_is_kept_with_its_event(graph: Graph) -> None:
    template = f"no answer from {new_id()}"
    id_, keep = template_id(template), ErrorAnnotations(graph)
    first = await keep.annotate(id_, template, {"known_fix": "restart it"}, ORIGIN)
    assert (first.template_id, first.template, first.known_fix, first.prevention) == (id_, template, "restart it", None)
    assert first.updated_by == "tester"
    await keep.annotate(id_, template, {"prevention": "watch it"}, ORIGIN)
    last = await keep.annotate(id_, template, {"known_fix": None}, ORIGIN)
    assert (last.known_fix, last.prevention) == (None, "watch it")
    assert last in await FailureReads(graph).annotations()
    await keep.annotate(id_, template, {"prevention": None}, ORIGIN)
    assert id_ not in {each.template_id for each in await FailureReads(graph).annotations()}
    page = await Events(graph).page(
        EventFilter(event_types=frozenset({EventType.ERROR_PATTERN_ANNOTATED}), actor_id="tester"), Page(first=100)
    )
    about = [event for event in page.events if event.data["template_id"] == id_]
    assert [(event.before, event.after) for event in reversed(about)] == [
        ({"known_fix": None}, {"known_fix": "restart it"}),
        ({"prevention": None}, {"prevention": "watch it"}),
        ({"known_fix": "restart it"}, {"known_fix": None}),
        ({"prevention": "watch it"}, {"prevention": None}),
    ]
    assert {event.data["template"] for event in about} == {template}


async def test_failures_of_a_project_are_those_of_its_traces(graph: Graph) -> None:
    begin, project, elsewhere = start(), new_id(), new_id()
    session = new_id()
    for trace, about in (
        (new_id(), {"project": project}),
        (new_id(), {"project": elsewhere}),
        (new_id(), {"session_id": session}),
    ):
        await record(
            Traces(graph),
            TraceStarted(correlation_id=trace, timestamp=begin, **about),
            TraceCompleted(
                correlation_id=trace, success=False, timestamp=begin + timedelta(seconds=1), error_message="no"
            ),
        )
    await statement(graph, "MATCH (s:Session {session_id: $id}) SET s.cwd = $cwd", id=session, cwd=project)
    read = await FailureReads(graph).failures(span(begin), None, FailureFilter(project=project))
    assert (len(read.found), read.traces) == (2, 2)
    assert (await FailureReads(graph).failures(span(begin), None, FailureFilter(project=new_id()))).traces == 0
