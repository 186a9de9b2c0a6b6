"""Sessions of Codex in the graph: by their rollouts alone, and together with what the same clients sent to hooks and OTLP."""

from __future__ import annotations

import random
from typing import Any

import pytest

from loopgraph.computes.transcripts.codex.reader import CodexReader
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.graph.client import Graph
from support.recorded_clients import session, tree
from support.rollouts import Fresh, read, record, sent, tokens

Json = dict[str, Any]

SESSION = "01a2259a-e9ed-7602-92a6-d7fea964958b"

TOKENS = sum(100 * n + 7 for n in range(1, 13)), sum(10 + n for n in range(1, 13))


def rollouts(fresh: Fresh) -> list[Observation]:
    return [
        one for name in ("0.171", "0.171_subagent") for one in read(CodexReader, name, fresh.lines(f"{name}.jsonl"))
    ]


def trace(calls: list[tuple[str, str]], **other: Any) -> Json:
    whole = {"source": "user_prompt", "status": "success", "answer": "All is done.", "steps": []}
    return {**whole, "calls": calls, "spawned_by": (None, None), **other}


def whole(shell: str, wait: str) -> list[Json]:
    """The session as it was; of the names of its tools, hooks and rollouts have different ones."""
    return [
        trace(
            [
                (shell, "success"),
                (shell, "error"),
                ("view_image", "error"),
                ("apply_patch", "error"),
                ("update_plan", "error"),
                ("no_such_tool", "error"),
                ("spawn_agent", "success"),
                (wait, "success"),
            ],
            prompt="Look-around please",
        ),
        trace(
            [(shell, "success")],
            source="subagent",
            prompt="Look-deeper",
            spawned_by=("spawn_agent", "exact: client"),
        ),
        trace([(shell, "success")], prompt="And once more"),
    ]


@pytest.mark.lengthy
async def test_a_session_by_its_rollouts(graph: Graph) -> None:
    fresh = Fresh.of("codex")
    told = rollouts(fresh)
    await record(graph, told)
    id_ = fresh[SESSION]
    assert await tree(graph, id_) == whole("exec_command", "wait_agent")
    assert await tokens(graph, id_) == (12, *TOKENS)
    known = await session(graph, id_)
    assert (known["client"], known["client_version"], known["model"]) == ("codex", "0.171.0", "gpt-5-codex")
    assert (known["cwd"], known.get("ended_at")) == ("/home/dev/project", None)


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_in_any_order_and_again_it_is_the_same(graph: Graph, seed: int) -> None:
    fresh = Fresh.of("codex")
    told = rollouts(fresh)
    random.Random(seed).shuffle(told)
    await record(graph, told, size=7 * seed)
    await record(graph, rollouts(fresh))
    assert await tree(graph, fresh[SESSION]) == whole("exec_command", "wait_agent")
    assert await tokens(graph, fresh[SESSION]) == (12, *TOKENS)


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_hooks_and_rollouts_are_one_session(graph: Graph, seed: int) -> None:
    """Each fact from who knows it best: names and inputs from hooks, how commands ended from rollouts."""
    fresh = Fresh.of("codex")
    hooks = [one for one in sent(fresh.text("0.171_sent.jsonl")) if one.source.startswith("hook.")]
    told = [*hooks, *rollouts(fresh)]
    if seed > 1:
        random.Random(seed).shuffle(told)
    await record(graph, told, size=5 * seed)
    assert await tree(graph, fresh[SESSION]) == whole("Bash", "multi_agent_v1wait_agent")
    assert await tokens(graph, fresh[SESSION]) == (12, *TOKENS)
    assert (await session(graph, fresh[SESSION]))["ended_at"] is not None
