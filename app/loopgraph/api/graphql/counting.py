"""Operations are counted by what the schema calls them: never by a name that a client has given."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any, Final

from graphql import DocumentNode, FieldNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode
from strawberry.extensions import SchemaExtension

from loopgraph.api.metrics import OTHER, SEVERAL
from loopgraph.errors import LoopgraphError

_STREAM: Final = "subscription"


class Counting(SchemaExtension):
    """Counts an operation when it has ended, in the metrics of the service that it was asked of."""

    async def on_operation(self) -> AsyncIterator[None]:
        """An operation, from its document to its answer; of a subscription, to its end."""
        began = time.perf_counter()
        outcome = "CANCELLED"
        try:
            yield
            outcome = _outcome(self.execution_context)
        finally:
            context = self.execution_context
            type_, field = _named(context)
            took_s = None if type_ == _STREAM else time.perf_counter() - began
            context.context.services.metrics.graphql.ended(type_, field, outcome, took_s)


def _named(context: Any) -> tuple[str, str]:
    """The type of an operation and its root field, by the schema."""
    document: DocumentNode | None = context.graphql_document
    if document is None or context.pre_execution_errors:
        return OTHER, OTHER
    operation = next(
        (
            one
            for one in document.definitions
            if isinstance(one, OperationDefinitionNode)
            and (context.operation_name is None or (one.name and one.name.value == context.operation_name))
        ),
        None,
    )
    if operation is None:
        return OTHER, OTHER
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    fields = _fields(operation.selection_set, fragments)
    return operation.operation.value, fields.pop() if len(fields) == 1 else SEVERAL


def _fields(selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]) -> set[str]:
    """The root fields of a document that was found valid: their names are the schema's, and no fragment is in a circle."""
    found = set[str]()
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            found.add(selection.name.value)
        else:
            name = getattr(selection, "name", None)
            inner = fragments[name.value].selection_set if name else selection.selection_set  # type: ignore[attr-defined]
            found |= _fields(inner, fragments)
    return found


def _outcome(context: Any) -> str:
    """``ok``, or the code of the first error: those of ours and graphql-core's own, of which there are few."""
    errors = context.pre_execution_errors or getattr(context.result, "errors", None)
    if not errors:
        return "ok"
    original = errors[0].original_error
    if isinstance(original, LoopgraphError):
        return original.code
    code = (errors[0].extensions or {}).get("code")
    return code if isinstance(code, str) else "INVALID_DOCUMENT" if original is None else "INTERNAL"
