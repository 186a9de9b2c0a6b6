"""Plain fields, and objects of nothing else, completed without the machinery that graphql-core has for each value.

Nearly every value of an answer is an attribute of an object, of a scalar or enum type. For one of these, graphql-core makes a
path and an object of information, calls a resolver that calls a resolver, asks four times whether something is awaitable, and
only then reads the attribute. A plan says for each field of a selection how to do only the last, and so for an object of which
all fields are like that. Whatever it does not know, and every value that is not as its type wants it, goes the ordinary way,
which has the errors, too. Lists of objects are in no plan: they can be long, and are completed in slices.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from math import isfinite
from typing import Any, Final, NamedTuple

from graphql import (
    GraphQLField,
    GraphQLFloat,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    TypeNameMetaFieldDef,
    Undefined,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.type import GraphQLID
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter

Completer = Callable[[Any], Any]

ATTRIBUTE: Final = "_attribute"
"""What a resolver says that only reads an attribute: its name."""

_PLAIN: Final = frozenset({str, int, float, bool, datetime, dict, list})
"""The types of values that are no exceptions and nothing that is to be awaited."""


class Unusual(Exception):
    """A value that only the ordinary way can tell what to do with."""


class Step(NamedTuple):
    """A field of a selection: its name in the answer, its nodes in the document, and how to complete it if that is plain.

    ``complete`` takes the object that has the field; it raises anything where the ordinary way is to be gone.
    """

    name: str
    details: Any
    complete: Completer | None


class Plans:
    """The plans of one operation.

    ``collect`` says which fields are selected of an object type by some nodes of the document; None where not all of them are for
    the same answer.
    """

    def __init__(
        self, schema: GraphQLSchema, collect: Callable[[GraphQLObjectType, Any], dict[str, Any] | None]
    ) -> None:
        self._schema = schema
        self._collect = collect

    def steps(self, parent: GraphQLObjectType, selection: dict[str, Any]) -> list[Step]:
        """The fields of a selection, fragments spread and directives obeyed, in their order."""
        return [Step(name, details, self._completer(parent, details)) for name, details in selection.items()]

    def whole(self, type_: GraphQLOutputType, details: Any) -> Completer | None:
        """What completes objects of which only plain fields are selected; None for other types and selections.

        ``details`` are the nodes of the field that has the object, or a list of them.
        """
        required, inner = is_non_null_type(type_), get_nullable_type(type_)
        if not is_object_type(inner) or (selection := self._collect(inner, details)) is None:
            return None
        steps = [(name, complete) for name, _, complete in self.steps(inner, selection) if complete is not None]
        return _object(inner, steps, required) if len(steps) == len(selection) else None

    def _completer(self, parent: GraphQLObjectType, details: Any) -> Completer | None:
        node = details[0].node
        field = self._schema.get_field(parent, node.name.value)
        if field is TypeNameMetaFieldDef:
            return lambda _source: parent.name
        if field is None or node.arguments or field.args:
            return None
        attribute = _attribute_of(field)
        if attribute is None:
            return None
        value = _value(field.type) or self.whole(field.type, details)
        return None if value is None else lambda source: value(getattr(source, attribute))


def _attribute_of(field: GraphQLField) -> str | None:
    """The attribute that a field tells of its object; None if it has a resolver that does more."""
    definition: Any = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if definition is None:
        return None
    if getattr(field.resolve, "_is_default", False):  # so strawberry marks them
        return str(definition.python_name) if definition.default_resolver is getattr else None
    attribute = getattr(getattr(definition.base_resolver, "wrapped_func", None), ATTRIBUTE, None)
    return None if definition.extensions else attribute


def _value(type_: GraphQLOutputType) -> Completer | None:
    """What completes values of a leaf type or of a list of them; None for other types."""
    required, inner = is_non_null_type(type_), get_nullable_type(type_)
    if is_list_type(inner):
        return _list(inner.of_type, required)
    return _leaf(inner, required) if is_leaf_type(inner) else None


def _object(type_: GraphQLObjectType, steps: list[tuple[str, Completer]], required: bool) -> Completer | None:
    definition: Any = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if definition is None:
        return None
    kinds = {definition.origin, definition.concrete_of.origin if definition.concrete_of else definition.origin}

    def complete(value: Any) -> Any:
        if type(value) in kinds:
            return {name: step(value) for name, step in steps}
        if value is None and not required:
            return None
        raise Unusual

    return complete


def _leaf(type_: GraphQLLeafType, required: bool) -> Completer:
    coerce = type_.coerce_output_value
    textual, numeric = type_ in (GraphQLString, GraphQLID), type_ is GraphQLFloat
    members = _members(type_)

    def complete(value: Any) -> Any:
        kind = type(value)
        if (kind is str and textual) or (kind is float and numeric and isfinite(value)):
            return value
        if value is None and not required:
            return None
        if kind in _PLAIN or isinstance(value, Enum):
            if kind is members.kind:
                return members.names[value]
            coerced = coerce(value)
            if coerced is not None and coerced is not Undefined:
                return coerced
        raise Unusual

    return complete


class _Members(NamedTuple):
    """The members of the Python enum that an enum type is made of, and their names in GraphQL."""

    kind: type | None
    names: dict[Any, Any]


def _members(type_: GraphQLLeafType) -> _Members:
    if not isinstance(type_, CustomGraphQLEnumType):
        return _Members(None, {})
    kind: Any = type_.wrapped_cls
    return _Members(kind, {member: type_.coerce_output_value(member) for member in kind})


def _list(item_type: GraphQLOutputType, required: bool) -> Completer | None:
    inner = get_nullable_type(item_type)
    if not is_leaf_type(inner):
        return None
    item = _leaf(inner, is_non_null_type(item_type))

    def complete(value: Any) -> Any:
        if value is None and not required:
            return None
        if type(value) is not list:
            raise Unusual
        return [item(one) for one in value]

    return complete
