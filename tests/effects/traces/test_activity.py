"""What happened in a range of time, against a count in Python, on every engine."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from effects.traces.reading.test_analytics import years
from loopgraph.contracts.analytics.views import TimeRange, UsageDimension
from loopgraph.contracts.traces.events import OF_PATTERN, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, SessionSeen
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.analytics import Analytics
from support.access import mate, owned
from support.traces import Traces, record

ENDS = [*TraceStatus]
COUNTED = {
    TraceStatus.SUCCESS: "succeeded",
    TraceStatus.ERROR: "failed",
    TraceStatus.TIMEOUT: "failed",
    TraceStatus.DENIED: "denied",
    TraceStatus.INTERRUPTED: "interrupted",
    TraceStatus.IN_PROGRESS: "in_progress",
}


@pytest.mark.lengthy
async def test_activity_is_what_a_count_says(graph: Graph) -> None:
    start, mark, chance = years(), new_id(), random.Random(11)
    events: list[Observation | TraceStarted | TraceCompleted | HookExecuted] = []
    expected: dict[tuple[str, object], Counter[str]] = defaultdict(Counter)
    sessions: dict[tuple[str, object], set[str]] = defaultdict(set)
    for number in range(6):
        seen = SessionSeen(session_id=f"{mark}-s{number}", cwd=f"/home/dev/{number % 2}", timestamp=start)
        events.append(Observation(event=seen, source="test"))
    for number in range(60):
        trace, session, at = f"{mark}-{number}", f"{mark}-s{number % 6}", start + timedelta(hours=number)
        subagent = number % 4 == 0
        keys = [
            ("all", None),
            ("day", at.date()),
            ("project", f"/home/dev/{number % 2}"),
            ("agent", "reviewer" if subagent else None),
        ]
        events.append(
            TraceStarted(
                correlation_id=trace, session_id=session, timestamp=at, user_id=f"{mark}-{number % 3}",
                **({"source": "subagent", "agent_type": "reviewer"} if subagent else {}),
            )
        )  # fmt: skip
        end = chance.choice(ENDS)
        if end is not TraceStatus.IN_PROGRESS:
            events.append(TraceCompleted(correlation_id=trace, status=end, timestamp=at + timedelta(minutes=5)))
        for step in range(number % 4):
            status, kind = chance.choice(ENDS), OF_PATTERN if step == 2 else "ToolUse"
            completed = None if status is TraceStatus.IN_PROGRESS else at + timedelta(minutes=1)
            events.append(
                HookExecuted(
                    correlation_id=trace, execution_id=f"{trace}-{step}", hook_type=kind, status=status, started_at=at,
                    completed_at=completed,
                )
            )  # fmt: skip
            for key in keys if kind != OF_PATTERN else ():
                expected[key]["steps"] += 1
                expected[key]["failed_steps"] += COUNTED.get(status) == "failed"
                expected[key]["denied_steps"] += status is TraceStatus.DENIED
        for key in keys:
            sessions[key].add(session)
            expected[key]["traces"] += 1
            expected[key]["prompts"] += not subagent
            if end in COUNTED and (key[0] == "agent" or not subagent):
                expected[key][COUNTED[end]] += 1
    await record(Traces(graph), *events)
    analytics, range_ = Analytics(graph), TimeRange(since=start, until=start + timedelta(days=4))
    for name, by in (
        ("all", []),
        ("day", [UsageDimension.DAY]),
        ("project", [UsageDimension.PROJECT]),
        ("agent", [UsageDimension.AGENT]),
    ):
        found = await analytics.activity(range_, by, None, 1_000)
        keys = {(name, getattr(row, name, None)) for row in found}
        assert keys == {key for key in expected if key[0] == name}
        for row in found:
            key = (name, getattr(row, name, None))
            counted = {field: value for field, value in row if isinstance(value, int) and field != "sessions"}
            assert counted == {field: expected[key][field] for field in counted}, key
            assert row.sessions == len(sessions[key])
    [only] = await analytics.activity(range_, [], None, 1, "/home/dev/1")
    assert only.prompts == expected["project", "/home/dev/1"]["prompts"]
    await owned(graph)
    [own] = await analytics.activity(range_, [], mate(f"{mark}-0"), 1)
    assert own.traces == 20, "everybody sees their own"
    assert (
        await analytics.activity(
            TimeRange(until=start - timedelta(days=1), since=start - timedelta(days=2)), [], None, 9
        )
        == []
    )
