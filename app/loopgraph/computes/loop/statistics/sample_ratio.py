"""Whether the units of an experiment fall to its arms as they were meant to.

Where they do not, what is compared is not two random parts of the same units, whatever the test then says: something breaks
the assignment, or loses the executions of one arm (Fabijan et al., KDD 2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from loopgraph.errors import InvalidInput

LEVEL = 0.001
"""A split is a mismatch when its p-value is below this level: strict, because the test is about the experiment itself."""


MOST_UNITS = 10**12
"""Beyond it the logarithms of factorials are too coarse for a p-value."""


def split_p_value(control: int, treatment: int, treatment_share: float = 0.5) -> float:
    """The p-value of a split of units into two arms, for the planned share; valid at every look, however often one looks.

    Raises InvalidInput for negative counts or a share that is not strictly between 0 and 1.
    """
    if not 0.0 < treatment_share < 1.0:
        raise InvalidInput("treatment_share", f"must be strictly between 0 and 1, not {treatment_share!r}")
    return sample_ratio_p_value((control, treatment), (1 - treatment_share, treatment_share))


def sample_ratio_p_value(units: Sequence[int], shares: Sequence[float]) -> float:
    """The p-value of a split of units into several arms, for the planned shares; valid at every look, however often one looks.

    It is 1 / e, at most 1, of the e-value that weighs unknown shares (uniform over all that there are: Dirichlet's
    distribution) against the planned ones; under the plan it never gets below α in a whole experiment but with a probability
    of α (Ville's inequality; Lindon & Malek, NeurIPS 2022). Raises InvalidInput for counts that are negative or more than
    ``MOST_UNITS``, and for shares that are not as many, not all positive, or do not add up to 1.
    """
    from scipy import special  # a service that has nothing to compare does without its 17 MB

    if min(units, default=0) < 0:
        raise InvalidInput("units", f"must not be negative, as {min(units)} is")
    if max(units, default=0) > MOST_UNITS:
        raise InvalidInput("units", f"must be at most {MOST_UNITS:,} in each arm")
    if len(shares) != len(units) or len(shares) < 2:
        raise InvalidInput("shares", f"must be one for each of at least two arms, not {len(shares)} for {len(units)}")
    if not all(share > 0 for share in shares) or not math.isclose(sum(shares), 1.0, rel_tol=1e-9):
        raise InvalidInput("shares", "must all be positive and add up to 1")
    arms, whole = len(units), sum(units)
    planned = sum(count * math.log(share) for count, share in zip(units, shares, strict=True))
    free = sum(float(special.gammaln(1 + count)) for count in units)
    log_e = free + float(special.gammaln(arms) - special.gammaln(arms + whole)) - planned
    return math.exp(-max(0.0, log_e))
