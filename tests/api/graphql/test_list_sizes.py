"""No field answers with a list of any length: each list of the schema says how long it can be."""

from __future__ import annotations

import pytest
from graphql import GraphQLField, GraphQLObjectType, is_list_type, is_non_null_type

from loopgraph.api.graphql.cost import list_size
from support.schema import SCHEMA

TYPES = [
    type_
    for type_ in SCHEMA.type_map.values()
    if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__")
]


def is_list(field: GraphQLField) -> bool:
    return is_list_type(field.type.of_type if is_non_null_type(field.type) else field.type)


LISTS = [(type_, name) for type_ in TYPES for name, field in type_.fields.items() if is_list(field)]
SIZED = {
    (type_.name, name)
    for owner in TYPES
    for field in owner.fields.values()
    if (declared := list_size(field)) and declared.sized_fields
    for type_ in TYPES
    if type_ is (field.type.of_type if is_non_null_type(field.type) else field.type)
    for name in declared.sized_fields
}


@pytest.mark.parametrize(("type_", "name"), LISTS, ids=[f"{type_.name}.{name}" for type_, name in LISTS])
def test_a_list_is_bounded(type_: GraphQLObjectType, name: str) -> None:
    field = type_.fields[name]
    paged = {"first", "ids"} & field.args.keys()
    declared = list_size(field)
    of_its_owner = (type_.name.endswith("Connection") and name == "edges") or (type_.name, name) in SIZED
    assert paged or of_its_owner or (declared and declared.assumed_size), "declare its size, or give it `first`"


def test_edges_are_of_connections_that_have_first() -> None:
    for type_ in TYPES:
        for name, field in type_.fields.items():
            of = field.type.of_type if is_non_null_type(field.type) else field.type
            if getattr(of, "name", "").endswith("Connection"):
                assert "first" in field.args, f"{type_.name}.{name}"
