"""How things develop, by GraphQL through a real socket, in twelve weeks on which no other test has anything."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pytest

from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.traces.events import HookExecuted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id, now
from support.service import Json, Service, operation

DAY = timedelta(days=1)
DAYS = 84


class World(NamedTuple):
    """The ids of patterns by their names, the days on which they were used, and when."""

    patterns: dict[str, str]
    daily: dict[str, list[int]]
    window: Json
    since: datetime


@pytest.fixture(scope="module")
async def world(service: Service) -> World:
    rng, since = np.random.default_rng(1), datetime(1980, 1, 7, tzinfo=UTC) + 7 * DAY * random.randrange(1_000)
    week = np.resize([1.2, 1.3, 1.2, 1.2, 1.1, 0.5, 0.5], DAYS)
    daily = {
        "growing": rng.poisson(np.linspace(2, 8, DAYS) * week).tolist(),
        "declining": rng.poisson(np.linspace(8, 2, DAYS) * week).tolist(),
        "abandoned": [3] * 30 + [0] * 54,
        "emerging": [0] * 70 + [2] * 14,
    }
    patterns, nodes = {}, {}
    for name in daily:
        origin = Origin(actor_type=ActorType.USER, actor_id="tester")
        made = await service.parts.lineage.create_pattern(NewPattern(name=name), NewVersion(activate=True), origin)
        patterns[name], nodes[name] = made.pattern.pattern_id, made.version.node_id
    events: list[TraceEvent] = []
    for day in range(DAYS):
        at, trace = since + day * DAY + timedelta(hours=9), new_id()
        events.append(TraceStarted(correlation_id=trace, timestamp=at, user_id=f"user {day // 7 % 3}"))
        events.extend(
            HookExecuted(
                correlation_id=trace, execution_id=new_id(), hook_type="ToolUse", node_id=nodes[name], started_at=at,
                duration_ms=100.0, success=True,
            )
            for name in daily
            for _ in range(daily[name][day])
        )  # fmt: skip
    await service.parts.recorder.record(events)
    return World(patterns, daily, {"since": since.isoformat(), "until": (since + DAYS * DAY).isoformat()}, since)


@pytest.mark.lengthy
async def test_trends_of_all_patterns(service: Service, world: World) -> None:
    found = await service.execute("analytics_trends", window=world.window)
    assert (found["subjects"], found["more"], found["basis"]["pending"]) == (4, False, 0)
    assert {one["label"]: one["classification"] for one in found["trends"]} == {
        name: name.upper() for name in world.daily
    }
    growing = next(one for one in found["trends"] if one["label"] == "growing")
    assert growing["name"] == world.patterns["growing"]
    assert growing["executions"] == sum(world.daily["growing"])
    assert growing["velocity"]["perDay"] == pytest.approx(np.mean(world.daily["growing"][-7:]))
    assert growing["monthlyGrowth"]["after"] == sum(world.daily["growing"][-28:])
    assert growing["trend"]["direction"] == "RISING"
    assert (
        growing["trend"]["slopeInterval"]["low"]
        <= growing["trend"]["slope"]
        <= growing["trend"]["slopeInterval"]["high"]
    )
    assert growing["rule"].startswith("change of +")
    only = await service.execute("analytics_trends", window=world.window, classifications=["ABANDONED", "EMERGING"])
    assert [one["label"] for one in only["trends"]] == ["abandoned", "emerging"]
    one = await service.execute("analytics_trends", window=world.window, first=1)
    assert (one["totalCount"], len(one["trends"])) == (4, 1)


@pytest.mark.lengthy
async def test_the_trend_of_one_pattern_is_told_beside_its_other_figures(service: Service, world: World) -> None:
    one = await service.execute("analytics_pattern", id=world.patterns["growing"], window=world.window)
    assert (one["trend"]["classification"], one["trend"]["trend"]["direction"]) == ("GROWING", "RISING")
    today = {"since": (now() - timedelta(hours=1)).isoformat(), "until": (now() + DAY).isoformat()}
    assert (await service.execute("analytics_pattern", id=world.patterns["growing"], window=today))["trend"] is None


@pytest.mark.lengthy
async def test_what_emerges_and_what_declines(service: Service, world: World) -> None:
    new = await service.execute("analytics_emerging", window=world.window)
    assert [(one["label"], one["ageDays"], one["pattern"]["name"]) for one in new["trends"]] == [
        ("emerging", 14, "emerging")
    ]
    fallen = await service.execute("analytics_declining", window=world.window, threshold=0.5)
    assert [one["label"] for one in fallen["trends"]] == ["abandoned", "declining"]
    assert fallen["trends"][0]["silentDays"] == 54
    deeper = await service.execute("analytics_declining", window=world.window, threshold=1.9)
    assert [one["label"] for one in deeper["trends"]] == ["abandoned"]


@pytest.mark.lengthy
async def test_all_that_a_series_shows(service: Service, world: World) -> None:
    about = {"kind": "PATTERN", "name": world.patterns["growing"]}
    found = await service.execute("analytics_series_analysis", subject=about, metric="EXECUTIONS", window=world.window)
    assert [point["value"] for point in found["points"]] == world.daily["growing"]
    assert found["points"][6]["movingAverage"] == pytest.approx(np.mean(world.daily["growing"][:7]))
    [week] = found["seasons"]
    assert (week["cycle"], len(week["profile"])) == ("DAY_OF_WEEK", 7)
    assert week["pValue"] < 0.01
    assert found["trend"]["direction"] == "RISING"
    forecast = found["forecast"]
    assert len(forecast["points"]) == 7
    assert forecast["points"][0]["at"] == (world.since + DAYS * DAY).isoformat()
    assert all(0 <= point["low"] <= point["expected"] <= point["high"] for point in forecast["points"])
    assert 0.7 < forecast["coverage"] <= 1
    assert forecast["tested"] > 50
    steady = await service.execute(
        "analytics_series_analysis", subject=about, metric="DURATION_P95", window=world.window
    )
    assert steady["forecast"]["reason"] == "CONSTANT"
    assert steady["trend"]["reason"] == "CONSTANT"
    weeks = await service.execute(
        "analytics_series_analysis", subject=about, metric="EXECUTIONS", window=world.window, period="WEEK"
    )
    assert [point["value"] for point in weeks["points"]] == np.reshape(world.daily["growing"], (12, 7)).sum(
        axis=1
    ).tolist()
    assert weeks["forecast"]["reason"] == "TOO_SHORT"


@pytest.mark.lengthy
async def test_who_stays(service: Service, world: World) -> None:
    about = {"kind": "PATTERN", "name": world.patterns["growing"]}
    found = await service.execute("analytics_retention", subject=about, window=world.window)
    assert (found["users"], found["atLeast"], found["adoptionRate"]) == (3, False, 1)
    assert [week["active"] for week in found["weeks"]] == [1] * 12
    assert found["cohorts"][0]["retained"] == [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0]
    assert found["curve"][2]["rate"] == 1
    assert found["curve"][2]["interval"]["low"] < 1


EVERYTHING = {"metric": "EXECUTIONS", "subject": {"kind": "ALL"}}
HALF_A_YEAR_AGO = (now() - 180 * DAY).isoformat()


@pytest.mark.parametrize(
    ("name", "variables", "field"),
    [
        ("analytics_trends", {"first": 0}, "first"),
        (
            "analytics_trends",
            {"window": {"since": "2020-01-02T00:00:00Z", "until": "2020-01-01T00:00:00Z"}},
            "window.since",
        ),
        ("analytics_trends", {"window": {"since": "2020-01-01T00:00:00Z", "until": "2020-01-01T05:00:00Z"}}, "window"),
        ("analytics_declining", {"threshold": -0.5}, "threshold"),
        ("analytics_declining", {"threshold": 3.0}, "threshold"),
        ("analytics_series_analysis", {**EVERYTHING, "horizon": 99}, "horizon"),
        (
            "analytics_series_analysis",
            {**EVERYTHING, "timeZone": "Mars/Olympus"},
            "timeZone",
        ),
        ("analytics_series_analysis", {"metric": "EXECUTIONS", "subject": {"kind": "AGENT"}}, "subject.name"),
        ("analytics_series_analysis", {**EVERYTHING, "period": "HOUR", "window": {"since": HALF_A_YEAR_AGO}}, "window"),
    ],
)
async def test_what_is_asked_wrongly_is_told(
    service: Service, name: str, variables: dict[str, Any], field: str
) -> None:
    [error] = await service.errors(operation(name), **variables)
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_INPUT", field)


@pytest.mark.lengthy
async def test_the_beginning_of_time_is_a_window_like_any_other(service: Service) -> None:
    window = {"since": "0001-01-01T00:00:00Z", "until": "0001-03-01T00:00:00Z"}
    assert (await service.execute("analytics_trends", window=window))["subjects"] == 0
    assert (await service.execute("analytics_retention", subject={"kind": "ALL"}, window=window))["reason"] == "NO_DATA"


@pytest.mark.lengthy
async def test_a_pattern_that_there_is_not_is_told(service: Service) -> None:
    for name, more in (("analytics_series_analysis", {"metric": "EXECUTIONS"}), ("analytics_retention", {})):
        [error] = await service.errors(operation(name), subject={"kind": "PATTERN", "name": new_id()}, **more)
        assert error["extensions"]["code"] == "NOT_FOUND"
