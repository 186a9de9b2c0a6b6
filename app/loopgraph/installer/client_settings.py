"""Our hooks in the settings of agent clients other than Claude Code: pure functions on the parsed JSON of a settings file.

Each client has a table of its own: where its files are, which events it has that say something, and how it wants a handler. All
run the shim for every event, with the name of the client. What is there and is not ours stays as it is, in its order.
"""

from __future__ import annotations

import copy
import itertools
import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loopgraph.errors import InvalidInput
from loopgraph.installer.agent_settings import LEVEL, runs_the_shim

Json = dict[str, Any]

_TIMEOUT_S: Final = 5
_COMMANDS: Final = ("command", "bash")
"""The fields of a handler that hold a command of a shell."""


@dataclass(frozen=True)
class Client:
    """An agent client and its settings.

    ``home`` names the variable that moves its folder ``folder``, which is in the user's home; ``user`` is the file in it, and
    ``project`` the one in a project. ``handler`` makes one from a command; ``grouped``: handlers stand in groups
    (``{"hooks": […]}``), and not alone. ``version`` is what the file has to say, if anything. ``names_no_events``: its events
    do not say what they are. ``note`` is what a user has to do beside.
    """

    name: str
    shown: str
    home: str | None
    folder: str
    user: str
    project: str
    events: tuple[str, ...]
    handler: Callable[[str], Json]
    grouped: bool
    version: int | None = None
    names_no_events: bool = False
    note: str = ""

    def file(self, *, project: bool) -> Path:
        """The settings file of the user, or of the project in this folder."""
        if project:
            return Path.cwd() / self.project
        moved = os.environ.get(self.home) if self.home else None
        return (Path(moved) if moved else Path.home() / self.folder) / self.user


def _seconds(command: str) -> Json:
    return {"type": "command", "command": command, "timeout": _TIMEOUT_S}


CODEX: Final = Client(
    name="codex",
    shown="Codex",
    home="CODEX_HOME",
    folder=".codex",
    user="hooks.json",
    project=".codex/hooks.json",
    events=(
        "SessionStart", "SessionEnd", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PermissionRequest", "PreCompact",
        "PostCompact", "SubagentStart", "SubagentStop", "Stop", "Interrupt",
    ),
    handler=lambda command: {**_seconds(command), "timeout": 3},
    grouped=True,
    note="Codex runs them when you have looked at them and trust them: type /hooks in it",
)  # fmt: skip
"""Three seconds are the longest that Codex lets the hooks of an end take."""

GEMINI: Final = Client(
    name="gemini",
    shown="Gemini CLI",
    home=None,
    folder=".gemini",
    user="settings.json",
    project=".gemini/settings.json",
    events=("SessionStart", "SessionEnd", "BeforeAgent", "AfterAgent", "BeforeTool", "AfterTool", "Notification"),
    handler=lambda command: {"name": "loopgraph", "type": "command", "command": command, "timeout": _TIMEOUT_S * 1000},
    grouped=True,
)
"""Not those around each request to the model, which hand over the whole conversation each time."""

CURSOR: Final = Client(
    name="cursor",
    shown="Cursor",
    home=None,
    folder=".cursor",
    user="hooks.json",
    project=".cursor/hooks.json",
    events=(
        "sessionStart", "sessionEnd", "beforeSubmitPrompt", "preToolUse", "postToolUse", "postToolUseFailure", "subagentStart",
        "subagentStop", "preCompact", "afterAgentResponse", "stop",
    ),
    handler=lambda command: {"command": command, "timeout": _TIMEOUT_S},
    grouped=False,
    version=1,
)  # fmt: skip
"""Not those of single tools, which tell of the same calls again."""

COPILOT: Final = Client(
    name="copilot",
    shown="Copilot CLI",
    home="COPILOT_HOME",
    folder=".copilot",
    user="hooks/loopgraph.json",
    project=".github/hooks/loopgraph.json",
    events=(
        "sessionStart", "sessionEnd", "userPromptSubmitted", "preToolUse", "postToolUse", "postToolUseFailure", "agentStop",
        "subagentStart", "subagentStop", "errorOccurred", "preCompact", "notification",
    ),
    handler=lambda command: {"type": "command", "bash": command, "timeoutSec": _TIMEOUT_S},
    grouped=False,
    version=1,
    names_no_events=True,
)  # fmt: skip

CLIENTS: Final = {client.name: client for client in (CODEX, GEMINI, CURSOR, COPILOT)}


