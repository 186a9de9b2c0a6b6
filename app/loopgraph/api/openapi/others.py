"""The doors of health, of rendered patterns, of GraphQL, of the console and its sessions, and of the document itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from loopgraph.api.http import renderings, sessions
from loopgraph.api.http.console import MEDIA
from loopgraph.api.openapi.parts import (
    ALWAYS,
    JSON,
    WITH_BODY,
    Json,
    Operation,
    answer,
    body,
    error,
    errors,
    header,
    query,
    schema_of,
)
from loopgraph.contracts.access import Asker, Credentials
from loopgraph.contracts.loop.rendering import Rendering, RenderRequest

PATH: Final = "/api/openapi.json"

MODELS: Final = (
    (RenderRequest, "validation"),
    (Rendering, "serialization"),
    (Credentials, "validation"),
    (Asker, "serialization"),
)
"""What these doors take and answer."""

_HEALTH: Final[Json] = {
    "type": "object",
    "required": ["status", "version"],
    "properties": {"status": {"const": "ok"}, "version": {"type": "string"}},
    "additionalProperties": False,
}
_READY: Final[Json] = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"enum": ["ok", "unavailable", "starting", "upgrading", "stopping"]},
        "engine": {"type": "string"},
        "agent": {"type": "string", "description": "What the engine calls itself."},
        "schema_version": {"type": ["integer", "null"]},
        "latency_ms": {"type": "number"},
        "code": {"type": "string"},
        "message": {"type": "string", "description": "Why it is not ready."},
        "kafka": {
            "type": "object",
            "description": "How the `consumer` and the `producer` of Kafka stand, where they are set; the service is ready "
            "whatever they say.",
            "additionalProperties": {
                "type": "object",
                "required": ["status", "message"],
                "properties": {
                    "status": {"enum": ["ok", "starting", "away", "elsewhere"]},
                    "message": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": False,
}
_REQUEST: Final[Json] = {
    "type": "object",
    "required": ["query"],
    "properties": {
        "query": {"type": "string", "description": "The document."},
        "variables": {"type": ["object", "null"]},
        "operationName": {"type": ["string", "null"]},
        "extensions": {"type": ["object", "null"]},
    },
}
_RESULT: Final[Json] = {
    "type": "object",
    "properties": {
        "data": {"type": ["object", "null"]},
        "errors": {"type": "array", "items": {"type": "object"}},
        "extensions": {"type": "object"},
    },
}
_RPC: Final[Json] = {
    "type": "object",
    "required": ["jsonrpc", "method"],
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "method": {"type": "string", "description": "Such as `tools/list` or `tools/call`."},
        "id": {"type": ["string", "integer"], "description": "Left out of a message that wants no answer."},
        "params": {"type": "object"},
    },
}
_MESSAGE: Final[Json] = {"type": "object"}
_GRAPHQL: Final = "application/graphql-response+json"


def operations() -> Iterator[Operation]:
    """These doors."""
    yield _operation(
        "get", "/healthz", "healthz", "health", "Whether the process answers.", answer("It does.", _HEALTH)
    )
    yield _operation(
        "get", "/livez", "livez", "health", "Whether the process lives, as `/healthz`.", answer("It does.", _HEALTH)
    )
    told = {"description": "They are there.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    yield _operation("get", "/metrics", "metrics", "health", "What is counted, in the text format of Prometheus.", told)
    ready = {"200": answer("They can.", _READY), **errors(ALWAYS), "503": answer("They cannot, and why.", _READY)}
    yield Operation(
        "get",
        "/readyz",
        {
            "operationId": "readyz",
            "tags": ["health"],
            "summary": "Whether requests can be served: the graph answers, stores what it is given, and has its schema.",
            "responses": ready,
        },
    )
    yield Operation(
        "post",
        renderings.PATH,
        {
            "operationId": "render_pattern",
            "tags": ["patterns"],
            "summary": "The text of the version of a pattern that a unit of work is to run.",
            "requestBody": body("Which pattern, for which unit of work.", {JSON: schema_of(RenderRequest)}),
            "responses": {"200": answer("The text.", schema_of(Rendering)), **errors(ALWAYS, WITH_BODY, 404, 409)},
        },
    )
    yield from _graphql()
    yield _mcp()
    yield from _console()
    yield from _sessions()
    whole = answer("The document.", {"type": "object"})
    yield _operation("get", PATH, "openapi", "documents", "This document.", whole)


def _operation(method: str, path: str, id_: str, tag: str, summary: str, good: Json) -> Operation:
    told = {"operationId": id_, "tags": [tag], "summary": summary, "responses": {"200": good, **errors(ALWAYS)}}
    return Operation(method, path, told)


def _graphql() -> Iterator[Operation]:
    events: Json = {"text/event-stream": {"schema": {"type": "string"}}}
    for method in ("get", "post"):
        good = answer("The answer: errors of the document or its fields are in it.", _RESULT)
        good["content"] |= {_GRAPHQL: {"schema": _RESULT}, **events}
        if method == "get":
            good["content"]["text/html"] = {"schema": {"type": "string"}}
        refused = errors(ALWAYS) | {str(status): error(status, _RESULT, JSON, _GRAPHQL) for status in (400, 415)}
        told: Json = {
            "operationId": f"graphql_{method}",
            "tags": ["graphql"],
            "summary": "Execute an operation of GraphQL. Queries alone by GET.",
            "responses": {"200": good, **refused},
        }
        if method == "get":
            told["parameters"] = [
                query("query", {"type": "string"}, "The document."),
                query("variables", {"type": "string"}, "Its variables, as a JSON object."),
                query("operationName", {"type": "string"}, "Which operation of the document."),
            ]
        else:
            told["requestBody"] = body("The operation.", {JSON: _REQUEST})
        yield Operation(method, "/graphql", told)
    asset = answer("The file.", {"type": "string"}, "text/javascript")
    asset["content"]["text/css"] = {"schema": {"type": "string"}}
    yield Operation(
        "get",
        "/graphql/assets/{name}",
        {
            "operationId": "graphiql_asset",
            "tags": ["graphql"],
            "summary": "A file of the page at /graphql for browsers; where that is switched off, there is none.",
            "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {"200": asset, "304": answer("It has not changed."), **errors(ALWAYS, 404)},
        },
    )


def _mcp() -> Operation:
    refused = {str(status): error(status, _MESSAGE, JSON) for status in (400, 404, 406, 415)}
    told: Json = {
        "operationId": "mcp",
        "tags": ["mcp"],
        "summary": "The Model Context Protocol by streamable HTTP, without sessions: tools for agents. Needs the extra `mcp`.",
        "requestBody": body("A message of JSON-RPC.", {JSON: _RPC}),
        "responses": {
            "200": answer("The message that answers it.", _MESSAGE),
            "202": answer("A message that wants no answer was taken."),
            **errors(ALWAYS, WITH_BODY, 501),
            **refused,
        },
        "parameters": [
            {
                "name": "Accept",
                "in": "header",
                "description": "What the protocol asks of clients.",
                "required": True,
                "schema": {"type": "string", "enum": ["application/json, text/event-stream"]},
            }
        ],
    }
    return Operation("post", "/mcp", told)


def _console() -> Iterator[Operation]:
    for id_, path, summary, media in (
        ("console", "/", "The console, a page for browsers", ("text/html",)),
        ("console_file", "/console/{name}", "A file of the console", (*MEDIA.values(), "text/plain")),
    ):
        good = answer("It.", headers={"ETag": "ETag"})
        good["content"] = {each: {"schema": {"type": "string"}} for each in media}
        told: Json = {
            "operationId": id_,
            "tags": ["console"],
            "summary": f"{summary}; where that is switched off, there is none.",
            "parameters": [header("If-None-Match", "The ETag of what is at hand.")],
            "responses": {"200": good, "304": answer("What is at hand is still right."), **errors(ALWAYS, 404)},
        }
        if path != "/":
            name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
            told["parameters"].append(name)
        yield Operation("get", path, told)


def _sessions() -> Iterator[Operation]:
    tags, asker = ["console"], schema_of(Asker)
    who: Json = {
        "operationId": "session",
        "tags": tags,
        "summary": "Who asks, with what roles; whoever it is may ask.",
        "responses": {"200": answer("What is known of who asks.", asker), **errors(ALWAYS, 429)},
    }
    yield Operation("get", sessions.PATH, who)
    sign_in: Json = {
        "operationId": "sign_in",
        "tags": tags,
        "summary": "Sign in to the console by a token: the browser keeps a session, in a cookie. For its own pages alone.",
        "requestBody": body("The token.", {JSON: schema_of(Credentials)}),
        "responses": {"200": answer("Who has signed in.", asker), **errors(ALWAYS, WITH_BODY, 404)},
    }
    yield Operation("post", sessions.PATH, sign_in)
    out = {"204": answer("Nobody is signed in any more."), **errors(ALWAYS, 404)}
    told: Json = {"operationId": "sign_out", "tags": tags, "summary": "Sign out of the console.", "responses": out}
    yield Operation("delete", sessions.PATH, told)
    for id_, path, summary in (
        ("sign_in_by_provider", sessions.PROVIDER, "Leads a browser to the identity provider, to sign in there."),
        (
            "signed_in_by_provider",
            sessions.CALLBACK,
            "Where the identity provider leads it back to; from here to the console.",
        ),
    ):
        led = {"303": answer("To where it goes on."), **errors(ALWAYS, 404)}
        told = {"operationId": id_, "tags": tags, "summary": summary, "responses": led}
        if path == sessions.CALLBACK:
            told["parameters"] = [
                query("code", {"type": "string"}, "What the provider gave."),
                query("state", {"type": "string"}, "What ties it to this browser."),
            ]
        yield Operation("get", path, told)
