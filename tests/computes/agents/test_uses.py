"""What clients other than Claude Code tell of uses, form by form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from loopgraph.computes.agents import cursor, gemini
from loopgraph.computes.agents.codex import skill_read
from loopgraph.computes.agents.given import SkillText, codex_memory, codex_skill, gemini_memory, gemini_skill
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.computes.definitions.rendering import may_be_of
from loopgraph.computes.definitions.seen import seen_in_braces
from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.definitions import DefinitionOrigin
from loopgraph.contracts.traces.uses import MemoryLoaded, PatternUsed

ARRIVAL = Arrival(datetime(2026, 11, 29, 8, 0, tzinfo=UTC), True, "event-1")
SKILLS = "## Skills\nA skill is a set of local instructions to follow that is stored in a `SKILL.md` file. Below …"


def told(text: str, folder: str = " for /home/dev/project") -> str:
    return f"# AGENTS.md instructions{folder}\n\n<INSTRUCTIONS>\n{text}\n</INSTRUCTIONS>"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (told("Use tabs.\n"), [("AGENTS.md", "Use tabs.\n", ())]),
        (told("Use tabs.", ""), [("AGENTS.md", "Use tabs.", ())]),
        (told(f"Use tabs.\n\n\n{SKILLS}"), [("AGENTS.md", "Use tabs.\n", ())]),
        (told(SKILLS), []),
        (
            told("Mine.\n\n--- project-doc ---\n\nUse tabs.\n"),
            [(".codex/AGENTS.md", "Mine.", ()), ("AGENTS.md", "Use tabs.\n", ())],
        ),
        (told("Root.\n\n\nApp.\n\n\nDeep.\n"), [("AGENTS.md", "Root.\n\n\nApp.\n\n\nDeep.\n", ("Deep.", "App.\n\n\nDeep."))]),
        ("<user_instructions>\n\nUse tabs.\n\n</user_instructions>", [("AGENTS.md", "Use tabs.\n", ())]),
        ("<environment_context>\n</environment_context>", []),
        ("Please look at # AGENTS.md instructions for me", []),
    ],
)  # fmt: skip
def test_memory_of_codex(message: str, expected: list[tuple[str, str, tuple[str, ...]]]) -> None:
    assert [(one.path, one.text, one.ends) for one in codex_memory(message)] == expected


def test_a_skill_of_codex_is_its_whole_file() -> None:
    text = "---\nname: look\n---\n\nLook.\n\n</skill> is no end.\n"
    given = f"<skill>\n<name>look</name>\n<path>/home/dev/.codex/skills/look/SKILL.md</path>\n{text}\n</skill>"
    assert codex_skill(given) == SkillText("look", text, "/home/dev/.codex/skills/look/SKILL.md")
    assert codex_skill("<skill>\n<name>look</name>\n</skill>") is None


TEXT = "---\nname: looker\n---\nLook.\n"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cat .agents/skills/look/SKILL.md", ("looker", TEXT, "/home/dev/p/.agents/skills/look/SKILL.md")),
        ("cat '/x/my skills/look/SKILL.md'", ("looker", TEXT, "/x/my skills/look/SKILL.md")),
        (["/bin/bash", "-lc", "cat ../look/SKILL.md"], ("looker", TEXT, "/home/dev/look/SKILL.md")),
        ("sed -n '1,200p' /x/look/SKILL.md", ("look", "", "/x/look/SKILL.md")),
        ("head -n 20 /x/look/SKILL.md", ("look", "", "/x/look/SKILL.md")),
        ("cat /home/dev/.codex/skills/.system/skill-creator/SKILL.md", None),
        ("cat /x/look/SKILL.md | grep tabs", None),
        ("cat a/SKILL.md b/SKILL.md && rm -r b", None),
        ("rm /x/look/SKILL.md", None),
        ("cat README.md", None),
        (7, None),
    ],
)
def test_skills_that_codex_reads_in_its_shell(command: Any, expected: tuple[str, str, str] | None) -> None:
    assert skill_read(command, TEXT, "/home/dev/p") == (SkillText(*expected) if expected else None)


def test_memory_of_gemini_has_its_paths() -> None:
    given = (
        "<session_context>\n--- Context from: /p/GEMINI.md ---\nUse tabs.\n--- End of Context from: /p/GEMINI.md ---\n\n"
        "--- Context from: app/GEMINI.md ---\nUse spaces.\n\nReally.\n--- End of Context from: app/GEMINI.md ---\n"
    )
    assert [(one.path, one.text) for one in gemini_memory(given)] == [
        ("/p/GEMINI.md", "Use tabs."),
        ("app/GEMINI.md", "Use spaces.\n\nReally."),
    ]


@pytest.mark.parametrize(("folder", "is_told"), [("/p/.gemini/skills/look", True), ("/opt/bundle/builtin/look", False)])
def test_a_skill_that_gemini_brings_itself_is_nobodys(folder: str, is_told: bool) -> None:
    output = (
        '<activated_skill name="look">\n  <instructions>\n    # Look\n\nLook.\n  </instructions>\n\n  <available_resources>\n'
        f"    Showing up to 200 items (files + folders).\n\n{folder}/\n└───SKILL.md\n  </available_resources>\n</activated_skill>"
    )
    assert gemini_skill(output) == SkillText("look", "# Look\n\nLook.", folder)
    body = {
        "session_id": "s", "hook_event_name": "AfterTool", "tool_name": "activate_skill", "tool_input": {"name": "look"},
        "tool_response": {"llmContent": output}, "cwd": "/p",
    }  # fmt: skip
    used = [one.event for one in gemini.observe_hook(body, ARRIVAL) if isinstance(one.event, PatternUsed)]
    assert [(one.pattern_name, one.pattern_path, one.digests) for one in used] == (
        [("look", folder, (body_digest("# Look\n\nLook."),))] if is_told else []
    )


def test_arguments_of_commands_in_braces() -> None:
    seen = seen_in_braces("Fix 42 now.", "/fix 42")
    assert (seen.text, seen.arguments) == ("Fix {{args}} now.", "42")
    assert seen_in_braces("Plan it.\n\n/plan for me", "/plan for me").text == "Plan it."
    assert seen_in_braces("Plan it.", "/plan").arguments is None
    body = "Fix {{args}}. Its log: !{git log {{args}}} and @{README.md}, carefully"
    assert may_be_of(body, "Fix 42. Its log: a\nb and the file, carefully", "42", None, None, braces=True)
    assert not may_be_of(body, "Fix 43. Its log: a\nb and the file, carefully", "42", None, None, braces=True)


def test_rules_that_cursor_attaches_and_its_subagents() -> None:
    attached = [
        {"type": "rule", "file_path": "/p/.cursor/rules/a.mdc"},
        {"type": "rule", "filePath": "/p/.cursor/rules/b.mdc"},
        {"type": "file", "file_path": "/p/x.py"},
    ]
    digest = f"sha256:{'0' * 64}"
    body = {
        "hook_event_name": "beforeSubmitPrompt", "conversation_id": "c", "generation_id": "g", "prompt": "x",
        "attachments": attached, "workspace_roots": ["/p"],
        "loopgraph_memory": [{"path": "/p/.cursor/rules/a.mdc", "digest": digest}],
    }  # fmt: skip
    read = [one.event for one in cursor.observe_hook(body, ARRIVAL) if isinstance(one.event, MemoryLoaded)]
    assert sorted((one.pattern_name, one.file_digest, one.cwd) for one in read) == [
        (".cursor/rules/a.mdc", digest, "/p"),
        (".cursor/rules/b.mdc", None, "/p"),
    ]  # fmt: skip
    for kind, names in (("reviewer", ["reviewer"]), ("explore", [])):
        event = {"hook_event_name": "subagentStart", "conversation_id": "c", "subagent_id": "a", "subagent_type": kind}
        event |= {"loopgraph_file": {"path": "/home/dev/.cursor/agents/reviewer.md", "digest": digest}}
        used = [one.event for one in cursor.observe_hook(event, ARRIVAL) if isinstance(one.event, PatternUsed)]
        assert [one.pattern_name for one in used] == names
        assert all((one.file_digest, one.pattern_origin) == (digest, DefinitionOrigin.USER) for one in used)
