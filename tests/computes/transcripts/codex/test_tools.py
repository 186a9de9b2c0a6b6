"""Calls of Codex that were not recorded, as its published sources have them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loopgraph.computes.transcripts.codex.reader import CodexReader
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.contracts.traces.observations import Observation
from support.rollouts import ends, of, prompts, read

Json = dict[str, Any]

SESSION, TURN = "01a2259a-e9ed-7602-92a6-d7fea964958b", "01a2259a-ea91-7462-995d-1a957d83734f"


def rollout(*lines: tuple[str, Json]) -> list[Observation]:
    """Lines of a thread, a second apart."""
    meta = {"id": SESSION, "timestamp": "2026-11-29T04:00:00Z", "cwd": "/w", "model_provider": "openai"}
    started = {"type": "task_started", "turn_id": TURN}
    whole = [("session_meta", meta), ("event_msg", started), *lines]
    written = [
        json.dumps({"timestamp": f"2026-11-29T04:00:{second:02}.000Z", "type": kind, "payload": payload}).encode()
        for second, (kind, payload) in enumerate(whole)
    ]
    return read(CodexReader, "f.jsonl", written)


def call(name: str, arguments: Json | str = "{}", use_id: str = "call_1") -> tuple[str, Json]:
    return "response_item", {"type": "function_call", "name": name, "arguments": arguments, "call_id": use_id}


AS_PUBLISHED: dict[str, tuple[list[tuple[str, Json]], tuple[str, str]]] = {
    "an MCP server's tool": (
        [
            call("docs__search"),
            (
                "event_msg",
                {
                    "type": "mcp_tool_call_end",
                    "call_id": "call_1",
                    "invocation": {"server": "docs", "tool": "search", "arguments": {}},
                    "duration": {"secs": 1, "nanos": 500_000_000},
                    "result": {"Err": "no such server"},
                },
            ),
            ("response_item", {"type": "function_call_output", "call_id": "call_1", "output": "no such server"}),
        ],
        ("docs__search", "error"),
    ),
    "a patch": (
        [
            call("apply_patch"),
            (
                "event_msg",
                {"type": "patch_apply_end", "call_id": "call_1", "success": False, "stderr": "does not apply"},
            ),
        ],
        ("apply_patch", "error"),
    ),
    "a search of the API": (
        [
            (
                "response_item",
                {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
            )
        ],
        ("web_search", "success"),
    ),
    "the shell of the API": (
        [
            (
                "response_item",
                {
                    "type": "local_shell_call",
                    "call_id": "call_1",
                    "status": "completed",
                    "action": {"type": "exec", "command": ["false"]},
                },
            ),
            (
                "response_item",
                {"type": "function_call_output", "call_id": "call_1", "output": "Exit code: 1\nOutput:\n"},
            ),
        ],
        ("shell", "error"),
    ),
    "a command of a person": (
        [
            (
                "event_msg",
                {
                    "type": "exec_command_end",
                    "call_id": "user_1",
                    "command": ["bash", "-lc", "ls"],
                    "exit_code": 0,
                    "duration": {"secs": 0, "nanos": 7_000_000},
                },
            )
        ],
        ("shell", "success"),
    ),
}


@pytest.mark.parametrize("what", AS_PUBLISHED)
def test_calls_that_were_not_recorded_end_as_the_published_sources_have_them(what: str) -> None:
    lines, expected = AS_PUBLISHED[what]
    assert ends(rollout(*lines)) == [expected]


def test_how_long_a_call_took() -> None:
    took = [event.duration_ms for event in of(HookExecuted, rollout(*AS_PUBLISHED["an MCP server's tool"][0]))]
    assert took == [None, 1500.0, None]


def test_what_is_said_to_a_turn_that_works_is_a_step_of_it() -> None:
    asked = [("event_msg", {"type": "user_message", "message": text}) for text in ("Do it", "Do it", "And that")]
    told = rollout(*asked)
    assert prompts(told) == ["Do it"]
    [step] = of(HookExecuted, told)
    assert (step.hook_type, step.correlation_id, step.context) == ("UserMessage", TURN, {"text": "And that"})
