"""The exported SDL, and the operation documents beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import graphql
import pytest
from graphql import NonNullTypeNode, OperationDefinitionNode

from loopgraph.api.graphql.schema import build_schema
from loopgraph.assets import asset
from loopgraph.settings import Settings
from support.service import operation, operation_names

TESTS = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sdl() -> str:
    return asset("graphql", "schema.graphql").read_text(encoding="utf-8")


@pytest.mark.lengthy
def test_the_exported_sdl_is_that_of_the_code(sdl: str) -> None:
    assert sdl == build_schema(Settings()).as_str().rstrip() + "\n", "run `make schema`"


@pytest.fixture(scope="module")
def exported(sdl: str) -> graphql.GraphQLSchema:
    return graphql.build_schema(sdl)


class NeedsNoDefaultOfTheSchema(graphql.ValidationRule):
    """Relay: what may be left out has a default of its own where null must not stand, though the argument has one."""

    context: graphql.ValidationContext

    def leave_operation_definition(self, node: OperationDefinitionNode, *_args: object) -> None:
        declared = {one.variable.name.value: one for one in node.variable_definitions or ()}
        for usage in self.context.get_recursive_variable_usages(node):
            variable = declared[usage.node.name.value]
            nullable = not isinstance(variable.type, NonNullTypeNode) and variable.default_value is None
            if nullable and isinstance(usage.type, graphql.GraphQLNonNull):
                self.report_error(graphql.GraphQLError(f"${usage.node.name.value} needs a default", usage.node))


@pytest.mark.lengthy
@pytest.mark.parametrize("name", operation_names())
def test_a_document_is_one_named_operation_that_the_sdl_allows(exported: graphql.GraphQLSchema, name: str) -> None:
    document = graphql.parse(operation(name))
    assert graphql.validate(exported, document) == []
    assert graphql.validate(exported, document, [graphql.NoDeprecatedCustomRule]) == []
    assert graphql.validate(exported, document, [NeedsNoDefaultOfTheSchema]) == []
    [found] = [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    assert found.name is not None
    for variable in found.variable_definitions or ():  # Relay takes none that must be given and yet has a default
        assert not (isinstance(variable.type, NonNullTypeNode) and variable.default_value), variable.variable.name.value


def executed_names() -> Iterator[str]:
    """The documents that tests execute: each is named where it is executed, so the tests' own text tells."""
    for folder in ("api", "support"):
        for path in (TESTS / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Attribute(attr="execute" | "follow"), args=[ast.Constant(value=str(name)), *_]
                    ):
                        yield name


@pytest.mark.lengthy
def test_every_document_is_executed_by_a_test() -> None:
    assert sorted(set(operation_names()) - set(executed_names())) == []
