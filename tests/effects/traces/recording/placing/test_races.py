"""Prompts and their work that are told of to two services at once: whatever one has read while the other writes, it comes to what
it would have one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.computes.agents import codex, gemini
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.computes.otel.json import read_logs
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from support.engines import EngineUnderTest
from support.interleaving import interleaved
from support.joined_clients import picture
from support.otlp import attributes, logs
from support.traces import NOON

Events = tuple[Observation, ...]
Told = Callable[[str], Events]

_CALL = {"tool_name": "ls", "tool_input": {"d": "."}, "tool_use_id": "call_1"}


@pytest.fixture(scope="module")
async def other_graph(engine: EngineUnderTest) -> AsyncIterator[Graph]:
    """A second client of the engine: what another process of the service would have."""
    async with Graph.open(settings_for(engine)) as opened:
        yield opened


def hook(client: Any, seconds: float, name: str, **fields: Any) -> Told:
    at = NOON + timedelta(seconds=seconds)

    def told(session: str) -> Events:
        event = {"hook_event_name": name, "session_id": session, **fields}
        if client is gemini:
            event["timestamp"] = at.isoformat()
        return tuple(client.observe_hook(event, Arrival(at, True, f"{session}-{name}")))

    return told


def record(client: str, seconds: float, name: str, **fields: Any) -> Told:
    at = NOON + timedelta(seconds=seconds)

    def told(session: str) -> Events:
        named = {"conversation.id" if client == "codex" else "session.id": session}
        about = attributes({"event.name": f"{client}.{name}", **named, **fields})
        record = {"timeUnixNano": str(int(at.timestamp() * 1e9)), "attributes": about}
        return tuple(observe_logs(read_logs(logs(record))).observations)

    return told


CODEX = {
    "prompt": hook(codex, 0, "UserPromptSubmit", turn_id="t1", prompt="do it"),
    "its record": record("codex", 0.2, "user_prompt", prompt="do it"),
    "call": record("codex", 2, "tool_result", call_id="call_1", tool_name="ls", success="true", output="a"),
    "answer": record("codex", 3, "sse_event", model="m", input_token_count=7, output_token_count=5),
    "end": hook(codex, 4, "Stop", turn_id="t1", last_assistant_message="done"),
    "next": hook(codex, 9, "UserPromptSubmit", turn_id="t2", prompt="and that"),
}
GEMINI = {
    "prompt": hook(gemini, 0, "BeforeAgent", prompt="do it"),
    "its record": record("gemini_cli", 0.2, "user_prompt", prompt="do it"),
    "call": hook(gemini, 1, "BeforeTool", **_CALL),
    "its end": hook(gemini, 2, "AfterTool", **_CALL, tool_response={"llmContent": "a"}),
    "its record too": record(
        "gemini_cli", 2, "tool_call", function_name="ls", function_args='{"d":"."}', duration_ms=1000, success=True
    ),
    "end": hook(gemini, 4, "AfterAgent", prompt_response="done"),
    "next": hook(gemini, 9, "BeforeAgent", prompt="and that"),
}


def _pairs(told: dict[str, Told], *pairs: tuple[str, str], **how: Any) -> list[Any]:
    both = [*pairs, *((second, first) for first, second in pairs)]
    return [
        pytest.param(told, *pair, before, id=f"{' while '.join(pair)}, {before or 'nothing'} before", **how)
        for pair in both
        for before in (None, "next")
    ]


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("told", "ours", "theirs", "before"),
    [
        pytest.param(CODEX, "prompt", "its record", None, id="prompts of a new session"),
        pytest.param(GEMINI, "call", "prompt", None, id="a call of a new session, and its prompt"),
        pytest.param(GEMINI, "its end", "call", "next", id="a late call, and its end"),
        *_pairs(
            CODEX,
            ("prompt", "its record"),
            ("prompt", "call"),
            ("prompt", "answer"),
            ("next", "call"),
            marks=(pytest.mark.slow, pytest.mark.exhaustive),
        ),
        *_pairs(
            GEMINI,
            ("prompt", "its record"),
            ("prompt", "call"),
            ("prompt", "end"),
            ("its end", "call"),
            ("its end", "its record too"),
            marks=(pytest.mark.slow, pytest.mark.exhaustive),
        ),
    ],
)
async def test_what_is_written_while_another_has_read(
    graph: Graph, other_graph: Graph, told: dict[str, Told], ours: str, theirs: str, before: str | None
) -> None:
    async def known(session: str) -> None:
        if before and before not in (ours, theirs):
            assert not await interleaved(graph, other_graph, 0, told[before](session), (), NOON)

    expected = new_id()
    await known(expected)
    await interleaved(graph, other_graph, 0, (*told[ours](expected), *told[theirs](expected)), (), NOON)
    wanted = await picture(graph, expected)
    assert wanted
    behind = 1
    while True:
        session = new_id()
        await known(session)
        if not await interleaved(graph, other_graph, behind, told[ours](session), told[theirs](session), NOON):
            break
        assert await picture(graph, session) == wanted, f"behind statement {behind}"
        behind += 1
    assert behind >= 5
