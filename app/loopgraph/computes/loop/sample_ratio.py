"""Whether the units of an experiment fall to its arms as they were meant to.

Where they do not, what is compared is not two random halves of the same units, whatever the test then says: something breaks
the assignment, or loses the executions of one arm (Fabijan et al., KDD 2019).
"""

from __future__ import annotations

import math

from loopgraph.errors import InvalidInput

LEVEL = 0.001
"""A split is a mismatch when its p-value is below this level: strict, because the test is about the experiment itself."""


def split_p_value(control: int, treatment: int, treatment_share: float = 0.5) -> float:
    """The p-value of a split of units into arms, for the planned share; valid at every look, however often one looks.

    It is 1 / e, at most 1, of the e-value that weighs a share unknown between 0 and 1 (uniform) against the planned one; under
    the plan it never gets below α in a whole experiment but with a probability of α (Ville's inequality; Lindon & Malek,
    NeurIPS 2022). Raises InvalidInput for negative counts or a share that is not strictly between 0 and 1.
    """
    from scipy import special  # a service that has nothing to compare does without its 17 MB

    if control < 0 or treatment < 0:
        raise InvalidInput("units", f"must not be negative, as {min(control, treatment)} is")
    if not 0.0 < treatment_share < 1.0:
        raise InvalidInput("treatment_share", f"must be strictly between 0 and 1, not {treatment_share!r}")
    planned = treatment * math.log(treatment_share) + control * math.log1p(-treatment_share)
    log_e = float(special.betaln(1 + treatment, 1 + control)) - planned
    return math.exp(-max(0.0, log_e))
