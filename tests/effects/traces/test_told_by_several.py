"""What a real client told of one session by hooks, OpenTelemetry and its transcript is one: a trace for each prompt, each call
once, whatever comes first."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from loopgraph.computes.agents.gemini import observe_hook
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.computes.otel.json import read_logs
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from support.joined_clients import Told, only, picture, recorded, tell
from support.otlp import attributes, logs
from support.quick import first_quick
from support.traces import NOON, statement

Json = dict[str, Any]

OTEL = ("hooks", "logs", "traces")
ALL = (*OTEL, "transcript")
SEEDS = first_quick([(2, 7), (None, 1), (1, 1), (3, 1), (4, 3), (5, 40), (6, 500)])
"""None is the order in which it was sent; then how much comes at once."""


def prompt(text: str, tools: list[tuple[str, str]], tokens: list[tuple[int, int]], **more: Any) -> Json:
    whole = {"source": "user_prompt", "prompt": text, "status": "success", "answer": "All is done.", "spawned_by": None}
    return {**whole, "tools": tools, "tokens": tokens, **more}


def codex(bash: str, by: str) -> list[Json]:
    return [
        prompt(
            "Look-around please",
            [
                ("Bash", "success"),
                ("Bash", bash),  # only the transcript tells how it ended
                ("view_image", "error"),
                ("spawn_agent", "success"),
                ("multi_agent_v1wait_agent", "success"),
            ],
            [(107, 11), (207, 12), (307, 13), (407, 14), (507, 15), (807, 18)],
        ),
        prompt(
            "Look-deeper", [("Bash", "success")], [(607, 16), (707, 17)], source="subagent", spawned_by=f"exact: {by}"
        ),
        prompt("Once-more", [("Bash", "success")], [(907, 19), (1007, 20)]),
        prompt("Once-more", [("Bash", "success")], [(1107, 21), (1207, 22)]),
        prompt("And-that", [("Bash", "success")], [(1307, 23), (1407, 24)]),
    ]


GEMINI = [
    prompt(
        "Look-around please",
        [
            ("run_shell_command", "success"),
            ("run_shell_command", "error"),
            ("run_shell_command", "success"),  # as the first one
            ("list_directory", "success"),
        ],
        [(80, 11)] * 5,
    ),
    prompt("Once-more", [("run_shell_command", "success"), ("read_file", "error")], [(80, 11)] * 3),
]


async def told(graph: Graph, name: str, doors: tuple[str, ...], seed: int | None, size: int) -> tuple[str, list[Json]]:
    session, arrivals = recorded(name)
    arrivals = only(arrivals, *doors)
    if seed is not None:
        random.Random(seed).shuffle(arrivals)
    await tell(graph, arrivals, size=size)
    return session, await picture(graph, session)


def without(found: list[Json], *names: str) -> list[Json]:
    return [{name: value for name, value in one.items() if name not in names} for one in found]


@pytest.mark.lengthy
@pytest.mark.parametrize(("seed", "size"), SEEDS)
@pytest.mark.parametrize(
    "doors", first_quick([(ALL,), (OTEL,), (("hooks", "logs"),), (("hooks", "logs", "transcript"),)])
)
async def test_codex(graph: Graph, doors: tuple[str, ...], seed: int | None, size: int) -> None:
    session, found = await told(graph, "codex_all", doors, seed, size)
    by_transcript = "transcript" in doors
    expected = codex("error" if by_transcript else "success", "client" if by_transcript else "tool_response")
    assert without(found, "steps", "logs") == expected
    assert [one["logs"] for one in found] == [7, 3, 3, 3, 3]
    spans = [sum(count for kind, count in one["steps"].items() if kind != "ToolUse") for one in found]
    assert spans == ([80, 0, 22, 22, 22] if "traces" in doors else [0] * 5)
    assert await others(graph, session) == []


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize(("seed", "size"), SEEDS)
@pytest.mark.parametrize(
    "doors",
    [
        ALL,
        OTEL,
        ("hooks", "logs"),
        *(
            pytest.param(doors, marks=pytest.mark.slow)
            for doors in (("hooks", "transcript"), ("logs", "transcript"), ("transcript",))
        ),
    ],
)
async def test_gemini_cli(graph: Graph, doors: tuple[str, ...], seed: int | None, size: int) -> None:
    _, found = await told(graph, "gemini_all", doors, seed, size)
    assert without(found, "steps", "logs") == GEMINI
    assert [one["logs"] for one in found] == ([22, 10] if "logs" in doors else [0, 0])
    assert [one["steps"].get("Internal", 0) for one in found] == ([13, 6] if "traces" in doors else [0, 0])


@pytest.mark.lengthy
@pytest.mark.parametrize(("seed", "size"), SEEDS)
async def test_records_of_codex_alone_hang_its_subagent_under_its_call(
    graph: Graph, seed: int | None, size: int
) -> None:
    session, found = await told(graph, "codex_all", ("logs",), seed, size)
    assert [
        (one["source"], one["prompt"], len(one["tools"]), len(one["tokens"])) for one in found if one["prompt"]
    ] == [
        ("user_prompt", "Look-around please", 5, 6),
        ("user_prompt", "Once-more", 1, 2),
        ("user_prompt", "Once-more", 1, 2),
        ("user_prompt", "And-that", 1, 2),
        ("subagent", "Look-deeper", 1, 2),
    ]
    assert found[-1]["spawned_by"] == "exact: tool_response"
    assert await others(graph, session) == []


@pytest.mark.lengthy
@pytest.mark.parametrize(("name", "doors"), first_quick([("gemini_all", ALL), ("codex_all", ALL)]))
async def test_told_again_it_changes_nothing(graph: Graph, name: str, doors: tuple[str, ...]) -> None:
    session, arrivals = recorded(name)
    arrivals = only(arrivals, *doors)
    await tell(graph, arrivals, size=9)
    first = await picture(graph, session)
    random.Random(7).shuffle(arrivals)
    await tell(graph, arrivals, size=4)
    assert await picture(graph, session) == first


async def others(graph: Graph, session: str) -> list[Json]:
    """Traces that are of sessions that are subagents' threads, or are empty and in no session."""
    return await statement(
        graph,
        "MATCH (s:Session {agent_of: $id})-[:HAS_TRACE]->(t:Trace) RETURN t.correlation_id AS id",
        id=session,
    )


