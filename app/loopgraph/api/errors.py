"""Errors as HTTP doors answer them: a status, and ``{"error": {"code", "message", …}}``.

What blames the request or an event is final: 4xx. What blames the graph is answered 503 with ``Retry-After``, and the event stays
with its sender.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

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
    (errors.Unauthenticated, 401),
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
    if status == 401:
        more["www-authenticate"] = 'Bearer realm="loopgraph"'
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
    places, part = placed(first["loc"], contract)
    field = ".".join(places)
    match first["type"]:
        case "missing":
            wanted = "is required"
        case "extra_forbidden":
            known = ", ".join(name for name in part.model_fields if name != "kind")
            wanted = f"is not known here; known are {known}"
        case "string_pattern_mismatch":
            wanted = ID_FORM
        case "value_error":
            told = first["ctx"]["error"].args[0]
            wanted = told if isinstance(told, errors.Spelled) else errors.in_our_words(first["msg"])
        case "timezone_aware":
            wanted = "must name its time zone, such as 2026-01-31T12:00:00Z"
        case "datetime_type" | "datetime_parsing" | "datetime_from_date_parsing" | "datetime_object_invalid":
            wanted = "must be an instant with its time zone, such as 2026-01-31T12:00:00Z"
        case "too_long" | "too_short" as length:
            most = first["ctx"]["max_length" if length == "too_long" else "min_length"]
            wanted = f"must have at {'most' if length == 'too_long' else 'least'} {most} items"
        case _:
            wanted = first["msg"].replace("Input should", "must", 1).replace("should", "must", 1)
    if not field:
        field = _named_in(wanted, contract)
        wanted = wanted.removeprefix(f"{field} ") if wanted.startswith(f"{field} must") else wanted
    return errors.InvalidInput(field, wanted)


def placed(loc: Sequence[int | str], contract: type[BaseModel]) -> tuple[list[str], type[BaseModel]]:
    """Where in data of a contract something is, without the tags by which pydantic tells the members of a union apart; and the
    innermost contract there."""
    places: list[str] = []
    part, members = contract, list[type[BaseModel]]()
    for place in map(str, loc):
        tagged = next((each for each in members if place in _tags(each)), None)
        if tagged is not None and place not in part.model_fields:
            part, members = tagged, []
            continue
        places.append(place)
        if (field := part.model_fields.get(place)) is not None:
            members = [
                each for each in _parts(field.annotation) if isinstance(each, type) and issubclass(each, BaseModel)
            ]
            if len(members) == 1:
                part, members = members[0], []
    return places, part


def _tags(contract: type[BaseModel]) -> set[str]:
    return {
        contract.__name__,
        *(str(field.default) for field in contract.model_fields.values() if get_origin(field.annotation) is Literal),
    }


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in get_args(annotation):
        yield from _parts(each)


def _named_in(text: str, contract: type[BaseModel]) -> str:
    """The field that a rule over several fields speaks of first."""
    words = text.replace(",", " ").replace(":", " ").split()
    return next((word for word in words if word in contract.model_fields), "body")
