"""How a view's operation is executed: through the schema of ``/graphql``, with its cost rule, deadline, access and loaders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry
from graphql import GraphQLError
from starlette.requests import Request
from strawberry.types.graphql import OperationType

from loopgraph.api.graphql.context import Context
from loopgraph.api.graphql.disconnects import while_connected
from loopgraph.api.rest.answers import Json
from loopgraph.api.rest.parameters import Parameters
from loopgraph.api.rest.view import Ask
from loopgraph.errors import Blame, InvalidInput, LoopgraphError, UserError


class Unexpected(LoopgraphError):
    """Something that nobody foresaw; it was logged with the correlation id that the message tells."""

    blame = Blame.EVENT
    code = "INTERNAL"


class RefusedOperation(UserError):
    """The service's limits are smaller than what a view asks for."""

    code = "INVALID_DOCUMENT"


async def answer_of(schema: strawberry.Schema, request: Request, context: Context, ask: Ask, given: Parameters) -> Json:
    """The data of an operation.

    Raises what GraphQL would answer with as an error, with fields named as the view's parameters; Unexpected in place of what
    it masks; and Gone when the client closes the connection.
    """
    result: Any = await while_connected(
        request,
        schema.execute(
            ask.text,
            variable_values=ask.variables,
            context_value=context,
            allowed_operation_types=[OperationType.QUERY],
        ),
    )
    if result.errors:
        raise _error(result.errors, given)
    data: Json = result.data
    return data


def _error(errors: Sequence[GraphQLError], given: Parameters) -> LoopgraphError:
    match errors[0].original_error:
        case InvalidInput() as error:
            return InvalidInput(given.name_of(error.field), error.problem)
        case LoopgraphError() as error:
            return error
        case None:
            return RefusedOperation(errors[0].message)
        case _:
            return Unexpected(errors[0].message)
