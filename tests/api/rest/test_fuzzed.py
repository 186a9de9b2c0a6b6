"""Schemathesis reads the OpenAPI document and asks every door in ways that it allows, and in ways that it does not: the service
answers what is described, in the form in which it is described, and never with an error of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from itertools import takewhile
from typing import Any, Final

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from requests.adapters import HTTPAdapter

from loopgraph.api.openapi.document import document
from loopgraph.api.rest.catalogue import VIEWS
from loopgraph.api.rest.view import View
from loopgraph.effects.clock import new_id
from support.quick import first_quick
from support.rest import Made, pattern, used
from support.service import Service
from support.waiting import PATIENCE_S

DOCUMENT: Final = document()
OPERATIONS: Final = [
    (path, method.upper(), mode)
    for path, methods in sorted(DOCUMENT["paths"].items())
    for method, told in methods.items()
    for mode in ("positive", "negative")
    if mode == "positive" or "requestBody" in told or any(one["in"] == "query" for one in told.get("parameters", ()))
]
"""Each door in each mode; there is nothing wrong to ask of one that takes nothing."""

OF_VIEWS: Final = {(view.path, view.method) for view in VIEWS}

bounded = settings(
    max_examples=5, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


@cache
def described() -> Any:
    """The document as Schemathesis reads it, which takes a second to load."""
    import schemathesis

    return schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
async def made(service: Service) -> AsyncIterator[list[Made]]:
    """Patterns that are used, for the ids that are asked for."""
    kind = f"fuzzed {new_id()}"
    found = [await pattern(service, f"fuzzed {number}", kind) for number in range(3)]
    for one in found:
        await used(service, one, 8, 2, quality=0.5)
    return found


class FirstEvent(HTTPAdapter):
    """Reads of a stream of events what comes first: the others never end."""

    def send(self, request: requests.PreparedRequest, *args: Any, **given: Any) -> requests.Response:
        response = super().send(request, *args, **{**given, "stream": True})
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            first = takewhile(bool, response.iter_lines())
            response._content = b"".join(line + b"\n" for line in first)
            response.close()
        return response


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", FirstEvent())
        yield session


async def holds(path: str, method: str, mode: str, check: Callable[[Any], object]) -> None:
    """Generated cases of a door pass a check, which asks the service from a thread."""
    from schemathesis.generation import GenerationMode

    @bounded
    @given(case=described()[path][method].as_strategy(generation_mode=GenerationMode(mode)))
    def each(case: Any) -> None:
        check(case)

    await asyncio.to_thread(each)


@pytest.mark.lengthy
@pytest.mark.parametrize(("path", "method", "mode"), first_quick(OPERATIONS, 6))
async def test_a_door_does_what_is_described(
    service: Service, session: requests.Session, path: str, method: str, mode: str
) -> None:
    from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

    # Rules over several values are told by the answer, and not by the document. Doors for what others send take what can be read.
    left_out = [positive_data_acceptance, *([] if (path, method) in OF_VIEWS else [negative_data_rejection])]
    await holds(
        path,
        method,
        mode,
        lambda case: case.call_and_validate(
            base_url=service.url, session=session, timeout=PATIENCE_S, excluded_checks=left_out
        ),
    )


def sound(case: Any, made: list[Made]) -> None:
    """Puts ids that there are in the places of ids, and leaves out what only goes with some other values."""
    if "pattern_id" in (case.path_parameters or {}):
        case.path_parameters["pattern_id"] = made[0].pattern_id
    case.query = {
        name: value
        for name, value in (case.query or {}).items()
        if name not in ("time_range", "since", "until", "threshold") and value not in ("hour", "hourly")
    }
    if "pattern_id" in case.query:
        case.query["pattern_id"] = made[1].pattern_id
        if case.query.get("trend_type") in ("emerging", "declining"):
            del case.query["trend_type"]
    if case.method == "POST":
        case.body = {"pattern_ids": [one.pattern_id for one in made]}


@pytest.mark.lengthy
@pytest.mark.parametrize("view", first_quick(VIEWS), ids=lambda view: view.path)
async def test_a_view_of_patterns_that_there_are_is_answered(
    service: Service, session: requests.Session, made: list[Made], view: View[Any]
) -> None:
    def check(case: Any) -> None:
        sound(case, made)
        response = case.call_and_validate(base_url=service.url, session=session, timeout=PATIENCE_S)
        assert response.status_code == 200

    await holds(view.path, view.method, "positive", check)
