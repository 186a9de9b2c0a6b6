"""Feedback by GraphQL, through a real socket."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.effects.clock import new_id
from support.feedback import make_subject
from support.service import Json, Service, nodes
from support.traces import at, make_version, story


async def submitted(service: Service, **said: Any) -> Json:
    answer: Json = await service.execute("feedback_submit", input=said)
    assert answer["__typename"] == "FeedbackPayload", answer
    return answer


@pytest.mark.lengthy
async def test_feedback_is_given_and_read_where_it_belongs(service: Service) -> None:
    node_id, trace = await make_version(service.parts.graph), new_id()
    await service.parts.recorder.record(story(trace, node_id))
    mine = f"mine-{trace}"
    said: Json = {
        "correlationId": trace,
        "rating": 5,
        "comment": "Works great",
        "tags": ["sorting"],
        "feedbackId": mine,
    }
    first = await submitted(service, **said, actor={"id": "ann"})
    assert (first["repeated"], first["feedback"]["sentiment"]) == (False, "POSITIVE")
    assert (first["feedback"]["sentimentSource"], first["feedback"]["score"]) == ("COMMENT", 1.0)
    assert (first["feedback"]["createdBy"], first["feedback"]["actorType"]) == ("ann", "USER")
    again = await submitted(service, **said, actor={"id": "ann"})
    assert again == {**first, "repeated": True}
    step = (await submitted(service, executionId=f"{trace}-hook", rating=2))["feedback"]["feedbackId"]
    version = (await submitted(service, nodeId=node_id, sentiment="NEGATIVE"))["feedback"]["feedbackId"]

    found = await service.execute("feedback_said_of_version", nodeId=node_id, first=2)
    assert [one["feedbackId"] for one in nodes(found["feedback"])] == [version, step]
    about = found["feedback"]["pageInfo"]
    assert about["hasNextPage"] is True
    rest = await service.execute("feedback_said_of_version", nodeId=node_id, first=2, after=about["endCursor"])
    [last] = nodes(rest["feedback"])
    assert (last["feedbackId"], last["trace"], last["execution"]) == (mine, {"correlationId": trace}, None)
    comes_to = found["feedbackSummary"]
    assert comes_to == found["pattern"]["feedbackSummary"]
    assert (comes_to["count"], comes_to["meanRating"]) == (3, 3.5)
    assert comes_to["ratingInterval"] == {"low": 1.0, "high": 5.0}
    assert [one["count"] for one in comes_to["ratings"]] == [0, 1, 0, 0, 1]
    assert {one["sentiment"]: one["count"] for one in comes_to["sentiments"]} == {
        "POSITIVE": 1,
        "NEUTRAL": 0,
        "NEGATIVE": 1,
    }
    assert comes_to["tags"] == [{"tag": "sorting", "count": 1}]
    of_trace = await service.execute("feedback_said_of_trace", correlationId=trace)
    assert [one["feedbackId"] for one in nodes(of_trace["feedback"])] == [step, mine]
    steps = {one["executionId"]: nodes(one["feedback"]) for one in nodes(of_trace["hookExecutionsConnection"])}
    assert steps[f"{trace}-hook"] == [{"feedbackId": step}]
    assert steps[f"{trace}-nested"] == []


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("said", "field", "message"),
    [
        ({"rating": 3}, "input.executionId", "exactly one of executionId, correlationId and nodeId"),
        ({"nodeId": "a", "correlationId": "b", "rating": 3}, "input.executionId", "exactly one of"),
        ({"nodeId": "a"}, "input.rating", "at least one of rating, sentiment, comment and tags"),
        ({"nodeId": "a", "comment": "  "}, "input.comment", "at least 1 character"),
        ({"nodeId": "a", "rating": 0}, "input.rating", "1"),
        ({"nodeId": "a", "rating": 6}, "input.rating", "5"),
        ({"nodeId": "a", "tags": [str(number) for number in range(21)]}, "input.tags", "20"),
        ({"nodeId": "a", "rating": 3, "metadata": [1]}, "input.metadata", "dictionary"),
    ],
)
async def test_what_is_wrong_is_named(service: Service, said: Json, field: str, message: str) -> None:
    answer = await service.execute("feedback_submit", input=said)
    assert answer["__typename"] == "InvalidInput", answer
    assert answer["field"] == field
    assert message in answer["message"]


@pytest.mark.lengthy
@pytest.mark.parametrize("literal", ["99999999999999999999999999", "1e999"])
async def test_a_number_that_cannot_be_kept_is_refused(service: Service, literal: str) -> None:
    said = f'{{nodeId: "a", rating: 3, metadata: {{a: {literal}}}}}'
    answer = await service.query(f"mutation {{ submitFeedback(input: {said}) {{ ... on InvalidInput {{ field }} }} }}")
    assert answer == {"submitFeedback": {"field": "input.metadata"}}


@pytest.mark.lengthy
async def test_an_unknown_target_and_an_id_that_is_taken(service: Service) -> None:
    answer = await service.execute("feedback_submit", input={"correlationId": "nothing-here", "rating": 1})
    assert (answer["__typename"], answer["kind"], answer["missingId"]) == ("NotFound", "Trace", "nothing-here")
    node_id, mine = await make_version(service.parts.graph), new_id()
    await submitted(service, nodeId=node_id, rating=1, feedbackId=mine)
    answer = await service.execute("feedback_submit", input={"nodeId": node_id, "rating": 2, "feedbackId": mine})
    assert answer["__typename"] == "Conflict"


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_statements_do_not_grow_with_the_versions(quiet_service: Service) -> None:
    service = quiet_service
    document = """
    query($ids: [ID!]!) {
      nodes(ids: $ids) {
        ... on PatternVersion {
          feedbackSummary { count } pattern { feedbackSummary { count } } feedback(first: 5) { edges { node { rating } } }
        }
      }
    }"""
    counts = []
    for many in (1, 4):
        subjects = [await make_subject(service.parts.graph) for _ in range(many)]
        for subject in subjects:
            trace = new_id()
            hook = HookExecuted(
                correlation_id=trace,
                execution_id=f"{trace}-run",
                hook_type="Run",
                node_id=subject.node_id,
                success=True,
            )
            await service.parts.recorder.record([TraceStarted(correlation_id=trace, timestamp=at(0)), hook])
            for rating in (3, 4):
                await submitted(service, correlationId=trace, rating=rating)
        ids = [
            (await service.query("query($id: ID!) { patternVersion(nodeId: $id) { id } }", id=one.node_id))
            for one in subjects
        ]
        wanted = [one["patternVersion"]["id"] for one in ids]
        found = await service.query(document, ids=wanted)
        for one in found["nodes"]:
            assert (one["feedbackSummary"]["count"], one["pattern"]["feedbackSummary"]["count"]) == (2, 2)
            assert [node["rating"] for node in nodes(one["feedback"])] == [4, 3]
        counts.append(await service.statements(document, ids=wanted))
    assert counts[0] == counts[1]
