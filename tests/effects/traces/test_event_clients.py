"""Clients that tell of their work in log records alone: their prompts end as their work did, in any order of arrival."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from loopgraph.computes.agents.codex import observe_hook
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.computes.otel.json import read_logs
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from support.otlp import START_NS, attributes, logs
from support.quick import first_quick
from support.recorded_endings import traces
from support.traces import NOON, statement

Json = dict[str, Any]

ANSWER = {"model": "m", "input_token_count": 70, "output_token_count": 9}


class Client:
    """A session, of which a record is told each second."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.session = new_id()
        self.records: list[Json] = []

    def _tell(self, about: Json) -> None:
        at = START_NS + len(self.records) * 1_000_000_000
        self.records.append({"timeUnixNano": str(at), "attributes": attributes(about)})

    async def send(self, seed: int | None = None, size: int = 1) -> None:
        """Records all in another order."""
        sent = list(self.records)
        if seed is not None:
            random.Random(seed).shuffle(sent)
        writes = TraceWrites(self.graph)
        for first in range(0, len(sent), size):
            report = observe_logs(read_logs(logs(*sent[first : first + size])))
            assert not report.refused
            await writes.record(report.observations, received_at=NOON + timedelta(days=1))

    async def ended(self) -> list[tuple[str, str | None]]:
        """The texts of the prompts, and how these ended."""
        known = [trace for trace in await traces(self.graph, self.session) if trace.get("prompt_text")]
        return [
            (trace["prompt_text"], trace["status"]) for trace in sorted(known, key=lambda trace: trace["started_at"])
        ]

    async def tools(self) -> dict[str, str]:
        """How the calls of tools ended, by their names."""
        rows = await statement(
            self.graph, "MATCH (h:HookExecution {session_id: $id}) RETURN h.tool_name, h.status", id=self.session
        )
        return {row["h.tool_name"]: row["h.status"] for row in rows}


class Codex(Client):
    def prompt(self, text: str) -> None:
        self._tell({"event.name": "codex.user_prompt", "conversation.id": self.session, "prompt": text})

    def answer(self) -> None:
        self._tell({"event.name": "codex.sse_event", "conversation.id": self.session, **ANSWER})

    def decide(self, tool: str, decision: str) -> None:
        self._tool("decision", tool, {"decision": decision, "source": "User"})

    def ran(self, tool: str, success: str = "true") -> None:
        self._tool("result", tool, {"success": success, "output": "rejected by user"})

    def _tool(self, event: str, tool: str, about: Json) -> None:
        named = {"conversation.id": self.session, "tool_name": tool, "call_id": f"call_{tool}"}
        self._tell({"event.name": f"codex.tool_{event}", **named, **about})


class Gemini(Client):
    _prompts = 0

    def prompt(self, text: str) -> None:
        self._prompts += 1
        self._event("user_prompt", prompt=text)

    def answer(self) -> None:
        self._event("api_response", **ANSWER)

    def ran(self, tool: str, success: bool = True, **about: Any) -> None:
        self._event("tool_call", function_name=tool, success=success, **about)

    def _event(self, name: str, **about: Any) -> None:
        prompt = f"{self.session}########{self._prompts}"
        self._tell({"event.name": f"gemini_cli.{name}", "session.id": self.session, "prompt_id": prompt, **about})


async def test_a_prompt_of_codex_that_a_person_stops_is_interrupted(graph: Graph) -> None:
    client = Codex(graph)
    client.prompt("stop it")
    client.answer()
    client.decide("shell", "abort")
    client.ran("shell", "false")
    await client.send()
    assert await client.ended() == [("stop it", "interrupted")]
    assert await client.tools() == {"shell": "denied"}


async def test_a_prompt_of_codex_goes_on_after_a_call_that_was_denied(graph: Graph) -> None:
    client = Codex(graph)
    client.prompt("try it")
    client.answer()
    client.decide("shell", "denied")
    await client.send()
    assert await client.ended() == [("try it", "in_progress")]
    client.ran("shell", "false")
    client.answer()
    await client.send()
    assert await client.ended() == [("try it", "success")]
    assert await client.tools() == {"shell": "denied"}


