"""``matchPatterns`` tells which learned patterns fit a request, and why."""

from __future__ import annotations

import pytest

from loopgraph.api.graphql.types.learning.patterns import Exemplar
from loopgraph.contracts.learning import plans
from loopgraph.effects.clock import new_id
from support.learned import Learned, learn, retire_all
from support.service import Service, operation
from support.waiting import until


@pytest.fixture(autouse=True)
async def alone(service: Service) -> None:
    await retire_all(service.parts.graph)
    await service.parts.matching.look()


@pytest.mark.lengthy
async def test_a_match_with_all_its_parts(service: Service) -> None:
    project = f"p{new_id().replace('-', '')[-10:]}"
    one = Learned([f"fix the login timeout in {project}.py"], project=project, successes=3, failures=1)
    await learn(service.parts.graph, one)
    await service.parts.matching.look()
    answer = await service.execute(
        "learning_match_patterns",
        request=f"{project}.py times out on login, please repair it",
        context={"project": project},
    )
    best = answer["matches"][0]
    assert (best["patternId"], best["nodeId"], best["exemplar"]) == (one.pattern_id, one.node_id, one.prompts[0])
    assert (best["successRate"], best["runs"], best["score"]["context"]) == (0.75, 4, 1.0)
    assert 0.0 < best["expectedSuccess"] == best["score"]["historical"] < 1.0
    assert 0.7 <= best["score"]["total"] <= 1.0
    assert "both fix" in best["score"]["explanation"]
    assert answer["features"]["action"] == "fix"
    seeds = {"semantic": 0.4, "keyword": 0.2, "intent": 0.2, "context": 0.1, "historical": 0.1}
    assert answer["weights"] == seeds
    assert (answer["semantic"], answer["note"], answer["complete"]) == (True, None, True)
    assert answer["searched"] >= 1

    other = await service.execute(
        "learning_match_patterns", request=f"log the login timeout in {project}.py", minConfidence=0.0
    )
    assert one.pattern_id not in {match["patternId"] for match in other["matches"]}


@pytest.mark.lengthy
async def test_what_somebody_else_learns_is_found_without_waiting_for_anybody(service: Service) -> None:
    """The service is asked only: it has to look for itself what was committed since its last answer."""
    project = f"p{new_id().replace('-', '')[-10:]}"
    ask = {"request": f"rename the helper in {project}.py", "context": {"project": project}}
    assert (await service.execute("learning_match_patterns", **ask))["matches"] == []
    one = Learned([ask["request"]], project=project)  # type: ignore[list-item]
    await learn(service.parts.graph, one)

    async def is_found() -> bool:
        matches = (await service.execute("learning_match_patterns", **ask))["matches"]
        return [match["patternId"] for match in matches] == [one.pattern_id]

    await until(is_found)


async def test_a_wrong_argument_is_named(service: Service) -> None:
    for wrong, field in (
        ({"request": "x" * 20_001}, "request"),
        ({"request": ""}, "request"),
        ({"request": "fix it", "minConfidence": 2.0}, "minConfidence"),
        ({"request": "fix it", "maxResults": 100}, "maxResults"),
    ):
        [error] = await service.errors(operation("learning_match_patterns"), **wrong)
        assert error["message"].startswith(f"{field}: must ")


async def test_a_prompt_is_told_without_what_nobody_sees(service: Service) -> None:
    project = f"p{new_id().replace('-', '')[-10:]}"
    learned = Learned([f"fix\x1b the login\u202e timeout\nin {project}.py"], project=project)
    await learn(service.parts.graph, learned)
    await service.parts.matching.look()
    told = {"request": f"fix the login timeout in {project}.py", "context": {"project": project}}
    answer = await service.execute("learning_match_patterns", **told)
    [match] = [one for one in answer["matches"] if one["patternId"] == learned.pattern_id]
    assert match["exemplar"] == f"fix the login timeout\nin {project}.py"
    kept = plans.Exemplar(exemplar_id="e", pattern_id=learned.pattern_id, text=learned.prompts[0])
    assert Exemplar.of(kept).text == match["exemplar"]


@pytest.mark.lengthy
async def test_the_opposite_is_no_match(service: Service) -> None:
    project = f"p{new_id().replace('-', '')[-10:]}"
    learned = Learned([f"deploy {project} to staging"], project=project)
    await learn(service.parts.graph, learned)
    await service.parts.matching.look()
    for place, found in (("staging", True), ("production", False)):
        told = {"request": f"deploy {project} to {place}", "context": {"project": project}}
        answer = await service.execute("learning_match_patterns", **told)
        assert (learned.pattern_id in {one["patternId"] for one in answer["matches"]}) is found
