"""Which file an event is about: its hash as it is now, where the agent runs. The service cannot see it.

Of a memory file the event says the path; of a skill, a command or a subagent the name, and its file is where the client looks
for it: in ``.claude`` of the folder that the agent works in, of those above it, and of the user.

Standard library only, and little of that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FIELD = "loopgraph_file"
"""The field of the event that says it: ``{"path": …, "digest": "sha256:…"}``."""

_MARKS = (b"InstructionsLoaded", b"UserPromptExpansion", b"SubagentStart", b'"Skill"')
_LARGEST = 1_000_000
_MOST_FOLDERS = 50


def may_be_about_a_file(event: bytes) -> bool:
    """Whether it is worth while to read the event: most are about none."""
    return any(mark in event for mark in _MARKS)


def with_file(event: dict[str, Any]) -> dict[str, Any]:
    """The event with the hash of the file that it is about; the same object, if it is about none."""
    for path in _paths(event):
        digest = _digest(path)
        if digest is not None:
            return {**event, FIELD: {"path": path, "digest": digest}}
    return event


def _paths(fields: Mapping[str, Any]) -> Iterator[str]:
    """Where the file may be, the likeliest first."""
    event, path, kind = (fields.get(name) for name in ("hook_event_name", "file_path", "agent_type"))
    if event == "InstructionsLoaded" and isinstance(path, str):
        yield path
    elif event == "SubagentStart":
        yield from _definitions(fields, kind, "agents/{}.md")
    elif event == "UserPromptExpansion":
        yield from _definitions(fields, fields.get("command_name"), "commands/{}.md", "skills/{}/SKILL.md")
    elif event == "PostToolUse" and fields.get("tool_name") == "Skill":
        given, answer = fields.get("tool_input"), fields.get("tool_response")
        told = answer.get("commandName") if isinstance(answer, dict) else None
        name = told or (given.get("skill") if isinstance(given, dict) else None)
        yield from _definitions(fields, name, "skills/{}/SKILL.md", "commands/{}.md")


def _definitions(fields: Mapping[str, Any], name: object, *forms: str) -> Iterator[str]:
    cwd = fields.get("cwd")
    if not isinstance(name, str) or not isinstance(cwd, str) or not Path(cwd).is_absolute():
        return
    within = name.lstrip("/").replace(":", "/")
    if not within or ".." in within.split("/"):
        return
    here = Path(cwd)
    own = os.environ.get("CLAUDE_CONFIG_DIR") or Path("~/.claude").expanduser()
    for folder in (*(above / ".claude" for above in (here, *here.parents)[:_MOST_FOLDERS]), Path(own)):
        for form in forms:
            yield str(folder / form.format(within))


def _digest(path: str) -> str | None:
    from hashlib import sha256

    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError):
        return None
    return "sha256:" + sha256(content).hexdigest() if len(content) <= _LARGEST else None
