"""What the rules share: how much must be known before one speaks, and how parameters that they know are read."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Any, Final, TypeGuard

from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.counted import counted
from loopgraph.contracts.loop.feedback import PerformanceSummary

MIN_EXECUTIONS: Final = 30
"""Below this many executions no rule speaks."""

NOTABLE_SHARE: Final = 0.05
"""A kind of failure counts from this share of all executions."""

TIMEOUT_UNITS_MS: Final[dict[str, float]] = {
    "timeout_ms": 1.0,
    "timeout_milliseconds": 1.0,
    "timeout_s": 1000.0,
    "timeout_sec": 1000.0,
    "timeout_secs": 1000.0,
    "timeout_seconds": 1000.0,
}
"""Parameters that are timeouts, with their unit in milliseconds. A plain ``timeout`` does not say its unit: left
alone."""

RETRY_KEYS: Final = ("max_retries", "retries")
"""Parameters that count the attempts after the first."""


def share(summary: PerformanceSummary, count: int) -> float:
    """So many of all executions, 0..1."""
    return count / summary.execution_count


def portion(summary: PerformanceSummary, count: int) -> str:
    """The same in words."""
    return f"{count:,} of {counted(summary.execution_count, 'execution')} ({share(summary, count):.1%})"


def wording(parameters: JsonMap, changes: JsonMap) -> str:
    """What is to be changed, without a full stop."""
    return "Change " + " and ".join(f"{key} from {parameters[key]} to {value}" for key, value in changes.items())


def timeouts(parameters: JsonMap) -> Iterator[tuple[str, float, float]]:
    """Name, value and unit in milliseconds of the timeouts among ``parameters``. Zero and below usually mean: none."""
    for key, unit_ms in TIMEOUT_UNITS_MS.items():
        value = parameters.get(key)
        if is_number(value) and math.isfinite(value) and value > 0:
            yield key, value, unit_ms


def retries(parameters: JsonMap) -> tuple[str, int] | None:
    """Name and value of the parameter that counts further attempts."""
    return whole_number(parameters, RETRY_KEYS)


def whole_number(parameters: JsonMap, keys: Collection[str]) -> tuple[str, int] | None:
    """The first of these parameters that is a whole number."""
    for key in keys:
        value = parameters.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return key, value
    return None


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether it is a number, and no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def round_up(value: float, like: float) -> float:
    """Up to a whole number where ``like`` is one, else to three decimals."""
    if isinstance(like, int):
        return math.ceil(round(value, 6))
    return math.ceil(round(value * 1000, 6)) / 1000
