"""The whole document, OpenAPI 3.1."""

from __future__ import annotations

import json
from functools import cache
from itertools import chain
from typing import Final

from loopgraph import __version__
from loopgraph.api.openapi import events, exports, live, others, views
from loopgraph.api.openapi.parts import HEADERS, PROBLEM, Json, all_errors, schemas
from loopgraph.api.rest.catalogue import VIEWS

_DESCRIPTION: Final = (
    "The REST doors of the service: events come in by them, and dashboards that speak no GraphQL read views of what `/graphql` "
    "answers. A wrong value is answered 400 with its name and what would be right; what the graph cannot do now, 503 with "
    "Retry-After. docs/rest.md says how the views differ from the documents that they are named in."
)

_TAGS: Final = {
    "pattern-analytics": "Patterns: how well they succeed, how they are used and develop.",
    "analytics": "All figures of one pattern, and how all develop.",
    "lineage": "How patterns descend from each other.",
    "patterns": "Patterns for those who run them.",
    "export": "What is recorded, kept and decided as files of other tools' formats.",
    "events": "What happened, on its way in.",
    "mcp": "Tools for agents.",
    "graphql": "All of it, for those who speak GraphQL.",
    "health": "Whether the service works.",
    "console": "The page for browsers.",
    "documents": "What describes the service.",
}


@cache
def document() -> Json:
    """Every route of the service."""
    paths: Json = {}
    for operation in chain(
        views.operations(), live.operations(), exports.operations(), events.operations(), others.operations()
    ):
        paths.setdefault(operation.path, {})[operation.method] = operation.told
    models = schemas(
        [
            *((view.answer, "serialization") for view in VIEWS),
            *((view.parameters, "validation") for view in VIEWS if view.method == "POST"),
            *others.MODELS,
        ]
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Loopgraph",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name, "description": description} for name, description in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": dict(sorted({**models, **events.event_schemas(), "Problem": PROBLEM}.items())),
            "responses": all_errors(),
            "headers": HEADERS,
        },
    }


def text() -> str:
    """The document as it is exported."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
