"""What the schema promises to whoever reads it: descriptions, ids, enums, and what is deprecated."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_specified_scalar_type,
    specified_directives,
)

from loopgraph.api.graphql import descriptions
from loopgraph.api.graphql.ids import KINDS
from loopgraph.api.graphql.schema import build_schema
from loopgraph.settings import Settings
from support.schema import SCHEMA

TYPES = [
    type_
    for name, type_ in SCHEMA.type_map.items()
    if not name.startswith("__") and not is_specified_scalar_type(type_)
]
OBJECTS = [type_ for type_ in TYPES if isinstance(type_, GraphQLObjectType)]
INPUTS = [type_ for type_ in TYPES if isinstance(type_, GraphQLInputObjectType)]


def named() -> Iterator[tuple[str, str | None]]:
    """Everything that can have a description, by its coordinate."""
    for type_ in TYPES:
        yield type_.name, type_.description
        for name, one in {**getattr(type_, "fields", {}), **getattr(type_, "values", {})}.items():
            yield f"{type_.name}.{name}", one.description
            for argument, definition in getattr(one, "args", {}).items():
                yield f"{type_.name}.{name}({argument})", definition.description
    for directive in SCHEMA.directives:
        if directive not in specified_directives:
            yield f"@{directive.name}", directive.description
            for argument, definition in directive.args.items():
                yield f"@{directive.name}({argument})", definition.description


def words(text: str) -> set[str]:
    return set(re.sub(r"([A-Z])", r" \1", text).lower().replace("_", " ").replace(".", " ").split())


def test_everything_has_a_description() -> None:
    assert [coordinate for coordinate, description in named() if not description] == []


def test_no_description_only_repeats_the_name() -> None:
    filler = {"a", "an", "the", "of", "its", "it", "is", "own"}
    repeated = [
        coordinate
        for coordinate, description in named()
        if words(description or "") <= words(re.split(r"[.(]", coordinate.rstrip(")"))[-1]) | filler
    ]
    assert repeated == []


def test_every_description_is_a_sentence() -> None:
    from_relay = {"Node", "DateTime", "Date", *(f"{name}.id" for name in nodes() | {"Node"})}
    ends = {coordinate: (text or "")[-1:] for coordinate, text in named() if coordinate not in from_relay}
    assert [coordinate for coordinate, end in ends.items() if end not in {".", "?"}] == []


def nodes() -> set[str]:
    return {type_.name for type_ in SCHEMA.get_possible_types(SCHEMA.type_map["Node"])}


@pytest.mark.lengthy
def test_every_text_of_the_glossary_describes_something(monkeypatch: pytest.MonkeyPatch) -> None:
    used = set[str]()
    original = descriptions.describe
    monkeypatch.setattr("loopgraph.api.graphql.schema.describe", lambda schema: used.update(original(schema)))
    build_schema(Settings())
    assert (descriptions.NAMES.keys() | descriptions.TYPES.keys()) - used == set()
    for name, texts in descriptions.VALUES.items():
        assert SCHEMA.type_map[name].values.keys() == texts.keys()
    assert {type_.name for type_ in TYPES if isinstance(type_, GraphQLEnumType)} == descriptions.VALUES.keys()


def test_nothing_that_is_no_node_has_a_field_id() -> None:
    assert {type_.name for type_ in OBJECTS if "id" in type_.fields} == nodes()


NEITHER = {"agentId", "toolUseId", "callId", "proposalId", "node.id", "nodes.ids"}
"""Ids of what is no node, and the fields that take global ids alone."""


def test_it_is_known_of_every_id_that_is_taken_what_it_names() -> None:
    taken = [
        (field, name, argument)
        for type_ in OBJECTS
        for field, one in type_.fields.items()
        for name, argument in one.args.items()
    ]
    taken += [(type_.name, name, field) for type_ in INPUTS for name, field in type_.fields.items()]
    ids = [(owner, name) for owner, name, one in taken if get_named_type(one.type).name == "ID"]
    known = KINDS.keys() | NEITHER
    assert [f"{owner}.{name}" for owner, name in ids if not {f"{owner}.{name}", name} & known] == []
    assert set(KINDS.values()) <= nodes()


def test_what_is_deprecated_names_what_there_is_instead() -> None:
    deprecated = [
        (type_, name, field.deprecation_reason)
        for type_ in OBJECTS
        for name, field in type_.fields.items()
        if field.deprecation_reason
    ]
    assert deprecated
    for type_, name, reason in deprecated:
        [instead, *_] = re.findall(r"`(\w+)`", reason)
        assert not type_.fields[instead].deprecation_reason, f"{type_.name}.{name}"


def test_a_list_of_objects_is_a_connection_bounded_or_deprecated() -> None:
    """Offsets are for lists that came before connections; no new list has them."""
    for type_ in OBJECTS:
        for name, field in type_.fields.items():
            if "offset" in field.args and get_named_type(field.type).name != "String":
                assert field.deprecation_reason, f"{type_.name}.{name}"
            if "after" in field.args and type_.name != "Subscription":  # there it is a place in time
                assert {"pageInfo", "edges", "totalCount"} <= get_named_type(field.type).fields.keys()


def test_what_sums_is_wider_than_32_bits() -> None:
    wide = re.compile(r"[tT]okens$|usageCount|^total(Executions|Retries)|^retryCount|^(call|execution|success)Count$")
    counted = {
        f"{type_.name}.{name}": get_named_type(field.type).name
        for type_ in [*OBJECTS, *INPUTS]
        for name, field in type_.fields.items()
        if wide.search(name) and type_.name != "PerformanceSummary"  # of executions that are in memory
    }
    assert len(counted) > 10
    assert set(counted.values()) == {"Long"}


WITHOUT_LINK = {
    "FeedbackRun.correlationId",  # what ties changes together is not always a trace
    "LineageEdge.correlationId",
    "LineageEvent.correlationId",
    "PatternVersion.correlationId",
    "RecordPayload.executionId",  # of a step or of a call
    "TraceUpdate.executionId",
}


def test_beside_each_raw_id_is_the_thing_itself() -> None:
    alone = set()
    for type_ in OBJECTS:
        there = {get_named_type(field.type).name for field in type_.fields.values()} | {type_.name}
        for name, field in type_.fields.items():
            kind = KINDS.get(name) or kind_of_ending(name)
            if get_named_type(field.type).name == "ID" and kind is not None and kind not in there:
                alone.add(f"{type_.name}.{name}")
    assert alone == WITHOUT_LINK


def kind_of_ending(name: str) -> str | None:
    """The kind of node that a name such as ``controlNodeId`` is the id of."""
    return next((kind for key, kind in KINDS.items() if name.endswith(key[0].upper() + key[1:])), None)
