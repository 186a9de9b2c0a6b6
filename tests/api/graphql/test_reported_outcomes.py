"""Outcomes by GraphQL, through a real socket."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.effects.clock import new_id, now
from support.service import Json, Service, nodes
from support.traces import at, make_version, story


async def reported(service: Service, **told: Any) -> Json:
    answer: Json = await service.execute("feedback_report_outcome", input={"source": "ci", **told})
    assert answer["__typename"] == "ReportedOutcomePayload", answer
    return answer


@pytest.mark.lengthy
async def test_outcomes_are_reported_corrected_and_read_where_they_belong(service: Service) -> None:
    node_id, trace, session = await make_version(service.parts.graph), new_id(), new_id()
    events = story(trace, node_id)
    await service.parts.recorder.record(
        [one.model_copy(update={"session_id": session}) if isinstance(one, TraceStarted) else one for one in events]
    )
    mine = f"mine-{trace}"
    told: Json = {"correlationId": trace, "name": "tests", "holds": False, "at": at(5).isoformat(), "outcomeId": mine}
    first = await reported(service, **told, actor={"id": "builder"})
    outcome = first["outcome"]
    assert (first["repeated"], outcome["holds"], outcome["value"], outcome["counts"]) == (False, False, 0.0, True)
    assert outcome["createdBy"] == "builder"
    assert await reported(service, **told, actor={"id": "builder"}) == {**first, "repeated": True}
    corrected = await reported(service, **{**told, "holds": True, "at": at(9).isoformat(), "outcomeId": None})
    step = await reported(service, executionId=f"{trace}-hook", name="reward", value=0.25, rule="exact: build")
    whole = await reported(service, sessionId=session, name="merged", holds=True, source="git")
    unit = await reported(service, nodeId=node_id, unit="task-1", name="reward", value=0.75)

    of_trace = await service.execute("feedback_outcomes_of_trace", correlationId=trace)
    told_of_it = nodes(of_trace["outcomes"])
    assert [(one["outcomeId"], one["counts"]) for one in told_of_it] == [
        (step["outcome"]["outcomeId"], True),
        (corrected["outcome"]["outcomeId"], True),
        (mine, False),
    ]
    assert told_of_it[0]["rule"] == "exact: build"
    assert told_of_it[1]["trace"] == {"correlationId": trace}
    assert nodes(of_trace["session"]["outcomes"])[0]["outcomeId"] == whole["outcome"]["outcomeId"]
    of_steps = {one["executionId"]: nodes(one["outcomes"]) for one in nodes(of_trace["hookExecutionsConnection"])}
    assert [one["outcomeId"] for one in of_steps[f"{trace}-hook"]] == [step["outcome"]["outcomeId"]]
    of_version = await service.execute("feedback_outcomes_of_version", nodeId=node_id)
    assert nodes(of_version["outcomes"])[0]["outcomeId"] == unit["outcome"]["outcomeId"]
    figures = {one["name"]: one for one in of_version["outcomeSummary"]["figures"]}
    assert (figures["tests"]["mean"], figures["tests"]["outcomes"], figures["tests"]["boolean"]) == (1.0, 1, True)
    assert (figures["reward"]["mean"], figures["reward"]["units"]) == (0.5, 2)
    assert set(figures) == {"tests", "reward", "merged"}


@pytest.mark.parametrize(
    ("told", "field", "message"),
    [
        ({"holds": True}, "input.executionId", "exactly one of executionId, correlationId, sessionId and nodeId"),
        ({"nodeId": "a", "holds": True}, "input.nodeId", "nodeId and unit go together"),
        ({"correlationId": "a", "unit": "b", "holds": True}, "input.nodeId", "nodeId and unit go together"),
        ({"correlationId": "a"}, "input.holds", "exactly one of holds and value"),
        ({"correlationId": "a", "holds": True, "value": 1}, "input.holds", "exactly one of holds and value"),
        ({"correlationId": "a", "holds": True, "name": "not a name"}, "input.name", ""),
    ],
)
async def test_what_is_wrong_is_named(service: Service, told: Json, field: str, message: str) -> None:
    answer = await service.execute("feedback_report_outcome", input={"name": "tests", "source": "ci", **told})
    assert answer["__typename"] == "InvalidInput", answer
    assert answer["field"] == field
    assert message in answer["message"]


async def test_an_unknown_target(service: Service) -> None:
    told = {"correlationId": "nothing-here", "name": "tests", "holds": True, "source": "ci"}
    answer = await service.execute("feedback_report_outcome", input=told)
    assert (answer["__typename"], answer["kind"], answer["missingId"]) == ("NotFound", "Trace", "nothing-here")


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_statements_do_not_grow_with_the_traces(quiet_service: Service) -> None:
    service = quiet_service
    document = """
    query($ids: [ID!]!) {
      nodes(ids: $ids) { ... on Trace { outcomes { edges { node { holds counts } } } signals { rounds signals { kind holds } } } }
    }"""
    counts = []
    for many in (1, 4):
        ids = []
        for _ in range(many):
            trace = new_id()
            await service.parts.recorder.record([TraceStarted(correlation_id=trace, timestamp=at(0))])
            await reported(service, correlationId=trace, name="tests", holds=True)
            found = await service.query("query($id: ID!) { trace(correlationId: $id) { id } }", id=trace)
            ids.append(found["trace"]["id"])
        answer = await service.query(document, ids=ids)
        for one in answer["nodes"]:
            assert nodes(one["outcomes"]) == [{"holds": True, "counts": True}]
            assert (one["signals"]["rounds"], len(one["signals"]["signals"])) == (1, 5)
        counts.append(await service.statements(document, ids=ids))
    assert counts[0] == counts[1]


@pytest.mark.lengthy
@pytest.mark.parametrize("when", ["9999-01-01T00:00:00Z", "1969-12-31T23:59:59Z"])
async def test_a_time_that_could_not_be_corrected_is_refused(service: Service, when: str) -> None:
    trace = new_id()
    await service.parts.recorder.record(story(trace, await make_version(service.parts.graph)))
    told: Json = {"source": "ci", "correlationId": trace, "name": "tests", "holds": True}
    refused = await service.execute("feedback_report_outcome", input={**told, "at": when})
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", "input.at")
    assert refused["message"].startswith("input.at: must be from 1970 to a day from now, not ")
    soon = (now() + timedelta(hours=12)).isoformat()
    assert (await reported(service, **{**told, "at": soon}))["outcome"]["counts"] is True
