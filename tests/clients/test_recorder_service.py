"""The recorder and the real service: every kind of event arrives, twice is once, and one that is wrong is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loopgraph.clients import Recorder
from support.service import Service

TRACE = """query($id: ID!) { trace(correlationId: $id) {
  correlationId status promptText tags routingDecision { selectedAgent }
  hookExecutions { executionId parentId hookType toolName status durationMs errorType }
  endpointCalls { callId hookExecutionId responseStatus }
  childTraces { correlationId rootId status } } }"""


class Twice(Recorder):
    """Sends every event two times, as after an answer that was lost."""

    def emit(self, event: Mapping[str, Any]) -> bool:
        return super().emit(event) and super().emit(event)


async def test_a_whole_trace_is_recorded_once_however_often_it_is_sent(service: Service) -> None:
    async with Twice(service.url) as recorder:
        with recorder.trace(prompt_text="sort the list", tags=["sorting"]) as trace:
            recorder.record_routing(selected_agent="sorter", confidence_total=0.9)
            with recorder.step("PreToolUse", tool_name="Bash") as outer, recorder.step("Check") as inner:
                call = recorder.record_endpoint_call(
                    "search", "/q", http_method="GET", response_status=200, success=True
                )
            with recorder.trace(prompt_text="part") as part:
                pass
            begun = recorder.record_hook("Edit", tool_name="Edit")
            recorder.record_hook(
                "Edit", execution_id=begun, success=False, error_type="Denied", duration_ms=12.5
            )  # fmt: skip
        assert recorder.emit({"kind": "hook", "correlation_id": trace.correlation_id, "quality_score": 7})
    stats = recorder.stats
    assert (stats.emitted, stats.accepted, stats.rejected, stats.dropped) == (22, 20, 2, 0)
    assert "hook_type" in str(stats.last_error) or "quality_score" in str(stats.last_error)

    found = (await service.query(TRACE, id=trace.correlation_id))["trace"]
    assert (found["status"], found["promptText"], found["tags"]) == ("SUCCESS", "sort the list", ["sorting"])
    assert found["routingDecision"] == {"selectedAgent": "sorter"}
    steps = {step["hookType"]: step for step in found["hookExecutions"]}
    assert len(found["hookExecutions"]) == 3
    assert steps["PreToolUse"]["executionId"] == outer.parent_execution_id == steps["Check"]["parentId"]
    assert steps["Check"]["executionId"] == inner.parent_execution_id
    assert (steps["Edit"]["status"], steps["Edit"]["errorType"], steps["Edit"]["durationMs"]) == (
        "ERROR",
        "Denied",
        12.5,
    )
    assert found["endpointCalls"] == [
        {"callId": call, "hookExecutionId": inner.parent_execution_id, "responseStatus": 200}
    ]
    assert found["childTraces"] == [
        {"correlationId": part.correlation_id, "rootId": trace.correlation_id, "status": "SUCCESS"}
    ]
