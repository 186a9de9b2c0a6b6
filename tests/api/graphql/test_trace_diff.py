"""Comparing traces by GraphQL, through a real socket."""

from __future__ import annotations

import pytest

from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.orchestrators.traces import diff as trace_diff
from support.service import Service
from support.traces import at


async def run(service: Service, command: str, *, cost: float) -> str:
    """A trace with a subagent that runs a command."""
    trace = new_id()
    sub, agent = f"{trace}-sub", f"{trace}-agent"
    events: list[TraceEvent] = [
        TraceStarted(correlation_id=trace, timestamp=at(0), prompt_text="sort"),
        HookExecuted(
            correlation_id=trace, execution_id=agent, hook_type="ToolUse", tool_name="Agent", success=True, started_at=at(1)
        ),
        TraceStarted(
            correlation_id=sub, parent_id=trace, spawned_by=agent, agent_id=new_id(), agent_type="explorer", timestamp=at(2)
        ),
        HookExecuted(
            correlation_id=sub, execution_id=f"{trace}-bash", hook_type="ToolUse", tool_name="Bash",
            tool_input={"command": command}, success=command == "ls", started_at=at(3), duration_ms=cost * 100,
        ),
        EndpointCalled(
            correlation_id=sub, call_id=f"{trace}-call", service_name="llm", endpoint_path="/messages", model="small",
            success=True, started_at=at(4), input_tokens=10, output_tokens=2, cost_usd=cost,
        ),
        TraceCompleted(correlation_id=trace, success=True, timestamp=at(9)),
    ]  # fmt: skip
    await service.parts.recorder.record(events)
    return trace


@pytest.mark.lengthy
async def test_where_two_runs_differ(service: Service) -> None:
    a, b = await run(service, "ls", cost=0.5), await run(service, "rm", cost=1.5)
    diff = await service.execute("traces_diff", a=a, b=b)
    first = diff["firstDivergence"]
    assert (first["path"], first["changed"]) == (["trace", "Agent", "explorer"], ["STATUS", "INPUT"])
    assert [first[side]["stepId"] for side in "ab"] == [f"{a}-bash", f"{b}-bash"]
    assert [first[side]["input"] for side in "ab"] == [{"command": "ls"}, {"command": "rm"}]
    [row] = diff["rows"]
    assert (row["kind"], row["durationRatio"]) == ("CHANGED", 3)
    assert (diff["a"]["steps"], diff["a"]["failures"], diff["a"]["durationMs"]) == (3, 0, 9000)
    assert diff["difference"] == {
        "steps": 0, "failures": 1, "durationMs": 0, "inputTokens": 0, "outputTokens": 0, "costUsd": 1,
    }  # fmt: skip

    same = await service.execute("traces_diff", a=a, b=a, differencesOnly=False)
    assert same["firstDivergence"] is None
    assert [(row["kind"], row["a"]["name"]) for row in same["rows"]] == [
        ("SAME", "trace"), ("SAME", "Agent"), ("SAME", "explorer"), ("SAME", "Bash"), ("SAME", "POST llm/messages"),
    ]  # fmt: skip


@pytest.mark.lengthy
async def test_what_cannot_be_compared(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    a, document = (
        await run(service, "ls", cost=1),
        "query($a: ID!, $b: ID!) { traceDiff(a: $a, b: $b) { a { steps } } }",
    )
    [error] = await service.errors(document, a=a, b="nowhere")
    assert (error["message"], error["extensions"]["code"]) == ("no Trace has the id 'nowhere'", "NOT_FOUND")
    monkeypatch.setattr(trace_diff, "MAX_STEPS", 4)
    [error] = await service.errors(document, a=a, b=a)
    assert error["message"].startswith("a: has more than 4 steps")


@pytest.mark.lengthy
async def test_the_number_of_statements(quiet_service: Service) -> None:
    a, b = await run(quiet_service, "ls", cost=1), await run(quiet_service, "rm", cost=1)
    document = "query($a: ID!, $b: ID!) { traceDiff(a: $a, b: $b) { rows { kind } } }"
    assert await quiet_service.statements(document, a=a, b=b) == 3  # those of reading a forest
