"""Plain fields are completed past graphql-core, and nobody can tell: data and errors are those of the ordinary way."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from graphql import OperationDefinitionNode, OperationType, is_object_type, parse
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from loopgraph.api.graphql import projection
from loopgraph.api.graphql.execution import PacedExecution
from loopgraph.api.graphql.pace import Pace, Turns
from loopgraph.api.graphql.projection import Plans
from loopgraph.api.graphql.schema import build_schema
from loopgraph.api.graphql.types.common import LONG, Long
from loopgraph.api.graphql.types.nodes import own_id
from loopgraph.settings import Settings
from support.operations import variables_of_all
from support.quiet_graph import QuietGraph
from support.service import Json, Service, operation
from support.waiting import until


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"


@strawberry.type
class Part:
    text: str
    number: int | None
    colour: Colour

    @strawberry.field
    def again(self) -> str:
        return self.text


@strawberry.type
class Thing:
    """One field of each kind of plain type; values are put in unchecked."""

    text: str
    text_or_none: str | None
    number: int
    number_or_none: int | None
    ratio: float
    ratio_or_none: float | None
    flag: bool
    flag_or_none: bool | None
    key: strawberry.ID
    key_or_none: strawberry.ID | None
    colour: Colour
    colour_or_none: Colour | None
    at: datetime
    at_or_none: datetime | None
    free: JSON
    free_or_none: JSON | None
    long: Long
    long_or_none: Long | None
    texts: list[str]
    texts_or_none: list[str | None] | None
    colours: list[Colour] | None
    part: Part
    part_or_none: Part | None
    parts: list[Part | None]

    raw_id = own_id("key")

    @strawberry.field
    async def later(self) -> str | None:
        await asyncio.sleep(0)
        return self.text

    @strawberry.field
    def given(self, first: int = 1) -> int:
        return first


@strawberry.type
class Query:
    @strawberry.field
    def things(self, info: strawberry.Info) -> list[Thing | None] | None:
        found: list[Thing | None] = info.context.things
        return found


NAMES = [field.python_name for field in Thing.__strawberry_definition__.fields if field.is_basic_field]  # type: ignore[attr-defined]
SCHEMA = strawberry.Schema(
    query=Query, execution_context_class=PacedExecution, config=StrawberryConfig(scalar_map={Long: LONG})
)
PLAIN = ("text", "number colour __typename", "n: number")
PARTS = {
    name: [f"{name} {{ {selected} }}" for selected in (*PLAIN, "text again", "again")]
    for name in ("part", "partOrNone", "parts")
}
OTHERS = ("__typename", "given(first: 2)", "a: text", "text @skip(if: true)")
FIELDS = [
    name
    for name in SCHEMA._schema.type_map["Thing"].fields  # type: ignore[attr-defined]
    if name != "given" and name not in PARTS
]


def part(text: Any, number: Any = None, colour: Any = Colour.RED) -> Part:
    return Part(text=text, number=number, colour=colour)


odd = st.sampled_from([
    ValueError("no"), object(), Colour, b"bytes", float("nan"), float("inf"), 2**31, 2**70, (), {1},
    part("a"), part(1, "b"), part(None), part("a", colour="blue"), [part("a", 1, "red"), ValueError("no")], [part(None)],
])  # fmt: skip
values = st.one_of(
    st.none(), st.text(max_size=3), st.integers(), st.floats(), st.booleans(), st.just(Colour.RED), st.just("red"),
    st.just(datetime(2026, 3, 1, tzinfo=UTC)), st.lists(st.one_of(st.none(), st.text(max_size=2), st.just(Colour.RED))),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2), odd,
)  # fmt: skip


def usual(name: str) -> Any:
    """A value as the type of the field wants it."""
    kind = name.removesuffix("_or_none")
    return {
        "text": "a", "number": 1, "ratio": 0.5, "flag": True, "key": "k", "colour": Colour.RED, "free": {"a": [1]},
        "at": datetime(2026, 3, 1, tzinfo=UTC), "long": 2**40, "texts": ["a"], "colours": [Colour.RED],
        "part": part("a", 1), "parts": [part("b"), None],
    }[kind]  # fmt: skip


@st.composite
def things(draw: st.DrawFn) -> Thing:
    """A thing with a few values that may be anything."""
    given = {name: usual(name) for name in NAMES}
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=3)):
        given[name] = draw(values)
    return Thing(**given)


@contextlib.contextmanager
def ordinarily() -> Iterator[None]:
    """Nothing is plain."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Plans, "_completer", lambda *_: None)
        patch.setattr(Plans, "whole", lambda *_: None)
        yield


