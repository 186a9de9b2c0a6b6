"""``recommendAgent`` says who, and, asked for a trace, logs it."""

from __future__ import annotations

import pytest

from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.effects.clock import new_id, now
from support.routing import history, somewhere
from support.service import Service
from support.traces import Traces, record


@pytest.mark.lengthy
async def test_who_is_recommended_and_what_is_logged(service: Service) -> None:
    graph, project = service.parts.graph, somewhere()
    await history(graph, project, fixer=(5, 1), tester=(4, 3))
    ask = {"request": "fix the exporter", "context": {"project": project}}
    advice = await service.execute("learning_recommended_agent", **ask)
    assert (advice["agent"], advice["strategy"], advice["reason"], advice["propensity"]) == (
        "fixer",
        "HISTORICAL",
        None,
        1.0,
    )
    assert [(one["agent"], one["scope"], one["successes"], one["runs"]) for one in advice["candidates"]] == [
        ("fixer", "ACTION_IN_PROJECT", 5, 6),
        ("tester", "ACTION_IN_PROJECT", 4, 7),
    ]
    assert advice["candidates"][0]["interval"]["low"] > advice["candidates"][1]["interval"]["low"]
    assert (advice["action"], advice["project"]) == ("fix", project)

    id_ = new_id()
    await record(
        Traces(graph),
        TraceStarted(correlation_id=id_, prompt_text="fix the exporter", project=project, timestamp=now()),
    )
    answer = await service.execute("learning_recommend_agent", input={"correlationId": id_})
    assert answer["__typename"] == "RecommendAgentPayload"
    assert answer["advice"]["agent"] == answer["recommendation"]["agent"] == "fixer"
    listed = await service.execute("learning_agent_recommendations", first=50)
    [one] = [edge["node"] for edge in listed["edges"] if edge["node"]["correlationId"] == id_]
    assert (one["agent"], one["candidates"], one["outcome"], one["ran"]) == ("fixer", ["fixer", "tester"], None, None)
    effect = await service.execute("learning_routing_policy_effect", policy="UNIFORM")
    assert effect["decisions"] + effect["unsettled"] >= 1


@pytest.mark.lengthy
async def test_what_is_wrong_is_named(service: Service) -> None:
    answer = await service.execute("learning_recommend_agent", input={"correlationId": new_id()})
    assert answer["__typename"] == "NotFound"
    for wrong, field in (({"policy": "ONE_AGENT"}, "agent"), ({"policy": "UNIFORM", "days": 0}, "days")):
        document = (
            "query($policy: RoutingPolicy!, $days: Int) { routingPolicyEffect(policy: $policy, days: $days) { units } }"
        )
        [error] = await service.errors(document, **{"days": 30, **wrong})
        assert error["extensions"]["field"] == field
    nobody = await service.execute(
        "learning_recommended_agent", request="the exporter", context={"project": somewhere()}
    )
    assert (nobody["agent"], nobody["reason"], nobody["candidates"]) == (None, "NOTHING_KNOWN", [])
