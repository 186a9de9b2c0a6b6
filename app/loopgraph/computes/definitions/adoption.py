"""Adopted skills: a skill whose body is one line that fetches the text of the version which its session is to run.

Claude Code runs a line ``!`command` `` of a skill before its model sees it, and puts what the command prints in its place, if the
skill's ``allowed-tools`` allow the command. ``$ARGUMENTS`` is put in before that, and never into this line: a shell would read
it.
"""

from __future__ import annotations

import re
from typing import Final

from loopgraph.computes.definitions.bodies import parted
from loopgraph.errors import InvalidInput

TOOL: Final = "Bash(loopgraph pattern render:*)"
"""What an adopted skill has to be allowed."""

_LINE: Final = "!`loopgraph pattern render {} --unit ${{CLAUDE_SESSION_ID}}`"
_ADOPTED: Final = re.compile(
    r"\s*!`loopgraph pattern render (?P<pattern>[A-Za-z0-9][^\s`]*) --unit \$\{CLAUDE_SESSION_ID\}`\s*"
)
_TOOLS: Final = re.compile(
    r"^allowed-tools[ \t]*:[ \t]*(?P<value>[^\r\n]*)(?P<more>(?:\r?\n(?:[ \t]+|-[ \t])[^\r\n]*)*)", re.MULTILINE
)
_ARGUMENTS: Final = re.compile(r"\$(?:ARGUMENTS|\d)")


def adopted_pattern(text: str) -> str | None:
    """The pattern that a skill's file fetches; None for the file of a skill that has its own text."""
    found = _ADOPTED.fullmatch(parted(text)[1])
    return found["pattern"] if found else None


def adopted(text: str, pattern_id: str) -> str:
    """The file of a skill that fetches its text, made of one that has it: its front matter stays, and allows the command.

    Raises InvalidInput where the skill's text takes its arguments in the middle: what is fetched cannot have them put in.
    """
    matter, body = parted(text)
    if found := _ARGUMENTS.search(body):
        problem = (
            f"has {found[0]} in its text, which would not be put into a text that is fetched; let the text say that"
        )
        raise InvalidInput("SKILL.md", f"{problem} the arguments follow: without it, they stand behind the text")
    end = "\r\n" if "\r\n" in text else "\n"
    return end.join(("---", *_allowing(matter).strip("\r\n").splitlines(), "---", _LINE.format(pattern_id), ""))


def given_back(text: str, body: str) -> str:
    """The file of an adopted skill with a text of its own again. Its front matter stays as it is by now, without the command; if
    the command is all that is in it, the adoption has made it, and it goes."""
    matter = _not_allowing(parted(text)[0])
    if not matter.strip():
        return body
    end = "\r\n" if "\r\n" in text else "\n"
    return end.join(("---", *matter.strip("\r\n").splitlines(), "---", "")) + body


def _not_allowing(matter: str) -> str:
    """The front matter without what an adoption adds to it, wherever that stands by now."""
    found = _TOOLS.search(matter)
    if found is None:
        return matter
    before, tools, after = matter[: found.start()], found[0], matter[found.end() :]
    tool = rf"[\"']?{re.escape(TOOL)}[\"']?"
    if re.fullmatch(rf"allowed-tools[ \t]*:[ \t]*{tool}[ \t]*", tools):
        return before + re.sub(r"\A\r?\n", "", after)
    for form in (
        rf"\r?\n[ \t]*(?:-[ \t]*)?{tool}[ \t]*(?=\r?\n|\Z)",
        rf",[ \t]*{tool}",
        rf"{tool}[ \t]*,[ \t]*",
        tool,
    ):
        tools, count = re.subn(form, "", tools, count=1)
        if count:
            break
    return before + tools + after


def _allowing(matter: str) -> str:
    found = _TOOLS.search(matter)
    if found is None:
        return f"{matter}\nallowed-tools: {TOOL}"
    if TOOL in found[0]:
        return matter
    value, more = found["value"].rstrip(), found["more"]
    if more:  # a list of lines, or a text that goes on
        indent = re.match(r"\s*", more.lstrip("\r\n"))
        item = "- " if more.lstrip().startswith("- ") else ""
        added = f"{found[0]}\n{indent[0] if indent else '  '}{item}{TOOL}"
    elif value.endswith("]"):
        inner = value[:-1].rstrip()
        added = f"allowed-tools: {inner}{'' if inner.endswith('[') else ', '}{TOOL}]"
    else:
        added = f"allowed-tools: {value}{', ' if value else ''}{TOOL}"
    return matter[: found.start()] + added + matter[found.end() :]
