"""Errors on their way out: expected ones get a code, anything else is masked, logged, and answered with the correlation id."""

from __future__ import annotations

import logging
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from loopgraph.errors import Blame, InvalidInput, LoopgraphError, blame_of

logger = logging.getLogger(__name__)


class CodedSchema(strawberry.Schema):
    """A schema whose errors carry ``extensions.code``, and hide what clients have no business with."""

    async def execute(self, *args: Any, **kwargs: Any) -> ExecutionResult:
        """The one result of a query or a mutation. Subscriptions, which ``stream`` runs, are refused."""
        allowed = set(kwargs.get("allowed_operation_types") or OperationType)
        kwargs["allowed_operation_types"] = allowed - {OperationType.SUBSCRIPTION}
        return await super().execute(*args, **kwargs)

    async def _prepare_operation_async(self, context: Any, extensions_runner: Any) -> PreExecutionError | None:
        """Takes the error of a document that an extension could not parse as strawberry takes that of its own parser."""
        try:
            _check_types(context)
            return await super()._prepare_operation_async(context, extensions_runner)
        except GraphQLError as error:
            context.pre_execution_errors = [error]
            return PreExecutionError(data=None, errors=[error])

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Replaces the errors of an answer, in place; called once for every answer on every transport."""
        context = execution_context.context if execution_context else None
        errors[:] = [_coded(error, getattr(context, "correlation_id", "unknown")) for error in errors]


def _coded(error: GraphQLError, correlation_id: str) -> GraphQLError:
    original = error.original_error
    if original is None or isinstance(original, GraphQLError):
        # The document or its variables are wrong, and graphql-core says how.
        return _with(error, error.message, {"code": "INVALID_DOCUMENT", **(error.extensions or {})})
    if isinstance(original, MissingQueryError | CannotGetOperationTypeError | InvalidOperationTypeError):
        # Over HTTP these are refused before there is an answer; where an answer has begun, this is all of it.
        return _with(error, _refusal(original), {"code": "BAD_REQUEST"})
    if isinstance(original, LoopgraphError):
        more: dict[str, object] = {"field": original.field} if isinstance(original, InvalidInput) else {}
        if blame_of(original) is Blame.GRAPH:
            more["retryAfterS"] = getattr(original, "retry_after_s", 1)
            logger.warning("%s: %s, correlation id %s", type(original).__name__, original, correlation_id)
        return _with(error, original.by_name, {"code": original.code, **more, **getattr(original, "extensions", {})})
    logger.error("unexpected error, correlation id %s", correlation_id, exc_info=original)
    message = f"unexpected error; it was logged with the correlation id {correlation_id}"
    return _with(error, message, {"code": "INTERNAL", "correlationId": correlation_id})


def _check_types(context: ExecutionContext) -> None:
    """What HTTP has looked at, and a message of a WebSocket not. Raises GraphQLError."""
    for name, value, type_, wanted in (
        ("query", context.query, str, "a string"),
        ("variables", context.variables, dict, "an object"),
    ):
        if value is not None and not isinstance(value, type_):
            raise GraphQLError(f"{name} must be {wanted}", extensions={"code": "BAD_REQUEST"})


def _refusal(error: MissingQueryError | CannotGetOperationTypeError | InvalidOperationTypeError) -> str:
    match error:
        case CannotGetOperationTypeError():
            return error.as_http_error_reason()
        case InvalidOperationTypeError():
            return f"operations of the type {error.operation_type.value} are not allowed here"
        case _:
            return "No GraphQL query found in the request"


def _with(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    # It is kept for other doors and goes into no answer; but for this one, a socket would be closed instead of answered.
    original = None if isinstance(error.original_error, CannotGetOperationTypeError) else error.original_error
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=original,
        extensions=extensions,
    )
