"""In which order patterns are listed, and the cursors of each order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import strawberry
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from loopgraph.api.graphql.types.analytics.subjects import AnalyticsWindowInput
from loopgraph.api.graphql.types.analytics.subjects import window as window_asked
from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.connections import BY_TIME, NO_CURSOR, Connection, Listing
from loopgraph.api.graphql.types.enums import OrderDirection, PatternOrderField
from loopgraph.contracts.analytics.windows import Window
from loopgraph.contracts.base import Instant
from loopgraph.contracts.lineage import orders as contracts
from loopgraph.contracts.lineage.patterns import Pattern
from loopgraph.effects.lineage.lists import Listed, ListedPage
from loopgraph.errors import InvalidInput, Spelled

NEWEST: Final = contracts.PatternOrder()

_TimeKey = Annotated[str, StringConstraints(pattern=rf"(?s)^(?:{BY_TIME})$")]
_Share = Annotated[float, Field(ge=0, le=1)] | None
_Whole = Annotated[int, Field(ge=0, lt=2**63)]
_PLACES: Final[dict[contracts.PatternOrderField, TypeAdapter[Any]]] = {
    field: TypeAdapter(tuple[value, _TimeKey])  # type: ignore[valid-type]
    for field, value in {
        PatternOrderField.CREATED_AT: None,
        PatternOrderField.NAME: str,
        PatternOrderField.LAST_USED_AT: Instant | None,
        PatternOrderField.USES: _Whole,
        PatternOrderField.SUCCESS: _Share,
        PatternOrderField.COST: Annotated[float, Field(ge=0)] | None,
    }.items()
}
"""What cursors hold."""


@strawberry.input(
    description="In which order patterns are listed. Those of one value are the newest first, and those without a value come "
    "last, whichever way. A page is a part of the list as it is when it is asked for: a pattern whose value changes between two "
    "pages may be on both of them, or on neither."
)
class PatternOrder:
    field: PatternOrderField = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(description="Which way.")
    window: AnalyticsWindowInput | None = strawberry.field(
        default=None,
        description="Over which time USES, SUCCESS and COST are counted; left out: the last 30 days, and for other orders.",
    )


class OrderedPatterns:
    """The list of patterns in one order: a cursor of another order is refused."""

    def __init__(self, order: contracts.PatternOrder) -> None:
        self._is_newest, self._places = order == NEWEST, _PLACES[order.field]
        # Of the newest first, cursors are what they were before there were other orders.
        name = "patterns" if self._is_newest else f"patterns by {order.field} {order.direction}"
        self._listing = Listing[Listed](name, self._key, BY_TIME if self._is_newest else r".+")

    def page(self, info: Info, first: int, after: str | None) -> contracts.Place | None:
        """The place behind which a page begins. Raises InvalidInput for a size out of bounds or a cursor of no such list."""
        key = self._listing.page(info, first, after).after
        if key is None:
            return None
        if self._is_newest:
            return contracts.Place(None, key)
        try:
            return contracts.Place(*self._places.validate_json(key))
        except ValidationError as error:
            raise InvalidInput("after", NO_CURSOR) from error

    def connection(self, found: ListedPage, make: Callable[[Pattern], Any], after: str | None) -> Connection[Any]:
        """A page of it."""
        return self._listing.connection(
            found.items, lambda one: make(one.pattern), has_more=found.has_more, after=after
        )

    def _key(self, one: Listed) -> str:
        return one.place.time_key if self._is_newest else self._places.dump_json(one.place).decode()


def order_asked(asked: PatternOrder | None) -> tuple[contracts.PatternOrder, Window]:
    """The order that is asked for, and the window over which its values are counted. Raises InvalidInput."""
    if asked is None:
        return NEWEST, window_asked(None)
    order = contracts.PatternOrder(asked.field, asked.direction)
    if asked.window is not None and order.field not in contracts.COUNTED:
        raise InvalidInput("orderBy.window", Spelled(lambda spell: f"must be left out for {spell(order.field)}"))
    return order, window_asked(asked.window, within="orderBy.")