@dataclass(frozen=True)
class Wanted:
    """What to install: the service's address, how the shim is started, the variable that holds the token, if any, and the level
    of the settings, if they are not the user's (``LEVEL``)."""

    url: str
    shim: Sequence[str]
    token_env: str | None = None
    level: str | None = None

    def command(self, client: Client, event: str) -> str:
        """The command for an event."""
        options = {"--client": client.name, "--event": event if client.names_no_events else None, "--url": self.url}
        words = [
            word
            for name, value in {**options, "--token-env": self.token_env, LEVEL: self.level}.items()
            if value
            for word in (name, value)
        ]
        return shlex.join([*self.shim, *words])


def check(client: Client, settings: Json) -> Json:
    """The settings, if their hooks are as the client wants them. Raises InvalidInput, which names the place."""
    hooks = settings.get("hooks", {})
    if not isinstance(hooks, dict):
        raise InvalidInput("hooks", "must be an object with a list for each event")
    for event in client.events:
        entries = hooks.get(event, [])
        if not isinstance(entries, list):
            raise InvalidInput(f"hooks.{event}", "must be a list")
        for number, entry in enumerate(entries):
            if not isinstance(entry, dict) or not isinstance(entry.get("hooks", []), list):
                raise InvalidInput(f"hooks.{event}.{number}", "must be an object; a list of `hooks` in it, if any")
    return settings


def install(client: Client, settings: Json, wanted: Wanted) -> Json:
    """The settings with our handlers as wanted: those already there are brought up to date in their place."""
    result = copy.deepcopy(settings)
    if client.version is not None and "version" not in result:
        result = {"version": client.version, **result}
    hooks = result.setdefault("hooks", {})
    for event in client.events:
        handler = client.handler(wanted.command(client, event))
        places = list(_ours(hooks.get(event, [])))
        if not places:
            hooks.setdefault(event, []).append({"hooks": [handler]} if client.grouped else handler)
            continue
        first, *others = places
        first[0][first[1]] = handler
        for handlers, number in reversed(others):  # a second one would record everything twice
            del handlers[number]
    return result


def uninstall(client: Client, settings: Json) -> Json:
    """The settings without our handlers, and without the lists and objects that this leaves empty."""
    result = copy.deepcopy(settings)
    hooks = result.get("hooks", {})
    for event in installed(settings):
        hooks[event] = [kept for entry in hooks[event] if (kept := _without_ours(entry)) is not None]
        if not hooks[event]:
            del hooks[event]
    if not hooks and settings.get("hooks"):
        del result["hooks"]
        if client.version is not None and list(result) == ["version"]:
            del result["version"]
    return result


def installed(settings: Json) -> dict[str, list[str]]:
    """Our commands by event."""
    found: dict[str, list[str]] = {}
    for event, entries in settings.get("hooks", {}).items():
        for handlers, number in _ours(entries if isinstance(entries, list) else []):
            found.setdefault(event, []).append(_command(handlers[number]))
    return found


def _ours(entries: list[Any]) -> Iterator[tuple[list[Any], int]]:
    """Where our handlers are: in which list, and at which place."""
    for number, entry in enumerate(entries):
        if _is_ours(entry):
            yield entries, number
        for place, handler in enumerate(_handlers(entry)):
            if _is_ours(handler):
                yield entry["hooks"], place


def _handlers(entry: Any) -> list[Any]:
    """The handlers of a group; other things can stand in the place of one: Gemini CLI keeps names beside its events."""
    handlers = entry.get("hooks") if isinstance(entry, dict) else None
    return handlers if isinstance(handlers, list) else []


def _without_ours(entry: Any) -> Any:
    if _is_ours(entry):
        return None
    handlers = _handlers(entry)
    others = [handler for handler in handlers if not _is_ours(handler)]
    if len(others) == len(handlers):
        return entry
    return {**entry, "hooks": others} if others else None


def _is_ours(handler: object) -> bool:
    return isinstance(handler, dict) and runs_the_shim(_command(handler))


def _command(handler: Json) -> str:
    return next((command for name in _COMMANDS if isinstance(command := handler.get(name), str)), "")


def switched_off(settings: Json) -> list[str]:
    """What in the settings keeps the client from running any hooks."""
    found = ["disableAllHooks is true"] if settings.get("disableAllHooks") is True else []
    for name in ("hooksConfig", "hooks"):
        section = settings.get(name)
        if isinstance(section, dict) and section.get("enabled") is False:
            found.append(f"{name}.enabled is false")
    return found


def option(command: str, name: str) -> str:
    """The value of an option in one of our commands; empty if it has none."""
    words = shlex.split(command)
    return next((after for word, after in itertools.pairwise(words) if word == name), "")


def program(command: str) -> str:
    """The program that one of our commands runs: a bare name, or the path of one."""
    return shlex.split(command)[0]
