"""Plain fields, completed without the machinery that graphql-core has for each value.

Nearly every value of an answer is an attribute of an object, of a scalar or enum type. For one of these, graphql-core makes a
path and an object of information, calls a resolver that calls a resolver, asks four times whether something is awaitable, and
only then reads the attribute. A plan says for each field of a selection how to do only the last; whatever it does not know,
and every value that is not as its type wants it, goes the ordinary way, which has the errors, too.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple

from graphql import (
    GraphQLField,
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
)
from graphql.type import GraphQLID
from strawberry.schema.schema_converter import GraphQLCoreConverter

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


def planned(schema: GraphQLSchema, parent: GraphQLObjectType, selection: dict[str, Any]) -> list[Step]:
    """The fields of a selection, fragments spread and directives obeyed, in their order."""
    return [Step(name, details, _completer(schema, parent, details[0].node)) for name, details in selection.items()]


def _completer(schema: GraphQLSchema, parent: GraphQLObjectType, node: Any) -> Completer | None:
    field = schema.get_field(parent, node.name.value)
    if field is TypeNameMetaFieldDef:
        return lambda _source: parent.name
    if field is None or node.arguments or field.args:
        return None
    attribute, value = _attribute_of(field), _value(field.type)
    if attribute is None or value is None:
        return None
    return lambda source: value(getattr(source, attribute))


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


def _leaf(type_: GraphQLLeafType, required: bool) -> Completer:
    coerce = type_.coerce_output_value
    textual = type_ in (GraphQLString, GraphQLID)

    def complete(value: Any) -> Any:
        kind = type(value)
        if kind is str and textual:
            return value
        if value is None and not required:
            return None
        if kind in _PLAIN or isinstance(value, Enum):
            coerced = coerce(value)
            if coerced is not None and coerced is not Undefined:
                return coerced
        raise Unusual

    return complete


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
