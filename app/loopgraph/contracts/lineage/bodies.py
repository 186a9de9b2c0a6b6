"""The body of a definition: what of its file a model is given.

A file begins with front matter, which is for the client, unless it is memory. What the model is given differs from the rest in
the ends of its lines and in the blank space around it, and in nothing else that is not put in on purpose; so a body is known by a
digest that leaves these out.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from typing import Final

from loopgraph.contracts.lineage.definitions import DefinitionKind

_FRONT_MATTER: Final = re.compile(
    r"\ufeff?---[ \t]*\r?\n(?P<matter>.*?)(?:^|\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_KINDS: Final = frozenset(DefinitionKind)


def parted(text: str) -> tuple[str, str]:
    """The front matter of a file, without its fences, and what follows; the first is empty where there is none."""
    found = _FRONT_MATTER.match(text)
    return (found["matter"], text[found.end() :]) if found else ("", text)


def body_of(kind: DefinitionKind, text: str, path: str = "") -> str:
    """The body of a definition whose file has this text; of a command in TOML that is its ``prompt``."""
    if path.endswith(".toml"):
        return toml_text(text, "prompt", "developer_instructions")
    return text if kind is DefinitionKind.MEMORY else parted(text)[1]


def toml_text(text: str, *keys: str) -> str:
    """The first of these values of a TOML file that is a text; the whole file where there is none, or it is no TOML."""
    try:
        values = tomllib.loads(in_line_feeds(text))
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return next((value for key in keys if isinstance(value := values.get(key), str)), text)


def body_digest(body: str) -> str:
    """``sha256:<hex>`` of a body, the same however its lines end and whatever blank space stands around it."""
    return "sha256:" + hashlib.sha256(plain(body).encode("utf-8", "surrogatepass")).hexdigest()


def in_line_feeds(text: str) -> str:
    """A text as git keeps it, whatever an editor or a checkout made of it: its lines end in line feeds, and no mark of the order
    of bytes stands before it."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def plain(body: str) -> str:
    """A body without what it can differ in from what a model is given: the ends of its lines, and blank space around it."""
    return "\n".join(line.rstrip() for line in re.split(r"\r\n?|\n", body.removeprefix("\ufeff"))).strip()


def digest_of_version(pattern_type: str, template_code: str, path: object = None) -> str | None:
    """The digest by which a version is found from the text that a model was given.

    None for versions of other patterns than definitions, and for those of which a model is given nothing.
    """
    if pattern_type not in _KINDS:
        return None
    body = body_of(DefinitionKind(pattern_type), template_code, path if isinstance(path, str) else "")
    return body_digest(body) if body.removeprefix("\ufeff").strip() else None
