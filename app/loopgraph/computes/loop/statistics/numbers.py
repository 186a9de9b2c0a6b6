"""Guards of floating-point arithmetic."""

from __future__ import annotations

import math

from loopgraph.errors import InvalidInput


def varies(standard_error: float, *values: float) -> bool:
    """Whether a standard error is more than what rounding leaves of none beside these values."""
    return standard_error > 1e-12 * max(map(abs, values), default=0.0)


def finite(*values: float) -> bool:
    """Whether all of them are numbers that are not infinite."""
    return all(map(math.isfinite, values))


def check_level(level: float, below: float = 1.0) -> None:
    """Raises InvalidInput unless the level lies strictly between 0 and ``below``."""
    if not 0.0 < level < below:
        raise InvalidInput("level", f"must be strictly between 0 and {below:g}, not {level!r}")
