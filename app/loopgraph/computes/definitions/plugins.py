"""Which plugins a repository or folder holds, by its manifests.

A plugin is a folder with ``.claude-plugin/plugin.json``, or one that a ``.claude-plugin/marketplace.json`` names as a ``source``.
Both may list places of skills, commands and agents besides the folders of those names. Several plugins of a marketplace can have
one root and share it by such lists.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

PLUGIN_MANIFEST: Final = ".claude-plugin/plugin.json"
MARKETPLACE: Final = ".claude-plugin/marketplace.json"
MANIFESTS: Final = (PLUGIN_MANIFEST, MARKETPLACE)


@dataclass(frozen=True)
class Plugin:
    """A plugin. ``root`` is its folder, empty for the whole; ``skills`` and the others are paths that its manifests list."""

    name: str
    root: str
    skills: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()

    def within(self, folder: str) -> Plugin:
        """The same plugin, seen from further out."""
        skills, commands, agents = (
            tuple(f"{folder}/{path}" if path else folder for path in paths)
            for paths in (self.skills, self.commands, self.agents)
        )
        root = f"{folder}/{self.root}" if self.root else folder
        return replace(self, root=root, skills=skills, commands=commands, agents=agents)

    def plus(self, other: Plugin) -> Plugin:
        """With what another manifest lists of it."""
        return replace(
            self,
            skills=_joined(self.skills, other.skills),
            commands=_joined(self.commands, other.commands),
            agents=_joined(self.agents, other.agents),
        )


def plugins_of(manifests: Mapping[str, str]) -> list[Plugin]:
    """The plugins of manifests, given by path; what is no JSON, or names nothing here, is left out."""
    found: dict[tuple[str, str], Plugin] = {}
    for path, text in sorted(manifests.items()):
        if path == MARKETPLACE or path.endswith(f"/{MARKETPLACE}"):
            for plugin in _of_marketplace(path.removesuffix(MARKETPLACE).strip("/"), _object(text)):
                key = plugin.root, plugin.name
                found[key] = found[key].plus(plugin) if key in found else plugin
    for path, text in sorted(manifests.items()):
        if path == PLUGIN_MANIFEST or path.endswith(f"/{PLUGIN_MANIFEST}"):
            root, manifest = path.removesuffix(PLUGIN_MANIFEST).strip("/"), _object(text)
            name = manifest.get("name")
            if not isinstance(name, str) or not name.strip():
                continue
            plugin = _plugin(name, root, manifest)
            # A marketplace calls its plugins by the names that people install them by.
            same = [key for key in found if key[0] == root]
            for key in same:
                found[key] = found[key].plus(plugin)
            if not same:
                found[root, name] = plugin
    return list(found.values())


def _of_marketplace(folder: str, marketplace: Mapping[str, Any]) -> Iterable[Plugin]:
    metadata = marketplace.get("metadata")
    base = metadata.get("pluginRoot") if isinstance(metadata, dict) else None
    entries = marketplace.get("plugins")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        name, source = entry.get("name"), entry.get("source")
        if not isinstance(name, str) or not name.strip() or not isinstance(source, str):
            continue  # one with a map as its source is kept elsewhere
        inside = folder if source.startswith("./") or not isinstance(base, str) else _within(folder, base)
        root = None if inside is None else _within(inside, source)
        if root is not None:
            yield _plugin(name, root, entry)


def _plugin(name: str, root: str, manifest: Mapping[str, Any]) -> Plugin:
    return Plugin(
        name=name.strip(),
        root=root,
        skills=_paths(root, manifest.get("skills")),
        commands=_paths(root, manifest.get("commands")),
        agents=_paths(root, manifest.get("agents")),
    )


def _paths(root: str, listed: Any) -> tuple[str, ...]:
    """A path, a list of paths, or a map of names to ``{"source": path}``."""
    if isinstance(listed, dict):
        listed = [value.get("source") for value in listed.values() if isinstance(value, dict)]
    values: Sequence[Any] = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else ()
    within = [_within(root, value) for value in values if isinstance(value, str)]
    return tuple(path for path in within if path is not None)


def _within(folder: str, path: str) -> str | None:
    """A path in a folder, None for one that leads out of everything."""
    joined = posixpath.normpath(posixpath.join(folder, path))
    if joined.startswith(("..", "/")):
        return None
    return "" if joined == "." else joined


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))
