"""Errors as HTTP doors answer them: a status, and ``{"error": {"code", "message", …}}``.

What blames the request or an event is final: 4xx. What blames the graph is answered 503 with ``Retry-After``, and the event stays
with its sender.
"""

from __future__ import annotations

import logging
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loopgraph import errors
from loopgraph.contracts.base import ID_FORM

logger = logging.getLogger(__name__)


class UnsupportedMediaType(errors.UserError):
    """The body is of a kind that this door does not read."""

    code = "UNSUPPORTED_MEDIA_TYPE"


class ContentTooLarge(errors.UserError):
    """The body brings more than this door takes at once."""

    code = "BODY_TOO_LARGE"


_STATUS: tuple[tuple[type[errors.LoopgraphError], int], ...] = (
    (errors.InvalidInput, 400),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.InvalidTransition, 409),
    (ContentTooLarge, 413),
    (UnsupportedMediaType, 415),
    (errors.Unprocessable, 422),
    (errors.UserError, 400),
    (errors.Overloaded, 429),
    (errors.ServiceError, 503),
    (errors.SetupError, 503),
)


def problem(error: errors.LoopgraphError) -> tuple[int, dict[str, Any]]:
    """The status and the body of an answer to an error.

    ``field`` is there for invalid input, ``kind`` and ``id`` where the error is about one thing.
    """
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    body: dict[str, Any] = {"code": error.code, "message": str(error)}
    match error:
        case errors.InvalidInput():
            body |= {"field": error.field, "message": error.problem}
        case errors.NotFound() | errors.Conflict() | errors.InvalidTransition():
            body |= {"kind": error.kind, "id": error.id}
    return status, {"error": body}


def problem_response(error: errors.LoopgraphError, headers: dict[str, str] | None = None) -> JSONResponse:
    """The answer to an error; one that is the service's fault is logged, and says when to try again if that can help."""
    status, body = problem(error)
    wait_s = error.retry_after_s if isinstance(error, errors.ServiceError) else 1
    more = {"retry-after": str(wait_s)} if status in (429, 503) else {}
    if not isinstance(error, errors.UserError | errors.Overloaded):
        logger.error("%s: %s", type(error).__name__, error)
    return JSONResponse(body, status_code=status, headers={**(headers or {}), **more})


async def nowhere(request: Request, error: Exception) -> Response:
    """The answer to a request for a path or with a method that there is not."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        code, message = "METHOD_NOT_ALLOWED", f"{request.url.path} does not take {request.method}"
    else:
        code, message = "NOT_FOUND", f"there is nothing at {request.url.path}"
    body = {"error": {"code": code, "message": message}}
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)


def invalid_input(error: ValidationError, contract: type[BaseModel]) -> errors.InvalidInput:
    """The first thing that is wrong with the data of a contract: its field, and what would be right. Values are not shown:
    they can be secrets."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    match first["type"]:
        case "missing":
            wanted = "is required"
        case "extra_forbidden":
            known = ", ".join(name for name in contract.model_fields if name != "kind")
            wanted = f"is not known here; known are {known}"
        case "string_pattern_mismatch":
            wanted = ID_FORM
        case "value_error":
            told = first["ctx"]["error"].args[0]
            wanted = told if isinstance(told, errors.Spelled) else first["msg"].removeprefix("Value error, ")
        case "timezone_aware":
            wanted = "must name its time zone, such as 2026-01-31T12:00:00Z"
        case _:
            wanted = first["msg"].replace("Input should", "must", 1).replace("should", "must", 1)
    if not field:
        field = _named_in(wanted, contract)
        wanted = wanted.removeprefix(f"{field} ") if wanted.startswith(f"{field} must") else wanted
    return errors.InvalidInput(field, wanted)


def _named_in(text: str, contract: type[BaseModel]) -> str:
    """The field that a rule over several fields speaks of first."""
    words = text.replace(",", " ").replace(":", " ").split()
    return next((word for word in words if word in contract.model_fields), "body")
