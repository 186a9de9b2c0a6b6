"""Which files an event is about: their hashes as they are now, where the agent runs. The service cannot see them.

Of some files the event says the path; of a skill, a command or a subagent the name, and its file is where the client looks
for it: in the folder that the agent works in, in those above it, and in the user's. What a client reads of memory when a session
begins is where its documentation says.

Standard library only, and little of that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

FIELD = "loopgraph_file"
"""The field of the event that tells of the file of a definition: ``{"path": …, "digest": "sha256:…"}``; of a skill also
``resources``, the digest of what lies beside it."""
MEMORY = "loopgraph_memory"
"""The field that tells of the files of memory that are read at this event, each such an object; with a ``slot`` where the client
tells elsewhere of the file without its path."""

_LARGEST = 1_000_000
_MOST_FOLDERS = 50

Fields = Mapping[str, Any]
Paths = Iterable[str]
Memory = Iterable[tuple[str, str]]
"""Paths, each with its slot or an empty text."""


def may_be_about_a_file(event: bytes, client: str = "claude-code") -> bool:
    """Whether it is worth while to read the event: most are about none."""
    return client in _CLIENTS and any(mark in event for mark in _CLIENTS[client][0])


def with_file(event: dict[str, Any], client: str = "claude-code") -> dict[str, Any]:
    """The event with the hashes of the files that it is about; the same object, if it is about none."""
    _, definition, memory = _CLIENTS[client]
    told: dict[str, Any] = {}
    for path in definition(event):
        digest = _digest(path)
        if digest is not None:
            told[FIELD] = {"path": path, "digest": digest, **_beside(path)}
            break
    read = [
        {"path": path, "digest": digest, **({"slot": slot} if slot else {})}
        for path, slot in memory(event)
        if (digest := _digest(path)) is not None
    ]
    if read:
        told[MEMORY] = read
    return {**event, **told} if told else event


def _none(fields: Fields) -> Iterator[Any]:
    return iter(())


# Where the files may be, the likeliest first


def _of_claude_code(fields: Fields) -> Paths:
    event, path, kind = (fields.get(name) for name in ("hook_event_name", "file_path", "agent_type"))
    own = os.environ.get("CLAUDE_CONFIG_DIR") or _home(".claude")
    if event == "InstructionsLoaded" and isinstance(path, str):
        yield path
    elif event == "SubagentStart":
        yield from _definitions(fields, kind, (".claude/agents/{}.md",), (f"{own}/agents/{{}}.md",))
    elif event == "UserPromptExpansion":
        forms = "commands/{}.md", "skills/{}/SKILL.md"
        yield from _named(fields, fields.get("command_name"), own, forms)
    elif event == "PostToolUse" and fields.get("tool_name") == "Skill":
        given, answer = fields.get("tool_input"), fields.get("tool_response")
        told = answer.get("commandName") if isinstance(answer, dict) else None
        name = told or (given.get("skill") if isinstance(given, dict) else None)
        yield from _named(fields, name, own, ("skills/{}/SKILL.md", "commands/{}.md"))


def _named(fields: Fields, name: object, own: str, forms: tuple[str, ...]) -> Paths:
    return _definitions(fields, name, [f".claude/{form}" for form in forms], [f"{own}/{form}" for form in forms])


def _of_codex(fields: Fields) -> Paths:
    if fields.get("hook_event_name") == "SubagentStart":
        own = f"{_codex_home()}/agents/{{}}.toml"
        yield from _definitions(fields, fields.get("agent_type"), (".codex/agents/{}.toml",), (own,))


def _memory_of_codex(fields: Fields) -> Memory:
    if fields.get("hook_event_name") != "SessionStart":
        return
    if users := _first(_codex_home(), _AGENTS):
        yield users, "codex:user"
    read = [path for folder in reversed(_project(fields)) if (path := _first(str(folder), _AGENTS))]
    for path in read:
        yield path, "codex:project" if path == read[-1] else ""


def _memory_of_gemini(fields: Fields) -> Memory:
    if fields.get("hook_event_name") == "SessionStart":
        for folder in (_home(".gemini"), *map(str, reversed(_project(fields)))):
            yield f"{folder}/GEMINI.md", ""


def _of_copilot(fields: Fields) -> Paths:
    event = _event(fields)
    if event == "subagentstart":
        name = fields.get("agentName") or fields.get("agent_name") or fields.get("agent_type")
        forms = "agents/{}.agent.md", "agents/{}.md"
        yield from _definitions(
            fields,
            name,
            [*(f".github/{form}" for form in forms), ".claude/agents/{}.md"],
            [f"{_copilot_home()}/{form}" for form in forms],
        )
    elif event == "posttooluse" and "skill" in (fields.get("toolName"), fields.get("tool_name")):
        given = fields.get("toolArgs", fields.get("tool_input"))
        name = given.get("skill") if isinstance(given, dict) else None
        folders = ".github", ".agents", ".claude"
        own = _copilot_home(), _home(".agents")
        form = "skills/{}/SKILL.md"
        yield from _definitions(
            fields, name, [f"{folder}/{form}" for folder in folders], [f"{one}/{form}" for one in own]
        )


def _memory_of_copilot(fields: Fields) -> Memory:
    project = _project(fields) if _event(fields) == "sessionstart" else []
    if not project:
        return
    here, root = project[0], project[-1]
    names = ".github/copilot-instructions.md", "AGENTS.md", "CLAUDE.md", "GEMINI.md"
    paths = [f"{_copilot_home()}/copilot-instructions.md", *(f"{root}/{name}" for name in names), f"{here}/AGENTS.md"]
    for path in dict.fromkeys(paths):
        yield path, ""


def _of_cursor(fields: Fields) -> Paths:
    if fields.get("hook_event_name") == "subagentStart":
        folders = ".cursor", ".claude"
        own = [f"{_home(folder)}/agents/{{}}.md" for folder in folders]
        yield from _definitions(
            fields, fields.get("subagent_type"), [f"{folder}/agents/{{}}.md" for folder in folders], own
        )


def _memory_of_cursor(fields: Fields) -> Memory:
    """The rules that are attached to a prompt."""
    attached = fields.get("attachments") if fields.get("hook_event_name") == "beforeSubmitPrompt" else None
    for one in attached if isinstance(attached, list) else ():
        path = (one.get("file_path") or one.get("filePath")) if isinstance(one, dict) else None
        if isinstance(path, str) and one.get("type") == "rule" and Path(path).is_absolute():
            yield path, ""


_AGENTS = "AGENTS.override.md", "AGENTS.md"

_CLIENTS: Mapping[str, tuple[tuple[bytes, ...], Callable[[Fields], Paths], Callable[[Fields], Memory]]] = {
    "claude-code": (
        (b"InstructionsLoaded", b"UserPromptExpansion", b"SubagentStart", b'"Skill"'),
        _of_claude_code,
        _none,
    ),
    "codex": ((b"SessionStart", b"SubagentStart"), _of_codex, _memory_of_codex),
    "gemini": ((b"SessionStart",), _none, _memory_of_gemini),
    "copilot": ((b"essionStart", b"ubagentStart", b'"skill"'), _of_copilot, _memory_of_copilot),
    "cursor": ((b"subagentStart", b"attachments"), _of_cursor, _memory_of_cursor),
}
"""Of each client what an event that is about a file has in it, where that of a definition may be, and those of memory."""


def _event(fields: Fields) -> str:
    return str(fields.get("hook_event_name")).lower()


def _home(folder: str) -> str:
    return str(Path("~").expanduser() / folder)


def _codex_home() -> str:
    return os.environ.get("CODEX_HOME") or _home(".codex")


def _copilot_home() -> str:
    return os.environ.get("COPILOT_HOME") or _home(".copilot")


def _here(fields: Fields) -> Path | None:
    roots = fields.get("workspace_roots")
    cwd = fields.get("cwd") or (roots[0] if isinstance(roots, list) and roots else None)
    return Path(cwd) if isinstance(cwd, str) and Path(cwd).is_absolute() else None


def _project(fields: Fields) -> list[Path]:
    """The folder that the agent works in, and those above it up to the root of its repository; alone, if it is in none."""
    here = _here(fields)
    if here is None:
        return []
    folders = [here, *here.parents][:_MOST_FOLDERS]
    root = next((at for at, folder in enumerate(folders) if (folder / ".git").exists()), 0)
    return folders[: root + 1]


def _first(folder: str, names: Iterable[str]) -> str | None:
    """The first file of these names that is there and says something."""
    for name in names:
        path = Path(folder) / name
        if (_content(path) or b"").strip():
            return str(path)
    return None


def _definitions(fields: Fields, name: object, forms: Iterable[str], own: Iterable[str]) -> Paths:
    """Where the file of a name may be, by its forms in a project and in the user's folders."""
    here = _here(fields)
    if not isinstance(name, str) or here is None:
        return
    within = name.lstrip("/").replace(":", "/")
    if not within or ".." in within.split("/"):
        return
    for folder in (here, *here.parents)[:_MOST_FOLDERS]:
        for form in forms:
            yield str(folder / form.format(within))
    for form in own:
        yield form.format(within)


def _beside(path: str) -> dict[str, str]:
    folder, name = os.path.split(path)
    if name != "SKILL.md":
        return {}
    from loopgraph.clients.skill_folder import resources

    found = resources(folder)
    return {"resources": found} if found else {}


def _digest(path: str) -> str | None:
    from hashlib import sha256

    content = _content(Path(path))
    return None if content is None else "sha256:" + sha256(content).hexdigest()


def _content(path: Path) -> bytes | None:
    """What a plain file says; None if it is none, or too large. A pipe or a device would never end."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError):
        return None
    return content if len(content) <= _LARGEST else None
