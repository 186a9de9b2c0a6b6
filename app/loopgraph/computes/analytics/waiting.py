"""Which of what is marked is counted now, and how much of it in one round.

A trace that goes on is marked at each of its steps, and to count it means to read it whole. So in the background it waits until
it is quiet, or has waited long; the longer, the more steps it has, so that what is read of it grows with its steps and not with
their square. Nobody sees that it waits: whoever asks has everything counted first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from loopgraph.contracts.analytics.counting import Mark

QUIET_MS: Final = 60_000
"""A trace to which nothing has come for so long may be counted."""

LONGEST_MS: Final = 300_000
"""So long a trace waits at most, though it goes on."""

SHORT: Final = 100
"""A trace of more steps than that waits longer, in proportion."""

MARKS: Final = 100
"""Nor does one that was marked so often: of more than four times as many steps, when it was marked for a quarter of them."""

HELD: Final = 50
"""So many wait at most, those that were marked last: an answer has them to count."""

OWN_WEIGHT: Final = 20
"""A trace takes as long to count as so many of its steps, beside these."""


def due(marks: Iterable[Mark], sizes: Mapping[str, int], now_ms: int) -> list[Mark]:
    """Those that are to be counted now, the quietest first. ``sizes`` are the steps of the traces of which they are known."""
    ordered = sorted(marks, key=lambda mark: mark.last_ms)
    many = len(ordered) - HELD
    return [mark for place, mark in enumerate(ordered) if place < many or _is_due(mark, sizes.get(mark.key, 0), now_ms)]


def _is_due(mark: Mark, size: int, now_ms: int) -> bool:
    patience = max(1.0, size / SHORT)
    is_quiet, has_waited = now_ms - mark.last_ms >= QUIET_MS * patience, now_ms - mark.first_ms >= LONGEST_MS * patience
    return is_quiet or has_waited or len(mark.ids) >= max(MARKS, size / 4)


def packed(ids: Iterable[str], sizes: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """Traces in their order, in lists of so many steps at most; one that has more is alone."""
    pack: list[str] = []
    weight = 0
    for id_ in ids:
        own = sizes.get(id_, 0) + OWN_WEIGHT
        if pack and weight + own > most:
            yield pack
            pack, weight = [], 0
        pack.append(id_)
        weight += own
    if pack:
        yield pack


def first_pack(ids: Sequence[str], sizes: Mapping[str, int], most: int) -> list[str]:
    """The first of these lists."""
    return next(packed(ids, sizes, most), [])
