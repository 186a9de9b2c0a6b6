"""The operation documents of the console, executed on data that each has something to answer about."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta

import graphql
import pytest

from api.graphql.test_learned_patterns import patterns as learned_patterns
from loopgraph.api.graphql.schema import build_schema
from loopgraph.assets import asset
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.effects.clock import new_id, now
from loopgraph.settings import Settings
from support.feedback import make_subject
from support.operations import concluded, regression
from support.proposals import proposed
from support.quick import first_quick
from support.service import Json, Service, operation
from support.traces import story

SDL = graphql.build_schema(build_schema(Settings()).as_str())
NAMES = sorted(path.stem for path in asset("graphql", "operations", "console").glob("*.graphql"))


@pytest.fixture(scope="module")
async def variables(service: Service) -> dict[str, Json]:
    """Variables for every document, with which each has something to answer."""
    subject, other = [await make_subject(service.parts.graph) for _ in range(2)]
    run, improvement, experiment, _ = await concluded(subject)
    waiting = await subject.start(enable_ab_testing=False)
    trace, again, session = new_id(), new_id(), new_id()
    events = [
        event.model_copy(update={"session_id": session}) if event.kind == "start" else event
        for one in (trace, again)
        for event in story(one, subject.node_id)
    ]
    await service.parts.recorder.record(events)
    [step] = [event for event in events if event.kind == "hook"][:1]
    month = {"window": {"since": (now() - timedelta(days=30)).isoformat()}}
    year = {"window": {"since": (now() - timedelta(days=365)).isoformat()}}
    regressed = [await regression(await make_subject(service.parts.graph)) for _ in range(2)]
    review = {"input": {"improvementId": improvement, "reason": "no"}}
    nightly = {"name": "nightly", "cron": "0 3 * * *", "timeZone": "Europe/Berlin", "tag": "documents"}
    schedules = [new_id(), new_id()]
    for id_ in schedules:
        await service.execute("feedback_create_schedule", input={**nightly, "scheduleId": id_})
    [learned] = await learned_patterns(service, 1)
    merges = [await proposed(service.parts.graph) for _ in range(2)]
    return {
        "agents": year,
        "chains": year,
        "accept_plan_proposal": {"input": {"proposalId": merges[0].proposal_id}},
        "dismiss_plan_proposal": {"input": {"proposalId": merges[1].proposal_id, "reason": "no"}},
        "doubles": {"id": merges[1].pattern_id, "other": merges[1].other_id},
        "plan_proposals": {"status": None},
        "learned": {},
        "learned_pattern": {"id": learned},
        "matches": {"request": "fix the importer", "context": {"project": "/src"}},
        "offers": {"id": learned},
        "plan_text": {"id": subject.node_id},
        "plans_help": {"id": learned},
        "roll_back": {"input": {"watchId": regressed[0], "note": "too slow"}},
        "dismiss": {"input": {"watchId": regressed[1], "reason": "fast enough"}},
        "watches": {"patternId": subject.pattern_id},
        "annotate": {"input": {"template": "no answer from <ip>", "knownFix": "restart it"}},
        "applied": {},
        "create_schedule": {"input": {**nightly, "scheduleId": new_id()}},
        "delete_schedule": {"input": {"scheduleId": schedules[0]}},
        "update_schedule": {"input": {"scheduleId": schedules[1], "paused": True}},
        "schedules": {},
        "reviews": {},
        "power": {"id": subject.pattern_id},
        "pattern_names": {"nameContains": "a"},
        "approve": {"input": {"improvementId": improvement}},
        "cancel": {"input": {"runId": waiting.run_id}},
        "course": {"id": experiment},
        "dashboard": {**year, "one": True, "subject": {"kind": "ALL"}},
        "developing": {"kind": "ALL"},
        "diff": {"a": trace, "b": again},
        "endpoints": year,
        "errors": year,
        "evidence": {"id": experiment},
        "expected": {**year, "period": "WEEK"},
        "follow_run": {"id": run},
        "follow_traces": {"filter": {"sessionId": session}},
        "lineage": {"id": subject.pattern_id, "traversal": {"maxNodes": 2_000}},
        "more_series": {**year, "interval": "WEEK", "groupBy": "MODEL"},
        "map": {"patternId": subject.pattern_id, "maxNodes": 5_000},
        "most_used": month,
        "neighbourhood": {"id": subject.node_id, "traversal": {"maxDepth": 2, "maxNodes": 300}},
        "pattern": {"id": subject.pattern_id, "figures": True, **month},
        "patterns": {"figures": True, "orderBy": {"field": "COST", "direction": "DESC", **month}, **month},
        "propose": {"input": {"patternId": other.pattern_id, "templateCode": f"print('{new_id()}')"}},
        "reject": review,
        "run": {"id": run},
        "run_loop": {"input": {"patternId": other.pattern_id, "minSampleSize": 10}},
        "runs": {},
        "series": {**year, "interval": "WEEK", "groupBy": "MODEL"},
        "session": {"id": session},
        "sessions": {},
        "start": {"figures": True, **month},
        "step": {"id": base64.b64encode(f"HookExecution:{step.execution_id}".encode()).decode()},
        "tools": year,
        "trace": {"id": trace},
        "trace_start": {"id": trace},
        "traces": {"filter": {"sessionId": session}},
        "version": {"id": subject.node_id, "figures": True, **month},
        "waterfall": {"id": trace, "usage": True},
        "whole_series": {**year, "interval": "WEEK"},
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_allowed_by_the_sdl_without_what_is_deprecated(name: str) -> None:
    document = graphql.parse(operation(f"console/{name}"))
    assert graphql.validate(SDL, document) == []
    assert graphql.validate(SDL, document, [graphql.NoDeprecatedCustomRule]) == []


@pytest.mark.lengthy
@pytest.mark.parametrize("name", first_quick([name for name in NAMES if not name.startswith("follow_")], 20))
async def test_a_document_is_answered_with_something(name: str, service: Service, variables: dict[str, Json]) -> None:
    data = await service.query(operation(f"console/{name}"), **variables[name])
    assert all(data.values()), data


async def test_a_run_is_followed(service: Service, variables: dict[str, Json]) -> None:
    async for item in service.follow("console/follow_run", **variables["follow_run"]):
        assert item["status"] == "COMPLETED"


async def test_what_is_recorded_is_followed(service: Service, variables: dict[str, Json]) -> None:
    """Nothing tells when a subscription has begun: something is recorded again and again until it is told of."""
    updates = service.follow("console/follow_traces", **variables["follow_traces"])
    session = variables["follow_traces"]["filter"]["sessionId"]
    told = asyncio.ensure_future(anext(updates))
    while not told.done():
        await service.parts.recorder.record([TraceStarted(correlation_id=new_id(), session_id=session)])
        await asyncio.wait([told], timeout=0.2)
    assert told.result()["correlationId"]
    await updates.aclose()
