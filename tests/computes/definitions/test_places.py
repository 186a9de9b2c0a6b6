"""Which path is which definition, and what people call it."""

from __future__ import annotations

import pytest

from loopgraph.computes.definitions.places import Layout, Place, Places
from loopgraph.computes.definitions.plugins import Plugin
from loopgraph.contracts.lineage.definitions import DefinitionKind, DefinitionOrigin, Identity

SKILL, COMMAND, SUBAGENT, MEMORY = (
    DefinitionKind.SKILL, DefinitionKind.COMMAND, DefinitionKind.SUBAGENT, DefinitionKind.MEMORY
)  # fmt: skip

PROJECT = Place(Layout.PROJECT, DefinitionOrigin.PROJECT, "git:1", title="proj")


def plugin(name: str, root: str = "", **listed: tuple[str, ...]) -> Place:
    made = Plugin(name, root, **listed)
    return Place(Layout.PLUGIN, DefinitionOrigin.PLUGIN, f"plugin:{name}", prefix=root, plugin=made, title=name)


def named(places: Places, path: str, text: str = "") -> tuple[DefinitionKind, str] | None:
    spot = places.spot(path)
    if spot is None:
        return None
    identity = spot.identity(text)
    return identity.kind, identity.name


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".claude/skills/triage/SKILL.md", (SKILL, "triage")),
        ("packages/web/.claude/skills/triage/SKILL.md", (SKILL, "triage")),
        (".agents/skills/triage/SKILL.md", (SKILL, "triage")),
        ("skills/group/triage/SKILL.md", (SKILL, "triage")),
        ("SKILL.md", (SKILL, "proj")),
        ("template/SKILL.md", None),
        (".claude/skills/triage/reference.md", None),
        (".claude/skills/triage/scripts/SKILL.md.txt", None),
        (".claude/commands/fix.md", (COMMAND, "fix")),
        (".claude/commands/git/commit.md", (COMMAND, "git:commit")),
        ("commands/fix.md", None),
        (".codex/prompts/fix.md", (COMMAND, "fix")),
        (".gemini/commands/git/commit.toml", (COMMAND, "git:commit")),
        (".claude/agents/reviewer.md", (SUBAGENT, "reviewer")),
        (".claude/agents/team/reviewer.md", (SUBAGENT, "reviewer")),
        (".codex/agents/reviewer.toml", (SUBAGENT, "reviewer")),
        ("skills/triage/agents/grader.md", None),
        (".github/agents/reviewer.agent.md", (SUBAGENT, "reviewer")),
        (".github/agents/reviewer.md", (SUBAGENT, "reviewer")),
        (".github/skills/triage/SKILL.md", (SKILL, "triage")),
        (".github/copilot-instructions.md", (MEMORY, ".github/copilot-instructions.md")),
        (".github/instructions/a/py.instructions.md", (MEMORY, ".github/instructions/a/py.instructions.md")),
        (".github/instructions/README.md", None),
        (".github/ISSUE_TEMPLATE.md", None),
        (".cursor/rules/py.mdc", (MEMORY, ".cursor/rules/py.mdc")),
        ("web/.cursor/rules/py/types.mdc", (MEMORY, "web/.cursor/rules/py/types.mdc")),
        (".cursor/commands/fix.md", (COMMAND, "fix")),
        (".cursor/agents/reviewer.md", (SUBAGENT, "reviewer")),
        (".opencode/command/git/commit.md", (COMMAND, "git:commit")),
        (".opencode/commands/fix.md", (COMMAND, "fix")),
        (".opencode/agent/reviewer.md", (SUBAGENT, "reviewer")),
        (".opencode/agents/team/reviewer.md", (SUBAGENT, "team/reviewer")),
        (".opencode/skill/triage/SKILL.md", (SKILL, "triage")),
        ("docs/rules/py.mdc", None),
        ("CLAUDE.md", (MEMORY, "CLAUDE.md")),
        ("packages/web/AGENTS.md", (MEMORY, "packages/web/AGENTS.md")),
        ("CLAUDE.local.md", (MEMORY, "CLAUDE.local.md")),
        (".claude/CLAUDE.md", (MEMORY, ".claude/CLAUDE.md")),
        (".claude/rules/testing/python.md", (MEMORY, ".claude/rules/testing/python.md")),
        ("docs/MYCLAUDE.md", None),
        ("node_modules/x/.claude/commands/fix.md", None),
        ("README.md", None),
    ],
)
def test_paths_of_a_project(path: str, expected: tuple[DefinitionKind, str] | None) -> None:
    assert named(Places([PROJECT]), path) == expected


