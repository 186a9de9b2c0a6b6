"""The folders of a user's agent clients, and the plugins that are installed in them."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


class UserFolders(NamedTuple):
    """Where a user's own definitions are."""

    claude: Path
    codex: Path
    agents: Path
    gemini: Path
    copilot: Path
    cursor: Path
    opencode: Path

    @classmethod
    def of(cls, environment: Mapping[str, str], home: Path) -> UserFolders:
        """Those of a user with this home; variables of the clients move them."""
        return cls(
            claude=Path(environment.get("CLAUDE_CONFIG_DIR") or home / ".claude").expanduser(),
            codex=Path(environment.get("CODEX_HOME") or home / ".codex").expanduser(),
            agents=home / ".agents",
            gemini=home / ".gemini",
            copilot=Path(environment.get("COPILOT_HOME") or home / ".copilot").expanduser(),
            cursor=home / ".cursor",
            opencode=Path(environment.get("XDG_CONFIG_HOME") or home / ".config").expanduser() / "opencode",
        )


def login() -> str:
    """The name that the user is logged in by."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container can have users without names
        return str(os.getuid())


class Installed(NamedTuple):
    """An installed plugin: what people call it, and its folder; ``former`` are those of earlier versions of it that are installed
    beside it, the earliest first."""

    name: str
    folder: Path
    former: tuple[Path, ...] = ()


def installed_plugins(claude: Path) -> list[Installed]:
    """The plugins that the client has installed. Of one that is installed several times, for a user and for projects, it is the
    one that was brought up to date last."""
    listed = _object(claude / "plugins" / "installed_plugins.json").get("plugins")
    found: dict[str, Installed] = {}
    for id_, entries in listed.items() if isinstance(listed, dict) else ():
        installed: dict[Path, str] = {}
        for entry in entries if isinstance(entries, list) else [entries]:
            path = entry.get("installPath") if isinstance(entry, dict) else None
            if isinstance(path, str) and os.path.isdir(path):  # noqa: PTH112
                times = (entry.get(name) for name in ("lastUpdated", "installedAt"))
                installed[Path(path)] = next((at for at in times if isinstance(at, str)), "")
        if installed:
            *former, last = sorted(installed, key=lambda folder: installed[folder])
            found[id_] = Installed(id_.partition("@")[0], last, tuple(former))
    return list(found.values())


def extensions(gemini: Path) -> list[Installed]:
    """The extensions that Gemini CLI has."""
    return [
        Installed(
            name if isinstance(name := _object(manifest).get("name"), str) and name else manifest.parent.name,
            manifest.parent,
        )
        for manifest in sorted(gemini.glob("extensions/*/gemini-extension.json"))
    ]


def _object(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
