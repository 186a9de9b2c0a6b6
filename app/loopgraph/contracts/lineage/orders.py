"""In which order patterns are listed, and where in it a page begins."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from loopgraph.contracts.base import Contract


class PatternOrderField(StrEnum):
    """By what patterns are ordered. Those of one value are the newest first, those without a value come last, whichever way.

    - CREATED_AT: when they were made. NAME: in small letters. LAST_USED_AT: when a version of them was last used by anybody;
      those that never were have no value.
    - USES: how often they were used in a window. SUCCESS: the lower bound of Wilson's interval of the success rate of these uses;
      none where it is not known of any what came of it. COST: what these uses cost; none where that is known of none.
    """

    CREATED_AT = "created_at"
    NAME = "name"
    LAST_USED_AT = "last_used_at"
    USES = "uses"
    SUCCESS = "success"
    COST = "cost"


COUNTED: Final = frozenset({PatternOrderField.USES, PatternOrderField.SUCCESS, PatternOrderField.COST})
"""What is counted over a window, of everybody."""


class OrderDirection(StrEnum):
    """Which way."""

    ASC = "asc"
    DESC = "desc"


class PatternOrder(NamedTuple):
    """An order of patterns."""

    field: PatternOrderField = PatternOrderField.CREATED_AT
    direction: OrderDirection = OrderDirection.DESC


Value = datetime | str | float | int | None
"""By what a pattern is ordered; None: it has nothing of it. Costs are in 10⁻⁹ US dollars."""


class Place(NamedTuple):
    """Where a pattern is in an order: its value, which is None by CREATED_AT, and its time key."""

    value: Value
    time_key: str


class PatternFilter(Contract):
    """Which patterns; what is None does not filter."""

    pattern_type: str | None = None
    tag: str | None = None
    name_contains: str | None = None
