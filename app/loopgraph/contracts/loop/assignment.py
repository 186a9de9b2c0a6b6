"""Which arm of an experiment a unit of work belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from itertools import accumulate, count

from loopgraph.contracts.loop.design import EVEN
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.errors import InvalidInput

_BITS = 53  # of a float's mantissa: every quotient below is exact, and less than 1


def assign(experiment_id: str, unit: str, treatment_share: float = EVEN) -> Arm:
    """The arm of ``unit``: always the same for the same experiment, and independent between experiments.

    A hash places the unit uniformly in [0, 1); the first ``treatment_share`` of that interval is the treatment arm,
    so that raising the share moves units only from control to treatment. Raises InvalidInput when the share is
    outside 0..1.
    """
    if not 0.0 <= treatment_share <= 1.0:
        raise InvalidInput("treatment_share", f"must be between 0 and 1, not {treatment_share!r}")
    return Arm.TREATMENT if place(experiment_id, unit) < treatment_share else Arm.CONTROL


def assign_among(experiment_id: str, unit: str, shares: Sequence[float], dropped: Collection[int] = ()) -> int | None:
    """The place, among several candidates with these shares, of the one that a unit gets; None: the control, which has the rest.

    Always the same for the same shares; of one candidate, as ``assign``. A unit that would get one of the ``dropped`` is drawn
    anew, until it gets another: what is left keeps the proportions that it had. Raises InvalidInput for shares that are negative
    or not less than 1 together.
    """
    ends = list(accumulate(shares))
    if min(shares, default=0.0) < 0.0 or (ends and ends[-1] >= 1.0):
        raise InvalidInput("shares", f"must not be negative, and less than 1 together, unlike {list(shares)}")
    for draw in count():
        at = place(f"{experiment_id}|{draw}" if draw else experiment_id, unit)
        found = next((index for index, end in enumerate(ends) if at < end), None)
        if found not in dropped:
            return found
    raise AssertionError("it draws until it has found one")


def held_out(pattern_id: str, unit: str, share: float) -> bool:
    """Whether a unit is among those that are in no experiment of a pattern: by a hash of both, so always the same units, whatever
    the experiment, and independent of the arms of any. With a greater share there are more, and all that there were."""
    return share > 0.0 and place(f"holdout|{pattern_id}", unit) < share


def unit_digest(unit: str) -> str:
    """What a unit is remembered by: it may be a person's name. 32 hexadecimal digits."""
    return hashlib.sha256(unit.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def place(experiment_id: str, unit: str) -> float:
    """Where a hash places a unit in [0, 1), uniformly: always the same in the same experiment, and independent between them."""
    # The length in front keeps ("a", "bc") and ("ab", "c") apart.
    digest = hashlib.sha256(f"{len(experiment_id)}:{experiment_id}{unit}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / (1 << _BITS)
