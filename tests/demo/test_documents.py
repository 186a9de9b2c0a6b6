"""The demo's documents are what a client would write today."""

from __future__ import annotations

import pytest
from graphql import NoDeprecatedCustomRule, build_schema, parse, specified_rules, validate

from loopgraph.assets import asset
from loopgraph.demo import documents

DOCUMENTS = {name: text for name, text in vars(documents).items() if name.isupper()}


@pytest.mark.lengthy
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_and_uses_nothing_deprecated(name: str) -> None:
    schema = build_schema(asset("graphql", "schema.graphql").read_text(encoding="utf-8"))
    assert validate(schema, parse(DOCUMENTS[name]), [*specified_rules, NoDeprecatedCustomRule]) == []
