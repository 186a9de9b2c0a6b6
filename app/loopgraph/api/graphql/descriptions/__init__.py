"""What every name of the schema means, where its definition does not say it itself.

A name that means the same in several places is explained once, and everywhere in the same words. Keys, the most particular
first: `Type.field` of an object or an input, `field(argument)` or `(argument)` of an argument, `field` alone.
A test counts what has no description, and what here describes nothing.
"""

from __future__ import annotations

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
)

from loopgraph.api.graphql.descriptions import (
    analytics,
    learning,
    lineage,
    loop,
    measures,
    retrospection,
    shared,
    traces,
    trends,
)

_SUBJECTS = (shared, traces, lineage, loop, retrospection, analytics, trends, measures, learning)
NAMES = {name: text for subject in _SUBJECTS for name, text in subject.NAMES.items()}
TYPES = {name: text for subject in _SUBJECTS for name, text in subject.TYPES.items()}
VALUES = {name: texts for subject in _SUBJECTS for name, texts in subject.VALUES.items()}


def describe(schema: GraphQLSchema) -> set[str]:
    """Gives a description to everything in a schema that has none; returns the keys that were used."""
    used = set[str]()

    def described(thing: object, *keys: str) -> None:
        if not getattr(thing, "description", None) and (key := next((key for key in keys if key in NAMES), None)):
            thing.description = NAMES[key]  # type: ignore[attr-defined]  # kinds of things without a common base
            used.add(key)

    for type_ in schema.type_map.values():
        if not type_.description and type_.name in TYPES:
            type_.description = TYPES[type_.name]
            used.add(type_.name)
        if isinstance(type_, GraphQLEnumType):
            for name, text in VALUES.get(type_.name, {}).items():
                type_.values[name].description = text
        elif isinstance(type_, GraphQLUnionType) and not type_.description and type_.name.endswith("Result"):
            payload = type_.types[0].name
            article = "An" if payload[0] in "AEIO" else "A"
            type_.description = f"{article} {payload}, or an error that the caller can mend; then nothing was changed."
        elif isinstance(type_, GraphQLInputObjectType):
            for name, field in type_.fields.items():
                described(field, f"{type_.name}.{name}", name)
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                described(field, f"{type_.name}.{name}", name)
                for argument, definition in field.args.items():
                    described(definition, f"{name}({argument})", f"({argument})")
    for directive in schema.directives:
        for argument, definition in directive.args.items():
            if not definition.description:
                definition.description = shared.DIRECTIVES.get(f"{directive.name}({argument})")
    return used
