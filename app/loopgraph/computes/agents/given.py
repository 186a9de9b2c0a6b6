"""What agent clients put into a conversation of the files that people wrote, and how it stands there.

As their real clients sent and wrote it (Codex 0.20 to 0.171, Gemini CLI 0.61, OpenCode 1.18), and as their published sources have
it. Whatever stands in another form is no evidence: these say nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

PROJECTS: Final = "codex:project"
USERS: Final = "codex:user"
"""The places (``MemoryLoaded.slot``) of the files of memory that Codex tells of without their paths."""

_CODEX_MEMORY: Final = re.compile(
    r"\s*(?:# AGENTS\.md instructions(?: for (?P<folder>[^\n]+))?\n+<INSTRUCTIONS>\n(?P<text>.*)\n</INSTRUCTIONS>"
    r"|<user_instructions>\n+(?P<old>.*)\n</user_instructions>)\s*\Z",
    re.DOTALL,
)
_CODEX_SEPARATOR: Final = "\n\n--- project-doc ---\n\n"
_CODEX_OWN: Final = re.compile(
    r"(?:\A|\n\n)## (?:Skills\nA skill is a set of |JavaScript REPL \(Node\)\n).*", re.DOTALL
)
"""What some clients add behind the files."""
_CODEX_SKILL: Final = re.compile(
    r"\s*<skill>\n<name>(?P<name>[^\n]+)</name>\n<path>(?P<path>[^\n]+)</path>\n(?P<text>.*)\n</skill>\s*\Z", re.DOTALL
)
_GEMINI_FILE: Final = re.compile(
    r"^--- Context from: (?P<path>[^\n]+) ---\n(?P<text>.*?)\n--- End of Context from: (?P=path) ---$",
    re.DOTALL | re.MULTILINE,
)
_GEMINI_SKILL: Final = re.compile(
    r'\s*<activated_skill name="(?P<name>[^"\n]+)">\s*<instructions>\n(?P<text>.*)\n\s*</instructions>\s*<available_resources>'
    r"(?P<resources>.*)</available_resources>\s*</activated_skill>\s*\Z",
    re.DOTALL,
)
_FOLDER: Final = re.compile(r"^(?P<folder>(?:/|[A-Za-z]:[\\/])[^\n]*?)[\\/]$", re.MULTILINE)
_OPENCODE_SKILL: Final = re.compile(
    r'\s*<skill_content name="(?P<name>[^"\n]+)">\n# Skill: (?P=name)\n\n(?P<text>.*)\n\nBase directory for this skill: [^\n]+\n',
    re.DOTALL,
)
_BLANK_LINES: Final = "\n\n\n"
_MOST_FILES: Final = 8


class MemoryText(NamedTuple):
    """What a model was given of memory. ``slot`` stands for the file where its path is not told (``path`` is what is known of
    it); ``folder`` is the one that the agent worked in. ``ends`` are what the text may end with, if it is of several files."""

    path: str
    text: str
    slot: str | None = None
    folder: str | None = None
    ends: tuple[str, ...] = ()


class SkillText(NamedTuple):
    """What a model was given of a skill: its ``text``, from the file or folder ``path``."""

    name: str
    text: str
    path: str | None = None


def codex_memory(text: str) -> tuple[MemoryText, ...]:
    """The memory that a message of Codex holds: the user's, then that of the project, from its root to the folder of the work.

    Several files of a project are one text, with a blank line between them. A file ends with a line's end as a rule: so the
    innermost is what stands behind two blank lines, if it is not the whole.
    """
    found = _CODEX_MEMORY.match(text)
    if not found:
        return ()
    whole, folder = found["text"] if found["old"] is None else found["old"], found["folder"]
    whole = _CODEX_OWN.sub("", whole)
    users, separator, projects = whole.partition(_CODEX_SEPARATOR)
    if not separator:
        users, projects = "", whole
    told = (MemoryText(".codex/AGENTS.md", users, USERS, folder), MemoryText("AGENTS.md", projects, PROJECTS, folder))
    return tuple(one._replace(ends=tuple(_ends(one.text))) for one in told if one.text.strip())


def _ends(text: str) -> Iterator[str]:
    at = len(text.rstrip())
    for _ in range(_MOST_FILES):
        at = text.rfind(_BLANK_LINES, 0, at)
        if at < 0:
            return
        if end := text[at + len(_BLANK_LINES) :].strip():
            yield end


def codex_skill(text: str) -> SkillText | None:
    """The skill that a message of Codex holds: the whole of its file."""
    found = _CODEX_SKILL.match(text)
    return SkillText(found["name"].strip(), found["text"], found["path"].strip()) if found else None


def gemini_memory(text: str) -> tuple[MemoryText, ...]:
    """The files of memory that a text which Gemini CLI gave its model holds."""
    if "--- Context from: " not in text:
        return ()
    return tuple(MemoryText(found["path"], found["text"]) for found in _GEMINI_FILE.finditer(text))


def gemini_skill(text: str) -> SkillText | None:
    """The skill that Gemini CLI's ``activate_skill`` has answered with."""
    found = _GEMINI_SKILL.match(text)
    if not found:
        return None
    folder = _FOLDER.search(found["resources"])
    return SkillText(found["name"], found["text"].strip(), folder["folder"] if folder else None)


def opencode_skill(text: str, folder: str | None) -> SkillText | None:
    """The skill that OpenCode's ``skill`` has answered with."""
    found = _OPENCODE_SKILL.match(text)
    return SkillText(found["name"], found["text"], folder) if found else None
