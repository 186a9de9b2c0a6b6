"""Which arm of an experiment a unit of work belongs to."""

from __future__ import annotations

import hashlib

from loopgraph.contracts.feedback import Arm
from loopgraph.errors import InvalidInput

_BITS = 53  # of a float's mantissa: every quotient below is exact, and less than 1


def assign(experiment_id: str, unit: str, treatment_share: float = 0.5) -> Arm:
    """The arm of ``unit``: always the same for the same experiment, and independent between experiments.

    A hash places the unit uniformly in [0, 1); the first ``treatment_share`` of that interval is the treatment arm,
    so that raising the share moves units only from control to treatment. Raises InvalidInput when the share is
    outside 0..1.
    """
    if not 0.0 <= treatment_share <= 1.0:
        raise InvalidInput("treatment_share", f"must be between 0 and 1, not {treatment_share!r}")
    return Arm.TREATMENT if _place(experiment_id, unit) < treatment_share else Arm.CONTROL


def unit_digest(unit: str) -> str:
    """What a unit is remembered by: it may be a person's name. 32 hexadecimal digits."""
    return hashlib.sha256(unit.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _place(experiment_id: str, unit: str) -> float:
    # The length in front keeps ("a", "bc") and ("ab", "c") apart.
    digest = hashlib.sha256(f"{len(experiment_id)}:{experiment_id}{unit}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / (1 << _BITS)
