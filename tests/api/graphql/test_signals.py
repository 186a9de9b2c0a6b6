"""Signals and distinctions by GraphQL, through a real socket."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loopgraph.contracts.traces.events import PROMPTED, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.effects.clock import new_id
from support.service import Service
from support.traces import NOON, at, make_version

WINDOW = {"since": (NOON - timedelta(hours=1)).isoformat(), "until": (NOON + timedelta(hours=1)).isoformat()}


async def _prompt(service: Service, session: str, second: float, text: str, node_id: str, *, success: bool) -> str:
    trace = new_id()
    start = TraceStarted(
        correlation_id=trace, session_id=session, source=PROMPTED, prompt_text=text, timestamp=at(second),
        project="good" if success else "bad",
    )  # fmt: skip
    run = HookExecuted(
        correlation_id=trace, execution_id=f"{trace}-run", hook_type="Run", node_id=node_id, started_at=at(second + 1),
        duration_ms=10.0 if success else 500.0, success=success,
    )  # fmt: skip
    end = TraceCompleted(correlation_id=trace, timestamp=at(second + 5), status=TraceStatus.SUCCESS)
    await service.parts.recorder.record([start, run, end])
    return trace


@pytest.mark.lengthy
async def test_signals_of_a_trace_and_of_a_version(service: Service) -> None:
    node_id, session = await make_version(service.parts.graph), new_id()
    first = await _prompt(service, session, 0, "Sort the open bug reports by cause", node_id, success=True)
    second = await _prompt(service, session, 60, "No, that's wrong", node_id, success=True)
    told = (await service.execute("feedback_signals_of_trace", correlationId=first))["signals"]
    signals = {one["kind"]: one for one in told["signals"]}
    assert (signals["CORRECTED"]["holds"], signals["CORRECTED"]["rule"]) == (True, "inferred: phrase")
    assert signals["CORRECTED"]["correlationIds"] == [second]
    assert {kind for kind, one in signals.items() if one["holds"]} == {"CORRECTED"}
    assert (told["completedMs"], told["resolvedMs"], told["rounds"]) == (5_000.0, 65_000.0, 2)
    of_version = await service.execute("feedback_signals_of_version", nodeId=node_id, window=WINDOW)
    summary = of_version["signalSummary"]
    assert (summary["traces"], summary["units"], summary["truncated"]) == (2, 1, False)
    rates = {one["kind"]: one for one in summary["rates"]}
    assert (rates["CORRECTED"]["known"], rates["CORRECTED"]["holding"], rates["CORRECTED"]["rate"]) == (1, 1, 1.0)
    assert rates["CORRECTED"]["interval"]["high"] == 1.0


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_versions_side_by_side_take_no_more_statements_than_two(quiet_service: Service) -> None:
    """And each is told its own: what one version was used for is none of the other's."""
    service = quiet_service
    node_ids = [await make_version(service.parts.graph) for _ in range(6)]
    for number, node_id in enumerate(node_ids):
        for prompt in range(number + 1):
            await _prompt(service, new_id(), prompt, "Sort them", node_id, success=prompt % 2 == 0)
    fields = "signalSummary(window: $window) { traces units } distinctions(window: $window) { executions units }"
    statements = {}
    for many in (2, 6):
        versions = "\n".join(
            f'v{number}: patternVersion(nodeId: "{node_ids[number]}") {{ {fields} }}' for number in range(many)
        )
        document = f"query($window: AnalyticsWindowInput!) {{ {versions} }}"
        statements[many] = await service.statements(document, window=WINDOW)
        found = await service.query(document, window=WINDOW)
        for number in range(many):
            told = found[f"v{number}"]
            assert told["signalSummary"] == {"traces": number + 1, "units": number + 1}
            assert told["distinctions"] == {"executions": number + 1, "units": number + 1}
    assert statements[6] == statements[2]


@pytest.mark.lengthy
async def test_what_distinguishes_executions(service: Service) -> None:
    node_id = await make_version(service.parts.graph)
    for number in range(16):
        await _prompt(service, new_id(), 0, "Sort them", node_id, success=number % 2 == 0)
    found = (await service.execute("feedback_distinctions", nodeId=node_id, window=WINDOW))["distinctions"]
    assert (found["executions"], found["units"], found["truncated"]) == (16, 16, False)
    best = {(one["factor"], one["level"], one["measure"]): one for one in found["items"] if one["distinguishes"]}
    bad = best["PROJECT", "bad", "FAILURE_RATE"]
    assert (bad["inside"]["value"], bad["outside"]["value"], len(bad["executionIds"])) == (1.0, 0.0, 8)
    assert bad["adjustedPValue"] >= bad["pValue"]
    assert ("PROJECT", "bad", "DURATION_MS") in best
