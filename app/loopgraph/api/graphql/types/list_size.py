"""How many items a list can have, as the schema says it: the directive `@listSize` of the GraphQL cost specification.

A list with the argument `first` (or `ids`) needs no directive: it has at most so many items, and no page is larger than
`LOOPGRAPH_MAX_PAGE_SIZE`. Neither do the edges of a connection. Every other list carries the directive.
"""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry.schema_directive import Location


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="How many items a list can have at most; see the cost of a query.",
)
class ListSize:
    assumed_size: int | None = strawberry.directive_field(name="assumedSize", default=strawberry.UNSET)
    slicing_arguments: list[str] | None = strawberry.directive_field(name="slicingArguments", default=strawberry.UNSET)
    sized_fields: list[str] | None = strawberry.directive_field(name="sizedFields", default=strawberry.UNSET)


SHORT = 500
"""Most tags of one thing, and most items of other short lists; what was stored beyond that is not shown."""


def at_most(size: int) -> ListSize:
    """A list that never has more items."""
    return ListSize(assumed_size=size)


def short_list(description: str | None = None, resolver: Any = None) -> Any:
    """A field whose list has at most `SHORT` items."""
    return strawberry.field(resolver=resolver, description=description, directives=[at_most(SHORT)])
