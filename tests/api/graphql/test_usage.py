"""Figures of what was counted, by GraphQL through a real socket: each document once, and what is asked wrongly."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.traces.events import HookExecuted, RoutingDecided, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.reducers.samples import wilson_interval
from support.service import Json, Service, operation

ORIGIN = Origin(actor_type=ActorType.USER, actor_id="tester")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Made:
    """A pattern of a type of its own with a version, and the day on which everything begins."""

    pattern_id: str
    node_id: str
    pattern_type: str


async def pattern(service: Service, name: str = "sort", pattern_type: str | None = None) -> Made:
    kind = pattern_type or f"kind {new_id()}"
    new = NewPattern(name=name, pattern_type=kind)
    created = await service.parts.lineage.create_pattern(new, NewVersion(activate=True), ORIGIN)
    return Made(created.pattern.pattern_id, created.version.node_id, kind)


_YEARS = itertools.count(2100 + random.SystemRandom().randrange(3_000))
_PAST = itertools.count(1972)


def some_day(years: Iterator[int] = _YEARS) -> datetime:
    """A day in June, far from changes of the clock, on which no other test has anything."""
    return datetime(next(years), 6, 10, tzinfo=UTC)


def ran(
    node_id: str,
    at: datetime,
    *,
    success: bool | None = True,
    duration_ms: float = 100.0,
    session: str | None = None,
    user: str = "u",
    agent: str = "coder",
    context: str = "bugfix",
    **more: Any,
) -> list[TraceEvent]:
    """A trace with one step that ran a version."""
    trace, session = new_id(), session or new_id()
    ended = success is not None
    return [
        TraceStarted(
            correlation_id=trace, session_id=session, user_id=user, timestamp=at, context={"context_type": context}
        ),
        RoutingDecided(correlation_id=trace, selected_agent=agent, timestamp=at),
        HookExecuted(
            correlation_id=trace, execution_id=new_id(), hook_type="ToolUse", tool_name="Sort", node_id=node_id,
            session_id=session, started_at=at,
            completed_at=at + timedelta(milliseconds=duration_ms) if ended else None,
            duration_ms=duration_ms if ended else None, success=success, **more,
        ),
        TraceCompleted(correlation_id=trace, success=success is not False, timestamp=at + timedelta(seconds=1)),
    ]  # fmt: skip


async def record(service: Service, *stories: Sequence[TraceEvent]) -> None:
    await service.parts.recorder.record([event for story in stories for event in story])


def window(day: datetime, days: int = 1) -> Json:
    return {"since": day.isoformat(), "until": (day + days * DAY).isoformat()}


@pytest.mark.lengthy
async def test_a_pattern(service: Service) -> None:
    made, day = await pattern(service), some_day()
    durations = [10.0, 20.0, 30.0, 40.0, 1_000.0]
    await record(
        service,
        *(ran(made.node_id, day + 9 * HOUR, duration_ms=ms, user=f"u{n}") for n, ms in enumerate(durations[:4])),
        ran(
            made.node_id,
            day + 14 * HOUR,
            success=False,
            duration_ms=1_000.0,
            error_type="TimeoutError",
            context="review",
        ),
        ran(made.node_id, day + 15 * HOUR, success=None),
    )
    found = await service.execute("analytics_pattern", id=made.pattern_id, window=window(day), timeZone="Europe/Berlin")
    assert found["pattern"] == {"name": "sort", "patternType": made.pattern_type}
    assert found["basis"]["exactness"] == "EXACT"
    assert (found["basis"]["relativeError"], found["basis"]["pending"]) == (0, 0)
    usage, success, duration = found["usage"], found["success"], found["duration"]
    assert (usage["executions"], usage["activeHours"]) == (6, 3)
    assert usage["peaks"][0] == {"start": _text(day + 9 * HOUR), "executions": 4}
    assert (usage["firstUsed"], usage["lastUsed"]) == (_text(day + 9 * HOUR), _text(day + 15 * HOUR))
    by_clock = usage["profile"]["hoursOfDay"]
    assert (by_clock[11], by_clock[16], by_clock[17], sum(by_clock)) == (4, 1, 1, 6)  # two hours ahead, in June
    assert usage["profile"]["daysOfWeek"][day.weekday()] == 6
    low, high = wilson_interval(4, 5) or (0, 0)
    assert (success["successes"], success["failures"], success["unknown"], success["successRate"]) == (4, 1, 1, 0.8)
    assert success["successRateInterval"] == {"low": low, "high": high}
    assert success["confidence"] == low
    assert (success["timeouts"], success["errors"]) == (1, [{"errorType": "TimeoutError", "executions": 1, "share": 1}])
    assert (duration["count"], duration["meanMs"], duration["totalMs"]) == (5, 220, 1_100)
    assert duration["stdMs"] == pytest.approx(np.std(durations, ddof=1))
    for field, q in (("minMs", 0), ("p50Ms", 50), ("p95Ms", 95), ("p99Ms", 99), ("maxMs", 100)):
        assert duration[field] == pytest.approx(np.percentile(durations, q))
    assert {one["dimension"]: one["count"] for one in found["unique"]} == {
        "CONTEXT": 2, "USER": 5, "AGENT": 1, "PROJECT": 0,
    }  # fmt: skip
    contexts = next(one for one in found["distributions"] if one["by"] == "CONTEXT")
    assert [(share["value"], share["executions"]) for share in contexts["shares"]] == [("bugfix", 5), ("review", 1)]
    assert contexts["shares"][1]["successRate"] == 0


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_window_that_begins_and_ends_within_hours(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    made, day = await pattern(service), some_day(_PAST)  # over, so that all of it counts
    times = [day + minutes * timedelta(minutes=1) for minutes in (5, 25, 70, 130, 170)]
    await record(
        service,
        *(ran(made.node_id, at, duration_ms=10.0 * n, user=f"u{n}", context=f"c{n}") for n, at in enumerate(times)),
    )
    asked = {"since": _text(day + timedelta(minutes=25)), "until": _text(times[-1])}
    found = await service.execute("analytics_pattern", id=made.pattern_id, window=asked)
    assert {name: found["basis"][name] for name in ("since", "until", "exactness")} == {**asked, "exactness": "EXACT"}
    usage, hours = found["usage"], 145 / 60
    assert (usage["executions"], usage["activeHours"], usage["perHour"]) == (3, 3, pytest.approx(3 / hours))
    assert (usage["firstUsed"], usage["lastUsed"]) == (_text(day), _text(day + 2 * HOUR))
    assert (found["success"]["executions"], found["duration"]["p50Ms"], found["duration"]["minMs"]) == (3, 20, 10)
    assert {one["dimension"]: one["count"] for one in found["unique"]}["USER"] == 3
    contexts = next(one for one in found["distributions"] if one["by"] == "CONTEXT")
    assert [share["value"] for share in contexts["shares"]] == ["c1", "c2", "c3"]
    both = await service.execute(
        "analytics_compare", patternIds=[made.pattern_id], nodeIds=[made.node_id], window=asked
    )
    assert [(column["success"]["executions"], column["duration"]["p95Ms"]) for column in both["columns"]] == [
        (3, 29)
    ] * 2
    assert (both["basis"]["since"], both["basis"]["exactness"]) == (asked["since"], "EXACT")
    monkeypatch.setattr("loopgraph.orchestrators.analytics.exact.MOST_AT_AN_EDGE", 1)
    found = await service.execute("analytics_pattern", id=made.pattern_id, window=asked)
    assert {name: found["basis"][name] for name in ("since", "until", "exactness")} == {
        "since": _text(day), "until": _text(day + 3 * HOUR), "exactness": "BUCKETED",
    }  # fmt: skip
    assert (found["usage"]["executions"], found["success"]["executions"]) == (5, 5)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_what_is_corrected_is_counted_as_it_is_now(service: Service) -> None:
    made, day = await pattern(service), some_day()
    began = ran(made.node_id, day + HOUR, success=None)
    await record(service, began)
    subject = {"kind": "PATTERN_VERSION", "name": made.node_id}
    found = await service.execute("analytics_subject", subject=subject, window=window(day))
    assert (found["version"]["nodeId"], found["success"]["successRate"]) == (made.node_id, None)
    step = next(event for event in began if isinstance(event, HookExecuted))
    await record(service, [step.model_copy(update={"success": True, "duration_ms": 5.0})])
    found = await service.execute("analytics_subject", subject=subject, window=window(day))
    assert (found["usage"]["executions"], found["success"]["successRate"], found["duration"]["count"]) == (1, 1, 1)
    agent = await service.execute("analytics_subject", subject={"kind": "AGENT", "name": "coder"}, window=window(day))
    assert (agent["usage"]["executions"], agent["version"]) == (1, None)


@pytest.mark.lengthy
async def test_the_most_used_and_the_surest(service: Service) -> None:
    day, kind = some_day(), f"kind {new_id()}"
    often, surely, luckily = [await pattern(service, name, kind) for name in ("often", "surely", "luckily")]
    await record(
        service,
        *(ran(often.node_id, day + n * HOUR, success=n % 2 == 0) for n in range(12)),
        *(ran(surely.node_id, day + DAY + HOUR) for _ in range(9)),
        *(ran(luckily.node_id, day + HOUR) for _ in range(2)),
    )
    stats = await service.execute("analytics_usage", window=window(day, 2), first=2)
    assert [(one["label"], one["executions"]) for one in stats["ranked"]] == [("often", 12), ("surely", 9)]
    assert [point["value"] for point in stats["ranked"][1]["points"]] == [0, 9]
    assert [point["executions"] for point in stats["points"]] == [14, 9]
    rates = await service.execute("analytics_success_rates", patternType=kind, minSamples=3, window=window(day, 2))
    assert [(one["label"], one["successRate"]) for one in rates["rates"]] == [("surely", 1), ("often", 0.5)]
    assert (rates["totalPatterns"], rates["averageSuccessRate"], rates["more"]) == (2, 0.75, False)
    assert rates["leftOut"] == 1
    many = await service.execute("analytics_success_rates", patternType=kind, minSamples=100, window=window(day, 2))
    assert (many["rates"], many["totalPatterns"], many["leftOut"], many["averageSuccessRate"]) == ([], 0, 3, None)
    assert rates["rates"][0]["confidence"] == pytest.approx((wilson_interval(9, 9) or (0,))[0])
    assert rates["highConfidenceCount"] == 0
    assert rates["rates"][0]["pattern"] == {"patternType": kind}


@pytest.mark.lengthy
async def test_the_dashboard(service: Service) -> None:
    made, day = await pattern(service), some_day(_PAST)  # over, so that all of it counts
    await record(
        service,
        *(ran(made.node_id, day - DAY + n * HOUR, quality_score=0.5) for n in range(2)),
        *(ran(made.node_id, day + n * HOUR, success=n > 0, quality_score=0.25 * n) for n in range(4)),
    )
    found = await service.execute("analytics_dashboard", window=window(day))
    assert found["totalPatterns"] >= 1
    assert found["success"]["executions"] == 4
    assert [(one["name"], one["executions"]) for one in found["mostUsed"]] == [(made.pattern_id, 4)]
    [kind] = found["patternTypes"]
    assert kind["patternType"] == made.pattern_type
    assert kind["success"]["quality"] == pytest.approx(0.375)
    assert kind["qualityStd"] == pytest.approx(np.std([0, 0.25, 0.5, 0.75], ddof=1), abs=1e-6)
    change = found["change"]
    assert (change["executionsBefore"], change["executionsChange"], change["successRateBefore"]) == (2, 1, 1)
    assert change["successRateChange"] == pytest.approx(-0.25)
    assert change["successRateChangeInterval"]["low"] < -0.25 < change["successRateChangeInterval"]["high"]


@pytest.mark.lengthy
async def test_quality_gates_and_bands(service: Service) -> None:
    kind, day = f"kind {new_id()}", some_day(_PAST)
    good, poor, silent = [await pattern(service, name, kind) for name in ("good", "poor", "silent")]
    scores = {good: (0.95, 0.9, 0.8, 0.749), poor: (0.1, 0.75, 1.0)}
    await record(
        service,
        *(ran(made.node_id, day + HOUR, quality_score=score) for made, each in scores.items() for score in each),
        *(ran(silent.node_id, day + HOUR) for _ in range(3)),
    )

    def gate(passed: int, reported: int, threshold: float = 0.8) -> Json:
        low, high = wilson_interval(passed, reported) or (None, None)
        interval = None if low is None else {"low": low, "high": high}
        rate = passed / reported if reported else None
        return {"threshold": threshold, "reported": reported, "passed": passed, "rate": rate, "interval": interval}

    for made, expected in ((good, gate(3, 4)), (poor, gate(1, 3)), (silent, gate(0, 0))):
        found = await service.execute("analytics_pattern", id=made.pattern_id, window=window(day))
        assert found["success"]["qualityGate"] == expected
    rates = await service.execute("analytics_success_rates", patternType=kind, minSamples=1, window=window(day))
    assert {one["label"]: one["qualityGate"] for one in rates["rates"]} == {
        "good": gate(3, 4), "poor": gate(1, 3), "silent": gate(0, 0),
    }  # fmt: skip
    quality = (await service.execute("analytics_dashboard", window=window(day)))["quality"]
    assert (quality["reported"], quality["qualityGate"]) == (7, gate(4, 7))
    assert {one["band"]: one["executions"] for one in quality["bands"]} == {
        "EXCELLENT": 3, "GOOD": 2, "FAIR": 1, "POOR": 1,
    }  # fmt: skip
    every = [score for each in scores.values() for score in each]
    assert (quality["mean"], quality["std"]) == (
        pytest.approx(np.mean(every), abs=1e-6),
        pytest.approx(np.std(every, ddof=1), abs=1e-6),
    )
    strict = """query($id: ID!, $window: AnalyticsWindowInput, $least: Float!) {
      patternAnalytics(id: $id, window: $window) { success { qualityGate(threshold: $least) { passed } } } }"""
    for least, passed in ((0.75, 3), (0.9, 2), (1.0, 0), (0.0, 4)):
        answer = await service.query(strict, id=good.pattern_id, window=window(day), least=least)
        assert answer["patternAnalytics"]["success"]["qualityGate"]["passed"] == passed
    for least in (0.81, 1.05, -0.05):
        [error] = await service.errors(strict, id=good.pattern_id, window=window(day), least=least)
        assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_INPUT", "threshold")


@pytest.mark.lengthy
async def test_time_series(service: Service) -> None:
    made, day = await pattern(service), some_day()
    await record(
        service,
        ran(made.node_id, day + 22 * HOUR + 30 * timedelta(minutes=1), agent="a", duration_ms=10),
        ran(made.node_id, day + DAY + HOUR, agent="a", success=False, duration_ms=30),
        *(ran(made.node_id, day + DAY + 2 * HOUR, agent="b") for _ in range(3)),
    )
    subject = {"kind": "PATTERN", "name": made.pattern_id}
    asked = {"subject": subject, "window": window(day, 2)}
    [line] = (await service.execute("analytics_time_series", metric="EXECUTIONS", **asked))["lines"]
    assert [point["value"] for point in line["points"]] == [1, 4]
    # In Berlin, half past ten in the evening (UTC) is the next day.
    berlin = await service.execute("analytics_time_series", metric="EXECUTIONS", **asked, timeZone="Europe/Berlin")
    assert [point["value"] for point in berlin["lines"][0]["points"]] == [0, 5, 0]
    assert berlin["lines"][0]["points"][0]["start"] == _text(day - 2 * HOUR)
    grouped = await service.execute("analytics_time_series", metric="SUCCESS_RATE", **asked, groupBy="AGENT", first=1)
    assert [(one["value"], [point["value"] for point in one["points"]]) for one in grouped["lines"]] == [
        ("b", [None, 1]),
        (None, [1, 0]),
    ]
    hours = await service.execute("analytics_time_series", metric="DURATION_P95", **asked, interval="HOUR")
    assert len(hours["lines"][0]["points"]) == 48
    assert hours["lines"][0]["points"][22]["value"] == pytest.approx(10, rel=0.01)


@pytest.mark.lengthy
async def test_versions_side_by_side(service: Service) -> None:
    first, second = await pattern(service, "old"), await pattern(service, "new")
    day, chance = some_day(), random.Random(2)
    stories = [
        ran(
            made.node_id, day + HOUR, duration_ms=mean * chance.lognormvariate(0, 0.2),
            session=f"{made.node_id}-{n}", context=context,
        )
        for made, mean, context in ((first, 1_000, "bugfix"), (second, 500, "review"))
        for n in range(20)
        for _ in range(2)
    ]  # fmt: skip
    await record(service, *stories)
    found = await service.execute(
        "analytics_compare", patternIds=[first.pattern_id], nodeIds=[second.node_id], window=window(day)
    )
    assert [(one["label"], one["units"]) for one in found["columns"]] == [("old", 20), ("new v1", 20)]
    differences = {one["measure"]: one for one in found["differences"]}
    duration = differences["DURATION_MS"]
    assert duration["significant"]
    assert duration["relativeInterval"]["low"] < -0.5 < duration["relativeInterval"]["high"] < -0.4
    assert duration["summary"].startswith("new v1 takes ")
    assert " % less time than old [" in duration["summary"]
    assert differences["SUCCESS_RATE"]["reason"] == "ZERO_VARIANCE"
    assert differences["COST_USD"]["pValue"] is None
    contexts = next(mix for mix in found["mixes"] if mix["dimension"] == "CONTEXT")
    assert (contexts["distance"], len(contexts["values"])) == (1, 2)
    assert "random" in found["caveat"]


@pytest.mark.lengthy
async def test_a_pattern_among_its_like(service: Service) -> None:
    day, kind = some_day(), f"kind {new_id()}"
    peers = [await pattern(service, f"p{n}", kind) for n in range(3)]
    few = await pattern(service, "few", kind)
    stories = [
        ran(peer.node_id, day + HOUR, duration_ms=100.0 * (n + 1), success=each > n)
        for n, peer in enumerate(peers)
        for each in range(6)
    ]  # fmt: skip
    await record(service, *stories, ran(few.node_id, day + HOUR, duration_ms=1.0))
    found = await service.execute("analytics_benchmark", patternId=peers[0].pattern_id, window=window(day))
    measures = {one["measure"]: one for one in found["measures"]}
    assert found["category"] == kind
    assert measures["DURATION_MEAN_MS"]["value"] == pytest.approx(100)
    assert measures["DURATION_MEAN_MS"]["percentileRank"] == pytest.approx(250 / 3)
    assert (measures["SUCCESS_RATE"]["peers"], measures["SUCCESS_RATE"]["percentileRank"]) == (
        3,
        pytest.approx(250 / 3),
    )


@pytest.mark.lengthy
async def test_a_list_of_patterns_with_analytics(quiet_service: Service) -> None:
    service, day = quiet_service, some_day()
    document = """
    query($kind: String!, $window: AnalyticsWindowInput) {
      patterns(patternType: $kind) {
        edges {
          node {
            analytics(window: $window, timeZone: "Asia/Tokyo") {
              basis { pending }
              usage { executions profile { hoursOfDay } }
              success { successRate }
              duration { p95Ms }
              distributions(dimensions: [AGENT]) { shares { value executions } }
              unique { count }
              pattern { name }
            }
            currentVersion { analytics(window: $window) { usage { perDay } success { successRate } } }
          }
        }
      }
    }
    """

    async def of(patterns: int) -> str:
        kind = f"kind {new_id()}"
        made = [await pattern(service, f"p{n}", kind) for n in range(patterns)]
        await record(service, *(ran(each.node_id, day + HOUR) for each in made))
        await service.query(document, kind=kind, window=window(day))  # what is marked is counted now
        return kind

    few, many = await of(2), await of(12)
    statements = await service.statements(document, kind=few, window=window(day))
    # What counts in the background runs a few, too; six times as many patterns would need dozens more.
    assert statements <= 20
    assert await service.statements(document, kind=many, window=window(day)) < statements + 8
    edges = (await service.query(document, kind=many, window=window(day)))["patterns"]["edges"]
    assert [edge["node"]["analytics"]["usage"]["executions"] for edge in edges] == [1] * 12
    assert {edge["node"]["currentVersion"]["analytics"]["success"]["successRate"] for edge in edges} == {1}
    assert all(edge["node"]["analytics"]["usage"]["profile"]["hoursOfDay"][10] == 1 for edge in edges)


RANGE = {"metric": "EXECUTIONS", "window": {"since": "2025-01-01T00:00:00Z", "until": "2025-01-03T00:00:00Z"}}
ALL = {"kind": "ALL"}


@pytest.mark.parametrize(
    ("name", "variables", "field"),
    [
        ("analytics_time_series", {**RANGE, "interval": "HOUR", "window": {"since": "1900-01-01T00:00:00Z"}}, "interval"),
        ("analytics_time_series", {**RANGE, "interval": "HOUR", "window": {"since": "1900-01-01T00:00:00Z",
         "until": "2025-01-01T00:00:00Z"}}, "interval"),
        ("analytics_time_series", {**RANGE, "window": {"since": "0001-01-01T00:00:00Z", "until": "0001-01-02T00:00:00Z"},
         "timeZone": "America/Lima"}, "window.since"),
        ("analytics_time_series", {**RANGE, "metric": "DURATION_P99", "groupBy": "AGENT"}, "groupBy"),
        ("analytics_time_series", {**RANGE, "first": 0}, "first"),
        ("analytics_time_series", {**RANGE, "subject": {"kind": "AGENT"}}, "subject.name"),
        ("analytics_subject", {"subject": {"kind": "USER", "name": "u", "part": "x"}}, "subject.part"),
        ("analytics_subject", {"subject": {"kind": "TOOL", "name": "Bash"}}, "subject.part"),
        ("analytics_subject", {"subject": {"kind": "ENDPOINT", "name": "/items"}}, "subject.part"),
        ("analytics_subject", {"subject": {"kind": "USER", "name": "u" * 5_000}}, "subject.name"),
        ("analytics_subject", {"subject": {"kind": "ALL", "name": "u"}}, "subject.name"),
        ("analytics_dashboard", {"window": {"since": "9000-01-01T00:00:00Z"}}, "window.since"),
        ("analytics_dashboard", {"window": {"since": "0001-01-01T00:00:00Z"}}, "window"),
        ("analytics_usage", {"window": {"since": "2020-01-01T00:00:00Z", "until": "2025-01-01T00:00:00Z"}}, "window"),
        ("analytics_usage", {"first": 101}, "first"),
        ("analytics_usage", {"interval": "HOUR"}, "interval"),
        ("analytics_success_rates", {"minSamples": 0}, "minSamples"),
        ("analytics_compare", {"patternIds": ["one"]}, "patternIds"),
        ("analytics_compare", {"patternIds": ["one", "one"]}, "patternIds"),
        ("analytics_compare", {"patternIds": [f"p{n}" for n in range(21)]}, "patternIds"),
    ],
)  # fmt: skip
async def test_what_cannot_be_answered_is_told(service: Service, name: str, variables: Json, field: str) -> None:
    [error] = await service.errors(operation(name), **variables)
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_INPUT", field)


async def test_a_metric_that_there_is_not_is_told(service: Service) -> None:
    response = await service.http.post(
        "/graphql",
        json={"query": operation("analytics_time_series"), "variables": {**RANGE, "metric": "LUCK"}},
    )
    [error] = response.json()["errors"]
    assert "LUCK" in error["message"]


def _text(at: datetime) -> str:
    return at.isoformat()
