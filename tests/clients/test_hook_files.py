"""The shim tells the hash of the file that an event is about."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from loopgraph.clients import hook_shim
from loopgraph.clients.hook_files import FIELD, may_be_about_a_file, with_file
from loopgraph.clients.hook_shim import Door, Run
from loopgraph.clients.hook_spool import Outcome, Spool
from loopgraph.clients.skill_folder import resources
from loopgraph.contracts.lineage.changes import template_hash

TEXT = "---\nname: x\n---\nBödy\r\n"


def told(**event: Any) -> Any:
    assert may_be_about_a_file(json.dumps(event).encode())
    return with_file(event).get(FIELD)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(TEXT.encode())
    return path


EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"hook_event_name": "SubagentStart", "agent_type": "x"}, "agents/x.md"),
    ({"hook_event_name": "UserPromptExpansion", "command_name": "x"}, "commands/x.md"),
    ({"hook_event_name": "UserPromptExpansion", "command_name": "git:x"}, "commands/git/x.md"),
    ({"hook_event_name": "UserPromptExpansion", "command_name": "x"}, "skills/x/SKILL.md"),
    ({"hook_event_name": "PostToolUse", "tool_name": "Skill", "tool_input": {"skill": "x"}}, "skills/x/SKILL.md"),
]


@pytest.mark.parametrize(("event", "place"), EVENTS)
def test_it_is_the_hash_that_a_scan_gives_the_version(
    tmp_path: Path, home: Path, event: dict[str, Any], place: str
) -> None:
    inside = tmp_path / "proj" / "src"
    inside.mkdir(parents=True)
    users = put(home / ".claude" / place)
    assert told(cwd=str(inside), **event) == {"path": str(users), "digest": template_hash(TEXT)}
    own = put(tmp_path / "proj" / ".claude" / place)
    assert told(cwd=str(inside), **event)["path"] == str(own), "that of the project is nearer"


def test_of_memory_the_event_says_the_path(tmp_path: Path) -> None:
    path = put(tmp_path / "CLAUDE.md")
    event = {"hook_event_name": "InstructionsLoaded", "file_path": str(path)}
    assert told(**event) == {"path": str(path), "digest": template_hash(TEXT)}


@pytest.mark.parametrize(
    "event",
    [
        b'{"hook_event_name": "PreToolUse", "tool_name": "Skill", "tool_input": {"skill": "x"}, "cwd": "/"}',
        b'{"hook_event_name": "PostToolUse", "tool_name": "Skill", "tool_input": {"skill": "../../x"}, "cwd": "/"}',
        b'{"hook_event_name": "PostToolUse", "tool_name": "Skill", "tool_input": ["x"], "cwd": "/"}',
        b'{"hook_event_name": "SubagentStart", "agent_type": 7, "cwd": "/"}',
        b'{"hook_event_name": "SubagentStart", "agent_type": "not-there", "cwd": "relative"}',
        b'{"hook_event_name": "InstructionsLoaded", "file_path": "/not/there"}',
    ],
)
def test_any_other_event_stays_as_it_is(event: bytes) -> None:
    fields = json.loads(event)
    assert with_file(fields) is fields


@pytest.mark.parametrize(
    ("event", "name", "sent"),
    [
        (b'["Skill"]', "", None),
        (b'"InstructionsLoaded', "", None),
        (b'{"hook_event_name": "Stop",  "as": "it is"}', "", None),
        (b'{"hook_event_name": "Stop",  "as": "it is"}', "SubagentStart", None),
        (b'{"as": "it is"}', "Stop", b'{"as": "it is", "hook_event_name": "Stop"}'),
    ],
)
def test_the_shim_changes_nothing_else(event: bytes, name: str, sent: bytes | None, tmp_path: Path) -> None:
    run = Run(Door("http://localhost", None, 1), Spool(tmp_path, "http://localhost"), event_name=name)
    assert run._completed(event) == (sent or event)


def test_the_shim_adds_name_and_file_at_once(tmp_path: Path) -> None:
    path = put(tmp_path / "CLAUDE.md")
    run = Run(Door("http://localhost", None, 1), Spool(tmp_path, "http://localhost"), event_name="InstructionsLoaded")
    added = json.loads(run._completed(json.dumps({"file_path": str(path)}).encode()))
    assert added["hook_event_name"] == "InstructionsLoaded"
    assert added[FIELD]["digest"] == template_hash(TEXT)


@pytest.mark.parametrize("client", ["claude-code", "codex"])
def test_pipes_and_devices_are_not_read(tmp_path: Path, client: str) -> None:
    os.mkfifo(tmp_path / "AGENTS.override.md")
    (tmp_path / "AGENTS.md").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "CLAUDE.md")
    for event in (
        {"hook_event_name": "SessionStart", "cwd": str(tmp_path)},
        {"hook_event_name": "InstructionsLoaded", "file_path": str(tmp_path / "CLAUDE.md")},
        {"hook_event_name": "InstructionsLoaded", "file_path": "/dev/zero"},
    ):
        assert with_file(event, client) is event


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_of_a_folder_with_very_much_in_it_nothing_is_told(tmp_path: Path) -> None:
    for number in range(2_100):
        (tmp_path / f"folder-{number}").mkdir()
    (tmp_path / "run.py").write_text("x")
    assert resources(str(tmp_path)) is None


def test_an_event_whose_files_take_too_long_is_kept_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, "http://localhost")
    event = json.dumps({"file_path": "/slow/CLAUDE.md"})
    run = Run(Door("http://localhost", None, 1), spool, event_name="InstructionsLoaded", given=event)

    def slow(said: dict[str, Any], client: str) -> dict[str, Any]:
        run.give_up()  # the time is over meanwhile
        raise OSError("the share has gone")

    monkeypatch.setattr(hook_shim, "with_file", slow)
    with pytest.raises(OSError, match="gone"):
        run.work()
    kept = list[bytes]()

    def take(at_ns: int, execution_id: str, event: bytes) -> Outcome:
        kept.append(event)
        return Outcome.ACCEPTED

    spool.send(take, time.monotonic() + 60, accepts=True)
    assert [json.loads(each) for each in kept] == [{**json.loads(event), "hook_event_name": "InstructionsLoaded"}]


def test_what_is_too_large_for_a_definition_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "CLAUDE.md"
    path.write_bytes(b"x" * 1_000_001)
    assert told(hook_event_name="InstructionsLoaded", file_path=str(path)) is None
