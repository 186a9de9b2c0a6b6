"""Sums as maps of integers, and what a bucket holds of them as text: the same sums are the same bytes.

A map adds, takes away and compares many times as fast as ``UsageSums``, which people of other rooms read.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import orjson
from pydantic_core import from_json

from loopgraph.contracts.analytics.counting import Counts, Tallies
from loopgraph.contracts.analytics.subjects import Dimension
from loopgraph.contracts.analytics.sums import Moments, Tally, UsageSums

EXECUTIONS: Final = "n"
SUCCESSES: Final = "ok"
FAILURES: Final = "ko"
COST: Final = "cost"

NUMBERS: Final[Mapping[str, str]] = {
    "executions": EXECUTIONS,
    "successes": SUCCESSES,
    "failures": FAILURES,
    "retries": "retries",
    "quality_gates": "gates",
    "intelligence_functions": "functions",
    "input_tokens": "in",
    "cache_read_tokens": "in_read",
    "cache_write_tokens": "in_written",
    "output_tokens": "out",
    "reasoning_tokens": "out_reasoning",
    "cost_nanousd": COST,
    "reported_cost_nanousd": "cost_told",
    "priced": "priced",
    "unpriced": "unpriced",
}
"""The key of each number of ``UsageSums``."""

STATUS, ERROR, DURATION, GRADE, MEASURE = "s:", "e:", "d:", "q:", "m:"
"""With what the keys of counts by status, error type, index of the histogram and grade begin, and those of measures."""

TIMED: Final = ("t", "t1", "t2")
QUALITY: Final = ("q", "q1", "q2")
"""The keys of how many are known, of their sum, and of the sum of their squares."""


def measure_keys(name: str) -> tuple[str, str, str]:
    """The same of a measure."""
    return f"{MEASURE}{name}", f"{MEASURE}{name}:1", f"{MEASURE}{name}:2"


def add_to(counts: Counts, more: Mapping[str, int], sign: int = 1) -> None:
    """Adds ``more``, or takes it away; what comes to nothing is left out."""
    for key, value in more.items():
        total = counts.get(key, 0) + sign * value
        if total:
            counts[key] = total
        else:
            counts.pop(key, None)


def text_of(counts: Mapping[str, int]) -> str:
    """A map as ``json_of`` has it."""
    return json_of(counts)


def counts_of(text: str) -> Counts:
    """What ``text_of`` wrote."""
    counts: Counts = of_json(text)
    return counts


_LARGE: Final = " "
"""With this a text begins that has integers of more than 64 bits, which the fastest parser would take for floats."""


def json_of(value: Any) -> str:
    """As JSON with its keys in order, whatever size its integers have. Of the same value it is the same text."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # more than 64 bits
        return _LARGE + json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def of_json(text: str) -> Any:
    """What ``json_of`` wrote."""
    return from_json(text) if text.startswith(_LARGE) else orjson.loads(text)


def sums_of(counts: Mapping[str, int], tallies: Tallies | None = None) -> UsageSums:
    """The sums that a map holds, in the one form that sums have (``reducers/usage/sums``)."""
    by_kind: dict[str, dict[str, int]] = {STATUS: {}, ERROR: {}, DURATION: {}, GRADE: {}, MEASURE: {}}
    for key in sorted(counts):
        if (kind := key[:2]) in by_kind and counts[key]:
            by_kind[kind][key[2:]] = counts[key]
    numbers: dict[str, Any] = {name: counts.get(key, 0) for name, key in NUMBERS.items()}
    return UsageSums(
        **numbers,
        statuses=by_kind[STATUS],
        errors=by_kind[ERROR],
        duration=_moments(counts, TIMED),
        durations=_numbered(by_kind[DURATION]),
        quality=_moments(counts, QUALITY),
        grades=_numbered(by_kind[GRADE]),
        measures=_measures(by_kind[MEASURE]),
        dimensions={
            dimension: found
            for dimension, values in sorted((tallies or {}).items())
            if (found := {value: Tally(*tally) for value in sorted(values) if any(tally := values[value])})
        },
    )


LEVELS: Final = "~levels"
"""Beside the dimensions of a breakdown: how often the values of each were halved (``computes/analytics/buckets``)."""


def tallies_of(breakdown: str | None, dimensions: Collection[str] | None = None) -> Tallies:
    """What a bucket is told apart by, of its text; where dimensions are named, those that have the most values are not read
    unless they are among them."""
    if not breakdown:
        return {}
    for dimension in MANY_VALUED:
        if dimensions is not None and dimension not in dimensions:
            breakdown = _without(breakdown, dimension)
    tallies: Tallies = of_json(breakdown)
    tallies.pop(LEVELS, None)
    return tallies


MANY_VALUED: Final = (Dimension.SESSION, Dimension.UNIT)
"""The dimensions that are four fifths of the text of a breakdown."""

_NEXT: Final = re.compile(r']},("[^"]*":\{)')
"""Where one dimension ends and the next begins. A quotation mark in a name has a backslash before it: so no name holds this."""


def _without(breakdown: str, dimension: str) -> str:
    """The text without one of its dimensions, if another follows it."""
    begin = breakdown.find(f'"{dimension}":{{')
    following = _NEXT.search(breakdown, begin) if begin >= 0 else None
    return breakdown[:begin] + breakdown[following.start(1) :] if following else breakdown


def _numbered(counts: Mapping[str, int]) -> dict[int, int]:
    return dict(sorted((int(number), count) for number, count in counts.items()))


def _moments(counts: Mapping[str, int], keys: Iterable[str]) -> Moments:
    return Moments(*(counts.get(key, 0) for key in keys))


def _measures(found: Mapping[str, int]) -> dict[str, Moments]:
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for key, value in found.items():
        name, _, power = key.partition(":")
        sums[name][int(power or 0)] = value
    return {name: Moments(*moments) for name, moments in sums.items()}
