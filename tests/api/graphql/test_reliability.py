"""How far patterns can be relied on, by GraphQL through a real socket."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from loopgraph.contracts.traces.events import HookExecuted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id, now
from loopgraph.reducers.samples import wilson_interval
from support.access import mate
from support.feedback import Subject, make_subject
from support.service import Service, operation


def runs(node_id: str, at: datetime, count: int, failures: int = 0, duration_ms: float = 100.0) -> list[TraceEvent]:
    """Traces that ran a version, each a unit of its own."""
    events: list[TraceEvent] = []
    for number in range(count):
        trace = new_id()
        events += [
            TraceStarted(correlation_id=trace, timestamp=at),
            HookExecuted(
                correlation_id=trace, execution_id=new_id(), hook_type="T", node_id=node_id, success=number >= failures,
                started_at=at, duration_ms=duration_ms,
            ),
        ]  # fmt: skip
    return events


async def subject(service: Service, code: str = "print('good')") -> Subject:
    return await make_subject(service.parts.graph, template_code=code)


@pytest.mark.lengthy
async def test_how_far_a_pattern_can_be_relied_on(service: Service) -> None:
    one = await subject(service)
    await service.parts.recorder.record(runs(one.node_id, now(), 20, failures=5))
    found = await service.execute("analytics_reliability", patternId=one.pattern_id)
    low, high = wilson_interval(15, 20) or (0, 0)
    assert (found["pattern"], found["threshold"], found["basis"]["pending"]) == ({"name": "greet"}, 0.8, 0)
    whole = found["whole"]
    assert (whole["executions"], whole["successes"], whole["units"], whole["successRate"]) == (20, 15, 20, 0.75)
    assert whole["effectiveExecutions"] == pytest.approx(19)
    assert whole["successRateInterval"] == {"low": pytest.approx(low, abs=0.01), "high": pytest.approx(high, abs=0.01)}
    assert (whole["reliability"], whole["verdict"]) == (whole["successRateInterval"]["low"], "UNKNOWN")
    assert (found["currentNodeId"], found["current"]) == (one.node_id, whole)
    asked_less = await service.execute("analytics_reliability", patternId=one.pattern_id, threshold=0.5)
    assert asked_less["whole"]["verdict"] == "RELIABLE"

    window = {"since": "2001-01-01T00:00:00Z", "until": "2001-02-01T00:00:00Z"}
    nothing = (await service.execute("analytics_reliability", patternId=one.pattern_id, window=window))["whole"]
    assert (nothing["executions"], nothing["successRate"], nothing["reliability"]) == (0, None, None)


@pytest.mark.lengthy
async def test_which_of_several_patterns_to_prefer(quiet_service: Service) -> None:
    service = quiet_service
    names = ("by key", "twice", "never")
    good, poor, new = [await subject(service, f"sort the list that follows {name}") for name in names]
    at = now()
    await service.parts.recorder.record(
        [
            *runs(good.node_id, at, 20),
            *runs(poor.node_id, at - timedelta(days=20), 20),
            *runs(poor.node_id, at, 10, failures=9),
        ]
    )
    ids = {one.pattern_id: name for one, name in ((good, "good"), (poor, "poor"), (new, "new"))}

    async def ranked(**more: object) -> list[tuple[str, float | None]]:
        candidates = [{"patternId": id_} for id_ in ids]
        found = await service.execute("analytics_rank_patterns", **{"candidates": candidates, **more})
        assert [one["rank"] for one in found["patterns"]] == list(range(1, len(found["patterns"]) + 1))
        return [(ids[one["patternId"]], one["similarity"]) for one in found["patterns"]]

    assert await ranked() == [("good", None), ("poor", None), ("new", None)]
    given = [{"patternId": id_, "similarity": 1.0 if name == "new" else 0.0} for id_, name in ids.items()]
    assert (await ranked(candidates=given))[0] == ("good", 0.0)
    texts = await ranked(text="sort the list that follows never")
    assert dict(texts)["new"] == 1.0
    assert 0 < (dict(texts)["good"] or 0) < 1

    found = await service.execute("analytics_rank_patterns", candidates=[{"patternId": id_} for id_ in ids])
    last = found["patterns"][-1]
    assert (last["history"]["executions"], last["history"]["successRate"], last["score"]) == (0, None, 0)
    assert (found["patterns"][1]["recent"]["executions"], found["patterns"][1]["history"]["executions"]) == (10, 30)
    # However many there are, the statements are the same.
    few = await service.statements(operation("analytics_rank_patterns"), candidates=[{"patternId": good.pattern_id}])
    many = await service.statements(
        operation("analytics_rank_patterns"), candidates=[{"patternId": id_} for id_ in ids]
    )
    assert many == few


@pytest.mark.lengthy
async def test_who_sees_only_what_is_theirs_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures hold what everybody did."""
    one = await subject(service)
    monkeypatch.setattr("loopgraph.api.graphql.context.asking", lambda connection: mate("ada"))
    for document, variables in (
        ("analytics_reliability", {"patternId": one.pattern_id}),
        ("analytics_rank_patterns", {"candidates": [{"patternId": one.pattern_id}]}),
    ):
        [error] = await service.errors(operation(document), **variables)
        assert error["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("field", "code", "wrong"),
    [
        ('patternReliability(patternId: "gone") { threshold }', "NOT_FOUND", None),
        ('patternReliability(patternId: "gone", threshold: 1.5) { threshold }', "INVALID_INPUT", "threshold"),
        ("rankPatterns(candidates: []) { basis { since } }", "INVALID_INPUT", "candidates"),
        ('rankPatterns(candidates: [{patternId: "gone"}]) { basis { since } }', "NOT_FOUND", None),
        (
            'rankPatterns(candidates: [{patternId: "a"}, {patternId: "a"}]) { basis { since } }',
            "INVALID_INPUT",
            "candidates",
        ),
        (
            'rankPatterns(candidates: [{patternId: "a", similarity: 2}]) { basis { since } }',
            "INVALID_INPUT",
            "candidates.0.similarity",
        ),
        (
            'rankPatterns(candidates: [{patternId: "a", similarity: 1}, {patternId: "b"}]) { basis { since } }',
            "INVALID_INPUT",
            "candidates",
        ),
        (
            'rankPatterns(candidates: [{patternId: "a", similarity: 1}], text: "x") { basis { since } }',
            "INVALID_INPUT",
            "candidates",
        ),
        (
            'rankPatterns(candidates: [{patternId: "a"}], recentDays: 0) { basis { since } }',
            "INVALID_INPUT",
            "recentDays",
        ),
    ],
)
async def test_what_is_wrong_with_a_question(service: Service, field: str, code: str, wrong: str | None) -> None:
    [error] = await service.errors(f"{{ {field} }}")
    assert (error["extensions"]["code"], error["extensions"].get("field")) == (code, wrong)
