"""What the front matter of a file says.

It should be YAML, and often is not: a description with a colon in it, hints in two pairs of brackets. The clients read that all
the same, so what no parser of YAML takes is read line by line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

import yaml

from loopgraph.contracts.lineage.bodies import in_line_feeds, parted

Matter = Mapping[str, Any]

_LONGEST: Final = 64 * 1024
_KEY: Final = re.compile(r"(?P<key>[A-Za-z_][\w-]*)[ \t]*:(?:[ \t]+(?P<value>.*))?")


def front_matter(text: str, path: str = "") -> Matter:
    """The values of a file's front matter by key, texts as they are written; of a TOML file its values. None gives none."""
    if path.endswith(".toml"):
        return _toml(text)
    matter, _ = parted(text)
    if not matter.strip() or len(matter) > _LONGEST:
        return {}
    try:
        # BaseLoader makes texts, lists and maps and nothing else: a name such as `no` or `2024-01-01` stays what it is.
        found = yaml.load(matter, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError):
        found = None
    return found if isinstance(found, dict) else _by_lines(matter)


def text_of(matter: Matter, key: str) -> str:
    """A value that is a text, on one line; empty where it is none."""
    value = matter.get(key)
    return " ".join(value.split()) if isinstance(value, str) else ""


def _toml(text: str) -> Matter:
    try:
        return tomllib.loads(in_line_feeds(text))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _by_lines(matter: str) -> Matter:
    """Each line that begins with a key, up to the next, as one text; quotes around it are left out."""
    found: dict[str, list[str]] = {}
    key = None
    for line in matter.splitlines():
        if begun := _KEY.fullmatch(line.rstrip()):
            key = begun["key"]
            value = begun["value"] or ""
            found[key] = [] if value.strip() in ("|", ">", "|-", ">-") else [value]
        elif key is not None and (line[:1] in (" ", "\t") or not line.strip()):
            found[key].append(line)
    return {key: _unquoted(" ".join(" ".join(lines).split())) for key, lines in found.items()}


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
