"""How lists are paged: connections of edges and cursors, as Relay has them, and the slices that came before them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import strawberry
from strawberry import relay

from loopgraph.api.graphql.types.common import Info
from loopgraph.contracts.base import Page
from loopgraph.errors import InvalidInput

T = TypeVar("T")
V = TypeVar("V")

NO_CURSOR = "must be a cursor of this connection"

BY_TIME = r":?\d{16,}\|.+"
"""The form of keys that `time_key` makes; from 2286 on they have more digits."""


@strawberry.type(description="An item of a list, and where it is in it.")
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    page_info: relay.PageInfo
    edges: list[Edge[T]]
    total_count: int | None = strawberry.field(
        default=None,
        description="How many items the whole list has; null where counting them would cost as much as reading them.",
    )


@dataclass(frozen=True)
class Listing(Generic[V]):
    """A kind of list that is paged: a cursor of one kind is refused by every other.

    ``key`` is the key of an item, by which the list is ordered; ``form`` is the form of such keys.
    """

    name: str
    key: Callable[[V], str]
    form: str = r".+"

    def cursor(self, key: str) -> str:
        """The opaque cursor for a key."""
        return base64.urlsafe_b64encode(f"{self.name}:{key}".encode()).decode()

    def page(self, info: Info, first: int, after: str | None) -> Page:
        """The page that a client asks for. Raises InvalidInput for a size out of bounds or a cursor of no such list."""
        checked_size(info, first)
        if after is None:
            return Page(first=first)
        try:
            name, _, key = base64.b64decode(after, altchars=b"-_", validate=True).decode().partition(":")
        except ValueError:
            name = key = ""
        if name != self.name or not re.fullmatch(self.form, key, re.DOTALL):
            raise InvalidInput("after", NO_CURSOR)
        return Page(first=first, after=key)

    def connection(
        self,
        items: Iterable[V],
        make: Callable[[V], Any],
        *,
        has_more: bool,
        after: str | None,
        total: int | None = None,
        of: Callable[..., Any] = Connection,
        edge: Callable[..., Any] = Edge,
    ) -> Connection[Any]:
        """A connection over the items of a page; ``make`` makes the node of one, or None for one that has gone meanwhile."""
        made = [(item, make(item)) for item in items]
        edges = [edge(node=node, cursor=self.cursor(self.key(item))) for item, node in made if node is not None]
        about = self.about(edges, has_more=has_more, after=after)
        found: Connection[Any] = of(edges=edges, page_info=about, total_count=total)
        return found

    @staticmethod
    def about(edges: Sequence[Any], *, has_more: bool, after: str | None) -> relay.PageInfo:
        """What a connection says of its page."""
        return relay.PageInfo(
            has_next_page=has_more,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )

    def part(self, info: Info, items: Sequence[V], first: int, after: str | None) -> tuple[Sequence[V], bool]:
        """The items of a page of a list that is at hand as a whole, and whether more follow. Raises InvalidInput."""
        page, begin = self.page(info, first, after), 0
        if page.after is not None:
            begin = next((number for number, item in enumerate(items, 1) if self.key(item) == page.after), -1)
            if begin < 0:
                raise InvalidInput("after", "must be a cursor of this connection, of something that is still there")
        end = begin + page.first
        return items[begin:end], end < len(items)

    def whole(
        self, info: Info, items: Sequence[V], first: int, after: str | None, make: Callable[[V], Any]
    ) -> Connection[Any]:
        """A connection over a list that is at hand as a whole, so that it is counted, too. Raises InvalidInput."""
        shown, has_more = self.part(info, items, first, after)
        return self.connection(shown, make, has_more=has_more, after=after, total=len(items))


def checked_size(info: Info, first: int) -> int:
    """A page size. Raises InvalidInput for one out of bounds."""
    maximum = info.context.services.settings.max_page_size
    if not 1 <= first <= maximum:
        raise InvalidInput("first", f"must be between 1 and {maximum}, not {first}")
    return first


# Slices


def sliced(info: Info, items: Sequence[V], first: int | None, offset: int) -> Sequence[V]:
    """A part of a list that is at hand as a whole: ``first`` of it, by default as many as may be, after ``offset`` of it.

    Raises InvalidInput for a size or an offset out of bounds.
    """
    size = info.context.services.settings.max_page_size if first is None else checked_size(info, first)
    if offset < 0:
        raise InvalidInput("offset", f"must not be negative, as {offset} is")
    return items[offset : offset + size]
