"""Learned patterns over GraphQL: what they are, what they rest on, and in how many statements that is told."""

from __future__ import annotations

import pytest

from support.learning import FIXING, learn, learner, taught, tell, told, word
from support.service import Service, nodes, operation


async def patterns(service: Service, count: int) -> list[str]:
    """The ids of so many learned patterns, each of two successful traces and a failed one."""
    graph, found = service.parts.graph, []
    for _ in range(count):
        thing = word()
        ids = await tell(
            graph, told(f"fix {thing}"), told(f"please fix {thing}"), told(f"fix {thing}", failing=[1], success=False)
        )
        await learn(learner(graph), ids)
        [pattern_id] = {row["pattern_id"] for row in await taught(graph, ids)}
        found.append(pattern_id)
    return found


@pytest.mark.lengthy
async def test_a_learned_pattern_tells_what_it_rests_on(service: Service) -> None:
    thing, graph = word(), service.parts.graph
    ids = await tell(
        graph, told(f"fix {thing}"), told(f"now fix {thing}"), told(f"fix {thing}", failing=[1], success=False)
    )
    await learn(learner(graph), ids)
    [pattern_id] = {row["pattern_id"] for row in await taught(graph, ids)}
    found = await service.execute("learning_pattern", patternId=pattern_id)
    assert (found["successes"], found["failures"], found["standing"], found["version"]) == (2, 1, "ACTIVE", 1)
    assert found["successRate"] == 2 / 3
    assert found["pattern"]["patternId"] == pattern_id
    assert found["planVersion"]["nodeId"] == found["nodeId"]
    assert [one["text"] for one in found["exemplars"]] == [f"fix {thing}", f"now fix {thing}"]
    steps = found["plan"]["steps"]
    assert [step["name"] for step in steps] == [tool for tool, _ in FIXING]
    assert [(step["support"], step["failures"]) for step in steps] == [(2, 0), (2, 1), (2, 0)]
    for step in steps:
        assert {one["correlationId"] for one in nodes(step["supportingTraces"])} == set(ids[:2])
    assert [one["correlationId"] for one in nodes(steps[1]["failingTraces"])] == [ids[2]]
    assert {one["correlationId"] for one in nodes(found["learnedFrom"])} == set(ids[:2])
    assert found["plan"]["departures"] == [{"after": 2, "name": None, "traces": 1}]


@pytest.mark.lengthy
async def test_lists_are_paged_and_filtered(service: Service) -> None:
    newest = list(reversed(await patterns(service, 3)))
    first = await service.execute("learning_patterns", first=2)
    assert [one["patternId"] for one in nodes(first)] == newest[:2]
    after = first["pageInfo"]["endCursor"]
    assert nodes(await service.execute("learning_patterns", first=1, after=after))[0]["patternId"] == newest[2]
    for filter, count in (({"action": "fix"}, 1), ({"action": "bake"}, 0), ({"leastSuccesses": 1000}, 0)):
        assert len(nodes(await service.execute("learning_patterns", first=1, filter=filter))) == count
    [error] = await service.errors(operation("learning_patterns"), filter={"leastSuccesses": -1})
    assert error["extensions"]["field"] == "filter.leastSuccesses"


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_more_patterns_cost_no_more_statements(quiet_service: Service) -> None:
    service = quiet_service
    await patterns(service, 3)
    document = """query($first: Int!) { learnedPatterns(first: $first) { edges { node {
        exemplars { text } pattern { name } planVersion { version } learnedFrom { edges { node { correlationId } } }
        plan { steps { supportingTraces { edges { node { correlationId } } } failingTraces { edges { node { status } } } } }
    } } } }"""
    counts = {await service.statements(document, first=first) for first in (1, 3)}
    assert len(counts) == 1, counts


@pytest.mark.lengthy
async def test_the_learner_tells_how_far_it_is(service: Service) -> None:
    before = await service.execute("learning_health")
    await patterns(service, 1)
    health = await service.execute("learning_health")
    assert health["patterns"] == before["patterns"] + 1
    assert health["successes"] == before["successes"] + 2
    assert health["learnedAt"] > (before["learnedAt"] or "")
