"""What models used and cost by any dimensions, against sums of the same calls in Python, on every engine."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest

from loopgraph.contracts.analytics.views import ModelUsage, TimeRange, UsageDimension
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, RoutingDecided, TraceEvent, TraceStarted
from loopgraph.contracts.traces.observations import Observation, SessionSeen
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.analytics import Analytics
from support.access import mate, owned
from support.traces import NOON, Traces, record

D = UsageDimension
_FIELDS = {
    D.MODEL: "model", D.SERVICE: "service_name", D.DAY: "day", D.PROJECT: "project", D.SESSION: "session_id", D.USER: "user_id",
    D.AGENT: "agent", D.SKILL: "skill",
}  # fmt: skip
_PRICE = 0.25


class Told:
    """Calls that were recorded, as rows of the dimensions and the figures of each."""

    def __init__(self, start: datetime) -> None:
        self.start, self.mark = start, new_id()
        self.rows: list[dict[str, Any]] = []

    def events(self, chance: random.Random) -> tuple[list[TraceEvent], list[Observation]]:
        events: list[TraceEvent] = []
        sessions = [f"{self.mark}-s{number}" for number in range(4)]
        folders = dict(zip(sessions, [f"{self.mark}/a", f"{self.mark}/a", f"{self.mark}/b", None], strict=True))
        seen = [
            Observation(event=SessionSeen(session_id=id_, cwd=cwd), source="test")
            for id_, cwd in folders.items()
            if cwd
        ]
        for number in range(40):
            trace, at = f"{self.mark}-{number}", self.start + timedelta(hours=number)
            session = chance.choice([*sessions, None])
            user, agent = chance.choice([f"{self.mark}-ada", None]), chance.choice(["router", "explorer", None])
            kind = "explorer" if agent == "explorer" else None
            events.append(
                TraceStarted(correlation_id=trace, timestamp=at, session_id=session, user_id=user, agent_type=kind)
            )
            if agent == "router":
                events.append(RoutingDecided(correlation_id=trace, selected_agent="router"))
            step = f"{trace}-step"
            events.append(HookExecuted(correlation_id=trace, execution_id=step, hook_type="ToolUse", success=True))
            where = {
                "project": folders.get(session or ""), "session_id": session, "user_id": user, "agent": agent,
            }  # fmt: skip
            for call in range(chance.randrange(4)):
                events.append(self._call(chance, trace, f"{trace}-{call}", step, at, where))
            events.append(
                EndpointCalled(
                    correlation_id=trace, call_id=f"{trace}-db", service_name="db", endpoint_path="/", success=True
                )
            )
        return events, seen

    def _call(
        self, chance: random.Random, trace: str, call_id: str, step: str, at: datetime, where: dict[str, Any]
    ) -> EndpointCalled:
        model, service = chance.choice(["m", "n", "unpriced"]), chance.choice(["anthropic", "gateway"])
        skill = chance.choice(["triage", None])
        counts = {"cache_read_tokens": chance.randrange(50), "cache_write_tokens": chance.randrange(50)}
        counts["input_tokens"] = sum(counts.values()) + chance.randrange(2**33)
        counts["output_tokens"] = 10 + chance.randrange(50)
        counts["reasoning_tokens"] = chance.randrange(10)
        given = {name: count for name, count in counts.items() if name == "input_tokens" or chance.random() < 0.8}
        if "cache_read_tokens" not in given and "cache_write_tokens" not in given and chance.random() < 0.3:
            given = {}  # a call that failed has no tokens
        cost = chance.choice([None, 1.5])
        began = at + timedelta(hours=chance.randrange(9))  # a call can be of the day after its trace began
        priced = cost if cost is not None else (_PRICE if model != "unpriced" and given else None)
        self.rows.append(
            {**where, "day": began.date(), **dict.fromkeys(counts, 0), **given, "model": model, "service_name": service,
             "skill": skill, "reported": cost, "cost": priced, "used": bool(given)}
        )  # fmt: skip
        return EndpointCalled(
            correlation_id=trace, call_id=call_id, service_name=service, endpoint_path="/", success=True, model=model,
            skill=skill, started_at=began, cost_usd=cost, hook_execution_id=chance.choice([step, None]), **given,
        )  # fmt: skip

    def sums(self, by: Sequence[UsageDimension]) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The figures of every group."""
        groups: defaultdict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
        for row in self.rows:
            groups[tuple(row[name] if one in by else None for one, name in _FIELDS.items())].append(row)
        return {key: _summed(rows) for key, rows in groups.items()}


def _summed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    costs = [row["cost"] for row in rows if row["cost"] is not None]
    reported = [row["reported"] for row in rows if row["reported"] is not None]
    unpriced = [row["model"] for row in rows if row["cost"] is None and row["used"]]
    tokens = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
    return {
        "calls": len(rows),
        **{name: sum(row[name] for row in rows) for name in tokens},
        "cost_usd": pytest.approx(sum(costs)) if costs else None,
        "reported_cost_usd": pytest.approx(sum(reported)) if reported else None,
        "unpriced_calls": len(unpriced),
        "unpriced_models": tuple(sorted(set(unpriced))),
    }


@pytest.fixture(scope="module")
async def told(graph: Graph) -> Told:
    told = Told(NOON + timedelta(days=365 + random.SystemRandom().randrange(10**6)))
    events, seen = told.events(random.Random(11))
    traces = Traces(graph, lambda usage: None if usage.model == "unpriced" else _PRICE)
    await traces.record(seen, received_at=told.start)
    await record(traces, *events)
    return told


def range_of(told: Told) -> TimeRange:
    return TimeRange(since=told.start, until=told.start + timedelta(hours=40))


def key(row: ModelUsage) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in _FIELDS.values())


@pytest.mark.parametrize("by", [(), *((one,) for one in D), *list(combinations(D, 2))[::3], tuple(D)], ids=" ".join)
async def test_the_sums_are_those_of_the_calls(graph: Graph, told: Told, by: tuple[UsageDimension, ...]) -> None:
    rows = await Analytics(graph).model_usage(range_of(told), by, None, 1_000)
    found = {key(row): {name: value for name, value in row if name not in _FIELDS.values()} for row in rows}
    assert len(found) == len(rows)
    assert found == told.sums(by)
    costs = [row.cost_usd or 0 for row in rows]
    assert costs == sorted(costs, reverse=True)
    assert all(row.day is None or isinstance(row.day, date) for row in rows)


async def test_it_can_be_of_one_project_and_shows_what_one_may_see(graph: Graph, told: Told) -> None:
    analytics, folder = Analytics(graph), f"{told.mark}/a"
    [row] = await analytics.model_usage(range_of(told), (D.PROJECT,), None, 10, folder)
    assert row.project == folder
    assert row.calls == sum(one["project"] == folder for one in told.rows)
    await owned(graph)
    [own] = await analytics.model_usage(range_of(told), (), mate("bob"), 10)
    assert own.calls == sum(one["user_id"] is None for one in told.rows)
    assert len(await analytics.model_usage(range_of(told), (D.DAY, D.MODEL), None, 3)) == 3
    before = TimeRange(since=told.start - timedelta(days=1), until=told.start)
    assert await analytics.model_usage(before, (), None, 3) == []


async def test_the_sums_of_sessions(graph: Graph, told: Told) -> None:
    sessions = {row["session_id"] for row in told.rows if row["session_id"]}
    found = await Analytics(graph).model_usage_of_sessions([*sessions, "none"], None)
    expected = {key[4]: sums for key, sums in told.sums((D.SESSION,)).items() if key[4]}
    assert {id_: dict(sums) for id_, sums in found.items()} == expected
