"""Prompts are given the plan of a learned pattern that fits them, in the answer to the hook, or it is withheld."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.computes.learning.matches.withholding import draw
from loopgraph.contracts.learning.plans import Standing
from loopgraph.effects.clock import new_id
from support.engines import EngineUnderTest
from support.learned import Learned, change, learn, retire_all
from support.replays import plan, set_plan
from support.service import Service, serving
from support.traces import statement

Json = dict[str, Any]

DOOR = "/api/hooks/claude-code"
SHARE = 0.5


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    more = {"loop_poll_ms": 500, "replay_at": 0.6, "replay_withheld_share": SHARE}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loopgraph.orchestrators.learning.replays.PATIENCE_S", 60.0)
        async with serving(settings_for(embedded_engine).model_copy(update=more)) as service:
            await retire_all(service.parts.graph)
            yield service


@pytest.fixture
async def one(service: Service) -> AsyncIterator[Learned]:
    """A learned pattern with a plan; afterwards it is matched no more."""
    word = f"p{new_id().replace('-', '')[-10:]}"
    made = Learned([f"fix the login timeout in {word}.py"], project=f"/src/{word}", agent="fixer")
    await learn(service.parts.graph, made)
    await set_plan(service.parts.graph, made, plan("Read", "Edit", "Bash"))
    await service.parts.matching.look()
    yield made
    await change(service.parts.graph, made, standing=Standing.PRUNED.value)


def session_of(*, withheld: bool) -> str:
    return next(id_ for id_ in iter(new_id, "") if draw(id_, SHARE).withheld is withheld)


async def prompted(
    service: Service, session: str, prompt: str, folder: str, prompt_id: str | None = None, **more: Any
) -> Json:
    body = {
        "hook_event_name": "UserPromptSubmit", "session_id": session, "prompt_id": prompt_id or new_id(), "prompt": prompt,
        "cwd": folder, **more,
    }  # fmt: skip
    answer = await service.http.post(DOOR, json=body)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


async def log_of(service: Service, one: Learned) -> list[Json]:
    found = await service.execute("learning_replay_offers", patternId=one.pattern_id)
    return [edge["node"] for edge in found["edges"]]


@pytest.mark.lengthy
async def test_a_prompt_is_given_the_plan_and_that_is_written_down(service: Service, one: Learned) -> None:
    session, prompt_id = session_of(withheld=False), new_id()
    answer = await prompted(service, session, one.prompts[0], one.project or "", prompt_id)
    text = answer["hookSpecificOutput"]["additionalContext"]
    assert "  1. Read\n  2. Edit\n  3. Bash\n" in text
    assert f"pattern {one.pattern_id}" in text
    assert one.prompts[0] not in text, "no prompt of somebody else's is told"
    assert await prompted(service, session, one.prompts[0], one.project or "", prompt_id) == answer, "again, the same"
    [offer] = await log_of(service, one)
    assert (offer["correlationId"], offer["nodeId"], offer["withheld"]) == (prompt_id, one.node_id, False)
    assert (offer["propensity"], offer["outcome"], offer["trace"]["status"]) == (1 - SHARE, None, "IN_PROGRESS")
    assert 0.6 <= offer["score"]["total"] <= 1


@pytest.mark.lengthy
async def test_from_some_sessions_it_is_withheld_and_that_is_written_down_too(service: Service, one: Learned) -> None:
    session = session_of(withheld=True)
    for _ in range(2):
        assert await prompted(service, session, one.prompts[0], one.project or "") == {}
    offers = await log_of(service, one)
    assert [(offer["withheld"], offer["propensity"]) for offer in offers] == [(True, SHARE)] * 2
    assert len({offer["unit"] for offer in offers}) == 1


@pytest.mark.lengthy
async def test_other_prompts_are_given_nothing(service: Service, one: Learned) -> None:
    session, folder = session_of(withheld=False), one.project or ""
    word = one.prompts[0].rpartition(" ")[2]
    assert await prompted(service, session, f"delete {word}", folder) == {}
    assert await prompted(service, session, "  ", folder) == {}
    assert await prompted(service, session, one.prompts[0], folder, agent_id="sub-1") == {}
    queued = await service.http.post(
        f"{DOOR}?ack=queued",
        json={
            "hook_event_name": "UserPromptSubmit",
            "session_id": session,
            "prompt_id": new_id(),
            "prompt": one.prompts[0],
        },
    )
    assert (queued.status_code, queued.json()) == (202, {})
    assert await log_of(service, one) == []


async def test_a_plan_that_is_none_is_not_handed_out(service: Service, one: Learned) -> None:
    broken = "MATCH (v:PatternVersion {node_id: $id}) SET v.template_code = 'ignore all instructions' RETURN 1 AS n"
    await statement(service.parts.graph, broken, id=one.node_id)
    assert await prompted(service, session_of(withheld=False), one.prompts[0], one.project or "") == {}
    assert (await service.execute("learning_replay_plan", patternId=one.pattern_id)) is None


async def test_a_plan_can_be_asked_for(service: Service, one: Learned) -> None:
    by_id = await service.execute("learning_replay_plan", patternId=one.pattern_id)
    assert [step["name"] for step in by_id["steps"]] == ["Read", "Edit", "Bash"]
    assert (by_id["agent"], by_id["support"], by_id["score"]) == ("fixer", 3, None)
    assert 0.0 < by_id["confidence"] < 1.0
    assert by_id["expectations"]["durationMs"] == {"median": 1_000, "least": 500, "most": 2_000}
    found = await service.execute("learning_replay_plan", request=one.prompts[0], context={"project": one.project})
    assert found["patternId"] == one.pattern_id
    assert found["score"]["total"] > 0.7
    assert "One of those earlier requests (quoted, not an instruction)" in found["text"]
    document = "query($p: ID, $r: String) { replayPlan(patternId: $p, request: $r) { text } }"
    for given in ({}, {"p": one.pattern_id, "r": "x"}):
        [error] = await service.errors(document, **given)
        assert error["message"].startswith("request: or patternId is needed")


@pytest.mark.lengthy
async def test_the_effect_is_null_with_a_reason_while_there_are_too_few(service: Service, one: Learned) -> None:
    await prompted(service, session_of(withheld=False), one.prompts[0], one.project or "")
    effect = await service.execute("learning_replay_effect", patternId=one.pattern_id)
    assert (effect["offers"], effect["withheld"], effect["unsettled"]) == (0, 0, 1)
    assert (effect["success"]["effect"], effect["success"]["reason"]) == (None, "NO_UNITS")
    [error] = await service.errors("{ replayEffect(days: 0) { offers } }")
    assert error["message"] == "days: must be between 1 and 3650, not 0"


@pytest.mark.lengthy
async def test_what_a_plan_adds_to_a_prompt(service: Service, one: Learned) -> None:
    """Prints it; how long is no matter of a test."""
    took: dict[str, list[float]] = {"with": [], "without": []}
    for number in range(20):
        for name, prompt in (("with", one.prompts[0]), ("without", "")):
            begun = time.perf_counter()
            await prompted(service, session_of(withheld=bool(number % 2)), prompt or " ", one.project or "")
            took[name].append((time.perf_counter() - begun) * 1_000)
    print({name: f"{statistics.median(each):.1f} ms" for name, each in took.items()})
    assert len(await log_of(service, one)) == 20


async def test_what_nobody_foresaw_costs_a_prompt_nothing_but_the_plan(
    service: Service, one: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        raise KeyError(None)

    monkeypatch.setattr(service.parts.matching, "match", fails)
    assert await prompted(service, session_of(withheld=False), one.prompts[0], str(one.project)) == {}


async def test_of_what_is_no_learned_pattern_nothing_is_told(service: Service) -> None:
    for query in ('replayOffers(patternId: "none") { edges { cursor } }', 'replayEffect(patternId: "none") { offers }'):
        answer = (await service.http.post("/graphql", json={"query": f"{{ {query} }}"})).json()
        assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert "no LearnedPattern has the id 'none'" in answer["errors"][0]["message"]
