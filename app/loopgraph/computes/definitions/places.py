"""Which path is which definition, by where the clients look.

A project's, in any of its folders, because the clients look in those that they work in:

- skills: ``.claude/skills/<name>/SKILL.md``, and so in any folder ``skills``, of ``.agents``, ``.codex``, ``.gemini``, …
- commands: ``.claude/commands/**/*.md``, ``.codex/prompts/*.md``, ``.gemini/commands/**/*.toml``, ``.cursor/commands/**/*.md``,
  ``.opencode/command(s)/**/*.md``
- subagents: ``.claude/agents/**/*.md``, ``.codex/agents/*.toml``, ``.gemini/agents/*.md``, ``.github/agents/*.md``,
  ``.cursor/agents/*.md``, ``.opencode/agent(s)/**/*.md``
- memory: ``CLAUDE.md``, ``CLAUDE.local.md``, ``AGENTS.md``, ``AGENTS.override.md``, ``GEMINI.md``, ``.claude/rules/**/*.md``,
  ``.cursor/rules/**/*.mdc``, ``.github/copilot-instructions.md``, ``.github/instructions/**/*.instructions.md``

A user's: the same in ``~/.claude``, ``~/.codex``, ``~/.agents``, ``~/.gemini``, ``~/.copilot``, ``~/.cursor`` and
``~/.config/opencode``. A plugin's: ``skills/``, ``commands/`` and ``agents/`` at its root, and what its manifests list besides.

Of a skill, ``SKILL.md`` is the definition; what lies beside it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from loopgraph.computes.definitions.front_matter import front_matter, text_of
from loopgraph.computes.definitions.plugins import Plugin
from loopgraph.contracts.lineage.definitions import DefinitionKind, DefinitionOrigin, Identity

GLOBS: Final = ("**/*.md", "**/*.toml", "**/*.mdc")
"""All files that can be definitions, and those that can become one by a change of name."""

SKILL, COMMAND, SUBAGENT, MEMORY = (
    DefinitionKind.SKILL, DefinitionKind.COMMAND, DefinitionKind.SUBAGENT, DefinitionKind.MEMORY
)  # fmt: skip

_LONGEST_NAME: Final = 255


class Layout(StrEnum):
    """Whose folders they are: how definitions lie in a place."""

    PROJECT = "project"
    CLAUDE = "claude"
    CODEX = "codex"
    AGENTS = "agents"
    GEMINI = "gemini"
    COPILOT = "copilot"
    CURSOR = "cursor"
    OPENCODE = "opencode"
    PLUGIN = "plugin"
    EXTENSION = "extension"


def _rules(*rules: tuple[str, DefinitionKind]) -> tuple[tuple[re.Pattern[str], DefinitionKind], ...]:
    return tuple((re.compile(pattern), kind) for pattern, kind in rules)


_NAME: Final = r"(?P<name>[^/]+)"
_PATH: Final = r"(?P<name>.+)"
_ANY: Final = r"(?:.*/)?"
_AGENT: Final = r"(?P<name>[^/]+?)(?:\.agent)?\.md"
_OWN_SKILLS: Final = (rf"skills/(?!\.system/)(?:.*/)?{_NAME}/SKILL\.md", SKILL)
_RULES: Final = {
    Layout.PROJECT: _rules(
        (rf"{_ANY}skills/(?:.*/)?{_NAME}/SKILL\.md", SKILL),
        (r"SKILL\.md", SKILL),
        (rf"{_ANY}\.claude/commands/{_PATH}\.md", COMMAND),
        (rf"{_ANY}\.claude/agents/(?:.*/)?{_NAME}\.md", SUBAGENT),
        (rf"{_ANY}\.codex/prompts/{_NAME}\.md", COMMAND),
        (rf"{_ANY}\.codex/agents/{_NAME}\.toml", SUBAGENT),
        (rf"{_ANY}\.gemini/commands/{_PATH}\.toml", COMMAND),
        (rf"{_ANY}\.gemini/agents/{_NAME}\.md", SUBAGENT),
        (rf"{_ANY}(?:CLAUDE(?:\.local)?|AGENTS(?:\.override)?|GEMINI)\.md", MEMORY),
        (rf"{_ANY}\.claude/rules/.+\.md", MEMORY),
        (rf"{_ANY}\.github/agents/{_AGENT}", SUBAGENT),
        (rf"{_ANY}\.github/copilot-instructions\.md", MEMORY),
        (rf"{_ANY}\.github/instructions/.+\.instructions\.md", MEMORY),
        (rf"{_ANY}\.cursor/commands/{_PATH}\.md", COMMAND),
        (rf"{_ANY}\.cursor/agents/{_NAME}\.md", SUBAGENT),
        (rf"{_ANY}\.cursor/rules/.+\.mdc?", MEMORY),
        (rf"{_ANY}\.opencode/skill/(?:.*/)?{_NAME}/SKILL\.md", SKILL),
        (rf"{_ANY}\.opencode/commands?/{_PATH}\.md", COMMAND),
        (rf"{_ANY}\.opencode/agents?/{_PATH}\.md", SUBAGENT),
    ),
    Layout.CLAUDE: _rules(
        _OWN_SKILLS,
        (rf"commands/{_PATH}\.md", COMMAND),
        (rf"agents/(?:.*/)?{_NAME}\.md", SUBAGENT),
        (r"CLAUDE(?:\.local)?\.md", MEMORY),
        (r"rules/.+\.md", MEMORY),
    ),
    Layout.CODEX: _rules(
        _OWN_SKILLS,
        (rf"prompts/{_NAME}\.md", COMMAND),
        (rf"agents/{_NAME}\.toml", SUBAGENT),
        (r"AGENTS(?:\.override)?\.md", MEMORY),
    ),
    Layout.AGENTS: _rules(_OWN_SKILLS),
    Layout.GEMINI: _rules(
        _OWN_SKILLS,
        (rf"commands/{_PATH}\.toml", COMMAND),
        (rf"agents/{_NAME}\.md", SUBAGENT),
        (r"GEMINI\.md", MEMORY),
    ),
    Layout.COPILOT: _rules(
        _OWN_SKILLS,
        (rf"agents/{_AGENT}", SUBAGENT),
        (r"copilot-instructions\.md", MEMORY),
    ),
    Layout.CURSOR: _rules(
        _OWN_SKILLS,
        (rf"commands/{_PATH}\.md", COMMAND),
        (rf"agents/{_NAME}\.md", SUBAGENT),
    ),
    Layout.OPENCODE: _rules(
        _OWN_SKILLS,
        (rf"skill/(?:.*/)?{_NAME}/SKILL\.md", SKILL),
        (rf"commands?/{_PATH}\.md", COMMAND),
        (rf"agents?/{_PATH}\.md", SUBAGENT),
        (r"AGENTS\.md", MEMORY),
    ),
    Layout.PLUGIN: _rules(
        _OWN_SKILLS,
        (r"SKILL\.md", SKILL),
        (rf"commands/{_PATH}\.md", COMMAND),
        (rf"agents/(?:.*/)?{_NAME}\.md", SUBAGENT),
    ),
    Layout.EXTENSION: _rules(
        _OWN_SKILLS,
        (rf"commands/{_PATH}\.toml", COMMAND),
        (rf"agents/{_NAME}\.md", SUBAGENT),
        (r"GEMINI\.md", MEMORY),
    ),
}
_CALLABLE: Final = re.compile(r"\w[\w.-]*")
"""A name that a client takes; a title in its place, such as ``Writing Tests``, is not what people call a skill."""


@dataclass(frozen=True)
class Place:
    """A folder with definitions. ``prefix`` is where it is in the repository or folder that is looked at, empty for all of that;
    ``known_as`` stands for it in paths, such as ``.claude`` for a user's ``~/.claude``. ``title`` names a skill that is a whole
    repository and does not say its name.
    """

    layout: Layout
    origin: DefinitionOrigin
    scope: str
    prefix: str = ""
    known_as: str = ""
    plugin: Plugin | None = None
    title: str = "skill"

    def within(self, folder: str) -> Place:
        """The same place, seen from further out: ``folder`` is where it was looked at from."""
        if not folder:
            return self
        prefix = f"{folder}/{self.prefix}" if self.prefix else folder
        return replace(self, prefix=prefix, plugin=self.plugin.within(folder) if self.plugin else None)


class Spot(NamedTuple):
    """What a path tells: a definition of this kind, called ``called`` unless its front matter says otherwise, at ``path`` in its
    scope."""

    place: Place
    kind: DefinitionKind
    called: str
    path: str

    def identity(self, text: str) -> Identity:
        """The identity of the definition whose file has this text."""
        name = self.called
        if self.kind in (SKILL, SUBAGENT):
            said = text_of(front_matter(text, self.path), "name")
            name = said if _CALLABLE.fullmatch(said) else name
        plugin = self.place.plugin
        if plugin is not None and self.kind is not MEMORY and self.place.layout is Layout.PLUGIN:
            name = name if name.startswith(f"{plugin.name}:") else f"{plugin.name}:{name}"
        return Identity(kind=self.kind, name=shortened(name), origin=self.place.origin, scope=self.place.scope)


def shortened(name: str) -> str:
    """A name that is not too long to be one: of a longer one the end."""
    return (name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}").strip() or "unnamed"


class Places:
    """The places of a repository or folder; where they overlap, the innermost tells what a path is.

    ``exact`` are paths of which it is known from elsewhere: a link in a place leads to them.
    """

    def __init__(self, places: Iterable[Place], exact: Mapping[str, Spot] | None = None) -> None:
        self._exact = dict(exact or {})
        # What a plugin's manifest lists outweighs what merely lies in its folders: plugins can share those.
        self._places = sorted(places, key=lambda place: (-len(place.prefix), place.layout is Layout.PROJECT))

    def spot(self, path: str) -> Spot | None:
        """What a path is, None if it is no definition."""
        if path in self._exact:
            return self._exact[path]
        if "node_modules/" in path:
            return None
        for place in self._places:
            if place.plugin is not None and (listed := _listed(place, place.plugin, path)):
                return listed
        return next((spot for place in self._places if (spot := _lies_in(place, path))), None)


def _lies_in(place: Place, path: str) -> Spot | None:
    if place.prefix and not path.startswith(f"{place.prefix}/"):
        return None
    inside = path[len(place.prefix) + 1 :] if place.prefix else path
    for pattern, kind in _RULES[place.layout]:
        if found := pattern.fullmatch(inside):
            if kind is SKILL and place.plugin is not None and place.plugin.skills and inside != "SKILL.md":
                return None  # it has told which are its own
            named = found.groupdict().get("name") or (place.title if kind is SKILL else "")
            return _spot(place, kind, named, inside)
    return None


def _listed(place: Place, plugin: Plugin, path: str) -> Spot | None:
    """A definition that the plugin's manifests list, by itself or by a folder that it lies in."""
    inside = path[len(place.prefix) + 1 :] if place.prefix else path
    for kind, listed in ((SKILL, plugin.skills), (COMMAND, plugin.commands), (SUBAGENT, plugin.agents)):
        for root in listed:
            within = path[len(root) + 1 :] if root else path
            if path == root:
                within = path.rpartition("/")[2]
            elif root and not path.startswith(f"{root}/"):
                continue
            if kind is SKILL:
                if not path.endswith("/SKILL.md"):
                    continue
                named = path.rsplit("/", 2)[-2]
            elif not within.endswith(".md"):
                continue
            else:
                named = within.removesuffix(".md") if kind is COMMAND else within.removesuffix(".md").rpartition("/")[2]
            return _spot(place, kind, named, inside)
    return None


def _spot(place: Place, kind: DefinitionKind, named: str, inside: str) -> Spot:
    known = f"{place.known_as}/{inside}" if place.known_as else inside
    called = known if kind is MEMORY else named.replace("/", ":") if kind is COMMAND else named
    return Spot(place, kind, called, known)
