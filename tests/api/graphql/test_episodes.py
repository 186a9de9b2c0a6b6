"""Episodes, their trees and waterfalls, and sessions by GraphQL, through a real socket."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import new_id, time_key
from support.service import Json, Service, nodes
from support.traces import at, statement


async def record(service: Service, *events: TraceEvent) -> None:
    outcomes = await service.parts.recorder.record(events)
    assert all(isinstance(outcome, Recorded) for outcome in outcomes), outcomes


def hook(trace: str, name: str, begin: float, end: float, **more: Any) -> HookExecuted:
    """A step of a trace, which begins and ends so many seconds after noon."""
    given = {"hook_type": "ToolUse", "tool_name": name.capitalize(), "success": True, **more}
    times = {"started_at": at(begin), "completed_at": at(end)}
    return HookExecuted(correlation_id=trace, execution_id=f"{trace}-{name}", **times, **given)


@pytest.fixture
async def prompt(service: Service) -> str:
    """The id of a prompt that ran Bash and two agents, one of them nested in a step, and was gone on with by another prompt."""
    main = new_id()
    sub, other, more = f"{main}-sub", f"{main}-other", f"{main}-more"
    await record(
        service,
        TraceStarted(correlation_id=main, session_id=f"{main}-s", timestamp=at(0), prompt_text="do it"),
        hook(main, "bash", 1, 2, success=False, tool_use_id="tu-1", tool_input={"command": "ls"}, tool_response=["no"]),
        hook(main, "agent", 3, 4),
        hook(main, "inner", 3, 3.5, parent_id=f"{main}-agent"),
        EndpointCalled(
            correlation_id=main, call_id=f"{main}-llm", service_name="llm", endpoint_path="/v1", model="opus",
            input_tokens=1_000, output_tokens=50, cost_usd=0.25, started_at=at(0.5), completed_at=at(1), success=True,
        ),
        TraceCompleted(correlation_id=main, timestamp=at(5), success=True, response_text="started"),
        TraceStarted(
            correlation_id=sub, session_id=f"{main}-s", parent_id=main, root_id=main, agent_id=f"{main}-a",
            agent_type="Explore", spawned_by=f"{main}-inner", timestamp=at(3.25),
        ),
        hook(sub, "read", 6, 7),
        TraceCompleted(correlation_id=sub, timestamp=at(8), success=True),
        TraceStarted(correlation_id=other, parent_id=main, root_id=main, timestamp=at(4)),
        TraceCompleted(correlation_id=other, timestamp=at(4.5), success=True),
        TraceStarted(correlation_id=more, session_id=f"{main}-s", continues=f"{main}-agent", timestamp=at(9)),
        TraceCompleted(correlation_id=more, timestamp=at(10), success=True),
    )  # fmt: skip
    return main


@pytest.mark.lengthy
async def test_an_episode_is_one_tree_from_whichever_trace_it_is_asked(service: Service, prompt: str) -> None:
    main = prompt
    story = await service.execute("traces_episode", id=main)
    assert (story["episodeId"], story["sessionId"], story["status"], story["durationMs"]) == (
        main,
        f"{main}-s",
        "SUCCESS",
        10_000.0,
    )
    assert (story["incomplete"], story["missing"], story["skewMs"], story["truncated"]) == (False, [], 0.0, False)
    assert story["totals"] == {
        "subagents": 2, "steps": 4, "failedSteps": 1, "endpointCalls": 1, "failedEndpointCalls": 0, "inputTokens": 1000,
        "cacheReadTokens": None, "cacheWriteTokens": None, "outputTokens": 50, "reasoningTokens": None, "costUsd": 0.25,
        "reportedCostUsd": 0.25, "unpricedModels": [], "ragQueries": 0, "qualityGates": 0,
    }  # fmt: skip
    first, second = nodes(story["traces"])
    assert (second["correlationId"], second["continuedFrom"]) == (f"{main}-more", main)
    assert first["responseText"] == "started"
    assert nodes(first["directCalls"])[0]["inputTokens"] == 1000
    bash, agent = nodes(first["steps"])
    assert (bash["toolName"], bash["toolUseId"], bash["status"]) == ("Bash", "tu-1", "ERROR")
    [inner] = nodes(agent["steps"])
    [explorer] = nodes(inner["spawned"])
    assert (explorer["correlationId"], explorer["agentType"], explorer["spawnedBy"]) == (
        f"{main}-sub",
        "Explore",
        f"{main}-inner",
    )
    assert explorer["spawnBasis"] == "CLIENT"
    assert [step["toolName"] for step in nodes(explorer["steps"])] == ["Read"]
    assert [child["correlationId"] for child in nodes(first["directTraces"])] == [f"{main}-other"]

    for part in ("sub", "other", "more"):
        assert await service.execute("traces_episode", id=f"{main}-{part}") == story
    assert await service.execute("traces_episode", id=new_id()) is None


@pytest.mark.lengthy
async def test_the_waterfall_of_an_episode(service: Service, prompt: str) -> None:
    rows = nodes((await service.execute("traces_episode", id=prompt))["waterfall"])
    drawn = [
        (row["depth"], row["spanId"].removeprefix(f"{prompt}-"), row["startOffsetMs"], row["selfMs"]) for row in rows
    ]
    assert drawn == [
        (0, prompt, 0, 2000), (1, "llm", 500, 500), (1, "bash", 1000, 1000), (1, "agent", 3000, 500),
        (2, "inner", 3000, 250), (3, "sub", 3250, 3750), (4, "sub-read", 6000, 1000), (1, "other", 4000, 500),
        (0, "more", 9000, 1000),
    ]  # fmt: skip
    # The second prompt came when the subagent, not the rest of the first prompt, had ended.
    critical = {row["spanId"].removeprefix(f"{prompt}-") for row in rows if row["critical"]}
    assert critical == {"more", "sub", "sub-read", "inner", "agent", "bash", "llm", prompt}
    page = (await service.execute("traces_episode", id=prompt, rows=2))["waterfall"]
    assert (nodes(page), page["pageInfo"]["hasNextPage"]) == (rows[:2], True)
    page = (await service.execute("traces_episode", id=prompt, after=page["pageInfo"]["endCursor"]))["waterfall"]
    assert (nodes(page), page["pageInfo"]["hasNextPage"]) == (rows[2:], False)


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_lists_are_slices_with_a_hard_maximum(service: Service) -> None:
    trace = new_id()
    await record(
        service,
        TraceStarted(correlation_id=trace, timestamp=at(0)),
        *(hook(trace, f"s{i:03}", i + 1, i + 1.5) for i in range(600)),
    )

    document = """
    query($id: ID!, $first: Int, $offset: Int! = 0) {
      trace(correlationId: $id) { totalHooks steps(first: $first, offset: $offset) { executionId } }
    }
    """

    async def ids(**slice_: Any) -> list[int]:
        found = (await service.query(document, id=trace, **slice_))["trace"]
        assert found["totalHooks"] == 600
        return [int(item["executionId"][-3:]) for item in found["steps"]]

    assert await ids() == list(range(500))
    assert await ids(offset=500) == list(range(500, 600))
    assert await ids(first=3, offset=10) == [10, 11, 12]
    whole = (await service.execute("traces_whole", correlationId=trace, first=500))["hookExecutions"]
    rest = await service.execute("traces_whole", correlationId=trace, after=whole["pageInfo"]["endCursor"])
    found = [*nodes(whole), *nodes(rest["hookExecutions"])]
    assert [int(item["executionId"][-3:]) for item in found] == list(range(600))
    for wrong, problem in (
        ({"first": 501}, "first: must be between 1 and 500, not 501"),
        ({"first": 0}, "first: must be between 1 and 500, not 0"),
        ({"offset": -1}, "offset: must not be negative, as -1 is"),
    ):
        [error] = await service.errors(document, id=trace, **wrong)
        assert error["message"] == problem
    page = await service.execute("traces_timeline", correlationId=trace, first=1)
    assert [entry["kind"] for entry in nodes(page)] == ["PROMPT_SUBMITTED"]
    page = await service.execute("traces_timeline", correlationId=trace, first=2, after=page["pageInfo"]["endCursor"])
    assert [entry["data"]["tool"] for entry in nodes(page)] == ["S000", "S001"]


@pytest.mark.lengthy
async def test_a_step_by_its_global_id_knows_what_happened_in_it(service: Service, prompt: str) -> None:
    document = """
    query($id: ID!) {
      trace(correlationId: $id) { hookExecutions(first: 1, offset: 2) { id toolName } }
    }
    """
    [inner] = (await service.query(document, id=prompt))["trace"]["hookExecutions"]
    found = await service.query(
        "query($id: ID!) { node(id: $id) { ... on HookExecution { executionId sessionId spawned { correlationId } } } }",
        id=inner["id"],
    )
    assert found["node"]["spawned"] == [{"correlationId": f"{prompt}-sub"}]


def names(connection: Json, field: str) -> list[str]:
    return [edge["node"][field].rpartition("-")[2] for edge in connection["edges"]]


@pytest.mark.lengthy
async def test_a_session_with_what_belongs_to_it(service: Service, prompt: str) -> None:
    session = f"{prompt}-s"
    make = """
    MATCH (s:Session {session_id: $session}) MATCH (t:Trace {correlation_id: $trace})
    UNWIND $records AS record
    CREATE (s)-[:LOGGED]->(:LogRecord {record_id: record.id + '-own', session_id: $session, at: record.at,
      created_at: record.at, body: '{"n":1}'})
    CREATE (t)-[:LOGGED]->(:LogRecord {record_id: record.id + '-trace', session_id: $session, at: record.at,
      created_at: record.at, context: '{"a":2}'})
    CREATE (s)-[:MEASURED]->(:MetricPoint {point_id: record.id + '-point', session_id: $session, name: 'cost', unit: 'USD',
      temporality: 'delta', value: 1.5, at: record.at, created_at: record.at})
    """
    records = [{"id": f"{prompt}-{i}", "at": at(i)} for i in (2, 1)]
    await statement(service.parts.graph, make, session=session, trace=prompt, records=records)

    found = await service.execute("sessions_session", id=session)
    assert found["sessionId"] == session
    assert names(found["traces"], "correlationId") == ["more", "sub", prompt.rpartition("-")[2]]
    logs = [edge["node"] for edge in found["logs"]["edges"]]
    assert [log["recordId"].removeprefix(f"{prompt}-") for log in logs] == ["1-own", "1-trace", "2-own", "2-trace"]
    assert (logs[0]["body"], logs[0]["context"], logs[1]["context"]) == ({"n": 1}, {}, {"a": 2})
    points = [edge["node"] for edge in found["metrics"]["edges"]]
    assert [datetime.fromisoformat(point["at"]) for point in points] == [at(1), at(2)]
    assert (points[0]["value"], points[0]["temporality"], points[0]["unit"]) == (1.5, "DELTA", "USD")

    page = await service.execute("sessions_session", id=session, first=1)
    assert page["traces"]["pageInfo"]["hasNextPage"]
    rest = await service.execute("sessions_session", id=session, after=page["traces"]["pageInfo"]["endCursor"])
    assert [*names(page["traces"], "correlationId"), *names(rest["traces"], "correlationId")] == names(
        found["traces"], "correlationId"
    )
    for field in ("logs", "metrics"):
        document = """
        query($id: ID!, $after: String) {
          session(id: $id) { FIELD(first: 1, after: $after) { edges { cursor } pageInfo { hasNextPage } } }
        }
        """.replace("FIELD", field)
        cursors, more = list[str](), True
        while more:
            after = cursors[-1] if cursors else None
            part = (await service.query(document, id=session, after=after))["session"][field]
            cursors += [edge["cursor"] for edge in part["edges"]]
            more = part["pageInfo"]["hasNextPage"]
        assert cursors == [edge["cursor"] for edge in found[field]["edges"]]
        [error] = await service.errors(document, id=session, after="bm9uZQ==")
        assert error["message"] == "after: must be a cursor of this connection"
    assert await service.execute("sessions_session", id=new_id()) is None


async def test_sessions_newest_first(service: Service) -> None:
    ids = [new_id() for _ in range(3)]
    for id_ in ids:
        await record(service, TraceStarted(correlation_id=f"{id_}-t", session_id=id_))
    keys = "UNWIND $rows AS row MATCH (s:Session {session_id: row.id}) SET s.started_at = row.at, s.time_key = row.key"
    # Later than whatever other tests record. A key that is not of the start would break the pages of who else reads this list.
    starts = [datetime(9999, 1, 1, 0, 0, second, tzinfo=UTC) for second in range(3)]
    rows = [{"id": id_, "at": start, "key": time_key(start, id_)} for id_, start in zip(ids, starts, strict=True)]
    await statement(service.parts.graph, keys, rows=rows)
    page = await service.execute("sessions_page", first=3)
    assert [edge["node"]["sessionId"] for edge in page["edges"]] == ids[::-1]
