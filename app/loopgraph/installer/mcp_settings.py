"""Our MCP server in the settings of agent clients: pure functions on the parsed settings.

Each client has a row: where its files are, under which key its servers stand, and how it wants one. A server is ours by its name.
What is there and is not ours stays as it is, in its order.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loopgraph.errors import InvalidInput
from loopgraph.installer.settings_file import SettingsFile
from loopgraph.installer.toml_file import TomlSettingsFile

Json = dict[str, Any]

NAME: Final = "loopgraph"
"""The name of our server; its tools are told as ``mcp__loopgraph__<tool>``."""


@dataclass(frozen=True)
class McpClient:
    """An agent client and where its MCP servers are.

    ``home`` names the variable that moves its folder ``folder`` of the user's home; ``user`` is the file in it, ``moved`` that in
    a moved one where it is another, and ``project`` the one in a project, None if it has none. ``key`` is that of the
    servers; ``entry`` makes one from a command and its arguments, ``note`` is what a user has to do beside.
    """

    name: str
    shown: str
    home: str | None
    folder: str
    user: str
    project: str | None
    entry: Callable[[str, list[str]], Json]
    key: str = "mcpServers"
    kind: type[SettingsFile] = SettingsFile
    note: str = ""

    def file(self, *, project: bool) -> SettingsFile:
        """The settings file of the user, or of the project in this folder. Raises InvalidInput."""
        if project:
            if self.project is None:
                raise InvalidInput("--project", f"{self.shown} has no such settings; use --user")
            return self.kind(Path.cwd() / self.project)
        moved = os.environ.get(self.home) if self.home else None
        return self.kind((Path(moved) if moved else Path.home() / self.folder) / self.user)


def _stdio(command: str, arguments: list[str]) -> Json:
    return {"command": command, "args": arguments}


_ALL: Final = (
    McpClient(
        "claude-code", "Claude Code", "CLAUDE_CONFIG_DIR", "", ".claude.json", ".mcp.json",
        lambda command, arguments: {"type": "stdio", **_stdio(command, arguments)},
        note="Claude Code asks once before it uses the servers of a project",
    ),
    McpClient(
        "codex", "Codex", "CODEX_HOME", ".codex", "config.toml", ".codex/config.toml", _stdio,
        key="mcp_servers", kind=TomlSettingsFile, note="Codex reads a project's file when the project is trusted",
    ),
    McpClient("gemini", "Gemini CLI", None, ".gemini", "settings.json", ".gemini/settings.json", _stdio),
    McpClient("cursor", "Cursor", None, ".cursor", "mcp.json", ".cursor/mcp.json", _stdio),
    McpClient(
        "copilot", "Copilot CLI", "COPILOT_HOME", ".copilot", "mcp-config.json", None,
        lambda command, arguments: {"type": "local", **_stdio(command, arguments), "tools": ["*"]},
    ),
)  # fmt: skip

MCP_CLIENTS: Final = {client.name: client for client in _ALL}


def check(client: McpClient, settings: Json) -> Json:
    """The settings, if their servers are as the client wants them. Raises InvalidInput, which names the place."""
    if not isinstance(settings.get(client.key, {}), dict):
        raise InvalidInput(client.key, "must be an object with a server for each name")
    return settings


def install(client: McpClient, settings: Json, command: str, arguments: Sequence[str]) -> Json:
    """The settings with our server as wanted; fields of it that somebody has added stay."""
    result = copy.deepcopy(check(client, settings))
    servers = result.setdefault(client.key, {})
    there = servers.get(NAME)
    servers[NAME] = {**(there if isinstance(there, dict) else {}), **client.entry(command, [*arguments])}
    return result


def uninstall(client: McpClient, settings: Json) -> Json:
    """The settings without our server, and without the object that this leaves empty."""
    result = copy.deepcopy(check(client, settings))
    servers = result.get(client.key, {})
    if servers.pop(NAME, None) is not None and not servers:
        del result[client.key]
    return result


def installed(client: McpClient, settings: Json) -> list[str] | None:
    """The command of our server with its arguments; None where it is not installed."""
    entry = check(client, settings).get(client.key, {}).get(NAME)
    if not isinstance(entry, dict):
        return None
    arguments = entry.get("args")
    return [str(entry.get("command", "")), *(str(one) for one in (arguments if isinstance(arguments, list) else ()))]
