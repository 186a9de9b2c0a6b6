"""Documents on their way in: parsed, measured, validated, before anything of them runs.

Measuring comes first: how deep a document is, how many aliases it has and how large it is once its fragments are spread. Each
fragment is measured once, so it takes time in proportion to the document's own length; what would take the validation of
graphql-core or the walk of `cost` longer is refused before they see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    is_input_type,
    parse,
    specified_rules,
    type_from_ast,
    validate,
    visit,
)
from graphql.execution.values import get_variable_values
from graphql.validation.rules import overlapping_fields_can_be_merged
from strawberry.extensions import SchemaExtension

from loopgraph.api.graphql import cost
from loopgraph.errors import InvalidInput, UserError

overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 50_000
"""What comparing the fields of a document may take; a sound one of the largest size stays below half of it."""

_CACHED = 256
_CACHED_CHARACTERS = 8_192
"""Longer documents are rare, and are not kept."""

_MOST_ERRORS = 20
"""So many things that are wrong with a document are told."""

_OF_CONNECTIONS = {"edges", "node"}
"""Fields between a connection and what it lists."""

_IN_A_THREAD = 1_024
"""Longer documents are parsed and validated beside the event loop."""


@dataclass(frozen=True)
class Limits:
    """What bounds a document, fragments spread: fields within fields, aliases, and selections (as many as tokens)."""

    depth: int
    aliases: int
    tokens: int


class _Size(NamedTuple):
    depth: int
    aliases: int
    selections: int


def measure(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """What is too large in a document: at most one error. Fragments in a circle count once; validation refuses them."""
    return _Measure(document, limits).errors()


class _Measure:
    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self._limits = limits
        self._operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._known: dict[str, _Size] = {}

    def errors(self) -> list[GraphQLError]:
        limits, total = self._limits, _Size(0, 0, 0)
        for definition in (*self._operations, *self._fragments.values()):
            size = self._of(definition.selection_set)
            if size.depth > limits.depth:
                name = definition.name.value if definition.name else "anonymous"
                most = f"maximum operation depth of {limits.depth} (LOOPGRAPH_MAX_QUERY_DEPTH)"
                return [GraphQLError(f"'{name}' exceeds {most}", [definition])]
            if isinstance(definition, OperationDefinitionNode):
                total = _Size(0, total.aliases + size.aliases, total.selections + size.selections)
        if total.aliases > limits.aliases:
            return [
                GraphQLError(f"{total.aliases} aliases found. Allowed: {limits.aliases} (LOOPGRAPH_MAX_QUERY_ALIASES)")
            ]
        if total.selections > limits.tokens:
            return [
                GraphQLError(
                    f"{total.selections} selections found, with all fragments spread. Allowed: {limits.tokens} "
                    "(LOOPGRAPH_MAX_QUERY_TOKENS)"
                )
            ]
        return []

    def _of(self, selections: SelectionSetNode) -> _Size:
        depth = aliases = found = 0
        for selection in selections.selections:
            match selection:
                case FieldNode():
                    # What introspection answers is bounded by the schema, not by data; a connection is one level.
                    name = selection.name.value
                    own = 0 if name.startswith("__") or name in _OF_CONNECTIONS else 1
                    inner = self._of(selection.selection_set) if selection.selection_set else _Size(0, 0, 0)
                    size = _Size(
                        own + inner.depth if selection.selection_set and not name.startswith("__") else 0,
                        inner.aliases + (selection.alias is not None),
                        inner.selections + 1,
                    )
                case FragmentSpreadNode():
                    size = self._of_fragment(selection.name.value)
                case _:
                    size = self._of(selection.selection_set)  # type: ignore[attr-defined]
            depth, aliases, found = max(depth, size.depth), aliases + size.aliases, found + size.selections
        return _Size(depth, aliases, found)

    def _of_fragment(self, name: str) -> _Size:
        if name not in self._known:
            self._known[name] = _Size(0, 0, 1)
            if (fragment := self._fragments.get(name)) is not None:
                self._known[name] = self._of(fragment.selection_set)
        return self._known[name]


@dataclass(frozen=True)
class _Checked:
    """A document that was parsed, and what is wrong with it."""

    document: DocumentNode | None
    errors: Sequence[GraphQLError]


class Documents:
    """Parses and checks documents for one schema, by the rules of validation; those that come again are remembered."""

    def __init__(
        self, limits: Limits, costs: cost.Limits, rules: Sequence[type[ASTValidationRule]] = specified_rules
    ) -> None:
        self._limits = limits
        self._rules = tuple(rules)
        self._costs = costs
        self._remembered = lru_cache(maxsize=_CACHED)(self._checked)

    async def checked(self, schema: GraphQLSchema, text: str) -> _Checked:
        """A document, or the errors that it is refused for."""
        if len(text) > _CACHED_CHARACTERS:
            return await asyncio.to_thread(self._checked, schema, text)
        if len(text) > _IN_A_THREAD:
            return await asyncio.to_thread(self._remembered, schema, text)
        return self._remembered(schema, text)

    def _checked(self, schema: GraphQLSchema, text: str) -> _Checked:
        try:
            document = parse(text, max_tokens=self._limits.tokens)
        except GraphQLError as error:
            return _Checked(None, [error])
        try:
            return _Checked(
                document,
                measure(document, self._limits) or validate(schema, document, self._rules, max_errors=_MOST_ERRORS),
            )
        except RecursionError:
            return _Checked(document, [GraphQLError("the document is nested too deeply")])

    async def affordable(
        self,
        schema: GraphQLSchema,
        text: str,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Any,
    ) -> list[GraphQLError]:
        """What is too much about an operation, now that its variables are known: at most one error."""
        given = variables if isinstance(variables, dict) else {}
        if len(text) > _IN_A_THREAD:
            return await asyncio.to_thread(self._affordable, schema, document, operation, given)
        return self._affordable(schema, document, operation, given)

    def _affordable(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: dict[str, Any],
    ) -> list[GraphQLError]:
        fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
        try:
            self._check_lists(schema, document, operation, variables)
            values = get_variable_values(schema, operation.variable_definitions or (), variables, max_errors=50)
            if isinstance(values, list):
                return values
            cost.check(schema, operation, fragments, values, self._costs)
        except UserError as error:
            return [GraphQLError(str(error), [operation], original_error=error)]
        except GraphQLError as error:
            return [error]
        return []

    def _check_lists(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: dict[str, Any],
    ) -> None:
        """Looks at lists in variables before each of their items is coerced. Raises InvalidInput, naming the argument."""
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            type_ = type_from_ast(schema, definition.type)
            if (value := variables.get(name)) is None or not is_input_type(type_):
                continue
            for path, length in cost.long_lists(name, type_, value, self._costs.page):
                field = ".".join([_argument_of(document, name), *path.split(".")[1:]])
                raise InvalidInput(field, f"must be at most {self._costs.page}, not {length}")


def _argument_of(document: DocumentNode, variable: str) -> str:
    """The first argument that a variable is given to; a variable that is used elsewhere goes by its own name."""
    found: list[str] = []

    class Find(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            if isinstance(node.value, VariableNode) and node.value.name.value == variable:
                found.append(node.name.value)

    visit(document, Find())
    return found[0] if found else variable


class CheckedDocuments(SchemaExtension):
    """Has the document of a request parsed and checked; what is refused never runs."""

    def __init__(self, documents: Documents) -> None:
        super().__init__()
        self._documents = documents
        self._errors: Sequence[GraphQLError] = ()

    async def on_parse(self) -> AsyncIterator[None]:
        """Parses and validates at once: both are remembered together."""
        context = self.execution_context
        if context.query:
            checked = await self._documents.checked(_schema_of(context), context.query)
            if checked.document is None:
                raise checked.errors[0]
            context.graphql_document, self._errors = checked.document, checked.errors
        yield

    async def on_validate(self) -> AsyncIterator[None]:
        """Adds the cost, which goes by the variables."""
        context = self.execution_context
        assert context.graphql_document is not None
        errors = list(self._errors) or _unclear(context)
        operation = _operation(context.graphql_document, context.operation_name)
        if not errors and operation is not None:
            errors = await self._documents.affordable(
                _schema_of(context), context.query or "", context.graphql_document, operation, context.variables
            )
        context.pre_execution_errors = errors
        yield


def _schema_of(context: Any) -> GraphQLSchema:
    schema: GraphQLSchema = context.schema._schema
    return schema


def _unclear(context: Any) -> list[GraphQLError]:
    """The error of a request that does not say which of several operations it means: strawberry would take the first."""
    found = [one for one in context.graphql_document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(found) > 1 and context._provided_operation_name is None:
        return [GraphQLError("the document has several operations: operationName must say which", found)]
    return []


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """The operation that a request means; None if it does not say which, which the execution answers."""
    found = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if name is None:
        return found[0] if len(found) == 1 else None
    return next((one for one in found if one.name and one.name.value == name), None)
