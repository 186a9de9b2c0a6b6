"""The OpenAPI document is that of the code: every route is in it, nothing else is, and it is exported as it is served."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from loopgraph.api.access import Door
from loopgraph.api.openapi.document import document, text
from loopgraph.api.rest.catalogue import VIEWS
from loopgraph.main import create_app
from loopgraph.settings import Settings
from support.service import Json, Service

ROOT = Path(__file__).parents[3]
ROUTES = {
    (method.lower(), re.sub(r":\w+}", "}", route.path))
    for route in create_app(Settings()).routes
    if isinstance(route, Door)
    for method in (route.methods or set()) - {"HEAD"}
}
OPERATIONS: dict[tuple[str, str], Json] = {
    (method, path): told for path, methods in document()["paths"].items() for method, told in methods.items()
}


def test_every_route_is_described_and_everything_described_is_a_route() -> None:
    assert OPERATIONS.keys() == ROUTES


def test_the_exported_document_is_that_of_the_code() -> None:
    assert (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8") == text(), "run `make schema`"


@pytest.mark.lengthy
async def test_the_served_document_is_that_of_the_code(service: Service) -> None:
    response = await service.http.get("/api/openapi.json")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == json.loads(text())


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    told = document()
    references = set(re.findall(r'"\$ref": "#/components/(\w+)/(\w+)"', text()))
    references |= {("schemas", name) for name in re.findall(r'": "#/components/schemas/(\w+)"', text())}
    known = {(kind, name) for kind, parts in told["components"].items() for name in parts}
    assert references == known


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_an_operation_says_what_it_is(operation: tuple[str, str]) -> None:
    told = OPERATIONS[operation]
    assert told["summary"].endswith(".")
    assert {one["name"] for one in document()["tags"]} >= set(told["tags"])
    assert {"403", "421", "503"} <= told["responses"].keys()
    assert {"200", "204", "303"} & told["responses"].keys()  # what it is for
    for parameter in told.get("parameters", ()):
        assert parameter["in"] == "path" or parameter["description"], parameter["name"]
    named = re.findall(r"{(\w+)}", operation[1])
    assert named == [one["name"] for one in told.get("parameters", ()) if one["in"] == "path"]


KEYWORDS = {
    "type", "default", "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "enum",
    "items", "minItems", "maxItems", "uniqueItems",
}  # fmt: skip
"""Of JSON Schema: a bound under any other name would be none."""


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_bounds_of_parameters_are_told_in_words_of_json_schema(operation: tuple[str, str]) -> None:
    for parameter in OPERATIONS[operation].get("parameters", ()):
        assert parameter["schema"].keys() <= KEYWORDS, parameter["name"]


def test_operations_are_told_apart() -> None:
    ids = [told["operationId"] for told in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.path)
def test_every_parameter_of_a_view_is_in_the_document_and_in_the_page(view: object) -> None:
    page = (ROOT / "docs" / "rest.md").read_text(encoding="utf-8")
    path, fields = view.path, view.parameters.model_fields  # type: ignore[attr-defined]
    assert f"`{path}`" in page
    for name, field in fields.items():
        assert f"`{name}`" in page, name
        assert field.description, name
