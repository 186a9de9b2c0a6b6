"""Figures that several subjects have."""

from __future__ import annotations

from typing import Self

import strawberry


@strawberry.type(description="The closed interval from `low` to `high`.")
class Interval:
    low: float
    high: float

    @classmethod
    def of(cls, interval: tuple[float, float] | None) -> Self | None:
        return cls(low=interval[0], high=interval[1]) if interval else None
