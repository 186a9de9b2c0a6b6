"""What clients of the last release would find broken in the schema of today.

graphql-core compares the two schemas; what is added here are the names that a changelog has to give. (`@graphql-inspector/cli`
would say the same, and bring some two hundred packages of npm into every check of a change.)
"""

from __future__ import annotations

import re
from pathlib import Path

from graphql import GraphQLSchema, find_breaking_changes

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
HEADING = "### Breaking changes of the GraphQL schema"


def broken(old: GraphQLSchema, new: GraphQLSchema) -> dict[str, str]:
    """What is broken, by its coordinate: ``Type``, ``Type.field`` (also for a value of an enum) or ``Type.field(argument)``."""
    return {_coordinate(change.description, old): change.description for change in find_breaking_changes(old, new)}


def _coordinate(description: str, old: GraphQLSchema) -> str:
    """The coordinate that graphql-core's sentence is about."""
    if found := re.search(r"(?:arg|argument) (\w+) on (\w+\.\w+)|(\w+\.\w+)(?:\(| arg )(\w+)", description):
        field, argument = (found[2], found[1]) if found[2] else (found[3], found[4])
        return f"{field}({argument})"
    if found := re.search(r"\b(\w+) was removed from (?:enum|union) type (\w+)|\b(\w+\.\w+)\b", description):
        return found[3] or f"{found[2]}.{found[1]}"
    return next(word for word in re.findall(r"@?\w+", description) if word in old.type_map or word.startswith("@"))


def told(changelog: str) -> set[str]:
    """The coordinates that the newest section about breaking changes gives, each in backticks at the beginning of its line."""
    _, _, section = changelog.partition(HEADING)
    section = re.split(r"^##+ ", section, maxsplit=1, flags=re.MULTILINE)[0]
    return {
        name
        for line in re.findall(r"^- ([^:]*):", section, flags=re.MULTILINE)
        for name in re.findall(r"`(@?[\w.()]+)`", line)
    }