@pytest.mark.lengthy
async def test_a_prompt_of_codex_is_left_behind_with_the_call_that_it_was_at(graph: Graph) -> None:
    client = Codex(graph)
    client.prompt("run it")
    client.answer()
    client.decide("shell", "approved")
    await client.send()
    assert await client.ended() == [("run it", "in_progress")]
    client.prompt("never mind")
    client.answer()
    await client.send()
    assert await client.ended() == [("run it", "interrupted"), ("never mind", "success")]
    assert await client.tools() == {"shell": "interrupted"}


@pytest.mark.lengthy
@pytest.mark.parametrize(("seed", "size"), first_quick([(2, 3), (4, 100), (None, 1), (1, 1), (3, 1), (5, 2)], 2))
async def test_prompts_of_codex_end_as_their_work_did_in_any_order(graph: Graph, seed: int | None, size: int) -> None:
    client = Codex(graph)
    for text, decision in (("done", "approved"), ("stopped", "abort"), ("left", "approved")):
        client.prompt(text)
        client.answer()
        client.decide(text, decision)
        if decision == "approved":
            client.ran(text)
        if text == "done":
            client.answer()
    client.prompt("last")
    client.answer()
    await client.send(seed, size)
    expected = [("done", "success"), ("stopped", "interrupted"), ("left", "interrupted"), ("last", "success")]
    assert await client.ended() == expected
    assert await client.tools() == {"done": "success", "stopped": "denied", "left": "success"}


def gemini(graph: Graph) -> Gemini:
    client = Gemini(graph)
    client.prompt("denied")
    client.answer()
    client.ran("write_file", False, decision="reject")
    client.prompt("against the rules")
    client.answer()
    client.ran("web_fetch", False, error="no", error_type="policy_violation")
    client.answer()
    client.prompt("stopped")
    client.answer()
    client.ran("ls")
    client.ran("shell", False, decision="accept")
    client.prompt("left")
    client.answer()
    client.ran("glob")
    client.prompt("done")
    client.answer()
    client.ran("grep")
    client.answer()
    return client


GEMINI_PROMPTS = [
    ("denied", "interrupted"),
    ("against the rules", "success"),
    ("stopped", "interrupted"),
    ("left", "interrupted"),
    ("done", "success"),
]
GEMINI_TOOLS = {
    "write_file": "denied",
    "web_fetch": "denied",
    "ls": "success",
    "shell": "interrupted",
    "glob": "success",
    "grep": "success",
}


@pytest.mark.lengthy
@pytest.mark.parametrize(("seed", "size"), first_quick([(2, 3), (4, 100), (None, 1), (None, 100), (1, 1), (3, 1)], 2))
async def test_prompts_of_gemini_cli_end_as_their_work_did_in_any_order(
    graph: Graph, seed: int | None, size: int
) -> None:
    client = gemini(graph)
    await client.send(seed, size)
    assert await client.ended() == GEMINI_PROMPTS
    assert await client.tools() == GEMINI_TOOLS


@pytest.mark.lengthy
async def test_told_again_it_changes_nothing(graph: Graph) -> None:
    client = gemini(graph)
    await client.send()
    before = await traces(graph, client.session)
    await client.send(5, 4)
    assert await traces(graph, client.session) == before


@pytest.mark.parametrize("hook_first", [True, False])
async def test_a_hook_that_does_not_know_how_a_call_of_codex_ended_does_not_outweigh_its_record(
    graph: Graph, hook_first: bool
) -> None:
    client = Codex(graph)
    client.prompt("run it")
    client.answer()
    client.ran("shell", "false")
    over = {"hook_event_name": "PostToolUse", "session_id": client.session, "turn_id": new_id()}
    about = {"tool_name": "shell", "tool_use_id": "call_shell", "tool_input": {}, "tool_response": "no"}
    seen = observe_hook({**over, **about}, Arrival(NOON + timedelta(days=1), False, new_id()))

    async def tell_hook() -> None:
        await TraceWrites(graph).record(seen, received_at=NOON + timedelta(days=1))

    for tell in (tell_hook, client.send) if hook_first else (client.send, tell_hook):
        await tell()
    assert await client.tools() == {"shell": "error"}
