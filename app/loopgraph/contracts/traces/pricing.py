"""What calls of language models cost: what a price list is asked, and what it answers. Costs are in US dollars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class CostSource(StrEnum):
    """Who says what a call cost."""

    REPORTED = "reported"
    COMPUTED = "computed"


class ModelUsage(NamedTuple):
    """What one call of a model used. ``service`` is who served it, as far as that is known.

    As in OpenTelemetry, ``input_tokens`` holds those read from a cache and those written to one, of which
    ``cache_write_1h_tokens`` are kept for an hour; ``output_tokens`` holds those of reasoning.
    """

    model: str
    service: str | None
    at: datetime
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int


TOKENS = ModelUsage._fields[3:]
"""The counts of a usage."""

Pricing = Callable[[ModelUsage], float | None]
"""What a call cost by some price list; None where it has no price for the model."""


def unpriced(usage: ModelUsage) -> None:
    """The empty price list."""