def with_a_person(session: str) -> list[tuple[Observation, ...]]:
    """What Gemini CLI tells of two equal prompts that a person has typed: its records name them, and are told of first."""
    arrivals: list[tuple[Observation, ...]] = []

    def at(seconds: float) -> datetime:
        return NOON + timedelta(seconds=seconds)

    def hook(seconds: float, name: str, **fields: Any) -> None:
        told = {"hook_event_name": name, "session_id": session, "timestamp": at(seconds).isoformat(), **fields}
        arrivals.append(observe_hook(told, Arrival(at(seconds), True, new_id())))

    def record(seconds: float, number: int, name: str, **fields: Any) -> None:
        about = {"event.name": f"gemini_cli.{name}", "event.timestamp": at(seconds).isoformat(), "session.id": session}
        told = attributes({**about, "prompt_id": f"{session}########{number}", **fields})
        arrivals.append(tuple(observe_logs(read_logs(logs({"timeUnixNano": "1", "attributes": told}))).observations))

    call = {"tool_name": "run_shell_command", "tool_input": {"command": "make"}}
    for number, begun in enumerate((0, 20)):
        record(begun, number, "user_prompt", prompt="see @Makefile")
        hook(begun + 0.01, "BeforeAgent", prompt="see @Makefile\n--- Content from referenced files ---")
        for first in (begun + 1, begun + 5):
            hook(first + 0.01, "BeforeTool", **call)
            hook(first + 1, "AfterTool", **call, tool_response={"llmContent": f"Exit Code: {number}"})
            done = {"function_name": "run_shell_command", "function_args": '{"command": "make"}', "success": True}
            record(first + 1.02, number, "tool_call", duration_ms=1020, **done)
        record(begun + 9, number, "api_response", model="m", input_token_count=70, output_token_count=9)
        hook(begun + 9.1, "AfterAgent", prompt_response="done")
    return arrivals


@pytest.mark.lengthy
@pytest.mark.parametrize(("seed", "size"), SEEDS)
async def test_prompts_of_gemini_cli_that_its_records_name(graph: Graph, seed: int | None, size: int) -> None:
    session = new_id()
    arrivals = [Told("all", events) for events in with_a_person(session)]
    if seed is not None:
        random.Random(seed).shuffle(arrivals)
    await tell(graph, arrivals, size=size)
    asked = {"source": "user_prompt", "status": "success", "answer": "done", "tokens": [(70, 9)]}
    prompts = await picture(graph, session)
    assert len(prompts) == 2, prompts
    first, second = prompts
    for found, status in ((first, "success"), (second, "error")):
        assert {name: found[name] for name in asked} == asked
        assert found["prompt"].startswith("see @Makefile")
        assert found["tools"] == [("run_shell_command", status)] * 2


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("second", ["do it", "do it\n--- f ---\nx"])
@pytest.mark.parametrize("order", [(1, 0, 3, 4, 2), (0, 1, 2, 3, 4), (1, 0, 3, 2, 4), (3, 4, 2, 1, 0), (4, 3, 1, 2, 0)])
async def test_a_call_that_was_taken_for_the_next_prompts_goes_back_with_its_beginning(
    graph: Graph, order: Sequence[int], second: str
) -> None:
    """The record names the second prompt, and is the nearest of the first until the second's hook comes; the call began in the
    first, and an end came in the time of the second."""
    session, begun = new_id(), datetime.fromisoformat("2026-11-29T08:00:00+00:00")
    call = {"tool_name": "ls", "tool_input": {"d": "."}}

    def hook(name: str, after_s: float, **body: Any) -> Told:
        at = begun + timedelta(seconds=after_s)
        told = {"hook_event_name": name, "session_id": session, "cwd": "/x", "timestamp": at.isoformat(), **body}
        return Told("hooks", tuple(observe_hook(told, Arrival(at, True, new_id()))))

    said = {"event.name": "gemini_cli.user_prompt", "session.id": session, "prompt_id": f"{session}########1"}
    at_ns = int((begun + timedelta(seconds=10.2)).timestamp() * 1e9)
    record = {"timeUnixNano": str(at_ns), "attributes": attributes({**said, "prompt": second})}
    told = [
        hook("BeforeAgent", 0, prompt="do it"),
        hook("BeforeTool", 2.5, **call),
        hook("BeforeAgent", 10, prompt=second),
        Told("logs", tuple(observe_logs(read_logs(logs(record, service="gemini-cli"))).observations)),
        hook("AfterTool", 12.2, **call, tool_response={"llmContent": "a"}),
    ]
    await tell(graph, [told[index] for index in order])
    found = [(one["prompt"], one["tools"]) for one in await picture(graph, session)]
    assert found == [("do it", [("ls", "interrupted")]), (second, [("ls", "success")])]
