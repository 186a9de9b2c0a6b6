"""The reference of the GraphQL API as Markdown, made of the schema: ``docs/reference.md``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLType,
    GraphQLUnionType,
    NullValueNode,
    build_schema,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
    print_ast,
)

_HEAD = """# GraphQL reference

Every operation, type, input and value of the [GraphQL API](api.md), made from the schema by `make schema`: do not edit it.
`graphql/schema.graphql` is the same for programs. `!` means never null, `[…]` a list; what has a default may be left out.
"""


def reference(sdl: str) -> str:
    """The whole page, of a schema as the SDL tells it, with a description for everything."""
    schema = build_schema(sdl, assume_valid=True)
    return "\n".join([_HEAD, *_operations(schema), *_types(schema)]).rstrip() + "\n"


def _operations(schema: GraphQLSchema) -> Iterator[str]:
    roots = {"Queries": schema.query_type, "Mutations": schema.mutation_type, "Subscriptions": schema.subscription_type}
    for title, root in roots.items():
        if root is None:
            continue
        yield f"## {title}\n"
        for name, field in sorted(root.fields.items()):
            yield f"### {name}\n"
            yield f"{_prose(field.description)}{_deprecated(field.deprecation_reason)}\n"
            yield f"Answers {_linked(field.type)}.\n"
            if field.args:
                yield from _table("argument", ((key, value) for key, value in field.args.items()))


def _types(schema: GraphQLSchema) -> Iterator[str]:
    roots = {schema.query_type, schema.mutation_type, schema.subscription_type}
    named = [one for one in schema.type_map.values() if one not in roots and not is_introspection_type(one)]
    kinds: list[tuple[str, type[GraphQLNamedType], Callable[[GraphQLNamedType], Iterable[str]]]] = [
        ("Objects", GraphQLObjectType, _members),
        ("Interfaces", GraphQLInterfaceType, _members),
        ("Unions", GraphQLUnionType, _union),
        ("Inputs", GraphQLInputObjectType, _members),
        ("Enums", GraphQLEnumType, _values),
        ("Scalars", GraphQLScalarType, lambda _: ()),
    ]
    for title, kind, body in kinds:
        yield f"## {title}\n"
        for one in sorted((one for one in named if isinstance(one, kind)), key=lambda one: one.name):
            if is_specified_scalar_type(one):
                continue
            yield f"### {one.name}\n"
            yield f"{_prose(one.description)}\n"
            yield from body(one)


def _members(of: GraphQLNamedType) -> Iterator[str]:
    assert isinstance(of, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
    yield from _table("field", of.fields.items())


def _union(of: GraphQLNamedType) -> Iterator[str]:
    assert isinstance(of, GraphQLUnionType)
    yield "One of " + ", ".join(_linked(one) for one in of.types) + ".\n"


def _values(of: GraphQLNamedType) -> Iterator[str]:
    assert isinstance(of, GraphQLEnumType)
    yield "| value | |\n| --- | --- |"
    for name, value in of.values.items():
        yield f"| `{name}` | {_cell(value.description)}{_deprecated(value.deprecation_reason)} |"
    yield ""


def _table(kind: str, rows: Iterable[tuple[str, GraphQLArgument | GraphQLField | GraphQLInputField]]) -> Iterator[str]:
    yield f"| {kind} | type | |\n| --- | --- | --- |"
    for name, row in rows:
        arguments = f"({', '.join(row.args)})" if isinstance(row, GraphQLField) and row.args else ""
        told = f"{_cell(row.description)}{_deprecated(row.deprecation_reason)}"
        yield f"| `{name}{arguments}` | {_linked(row.type)}{_default(row)} | {told} |"
    yield ""


def _linked(type_: GraphQLType) -> str:
    """A type as the SDL writes it, its name leading to where it is described."""
    named = get_named_type(type_)
    before, _, after = str(type_).partition(named.name)
    told = f"`{named.name}`" if is_specified_scalar_type(named) else f"[{named.name}](#{named.name.lower()})"
    return f"{before and _escaped(before)}{told}{_escaped(after)}"


def _escaped(text: str) -> str:
    return text.replace("[", "\\[").replace("]", "\\]")


def _default(row: GraphQLArgument | GraphQLField | GraphQLInputField) -> str:
    node = getattr(row.ast_node, "default_value", None)
    return "" if node is None or isinstance(node, NullValueNode) else f" = `{_cell(print_ast(node))}`"


def _deprecated(reason: str | None) -> str:
    return "" if reason is None else f" *Deprecated: {_cell(reason)}*"


def _prose(text: str | None) -> str:
    return (text or "").strip()


def _cell(text: str | None) -> str:
    """A text in one line of a table."""
    return " ".join((text or "").split()).replace("|", "\\|")
