"""Versions that people ran, compared after the fact through GraphQL: a version that is better and was used where work is hard."""

from __future__ import annotations

import pytest

from loopgraph.contracts.lineage.changes import NewVersion
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from support.feedback import TESTER, Subject, make_subject
from support.service import Json, Service

PLAN = {"small": ((30, False, 100.0), (6, True, 80.0)), "large": ((6, False, 200.0), (30, True, 180.0))}
"""By model: how many units used which version, and what it took them."""


async def used(service: Service) -> tuple[Subject, str]:
    """A pattern of which two versions were used, each unit a session; the second version's id."""
    subject = await make_subject(service.parts.graph)
    added = await Lineage(service.parts.graph).add_version(
        subject.pattern_id, NewVersion(template_code="print('b')"), TESTER
    )
    second = added.version.node_id
    events: list[TraceEvent] = []
    for model, plan in PLAN.items():
        for units, candidate, took in plan:
            for unit in range(units):
                events += _work(second if candidate else subject.node_id, model, took + unit % 5)
    for outcome in await service.parts.recorder.record(events):
        assert not isinstance(outcome, Exception), outcome
    return subject, second


def _work(node_id: str, model: str, took: float) -> list[TraceEvent]:
    trace, at = new_id(), now()
    return [
        TraceStarted(correlation_id=trace, session_id=new_id(), prompt_text="do it", timestamp=at),
        EndpointCalled(
            correlation_id=trace, call_id=new_id(), service_name="api", endpoint_path="/v1", model=model, success=True,
            started_at=at, completed_at=at,
        ),
        HookExecuted(
            correlation_id=trace, execution_id=new_id(), hook_type="ToolUse", node_id=node_id, started_at=at,
            duration_ms=took, success=True,
        ),
    ]  # fmt: skip


@pytest.mark.lengthy
async def test_the_better_version_is_found_though_it_was_used_for_the_harder_work(service: Service) -> None:
    subject, second = await used(service)
    found = await service.execute(
        "feedback_compare_retrospectively", baseNodeId=subject.node_id, candidateNodeId=second
    )
    assert (found["evidence"], found["base"]["units"], found["candidate"]["units"]) == ("OBSERVATIONAL", 36, 36)
    assert found["adjustedFor"] == ["MODEL"]
    estimates: dict[str, Json] = {one["adjustment"]: one for one in found["estimates"]}
    assert estimates["NONE"]["gain"] < 0, "by its plain mean it looks slower"
    for adjusted in ("STRATIFIED", "OVERLAP_WEIGHTED"):
        one = estimates[adjusted]
        assert one["effect"] == pytest.approx(-20.0, abs=1.0)
        assert one["effectInterval"]["high"] < 0 < one["gain"]
    assert "NOT_ASSIGNED" in found["caveats"]
    assert {one["level"] for one in found["balance"]} == {"small", "large"}
    again = await service.execute(
        "feedback_compare_retrospectively", baseNodeId=subject.node_id, candidateNodeId=second, adjustFor=[]
    )
    assert [one["adjustment"] for one in again["estimates"]] == ["NONE"]
    assert {"factor": "MODEL", "reason": "NOT_ASKED"} in again["notAdjusted"]
    # Nothing comes of it: no improvement, no run, no other version in use.
    versions = await LineageReads(service.parts.graph).versions([subject.node_id, second])
    assert [versions[id_].status.value for id_ in (subject.node_id, second)] == ["active", "draft"]


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"candidateNodeId": "?"}, "candidateNodeId: must be another version than baseNodeId"),
        ({"adjustFor": ["TOOL"]}, "adjustFor: must not have TOOL, which may have come of the version itself"),
    ],
)
async def test_what_cannot_be_compared_is_refused(service: Service, wrong: Json, problem: str) -> None:
    subject = await make_subject(service.parts.graph)
    asked = {"baseNodeId": subject.node_id, "candidateNodeId": new_id(), **wrong}
    asked = {name: subject.node_id if value == "?" else value for name, value in asked.items()}
    query = """query($baseNodeId: ID!, $candidateNodeId: ID!, $adjustFor: [Factor!]) {
      compareVersionsRetrospectively(baseNodeId: $baseNodeId, candidateNodeId: $candidateNodeId, adjustFor: $adjustFor) { metric }
    }"""
    answer = (await service.http.post("/graphql", json={"query": query, "variables": asked})).json()
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert problem in error["message"]
