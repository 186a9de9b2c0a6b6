"""What real agent clients sent becomes the tree of what they did, and told again it changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from support.agent_clients import ANSWER, CHILD, PROMPT
from support.quick import first_quick
from support.recorded_clients import Sent, recorded, session, tell, tree
from support.recorded_endings import shuffled
from support.traces import NOON

Json = dict[str, Any]

RECORDED = ("codex", "gemini", "copilot")


def trace(calls: list[tuple[str, str]], *steps: str, **other: Any) -> Json:
    whole = {"source": "user_prompt", "status": "success", "prompt": PROMPT, "answer": ANSWER, "steps": list(steps)}
    return {**whole, "calls": calls, "spawned_by": (None, None), **other}


TREES: dict[str, list[Json]] = {
    "codex": [
        trace(
            [
                ("Bash", "success"),
                ("Bash", "success"),  # its hook does not tell of its exit code
                ("view_image", "interrupted"),  # no hook tells that it failed
                ("spawn_agent", "success"),
                ("multi_agent_v1wait_agent", "success"),
            ]
        ),
        trace(
            [("Bash", "success")], source="subagent", prompt=CHILD, spawned_by=("spawn_agent", "exact: tool_response")
        ),
    ],
    "gemini": [
        trace(
            [
                ("run_shell_command", "success"),
                ("run_shell_command", "error"),
                ("run_shell_command", "success"),
                ("list_directory", "success"),
            ]
        )
    ],
    "copilot": [
        trace(
            [
                ("bash", "success"),
                ("bash", "error"),
                ("view", "interrupted"),  # no hook tells that it was not allowed
                ("bash", "success"),
                ("no_such_tool", "error"),
                ("task", "success"),
            ],
            "notification",
            answer=None,  # no hook tells it
        ),
        trace([("bash", "success")], source="subagent", prompt=CHILD, spawned_by=("task", "inferred: only call")),
    ],
}


def id_of(sent: list[Sent]) -> str:
    return sent[0].session_id


@pytest.mark.lengthy
@pytest.mark.parametrize("client", RECORDED)
@pytest.mark.parametrize("size", [1, 4, 100])
async def test_a_recorded_session_becomes_its_tree(graph: Graph, client: str, size: int) -> None:
    sent = recorded(client)
    await tell(graph, sent, size=size)
    assert await tree(graph, id_of(sent)) == TREES[client]
    known = await session(graph, id_of(sent))
    assert (known["client"], known["cwd"]) == (
        {"codex": "codex", "gemini": "gemini-cli", "copilot": "copilot-cli"}[client],
        "/home/dev/project",
    )
    assert known["started_at"] < known["ended_at"]
    assert known.get("model") == ("gpt-5-codex" if client == "codex" else None)


@pytest.mark.lengthy
@pytest.mark.parametrize("client", RECORDED)
async def test_told_again_it_changes_nothing(graph: Graph, client: str) -> None:
    sent = recorded(client)
    for _ in range(2):
        await tell(graph, sent, size=3)
    await tell(graph, shuffled(sent, 3), size=1)
    assert await tree(graph, id_of(sent)) == TREES[client]


@pytest.mark.parametrize("client", ["codex", "copilot"])
@pytest.mark.parametrize("size", [1, 100])
async def test_what_a_person_stopped_is_interrupted_with_its_call(graph: Graph, client: str, size: int) -> None:
    """Codex has an event for it; of Copilot only the session ends."""
    sent = recorded(f"{client}_interrupted")
    await tell(graph, sent, size=size)
    tool = {"codex": "Bash", "copilot": "bash"}[client]
    assert await tree(graph, id_of(sent)) == [trace([(tool, "interrupted")], status="interrupted", answer=None)]


@pytest.mark.parametrize("seed", first_quick([3, 1, 2]))
async def test_a_client_that_names_all_can_be_told_in_any_order(graph: Graph, seed: int) -> None:
    sent = recorded("codex")
    await tell(graph, shuffled(sent, seed), size=seed)
    assert await tree(graph, id_of(sent)) == TREES["codex"]


@pytest.mark.lengthy
@pytest.mark.parametrize("client", ["gemini", "copilot"])
@pytest.mark.parametrize("seed", first_quick([2, 1]))
async def test_a_client_that_names_nothing_can_be_told_in_another_order(graph: Graph, client: str, seed: int) -> None:
    """After its prompt, and calls of one tool with one input as they came: the client waits for its hooks, so only what was
    spooled comes later than it should."""
    sent = recorded(client)
    await tell(graph, [*sent[:2], *in_turn(shuffled(sent[2:], seed))], size=seed)
    assert await tree(graph, id_of(sent)) == TREES[client]


@pytest.mark.lengthy
@pytest.mark.parametrize("client", ["gemini", "copilot"])
@pytest.mark.parametrize("seed", first_quick([3, 1, 2]))
async def test_also_its_prompt_can_come_late(graph: Graph, client: str, seed: int) -> None:
    sent = recorded(client)
    await tell(graph, in_turn(shuffled(sent, seed)), size=seed)
    assert await tree(graph, id_of(sent)) == TREES[client]


def in_turn(sent: list[Sent]) -> list[Sent]:
    """The events, those of each tool with one input in the order in which they were."""
    kinds = [str([one.body.get(name) for name in ("tool_name", "tool_input", "toolName", "toolArgs")]) for one in sent]
    waiting = {kind: sorted((one for one, of in zip(sent, kinds, strict=True) if of == kind), key=at) for kind in kinds}
    return [waiting[kind].pop(0) for kind in kinds]


def at(sent: Sent) -> Any:
    return sent.at


@pytest.mark.lengthy
async def test_the_end_of_a_call_can_come_before_its_beginning(graph: Graph) -> None:
    sent = recorded("gemini")
    begun, ended = sent[2:4]
    await tell(graph, [*sent[:2], ended, begun, *sent[4:]])
    assert await tree(graph, id_of(sent)) == TREES["gemini"]


@pytest.mark.parametrize("seed", first_quick([0, 1, 2]))
async def test_a_command_that_had_to_wait_before_it_ran_is_one_call(graph: Graph, seed: int) -> None:
    """For somebody to allow it, or for a busy machine: its hook tells how long it ran, and not when it began."""
    id_ = new_id()

    def event(seconds: int, name: str, **fields: Any) -> Sent:
        named = {"conversation_id": id_, "generation_id": "g", "hook_event_name": name}
        return Sent("cursor", NOON + timedelta(seconds=seconds), {**named, **fields})

    asked = event(0, "beforeSubmitPrompt", prompt=PROMPT)
    calls = [
        event(10 * number + seconds, name, command="make", **fields)
        for number in range(2)
        for seconds, name, fields in (
            (1, "beforeShellExecution", {}),
            (9, "afterShellExecution", {"output": "a", "duration": 12}),
        )
    ]
    await tell(graph, [asked, *shuffled(calls, seed), event(30, "stop", status="completed", loop_count=0)])
    assert await tree(graph, id_) == [trace([("Shell", "success"), ("Shell", "success")], answer=None)]
