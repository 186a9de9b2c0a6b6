"""What an agent client makes of a body before a model is given it, and whether a text may be what it made of one.

Put in are the arguments (``$ARGUMENTS``, ``$ARGUMENTS[1]``, ``$1``), the session (``${CLAUDE_SESSION_ID}``) and the folder of a
skill (``${CLAUDE_SKILL_DIR}``); in place of a command (`` !`command` ``) stands what it printed, which can be anything.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

from loopgraph.contracts.lineage.bodies import plain

_HOLE: Final = re.compile(
    r"""(?P<command>!`[^`\n]+`)
    | \$ARGUMENTS\[(?P<index>\d{1,3})\]
    | (?P<all>\$ARGUMENTS\b)
    | \$(?P<place>\d)(?!\d)
    | (?P<session>\$\{CLAUDE_SESSION_ID\})
    | (?P<folder>\$\{CLAUDE_SKILL_DIR\})
    | (?P<other>\$\{CLAUDE_[A-Z_]+\})""",
    re.VERBOSE,
)
_BRACES: Final = re.compile(r"(?P<command>[!@]\{(?:\{\{[^{}\n]*\}\}|\{[^{}\n]*\}|[^{}\n])*\})|(?P<all>\{\{args\}\})")
"""Of a command in TOML: a command of the shell, a file, and the arguments."""
_LEAST_LITERAL: Final = 8
"""So many characters that are not blank a text has to share with a body in which anything can stand."""


def has_holes(body: str) -> bool:
    """Whether something is put into it."""
    return _HOLE.search(body) is not None


def may_be_of(
    body: str, given: str, arguments: str | None, session_id: str | None, folder: str | None, *, braces: bool = False
) -> bool:
    """Whether the text that a model was given can be what this body became. Not if next to nothing of it is the body's own.
    ``braces``: it is one of a file in TOML, in which arguments are ``{{args}}``."""
    text = plain(given)
    for first in (0, 1):  # newer clients count arguments from 0, older ones from 1
        in_braces = _parted(body, {"all": arguments or ""}) if braces else None
        parts = in_braces or _parts(body, arguments or "", session_id, folder, first)
        if len(parts) > 1 and len("".join("".join(parts).split())) < _LEAST_LITERAL:
            continue
        if _follow(parts, text):
            return True
    return False


def _parts(body: str, arguments: str, session_id: str | None, folder: str | None, first: int) -> list[str]:
    """What of a body is known, between what can be anything."""
    words = _words(arguments)
    parts, here, end = [], "", 0
    for hole in _HOLE.finditer(plain(body)):
        text = plain(body)[end : hole.start()]
        end = hole.end()
        known: str | None = None
        if hole["all"]:
            known = arguments
        elif hole["index"] or hole["place"]:
            place = int(hole["index"] or hole["place"]) - (0 if hole["index"] else first)
            known = words[place] if 0 <= place < len(words) else ""
        elif hole["session"]:
            known = session_id
        elif hole["folder"]:
            known = folder
        here += text
        if known is None:
            parts.append(here)
            here = ""
        else:
            here += known
    parts.append(here + plain(body)[end:])
    return [*parts[:-1], parts[-1]]


def _parted(body: str, known: dict[str, str]) -> list[str]:
    """What of a body in braces is known, between what can be anything."""
    parts, end, text = [""], 0, plain(body)
    for hole in _BRACES.finditer(text):
        parts[-1] += text[end : hole.start()]
        end = hole.end()
        value = known.get(hole.lastgroup or "")
        if value is None:
            parts.append("")
        else:
            parts[-1] += value
    parts[-1] += text[end:]
    return parts


def _words(arguments: str) -> list[str]:
    try:
        return shlex.split(arguments)
    except ValueError:  # a quotation mark is left open
        return arguments.split()


def _follow(parts: list[str], text: str) -> bool:
    """Whether a text consists of these parts in their order, with anything between them."""
    if len(parts) == 1:
        return plain(parts[0]) == text
    first, *middle, last = parts
    if not text.startswith(first.lstrip()) or not text.endswith(last.rstrip()):
        return False
    at, end = len(first.lstrip()), len(text) - len(last.rstrip())
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end


def with_arguments(body: str, arguments: str) -> str:
    """A body with arguments put in, as the agent client does it; behind it, where it has no place for them."""
    if not arguments:
        return body
    words, first = _words(arguments), 0 if re.search(r"\$0(?!\d)", body) else 1
    put_in = False

    def value(hole: re.Match[str]) -> str:
        nonlocal put_in
        if not (hole["all"] or hole["index"] or hole["place"]):
            return hole[0]
        put_in = True
        if hole["all"]:
            return arguments
        place = int(hole["index"]) if hole["index"] else int(hole["place"]) - first
        return words[place] if 0 <= place < len(words) else ""

    text = _HOLE.sub(value, body)
    return text if put_in else f"{body.rstrip()}\n\nARGUMENTS: {arguments}\n"