async def answer(document: str, shown: list[Thing | None]) -> tuple[Any, list[Any]]:
    """Data and errors; the text of an error does not tell where an object lies in memory. It is made in one slice: what of an
    object was still to come when it failed is no matter of how busy the machine is."""
    turns = Turns(Pace())
    services = SimpleNamespace(settings=Settings(), graph=QuietGraph())
    context: Any = SimpleNamespace(things=shown, turns=turns, operation=turns.operation, services=services)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loopgraph.api.graphql.pace.SLICE_S", math.inf)
        found = await SCHEMA.execute(document, context_value=context)
    errors = [(_ADDRESS.sub("", error.message), error.path, error.locations) for error in found.errors or ()]
    return _ADDRESS.sub("", repr(found.data)), errors


_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


@settings(max_examples=100, deadline=None)
@given(
    shown=st.lists(st.one_of(things(), st.none()), max_size=3),
    fields=st.lists(st.sampled_from([*FIELDS, *chain(*PARTS.values()), *OTHERS]), min_size=1),
)  # fmt: skip
@pytest.mark.slow
async def test_whatever_the_values_are_the_answer_is_the_ordinary_one(
    shown: list[Thing | None], fields: list[str]
) -> None:
    document = "{ things { ...F ... on Thing { number } } } fragment F on Thing { " + " ".join(fields) + " }"
    with ordinarily():
        expected = await answer(document, shown)
    assert await answer(document, shown) == expected


async def nothing() -> None:
    pass


ODD: list[Callable[[], Any]] = [
    lambda: None, lambda: ValueError("no"), nothing, lambda: [None], lambda: [ValueError("no")], lambda: ["a", 1],
    lambda: 2**31, lambda: 2**70, lambda: True, lambda: 1.0, lambda: float("nan"), lambda: "red", lambda: Colour.RED,
    lambda: datetime(2026, 3, 1, 12, tzinfo=UTC), lambda: (), lambda: {"a": None}, lambda: iter("ab"), object,
]  # fmt: skip
"""What makes a value that most fields do not want."""


@pytest.mark.lengthy
@pytest.mark.parametrize("name", NAMES)
async def test_a_value_that_a_field_does_not_want_is_answered_in_the_ordinary_way(name: str) -> None:
    """All of them in one list: what is wrong with one thing is no matter of the others."""
    parts = " ".join(f"p{number}: {part}" for number, part in enumerate(chain(*PARTS.values())))
    document = "{ things { " + " ".join(FIELDS) + f" {parts} " + "} }"
    answers = []
    for way in (contextlib.nullcontext, ordinarily):
        with way():
            shown = [Thing(**{one: usual(one) for one in NAMES} | {name: make()}) for make in ODD]
            data, errors = await answer(document, [*shown])
            answers.append((data, sorted(errors, key=str)))
    assert answers[0] == answers[1]


async def test_plain_fields_are_not_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved: list[str] = []
    original = PacedExecution.execute_field

    def execute_field(self: Any, parent: Any, source: Any, details: Any, *rest: Any) -> Any:
        resolved.append(details[0].node.name.value)
        return original(self, parent, source, details, *rest)

    monkeypatch.setattr(PacedExecution, "execute_field", execute_field)
    whole = Thing(**{name: usual(name) for name in NAMES})
    _, errors = await answer("{ things { __typename " + " ".join(FIELDS) + " } }", [whole])
    assert not errors
    assert resolved == ["things", "later"]
    resolved.clear()
    _, errors = await answer(
        "{ things { __typename part { text number } partOrNone { colour } parts { text colour } } }", [whole]
    )
    assert not errors
    assert resolved == ["things", "parts"]


@pytest.mark.lengthy
def test_nearly_all_values_of_the_schema_are_plain() -> None:
    schema: Any = build_schema(Settings())
    types = [kind for kind in schema._schema.type_map.values() if is_object_type(kind) and kind.name[0] != "_"]
    fields = [(field, projection._value(field.type)) for kind in types for field in kind.fields.values()]
    leaves = [field for field, complete in fields if complete is not None]
    plain = [field for field in leaves if not field.args and projection._attribute_of(field)]
    assert len(plain) > 0.9 * len(leaves)


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_operation_documents_are_answered_as_in_the_ordinary_way(service: Service) -> None:
    for name, variables in (await variables_of_all(service)).items():
        document = operation(name)
        [kind] = [one.operation for one in parse(document).definitions if isinstance(one, OperationDefinitionNode)]
        if kind is OperationType.QUERY:
            await until(partial(same, service, document, variables))  # what works beside may change it in between


async def same(service: Service, document: str, variables: Json) -> bool:
    """Whether an answer is the same in both ways."""
    projected = await service.ask(document, **variables)
    with ordinarily():
        expected = await service.ask(document, **variables)
    assert "errors" not in expected
    return projected == expected
