"""The difference of two in words: "v7 costs 31 % less than v6 [24, 38]"."""

from __future__ import annotations

from typing import Final

from loopgraph.contracts.analytics.comparison import ComparedMeasure, Difference
from loopgraph.contracts.analytics.figures import Range
from loopgraph.contracts.loop.feedback import Reason

SAME: Final = {ComparedMeasure.SUCCESS_RATE: 0.02, ComparedMeasure.DURATION_MS: 0.05, ComparedMeasure.COST_USD: 0.05}
"""Whoever lies with the whole interval within so much of the other is called the same: 2 points, or 5 %."""

_MORE: Final = {
    ComparedMeasure.SUCCESS_RATE: ("fails", "less often", "more often", "as often as"),
    ComparedMeasure.DURATION_MS: ("takes", "longer", "less time", "as long as"),
    ComparedMeasure.COST_USD: ("costs", "more", "less", "as much as"),
}
"""The verb; what it says of a larger value, and of a smaller one; and of the same."""

_NAMES: Final = {
    ComparedMeasure.SUCCESS_RATE: "success rate",
    ComparedMeasure.DURATION_MS: "duration",
    ComparedMeasure.COST_USD: "cost",
}

_WHY: Final = {
    Reason.INSUFFICIENT_UNITS: "too few units to tell",
    Reason.ZERO_VARIANCE: "nothing varies, so nothing can be tested",
}


def in_words(one: Difference, first: str, second: str) -> str:
    """One sentence about the second against the first, without its full stop; durations and costs relatively, rates in points."""
    verb, more, less, same = _MORE[one.measure]
    amount, interval, unit = _points(one)
    if one.reason is not None or one.difference is None or amount is None:
        why = _WHY.get(one.reason) if one.reason else None
        return f"{second} against {first}: {why or _missing(one, first, second)}"
    if one.significant and interval is not None:
        bounds = interval if amount >= 0 else (-interval[1], -interval[0])
        return (
            f"{second} {verb} {abs(amount):.3g} {unit} {more if amount >= 0 else less} than {first} {_bounds(bounds)}"
        )
    if interval is not None and -_same(one) <= interval[0] and interval[1] <= _same(one):
        return f"{second} {verb} {same} {first} {_bounds(interval)} {unit}"
    shown = f" {_bounds(interval)} {unit}" if interval else ""
    return f"no difference shown in how {'often' if verb == 'fails' else 'much'} {second} {verb} against {first}{shown}"


def _missing(one: Difference, first: str, second: str) -> str:
    """Of which of the two the measure is not known; where it is known of both, there is no part of 0."""
    unknown = [name for name, value in ((first, one.first_value), (second, one.second_value)) if value is None]
    return f"the {_NAMES[one.measure]} of {' and of '.join(unknown) or first} is {'not known' if unknown else '0'}"


def _points(one: Difference) -> tuple[float | None, Range | None, str]:
    if one.measure is ComparedMeasure.SUCCESS_RATE:
        return _hundredfold(one.difference), _range(one.difference_interval), "points"
    return _hundredfold(one.relative), _range(one.relative_interval), "%"


def _same(one: Difference) -> float:
    return 100 * SAME[one.measure]


def _hundredfold(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _range(interval: Range | None) -> Range | None:
    return None if interval is None else (100 * interval[0], 100 * interval[1])


def _bounds(interval: Range) -> str:
    return f"[{interval[0]:.3g}, {interval[1]:.3g}]"
