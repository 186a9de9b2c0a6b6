"""Skills that fetch their text."""

from __future__ import annotations

import pytest
import yaml

from loopgraph.computes.definitions.adoption import TOOL, adopted, adopted_pattern, given_back
from loopgraph.computes.definitions.bodies import parted
from loopgraph.errors import InvalidInput

SKILL = "---\nname: triage\ndescription: Sort a bug report.\n\n# a comment\n---\n# Triage\n1. Restate the bug.\n"
LINE = "!`loopgraph pattern render skill:a1:b2 --unit ${CLAUDE_SESSION_ID}`"


def test_the_front_matter_stays_and_the_body_is_one_line() -> None:
    text = adopted(SKILL, "skill:a1:b2")
    assert text == (
        f"---\nname: triage\ndescription: Sort a bug report.\n\n# a comment\nallowed-tools: {TOOL}\n---\n{LINE}\n"
    )
    assert adopted_pattern(text) == "skill:a1:b2"
    assert adopted_pattern(SKILL) is None
    assert adopted(text, "skill:a1:b2") == text, "twice is once"


def test_a_skill_without_front_matter_gets_one() -> None:
    assert (
        adopted("# Triage\n", "skill:x")
        == f"---\nallowed-tools: {TOOL}\n---\n{LINE.replace('skill:a1:b2', 'skill:x')}\n"
    )


def test_lines_end_as_they_did() -> None:
    text = adopted(SKILL.replace("\n", "\r\n"), "skill:a1:b2")
    assert text.replace("\r\n", "\n") == adopted(SKILL, "skill:a1:b2")
    assert "\n" not in text.replace("\r\n", "")


@pytest.mark.parametrize(
    ("tools", "allowed"),
    [
        ("allowed-tools: Read", ["Read", TOOL]),
        ("allowed-tools: Bash(git diff:*), Read", ["Bash(git diff:*)", "Read", TOOL]),
        ("allowed-tools:", [TOOL]),
        ("allowed-tools: [Read, Grep]", ["Read", "Grep", TOOL]),
        ("allowed-tools: []", [TOOL]),
        ("allowed-tools:\n  - Read\n  - Grep", ["Read", "Grep", TOOL]),
        ("allowed-tools:\n- Read\n- Grep", ["Read", "Grep", TOOL]),
        (f"allowed-tools: {TOOL}, Read", [TOOL, "Read"]),
    ],
)
def test_the_command_is_allowed_beside_what_was(tools: str, allowed: list[str]) -> None:
    matter, _ = parted(adopted(f"---\nname: t\n{tools}\nmodel: opus\n---\nbody\n", "skill:x"))
    read = yaml.safe_load(matter)
    value = read.pop("allowed-tools")
    assert (value if isinstance(value, list) else [one.strip() for one in value.split(", ")]) == allowed
    assert read == {"name": "t", "model": "opus"}


@pytest.mark.parametrize("body", ["Fix bug $ARGUMENTS now", "Look at $1"])
def test_a_text_that_takes_its_arguments_in_the_middle_is_refused(body: str) -> None:
    with pytest.raises(InvalidInput, match="SKILL"):
        adopted(f"---\nname: t\n---\n{body}\n", "skill:x")


def test_what_is_given_back_has_its_front_matter_and_the_text_in_use() -> None:
    text = adopted(SKILL, "skill:a1:b2")
    assert given_back(text, "# Triage\n1. Restate the bug.\n") == SKILL
    assert given_back(text, "# Better\n") == SKILL[: SKILL.index("# Triage")] + "# Better\n"


def test_what_was_changed_in_the_front_matter_since_stays() -> None:
    text = adopted(SKILL, "skill:a1:b2").replace("Sort a bug report.", f"Runs {TOOL}, sorts.\nmodel: opus")
    changed = SKILL.replace("Sort a bug report.", f"Runs {TOOL}, sorts.\nmodel: opus")
    assert given_back(text, "# Triage\n1. Restate the bug.\n") == changed


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_had_no_front_matter_has_none_again_unless_somebody_wrote_one(end: str) -> None:
    text = adopted(f"# Triage{end}", "skill:x")
    assert given_back(text, f"# Better{end}") == f"# Better{end}"
    written = text.replace(f"---{end}", f"---{end}name: t{end}", 1)
    assert given_back(written, f"# Better{end}") == f"---{end}name: t{end}---{end}# Better{end}"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "tools",
    [
        "allowed-tools: Read",
        "allowed-tools: [Read, Grep]",
        "allowed-tools: []",
        "allowed-tools:\n  - Read\n  - Grep",
        "allowed-tools:\n- Read\n- Grep",
        "allowed-tools: Read\n  Grep",
        "allowed-tools: Bash(git diff:*), Read",
        "license: MIT",
    ],
)
def test_only_the_command_goes_from_what_is_allowed(tools: str, end: str) -> None:
    skill = f"---\nname: t\n{tools}\nmodel: opus\n---\nbody\n".replace("\n", end)
    assert given_back(adopted(skill, "skill:x"), f"body{end}") == skill


@pytest.mark.parametrize(
    ("tools", "left"),
    [
        (f"allowed-tools: {TOOL}, Read", "allowed-tools: Read"),
        (f"allowed-tools: Read, {TOOL}, Grep", "allowed-tools: Read, Grep"),
        (f'allowed-tools: [Read, "{TOOL}"]', "allowed-tools: [Read]"),
        (f"allowed-tools:\n  - {TOOL}\n  - Read", "allowed-tools:\n  - Read"),
        ("allowed-tools: Read", "allowed-tools: Read"),
    ],
)
def test_the_command_goes_wherever_it_was_moved_to(tools: str, left: str) -> None:
    text = f"---\nname: t\n{tools}\n---\n{LINE}\n"
    assert given_back(text, "body\n") == f"---\nname: t\n{left}\n---\nbody\n"
