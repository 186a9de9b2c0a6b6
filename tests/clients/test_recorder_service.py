"""The recorder and the real service: every kind of event arrives, twice is once, and one that is wrong is told."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from loopgraph.clients import Recorder
from loopgraph.effects.clock import new_id
from loopgraph.effects.engine.embedded import free_ports
from support.command import settings_of
from support.engines import EngineUnderTest
from support.faults import put_into
from support.process import service as own_process
from support.service import Service
from support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.slow

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
            recorder.record_hook("Edit", execution_id=begun, success=False, error_type="Denied", duration_ms=12.5)
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


@pytest.mark.exhaustive
async def test_a_service_that_is_killed_and_comes_back_has_everything_once(
    tmp_path: Path, embedded_engine: EngineUnderTest
) -> None:
    port, count, survivor = free_ports(None)[0], 300, new_id()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as services:

        def start() -> subprocess.Popen[bytes]:
            return services.enter_context(own_process(port, tmp_path / "service.log", **settings_of(embedded_engine)))

        process = await asyncio.to_thread(start)
        async with Recorder(url, linger_s=0.02, close_timeout_s=60) as recorder:
            with recorder.trace(correlation_id=survivor):
                for number in range(count):
                    recorder.record_hook(f"Step{number}", success=True)
                    await asyncio.sleep(0.005)
                    if number == count // 3:
                        process.kill()
                    if number == 2 * count // 3:
                        await asyncio.to_thread(start)
        assert recorder.stats.retries > 0
        assert (recorder.stats.accepted, recorder.stats.dropped) == (count + 2, 0)
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
            query = "query($id: ID!) { trace(correlationId: $id) { status totalHooks } }"
            answer = (await client.post("/graphql", json={"query": query, "variables": {"id": survivor}})).json()
    assert answer["data"]["trace"] == {"status": "SUCCESS", "totalHooks": count}


async def test_an_event_at_which_the_graph_times_out_keeps_no_other_waiting_and_comes_when_it_can(
    service: Service,
) -> None:
    """The service answers 503 to the whole of each batch that has it, because the graph is to blame as far as anybody knows."""
    faults = put_into(service.parts.graph)
    async with Recorder(service.url) as recorder:
        with faults.failing(TimeoutError(), lambda parameters: "TooSlow" in str(parameters)):
            with recorder.trace(prompt_text="sort the list") as trace:
                for number in range(40):
                    recorder.record_hook("TooSlow" if number == 17 else "Quick", success=True)
            await until(lambda: recorder.stats.accepted == 41)
            assert (recorder.stats.rejected, recorder.stats.dropped) == (0, 0)
            found = (await service.query(TRACE, id=trace.correlation_id))["trace"]
            assert {step["hookType"] for step in found["hookExecutions"]} == {"Quick"}
        assert await recorder.flush(PATIENCE_S)
    found = (await service.query(TRACE, id=trace.correlation_id))["trace"]
    assert sorted(step["hookType"] for step in found["hookExecutions"]) == ["Quick"] * 39 + ["TooSlow"]
