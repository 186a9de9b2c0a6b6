"""What operations of the document are made of: answers, errors, headers, and the schemas of models."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

Json = dict[str, Any]

REF: Final = "#/components/schemas/{model}"

JSON: Final = "application/json"

_ERRORS: Final = {
    400: "A value is wrong: the error names it, and what would be right.",
    401: "The service wants a token, and got none, or one that is not known, has expired or was revoked.",
    403: "The caller may not do this, or the page that asks is of an origin that is not allowed.",
    404: "There is nothing of this id.",
    406: "The client takes no form of answer that there is.",
    408: "The body came too slowly.",
    409: "The id is taken by other content, or what it names is in a state that does not allow this.",
    413: "The body is larger than is taken in.",
    415: "The body is of a type that is not read here.",
    421: "The Host header names another host.",
    422: "The graph cannot store this, though it stores others.",
    429: "More is in work than is taken in; Retry-After says when to come again.",
    500: "Something that nobody foresaw, logged with the correlation id of the answer.",
    501: "What this door needs is not installed.",
    503: "The graph does not answer now, or the operation took longer than it may; Retry-After says when to come again.",
}

_OF_OTHER_FORMS: Final = {406}
"""What only doors answer whose errors have a form of their own."""

ALWAYS: Final = (400, 401, 403, 408, 413, 421, 503)
"""What any door can answer."""

WITH_BODY: Final = (415, 429)
"""What a door can answer that reads a body."""

EVENTS: Final = (409, 422)
"""What a door can answer that records."""

_RETRY: Final = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}

HEADERS: Final[Json] = {
    "RetryAfter": {"description": "After how many seconds to come again.", "schema": {"type": "integer", "minimum": 0}},
    "CorrelationId": {
        "description": "The correlation id of the request: that of its header, or a new one.",
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "Stands for these bytes; with If-None-Match they are answered once.",
        "schema": {"type": "string"},
    },
    "ContentDisposition": {
        "description": "`attachment`, and what to call the file.",
        "schema": {"type": "string"},
    },
    "Truncated": {
        "description": "`true` where a graph is larger than was asked for, and only a part of it is here.",
        "schema": {"type": "boolean"},
    },
    "Pending": {
        "description": "How many traces are committed and not counted yet, because very many came at once; left out: none.",
        "schema": {"type": "integer", "minimum": 1},
    },
}

PROBLEM: Final[Json] = {
    "type": "object",
    "description": "What went wrong.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "Its name for programs, such as INVALID_INPUT."},
                "message": {
                    "type": "string",
                    "description": "One sentence for people; of a wrong value, what would be right.",
                },
                "field": {"type": "string", "description": "Where the wrong value is."},
                "kind": {"type": "string", "description": "What kind of thing it is about."},
                "id": {"type": "string", "description": "Which one."},
            },
        }
    },
}


class Operation(NamedTuple):
    """One method of one path, as OpenAPI describes it."""

    method: str
    path: str
    told: Json


class _Untitled(GenerateJsonSchema):
    """Titles would only repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schemas(models: Iterable[tuple[type[BaseModel], JsonSchemaMode]]) -> Json:
    """The schemas of models and of what they are made of, by name."""
    _, made = models_json_schema(
        sorted(models, key=lambda one: one[0].__name__), ref_template=REF, schema_generator=_Untitled
    )
    found: Json = made.get("$defs", {})
    return found


def schema_of(model: type[BaseModel]) -> Json:
    """Where the schema of a model is."""
    return schema_named(model.__name__)


def schema_named(name: str) -> Json:
    """Where the schema of this name is."""
    return {"$ref": REF.format(model=name)}


def answer(
    description: str, schema: Json | None = None, media: str = JSON, headers: Mapping[str, str] | None = None
) -> Json:
    """One response; ``headers`` are names of headers, and of what they are among ``HEADERS``."""
    told: Json = {"description": description}
    if schema is not None:
        told["content"] = {media: {"schema": schema}}
    if headers:
        told["headers"] = {name: {"$ref": f"#/components/headers/{each}"} for name, each in headers.items()}
    return told


def errors(*statuses: Sequence[int] | int) -> Json:
    """Responses to what goes wrong, by status, where the components have them."""
    flat = sorted({status for one in statuses for status in ([one] if isinstance(one, int) else one)})
    return {str(status): {"$ref": f"#/components/responses/Error{status}"} for status in flat}


def error(status: int, schema: Json, *media: str) -> Json:
    """The response to what goes wrong where it has a form of its own."""
    told = {"description": _ERRORS[status], "content": {each: {"schema": schema} for each in media}}
    return {**told, "headers": _RETRY} if status in (429, 503) else told


def all_errors() -> Json:
    """The responses that operations refer to."""
    problem = schema_named("Problem")
    return {f"Error{status}": error(status, problem, JSON) for status in _ERRORS if status not in _OF_OTHER_FORMS}


def query(name: str, schema: Json, description: str) -> Json:
    """A parameter of the query that may be left out."""
    return {"name": name, "in": "query", "description": description, "required": False, "schema": schema}


def parameters(model: type[BaseModel], in_path: Collection[str] = (), without: Collection[str] = ()) -> list[Json]:
    """The fields of a model as parameters of a path or of the query."""
    told = model.model_json_schema()
    return [
        {
            "name": name,
            "in": "path" if name in in_path else "query",
            "description": field.get("description", ""),
            "required": name in told.get("required", ()),
            "schema": _plain(field, told.get("$defs", {})),
        }
        for name, field in told["properties"].items()
        if name not in without
    ]


def _plain(field: Json, defined: Json) -> Json:
    """The schema of a parameter, whole. What may be left out is given or not, and never null."""
    schema = {name: value for name, value in field.items() if name not in ("description", "title")}
    if "anyOf" in schema:
        [given] = [one for one in schema.pop("anyOf") if one != {"type": "null"}]
        schema = {**schema, **given}
    if "$ref" in schema:
        known = defined[schema.pop("$ref").rpartition("/")[2]]
        schema = {**_plain(known, defined), **schema}
    if "items" in schema:
        schema["items"] = _plain(schema["items"], defined)
    if schema.get("default", 0) is None:
        del schema["default"]
    if schema.get("uniqueItems") and "default" in schema:
        schema["default"] = sorted(schema["default"])  # a set has no order
    return schema


def header(name: str, description: str, schema: Json | None = None) -> Json:
    """A header of the request that may be left out."""
    return {
        "name": name,
        "in": "header",
        "description": description,
        "required": False,
        "schema": schema or {"type": "string"},
    }


def body(description: str, content: Mapping[str, Json]) -> Json:
    """The body of a request, its schemas by media type."""
    return {
        "description": description,
        "required": True,
        "content": {media: {"schema": schema} for media, schema in content.items()},
    }
