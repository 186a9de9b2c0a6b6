"""The blocks of code of a page of Markdown, as CommonMark has them: fenced or indented, also in lists.

They are found by markdown-it-py, which is here already (rich needs it). What runs them is in ``place``: the libraries for this
(pytest-examples, mktestdocs, Sybil) run Python, and most blocks here are shells and GraphQL that ask a service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

COMMANDS = frozenset(
    {"loopgraph", "make", "docker", "curl", "pip", "python3", "export", "eval", "zcat", "jupyter", "git"}
)
"""What an indented block begins with that is to be typed."""

_SETTINGS = re.compile(r"(?:LOOPGRAPH_[A-Z_]+=\S+[ \t]*\n)+")
_EXCUSE = re.compile(r"\*Not run by the tests: (.+)\*")
_SERVES = re.compile(r"^((?:[A-Z_]+=\S+ +)*loopgraph serve(?: +2>> service\.log)?(?: +#.*)?)$", re.M)
_SETTING = re.compile(r"(?:[A-Z_]+=\S+ +)*([\w./-]+)")


@dataclass(frozen=True)
class Block:
    """``language`` is ``sh``, ``console`` (commands behind ``$`` with what they print), ``settings`` (variables, nothing else),
    ``graphql``, ``python``, …, or empty for what is shown only; ``excuse`` is what the line above says of why it is not run,
    None if nothing."""

    line: int
    language: str
    text: str
    excuse: str | None


@dataclass(frozen=True)
class Step:
    """A command of a block, and what stands below it; None if nothing is said of that."""

    command: str
    shown: str | None


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in their order."""
    return blocks_in(page.read_text(encoding="utf-8"))


def blocks_in(text: str) -> list[Block]:
    """The blocks of a text, in their order."""
    found, excuse = [], None
    for token in MarkdownIt().parse(text):
        if token.type == "inline":
            said = _EXCUSE.fullmatch(" ".join(token.content.split()))
            excuse = said[1] if said else None
        elif token.type in ("fence", "code_block"):
            assert token.map is not None
            language = token.info.split()[0] if token.info else _language(token.content)
            if language in ("", "sh") and _SETTINGS.fullmatch(token.content):
                language = "settings"
            found.append(Block(token.map[0] + 1, language, token.content, excuse))
            excuse = None
    return found


def _language(text: str) -> str:
    if re.search(r"^\$ ", text, re.M):
        return "console"
    first = _SETTING.match(text)
    return "sh" if first and Path(first[1]).name in COMMANDS else ""


def steps(block: Block) -> list[Step]:
    """The commands of a block of ``console``, or those of ``sh`` in one, but for what starts a service."""
    if block.language != "console":
        return [Step(text, None) for text in _SERVES.split(block.text) if text.strip()]
    found = []
    for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
        lines = part.splitlines()
        last = next(at for at, line in enumerate(lines) if not line.endswith("\\"))
        while last + 1 < len(lines) and lines[last + 1].startswith("> "):
            last += 1
        command = "\n".join(line.removeprefix("> ") for line in lines[: last + 1])
        found.append(Step(command, "\n".join(lines[last + 1 :])))
    return found