@pytest.mark.parametrize(
    ("layout", "path", "expected"),
    [
        (Layout.CLAUDE, "skills/triage/SKILL.md", (SKILL, "triage")),
        (Layout.CLAUDE, "commands/git/fix.md", (COMMAND, "git:fix")),
        (Layout.CLAUDE, "agents/reviewer.md", (SUBAGENT, "reviewer")),
        (Layout.CLAUDE, "CLAUDE.md", (MEMORY, ".client/CLAUDE.md")),
        (Layout.CLAUDE, "rules/a/b.md", (MEMORY, ".client/rules/a/b.md")),
        (Layout.CLAUDE, "projects/x/CLAUDE.md", None),
        (Layout.CODEX, "prompts/fix.md", (COMMAND, "fix")),
        (Layout.CODEX, "AGENTS.md", (MEMORY, ".client/AGENTS.md")),
        (Layout.CODEX, "skills/.system/skill-creator/SKILL.md", None),
        (Layout.AGENTS, "skills/triage/SKILL.md", (SKILL, "triage")),
        (Layout.GEMINI, "commands/git/fix.toml", (COMMAND, "git:fix")),
        (Layout.GEMINI, "GEMINI.md", (MEMORY, ".client/GEMINI.md")),
        (Layout.COPILOT, "agents/reviewer.agent.md", (SUBAGENT, "reviewer")),
        (Layout.COPILOT, "copilot-instructions.md", (MEMORY, ".client/copilot-instructions.md")),
        (Layout.COPILOT, "skills/triage/SKILL.md", (SKILL, "triage")),
        (Layout.CURSOR, "commands/fix.md", (COMMAND, "fix")),
        (Layout.CURSOR, "rules/a.mdc", None),
        (Layout.OPENCODE, "command/fix.md", (COMMAND, "fix")),
        (Layout.OPENCODE, "agent/reviewer.md", (SUBAGENT, "reviewer")),
        (Layout.OPENCODE, "AGENTS.md", (MEMORY, ".client/AGENTS.md")),
    ],
)
def test_paths_of_a_user(layout: Layout, path: str, expected: tuple[DefinitionKind, str] | None) -> None:
    assert named(Places([Place(layout, DefinitionOrigin.USER, "user", known_as=".client")]), path) == expected


def test_what_a_plugin_brings_has_its_name_before_it() -> None:
    places = Places([PROJECT, plugin("p", "plugins/p", commands=("plugins/p/more",))])
    assert named(places, "plugins/p/skills/triage/SKILL.md") == (SKILL, "p:triage")
    assert named(places, "plugins/p/commands/git/fix.md") == (COMMAND, "p:git:fix")
    assert named(places, "plugins/p/more/other.md") == (COMMAND, "p:other")
    assert named(places, "plugins/p/agents/reviewer.md") == (SUBAGENT, "p:reviewer")
    assert named(places, "plugins/p/CLAUDE.md") == (MEMORY, "plugins/p/CLAUDE.md")
    assert named(places, "plugins/q/commands/fix.md") is None
    assert named(places, ".claude/commands/fix.md") == (COMMAND, "fix")
    spot = places.spot("plugins/p/skills/triage/SKILL.md")
    assert spot is not None
    assert spot.identity("---\nname: p:triage\n---\n") == Identity(
        kind=SKILL, name="p:triage", origin=DefinitionOrigin.PLUGIN, scope="plugin:p"
    )


def test_plugins_with_one_root_share_it_by_what_they_list() -> None:
    places = Places([PROJECT, plugin("a", skills=("skills/x",)), plugin("b", skills=("skills/y",))])
    assert named(places, "skills/x/SKILL.md") == (SKILL, "a:x")
    assert named(places, "skills/y/SKILL.md") == (SKILL, "b:y")
    assert named(places, "skills/z/SKILL.md") == (SKILL, "z")


def test_a_plugin_at_the_root_leaves_the_project_its_own() -> None:
    places = Places([plugin("p"), PROJECT])
    assert named(places, "skills/x/SKILL.md") == (SKILL, "p:x")
    assert named(places, ".claude/skills/x/SKILL.md") == (SKILL, "x")
    assert named(places, "CLAUDE.md") == (MEMORY, "CLAUDE.md")


@pytest.mark.parametrize(
    ("said", "name"),
    [("other", "other"), ("Writing Good Tests", "folder"), ("", "folder"), ("a/b", "folder"), ("tdd-2", "tdd-2")],
)
def test_front_matter_names_what_can_be_called(said: str, name: str) -> None:
    text = f"---\nname: {said}\n---\n"
    places = Places([PROJECT])
    assert named(places, ".claude/skills/folder/SKILL.md", text) == (SKILL, name)
    assert named(places, ".claude/agents/folder.md", text) == (SUBAGENT, name)
    assert named(places, ".claude/commands/folder.md", text) == (COMMAND, "folder")


def test_a_place_can_be_seen_from_further_out() -> None:
    home = Place(Layout.CLAUDE, DefinitionOrigin.USER, "user", known_as=".claude").within("dotfiles/claude")
    places = Places([home, plugin("p", "x", skills=("x/own",)).within("vendor")])
    spot = places.spot("dotfiles/claude/commands/fix.md")
    assert spot is not None
    assert (spot.kind, spot.called, spot.path) == (COMMAND, "fix", ".claude/commands/fix.md")
    assert named(places, "vendor/x/own/a/SKILL.md") == (SKILL, "p:a")
    assert places.spot("commands/fix.md") is None


def test_a_very_long_name_keeps_its_end() -> None:
    path = "/".join(["folder"] * 60) + "/CLAUDE.md"
    found = named(Places([PROJECT]), path)
    assert found is not None
    assert len(found[1]) == 255
    assert found[1].endswith("/folder/CLAUDE.md")
