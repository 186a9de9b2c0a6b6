"""A recorded session told by hooks, by OpenTelemetry and by the client's own transcripts, alone and together, in every order."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.graph.client import Graph
from support import agent_session
from support.quick import first_quick
from support.skills_session import AGENT, NOTICE, PROMPT, SESSION, Skills, Thing, tell
from support.traces import Traces, statement
from support.transcripts import SKILLS

ARRIVED = datetime(2026, 11, 28, 14, 0, tzinfo=UTC)

Story = dict[str, list[dict[str, Any]]]


async def record(graph: Graph, things: Iterable[Thing], size: int = 1) -> None:
    traces, waiting = Traces(graph, PriceList()), list(things)
    for start in range(0, len(waiting), size):
        batch = [observation for thing in waiting[start : start + size] for observation in thing]
        outcomes = await traces.record(batch, received_at=ARRIVED)
        assert all(isinstance(outcome, Recorded) for outcome in outcomes)


async def story(graph: Graph, skills: Skills) -> Story:
    """What the graph holds, in the words of the recording; with the tokens and the prices of calls."""
    told = await agent_session.story(graph, skills.telling)
    # Which definitions these were is told elsewhere.
    told["hooks"] = [step for step in told["hooks"] if step["hook_type"] != "Pattern"]
    calls = await statement(
        graph,
        "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(:Trace)-[:CALLED]->(c:EndpointCall) RETURN properties(c) AS c",
        id=skills.telling.session_id,
    )
    [session] = await statement(
        graph, "MATCH (s:Session {session_id: $id}) RETURN properties(s) AS s", id=skills.telling.session_id
    )
    names = (
        "call_id",
        "input_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "output_tokens",
        "skill",
        "price_usd",
    )
    told["tokens"] = sorted(
        ({name: row["c"].get(name) for name in names} for row in calls), key=lambda call: str(call["call_id"])
    )
    names = ("client", "client_version", "cwd", "model")
    told["session"] = [{name: session["s"].get(name) for name in names}]
    plain: Story = json.loads(skills.telling.plain(json.dumps(told, default=str)))
    return plain


@pytest.fixture(scope="module")
async def together(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """All that is known of it, from each side in its order."""
    skills = tell(tmp_path_factory.mktemp("skills"))
    await record(graph, [*skills.hooks, *skills.telemetry, *skills.transcripts])
    return await story(graph, skills)


@pytest.fixture(scope="module")
async def alone(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Story]:
    """What each side tells alone."""
    told = {}
    for side in ("hooks", "telemetry", "transcripts"):
        skills = tell(tmp_path_factory.mktemp(side))
        await record(graph, getattr(skills, side), 10)
        told[side] = await story(graph, skills)
    return told


def cut(rows: list[dict[str, Any]], *names: str) -> set[tuple[Any, ...]]:
    return {tuple(row[name] for name in names) for row in rows}


TRACE = ("correlation_id", "source", "status", "agent_type", "root_id", "parent", "hook", "earlier")
STEP = ("trace", "execution_id", "tool_name", "status")


def prompted(told: Story) -> set[tuple[Any, ...]]:
    """The traces of prompts and subagents: hooks also tell of what was before the first prompt."""
    return cut([trace for trace in told["traces"] if trace["correlation_id"] != SESSION], *TRACE)


@pytest.mark.lengthy
def test_transcripts_alone_tell_the_whole_session(alone: dict[str, Story]) -> None:
    told, subagent = alone["transcripts"], f"{SESSION}/{AGENT}"
    call = [f"{SESSION}/toolu_Fix-command_{number}_0" for number in range(3)]
    assert cut(told["traces"], *TRACE) == {
        (PROMPT, "user_prompt", "success", None, None, None, None, None),
        (NOTICE, "task_notification", "success", None, None, None, None, PROMPT),
        (subagent, "subagent", "success", "reviewer", PROMPT, PROMPT, call[1], None),
    }
    assert cut(told["traces"], "correlation_id", "prompt_text", "response_text") >= {
        (PROMPT, "/fix 42", "Fixed."),
        (subagent, "Review-task: look at the diff", "Looks good."),
    }
    assert cut(told["hooks"], *STEP) == {
        (PROMPT, call[0], "Skill", "success"),
        (PROMPT, call[1], "Agent", "success"),
        (PROMPT, call[2], "Bash", "success"),
        (subagent, f"{SESSION}/toolu_Review-task_0_0", "Bash", "success"),
    }
    assert cut(told["calls"], "trace", "call_id", "status", "model") == {
        (trace, f"{SESSION}/req_{number}", "success", "claude-opus-5-5")
        for trace, numbers in ((PROMPT, (1, 2, 3, 5)), (subagent, (4, 6)), (NOTICE, (7,)))
        for number in numbers
    }
    assert cut(told["tokens"], "call_id", "skill") == {
        (f"{SESSION}/req_{number}", skill)
        for number, skill in {
            1: "fix",
            2: "triage",
            3: "triage",
            4: "triage",
            5: "triage",
            6: "triage",
            7: None,
        }.items()
    }
    assert told["session"] == [
        {"client": "claude-code", "client_version": "2.1.332", "cwd": "/home/dev/proj", "model": "claude-opus-5-5"}
    ]


@pytest.mark.lengthy
def test_each_side_tells_of_the_same_traces_and_steps(alone: dict[str, Story], together: Story) -> None:
    for side, told in alone.items():
        assert prompted(told) == prompted(together), side
        ran = [step for step in told["hooks"] if step["hook_type"] == "ToolUse"]
        assert cut(ran, *STEP) == cut([s for s in together["hooks"] if s["hook_type"] == "ToolUse"], *STEP), side


def test_transcripts_count_the_same_calls_and_tokens_as_telemetry(alone: dict[str, Story], together: Story) -> None:
    names = ("call_id", "input_tokens", "output_tokens", "skill", "price_usd")
    of_steps = cut(alone["transcripts"]["tokens"], *names)
    assert len(of_steps) == 7
    assert of_steps == {row for row in cut(together["tokens"], *names) if row in of_steps}
    assert of_steps <= cut(alone["telemetry"]["tokens"], *names)


def client_s_own_figure() -> float:
    lines = (SKILLS / "projects" / "-home-dev-proj" / f"{SESSION}.jsonl").read_text().splitlines()
    [cost] = [line["totalCostUSD"] for text in lines if (line := json.loads(text))["type"] == "cost-state"]
    return float(cost)


def test_what_it_cost_is_what_the_client_says(alone: dict[str, Story], together: Story) -> None:
    prices = [call["price_usd"] for call in alone["transcripts"]["tokens"]]
    assert sum(prices) == pytest.approx(client_s_own_figure(), rel=1e-9), "by the list of prices, from the tokens alone"
    assert sum(call["cost_usd"] for call in together["calls"]) == pytest.approx(client_s_own_figure(), rel=1e-9)


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", first_quick(range(8)))
async def test_any_order_of_arrival_of_all_sides_gives_one_graph(
    graph: Graph, together: Story, tmp_path: Path, seed: int
) -> None:
    chance, skills = random.Random(seed), tell(tmp_path)
    things = [*skills.hooks, *skills.telemetry, *skills.transcripts]
    things += chance.sample(things, 5)  # some of it arrives twice
    chance.shuffle(things)
    await record(graph, things, chance.choice([1, 3, 10, 40]))
    found = await story(graph, skills)
    for name, expected in together.items():
        assert found[name] == expected, name


@pytest.mark.exhaustive
@pytest.mark.parametrize("sides", [("hooks", "transcripts"), ("telemetry", "transcripts")])
@pytest.mark.slow
async def test_two_sides_give_one_graph_whichever_came_first(
    graph: Graph, tmp_path: Path, sides: tuple[str, str]
) -> None:
    told = []
    for number, order in enumerate((sides, sides[::-1])):
        skills = tell(tmp_path / str(number))
        await record(graph, [thing for side in order for thing in getattr(skills, side)], 10)
        told.append(await story(graph, skills))
    assert told[0] == told[1]
