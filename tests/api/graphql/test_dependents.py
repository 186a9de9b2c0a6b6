"""The blast radius by GraphQL, through a real socket."""

from __future__ import annotations

import pytest

from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.effects.clock import new_id, now
from support.feedback import make_subject
from support.service import Service, operation


@pytest.mark.lengthy
async def test_a_blast_radius(quiet_service: Service) -> None:
    service = quiet_service
    subject, session, trace = await make_subject(service.parts.graph), new_id(), new_id()
    run = await subject.start()
    for number in range(3):
        id_ = f"{trace}-{number}"
        await service.parts.recorder.record(
            [
                TraceStarted(correlation_id=id_, timestamp=now(), user_id="ada", session_id=f"{session}-{number}"),
                HookExecuted(
                    correlation_id=id_, execution_id=new_id(), hook_type="T", node_id=subject.node_id, success=True
                ),
            ]
        )
    found = await service.execute("analytics_blast_radius", patternId=subject.pattern_id)
    assert (found["pattern"], found["uses"], found["complete"]) == ({"name": "greet"}, 3, True)
    assert (found["agentCount"], found["sessionCount"], found["userCount"]) == (1, 3, 1)
    assert [(one["nodeId"], one["version"]["status"]) for one in found["versions"]] == [(subject.node_id, "ACTIVE")]
    assert [(one["name"], one["uses"], one["sessions"]) for one in found["users"]] == [("ada", 3, 3)]
    assert sorted(one["sessionId"] for one in found["sessions"]) == [f"{session}-{number}" for number in range(3)]
    assert all(one["session"] is not None for one in found["sessions"])
    assert found["openRuns"] == [{"runId": run.run_id, "run": {"status": "RUNNING"}}]
    # One for each list of things that are linked, and not for each of the things.
    few = await service.statements(operation("analytics_blast_radius"), patternId=subject.pattern_id, first=1)
    many = await service.statements(operation("analytics_blast_radius"), patternId=subject.pattern_id, first=20)
    assert many == few


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        ('patternId: "gone"', "NOT_FOUND", None),
        ('patternId: "gone", days: 0', "INVALID_INPUT", "days"),
        ('patternId: "gone", days: 3651', "INVALID_INPUT", "days"),
        ('patternId: "gone", first: -1', "INVALID_INPUT", "first"),
        ('patternId: "U2Vzc2lvbjp4"', "INVALID_INPUT", "patternId"),
    ],
)
async def test_what_is_wrong_with_a_question(service: Service, arguments: str, code: str, field: str | None) -> None:
    [error] = await service.errors(f"{{ blastRadius({arguments}) {{ uses }} }}")
    assert (error["extensions"]["code"], error["extensions"].get("field")) == (code, field)
