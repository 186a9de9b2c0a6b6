"""Error patterns by GraphQL, through a real socket."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from loopgraph.computes.analytics.templates import template_id
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
)
from loopgraph.effects.clock import new_id
from support.access import mate, owned
from support.service import Json, Service
from support.traces import NOON, make_version


def start() -> datetime:
    return NOON + timedelta(days=365 + random.SystemRandom().randrange(10**6))


def range_of(begin: datetime) -> Json:
    return {"window": {"since": begin.isoformat(), "until": (begin + timedelta(hours=1)).isoformat()}}


def failing(begin: datetime, message: str, *, user: str | None = None, node_id: str | None = None) -> list[TraceEvent]:
    """A trace in which a step failed with a message, and a call without one."""
    trace = new_id()
    return [
        TraceStarted(correlation_id=trace, timestamp=begin, user_id=user),
        RoutingDecided(correlation_id=trace, selected_agent="fixer"),
        HookExecuted(
            correlation_id=trace, execution_id=new_id(), hook_type="ToolUse", tool_name="Bash", success=False, node_id=node_id,
            error_message=message, timestamp=begin + timedelta(seconds=1),
        ),
        EndpointCalled(correlation_id=trace, call_id=new_id(), service_name="api", endpoint_path="/x", success=False),
        TraceCompleted(correlation_id=trace, success=True, timestamp=begin + timedelta(seconds=2)),
    ]  # fmt: skip


@pytest.mark.lengthy
async def test_failures_by_their_templates_with_what_is_known_of_them(service: Service) -> None:
    begin, node_id, mark = start(), await make_version(service.parts.graph), f"zz{new_id()[-4:]}zz"
    names = ("alice", "bob", "bob")
    for second, name in enumerate(names):
        at = begin + timedelta(minutes=second)
        await service.parts.recorder.record(
            failing(at, f"user {name} not found in {mark} after {second + 3}s", node_id=node_id)
        )
    found = await service.execute("analytics_error_patterns", **range_of(begin))
    [pattern] = found.pop("patterns")
    counts = {"totalPatterns": 1, "failures": 6, "untold": 3, "traces": 3}
    assert found == {**range_of(begin)["window"], **counts, "reachesBackTo": None, "complete": True}
    assert pattern["template"].startswith("user <*> not found in ")
    assert pattern["templateId"] == template_id(pattern["template"])
    assert (pattern["severity"], pattern["count"], pattern["traces"], pattern["endedTraces"]) == ("HIGH", 3, 3, 0)
    assert pattern["agents"] == [{"name": "fixer", "count": 3}]
    assert pattern["tools"] == [{"name": "Bash", "count": 3}]
    assert pattern["endpoints"] == pattern["errorTypes"] == []
    [version] = pattern["versions"]
    assert (version["nodeId"], version["count"], version["version"]["version"]) == (node_id, 3, 1)
    assert [sample["message"].split()[1] for sample in pattern["samples"]] == ["bob", "bob", "alice"]
    assert pattern["annotation"] is None

    wanted = {"template": pattern["template"], "knownFix": "make the user", "actor": {"id": "ann"}}
    written = await service.execute("analytics_annotate_error_pattern", input=wanted)
    assert written["annotation"]["knownFix"] == "make the user"
    assert (written["annotation"]["updatedBy"], written["annotation"]["prevention"]) == ("ann", None)
    more = await service.execute(
        "analytics_annotate_error_pattern", input={"template": pattern["template"], "prevention": "check"}
    )
    assert (more["annotation"]["knownFix"], more["annotation"]["prevention"]) == ("make the user", "check")
    # Fewer messages have a template that is more special: what was written of the general one is still there.
    bobs = range_of(begin)["window"] | {"since": (begin + timedelta(seconds=30)).isoformat()}
    [special] = (await service.execute("analytics_error_patterns", window=bobs))["patterns"]
    assert special["template"].startswith("user bob not found in ")
    assert special["annotation"] == more["annotation"]

    for arguments, count in (
        ({"agent": "fixer"}, 6),
        ({"tool": "Grep"}, 0),
        ({"endpoint": "/x"}, 3),
        ({"nodeId": node_id}, 3),
    ):
        assert (await service.execute("analytics_error_patterns", **range_of(begin), **arguments))["failures"] == count


@pytest.mark.lengthy
async def test_everybody_sees_their_own(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = start()
    for user in ("ada", "bob"):
        await service.parts.recorder.record(failing(begin, f"said of {user}", user=user))
    await owned(service.parts.graph)
    monkeypatch.setattr("loopgraph.api.graphql.context.asking", lambda connection: mate("ada"))
    found = await service.execute("analytics_error_patterns", **range_of(begin))
    assert [pattern["template"] for pattern in found["patterns"]] == ["said of ada"]
    assert found["traces"] == 1


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ('window: {since: "2026-01-02T00:00:00Z", until: "2026-01-01T00:00:00Z"}', "window.since"),
        ('window: {until: "2026-01-01T00:00:00"}', "window.until"),
        ("first: 0", "first"),
        ("first: 501", "first"),
        ('agent: ""', "agent"),
        ('tool: " "', "tool"),
        ('nodeId: "UGF0dGVybjp4"', "nodeId"),
    ],
)
async def test_what_is_wrong_with_a_question(service: Service, arguments: str, field: str) -> None:
    [error] = await service.errors(f"{{ errorPatterns({arguments}) {{ failures }} }}")
    assert error["extensions"] | {"code": "INVALID_INPUT", "field": field} == error["extensions"]


@pytest.mark.parametrize(
    ("input", "field"),
    [
        ({"template": "x"}, "input.knownFix"),
        ({"template": " ", "knownFix": "y"}, "input.template"),
        ({"template": "x" * 2_000, "knownFix": "y"}, "input.template"),
        ({"template": "x", "knownFix": "y" * 10_001}, "input.knownFix"),
        ({"template": "x", "prevention": "y", "actor": {"id": ""}}, "input.actor.id"),
    ],
)
async def test_what_is_wrong_with_a_note(service: Service, input: dict[str, Any], field: str) -> None:
    answer = await service.execute("analytics_annotate_error_pattern", input=input)
    assert (answer["__typename"], answer["field"]) == ("InvalidInput", field)
