"""No public name of the last release is broken without a line in the changelog."""

from __future__ import annotations

import graphql
import pytest

from loopgraph.api.graphql.schema import build_schema
from loopgraph.assets import asset
from loopgraph.settings import Settings
from support.released import CHANGELOG, broken, told

OLD = """
type Query { pattern(id: ID!, first: Int): Pattern, gone: Int, kind: Kind, either: Either }
type Pattern { name: String, size: Int }
type Other { name: String }
enum Kind { A, B }
union Either = Pattern | Other
input Wanted { name: String }
"""


@pytest.mark.parametrize(
    ("before", "after", "coordinate"),
    [
        ("gone: Int, ", "", "Query.gone"),
        ("size: Int", "size: Float", "Pattern.size"),
        (", first: Int", "", "Query.pattern(first)"),
        ("first: Int", "first: Int!", "Query.pattern(first)"),
        ("first: Int", "first: Int, after: String!", "Query.pattern(after)"),
        ("enum Kind { A, B }", "enum Kind { A }", "Kind.B"),
        ("Pattern | Other", "Pattern", "Either.Other"),
        ("input Wanted { name: String }", "", "Wanted"),
        ("input Wanted { name: String }", "input Wanted { name: String, more: Int! }", "Wanted.more"),
        ("type Other { name: String }", "interface Other { name: String }", "Other"),
    ],
)
def test_what_is_broken_is_found_by_its_name(before: str, after: str, coordinate: str) -> None:
    assert before in OLD
    new = OLD.replace(before, after)
    if coordinate == "Other":
        new = new.replace("Pattern | Other", "Pattern")
    old_schema, new_schema = (graphql.build_schema(text) for text in (OLD, new))
    assert coordinate in broken(old_schema, new_schema)
    assert broken(old_schema, old_schema) == {}


def test_what_the_changelog_tells() -> None:
    text = """
- `Not.here`: above.
### Breaking changes of the GraphQL schema
Words about `It.self`: no line.
- `A.b`, `C`: why; use `D.e`.
- `F.g(h)`: why.
## 0.0.1
- `Too.old`: x.
"""
    assert told(text) == {"A.b", "C", "F.g(h)"}


@pytest.mark.lengthy
def test_what_clients_of_the_last_release_would_find_broken_is_in_the_changelog() -> None:
    released = graphql.build_schema(asset("graphql", "released.graphql").read_text(encoding="utf-8"))
    today = graphql.build_schema(build_schema(Settings()).as_str())
    found = broken(released, today)
    assert found.keys() - told(CHANGELOG.read_text(encoding="utf-8")) == set(), found
