"""Which days rounds have changed, as it is kept beside their number: a text for each, ``1234 9f0c61d2a4b7 20261129 20261130``."""

from __future__ import annotations

from collections.abc import Iterable

from loopgraph.contracts.analytics.bucket_keys import day_of, instant_of
from loopgraph.contracts.analytics.counting import ChangedDays


def changed_text(round: int, turn: str, keys: Iterable[str] = ()) -> str:
    """What is kept of a round that changes the buckets with these keys."""
    days = {day_of(key) for key in keys}
    return " ".join((str(round), turn.rpartition("-")[2], *([min(days), max(days)] if days else [])))


def changed_days_of(text: str) -> ChangedDays:
    """What ``changed_text`` wrote."""
    round_, token, *days = text.split()
    return ChangedDays(int(round_), token, *map(instant_of, days))
