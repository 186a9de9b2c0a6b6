"""Several candidates, or several metrics, at once: their p-values adjusted for their number.

Candidates that are looked at again and again bring always-valid p-values, which hold at whatever look the family is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from loopgraph.contracts.loop.multiplicity import benjamini_hochberg, holm
from loopgraph.errors import InvalidInput


class Correction(StrEnum):
    """What is kept below a level: holm, the probability of any false find; benjamini_hochberg, the share of false ones among the
    finds."""

    HOLM = "holm"
    BENJAMINI_HOCHBERG = "benjamini_hochberg"


_BY: dict[Correction, Callable[[Sequence[float], int], list[float]]] = {
    Correction.HOLM: holm,
    Correction.BENJAMINI_HOCHBERG: benjamini_hochberg,
}


def adjusted(p_values: Sequence[float | None], correction: Correction = Correction.HOLM) -> list[float | None]:
    """The adjusted p-values. None, of a test that could not be computed (yet), stays None and counts as one of the family,
    since it may still get one. Raises InvalidInput for a number that is no probability."""
    for index, p_value in enumerate(p_values):
        if p_value is not None and not 0.0 <= p_value <= 1.0:
            raise InvalidInput(f"p_values.{index}", f"must be between 0 and 1, not {p_value!r}")
    found = iter(_BY[correction]([p_value for p_value in p_values if p_value is not None], len(p_values)))
    return [None if p_value is None else next(found) for p_value in p_values]
