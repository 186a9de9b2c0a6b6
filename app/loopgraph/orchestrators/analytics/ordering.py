"""Patterns in the order of what was counted of them."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Final, TypeVar

from loopgraph.contracts.analytics.subjects import SubjectKind
from loopgraph.contracts.analytics.windows import Window
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.orders import COUNTED, PatternFilter, PatternOrder, PatternOrderField, Place
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.lineage.lists import ListedPage, PatternLists
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.reducers.usage.ranking import confidences, uses

S = TypeVar("S", bound=Sized)

MOST_USED: Final = 10_000
"""Of so many patterns the counts are put in order, at most."""


class Ordering:
    """Lists patterns in an order. What is counted is read of all patterns that were used in the window and remembered; then the
    graph puts all patterns in order by that, and cuts: so each page holds what it would of one list of all."""

    def __init__(self, buckets: Buckets, lists: PatternLists) -> None:
        self._buckets = buckets
        self._lists = lists

    async def patterns(
        self,
        order: PatternOrder,
        window: Window,
        first: int,
        after: Place | None,
        filter: PatternFilter,
        principal: Principal | None,
    ) -> ListedPage:
        """So many patterns behind a place. Raises Forbidden for who may see only what is theirs and asks for an order by what
        everybody did, and InvalidInput for a window in which too many patterns were used for that."""
        if order.field not in COUNTED:
            return await self._lists.page(order, first, after, filter)
        await self._buckets.basis(window, principal)
        numbers = await self._numbers(order.field, window)
        otherwise = 0 if order.field is PatternOrderField.USES else None
        return await self._lists.by_numbers(numbers, otherwise, order.direction, first, after, filter)

    async def _numbers(self, field: PatternOrderField, window: Window) -> Mapping[str, float]:
        """What was counted of each pattern that was used in a window, by its id."""
        if field is PatternOrderField.COST:
            costs = _few(await self._buckets.costs(SubjectKind.PATTERN, window, MOST_USED))
            return {subject.name: cost for subject, cost in costs.items()}
        found = _few(await self._buckets.totals(SubjectKind.PATTERN, window, MOST_USED))
        of = uses if field is PatternOrderField.USES else confidences
        return await made_of(found, lambda: of(found))


def _few(found: S) -> S:
    if len(found) > MOST_USED:
        raise InvalidInput(
            "orderBy.window", f"must be one in which at most {MOST_USED:,} patterns were used: choose a shorter one"
        )
    return found
