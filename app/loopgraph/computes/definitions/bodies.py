"""The body of a definition: what of its file a model is given.

A file begins with front matter, which is for the client, unless it is memory. What the model is given differs from the rest in
the ends of its lines and in the blank space around it, and in nothing else that is not put in on purpose; so a body is known by a
digest that leaves these out.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from loopgraph.contracts.definitions import DefinitionKind

_FRONT_MATTER: Final = re.compile(
    r"\ufeff?---[ \t]*\r?\n(?P<matter>.*?)(?:^|\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)


def parted(text: str) -> tuple[str, str]:
    """The front matter of a file, without its fences, and what follows; the first is empty where there is none."""
    found = _FRONT_MATTER.match(text)
    return (found["matter"], text[found.end() :]) if found else ("", text)


def body_of(kind: DefinitionKind, text: str) -> str:
    """The body of a definition whose file has this text."""
    return text if kind is DefinitionKind.MEMORY else parted(text)[1]


def body_digest(body: str) -> str:
    """``sha256:<hex>`` of a body, the same however its lines end and whatever blank space stands around it."""
    lines = "\n".join(line.rstrip() for line in re.split(r"\r\n?|\n", body.removeprefix("\ufeff"))).strip()
    return "sha256:" + hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()
