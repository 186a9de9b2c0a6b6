"""How calls of Codex ended, by what its model was told and by what the client keeps."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.computes.transcripts.codex.calls import kept, told

Json = dict[str, Any]

OUTPUTS: list[tuple[Any, str | None]] = [
    (
        "Chunk ID: 1\nWall time: 0.0 seconds\nProcess exited with code 0\nOutput:\nProcess exited with code 7\n",
        "success",
    ),
    ("Exit code: 2\nWall time: 0 seconds\nOutput:\nno\n", "error"),
    ("Wall time: 1 seconds\nProcess running with session ID 4\nOutput:\n", "success"),
    ('{"output":"Exit code: 9","metadata":{"exit_code":0,"duration_seconds":0.1}}', "success"),
    ('{"output":"","metadata":{"exit_code":124}}', "error"),
    ('{"output":"cut in the mid', None),
    ("exec command rejected by user", "denied"),
    ("patch rejected: writing is blocked by read-only sandbox; rejected by user approval settings", "denied"),
    ("approval policy is Never; reject command — you cannot ask for escalated permissions", "denied"),
    ("`rm -rf /` rejected: blocked by policy", "denied"),
    ("Command blocked by PreToolUse hook: not here. Command: ls", "denied"),
    ("user rejected MCP tool call", "denied"),
    ("aborted by user after 2.3s", "interrupted"),
    ("aborted", "interrupted"),
    ("unsupported call: nothing", "error"),
    ("failed to parse function arguments: EOF", "error"),
    ("The patch was rejected by user, says the log", None),
    ("Plan updated", None),
    ([{"type": "input_text", "text": "Exit code: 1\nOutput:\n"}], "error"),
    ([{"type": "input_image", "image_url": "data:"}], None),
    (None, None),
    (7, None),
]


@pytest.mark.parametrize(("output", "status"), OUTPUTS)
def test_what_the_model_was_told(output: Any, status: str | None) -> None:
    end = told(output)
    assert (end["status"].value if end else None) == status


ITEMS: list[tuple[Json, str | None]] = [
    ({"status": "completed", "exit_code": 0}, "success"),
    ({"status": "failed", "exit_code": 3}, "error"),
    ({"status": "declined", "exit_code": -1}, "denied"),
    ({"exit_code": 0}, "success"),
    ({"success": False, "stderr": "no such file"}, "error"),
    ({"success": True}, "success"),
    ({"result": {"Ok": {"content": [], "is_error": False}}}, "success"),
    ({"result": {"Ok": {"content": [], "isError": True}}}, "error"),
    ({"result": {"Err": "no server"}}, "error"),
    ({"status": "in_progress"}, None),
    ({"status": ["completed"], "exit_code": "0"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("item", "status"), ITEMS)
def test_what_the_client_keeps(item: Json, status: str | None) -> None:
    end = kept(item)
    assert (end["status"].value if end else None) == status
