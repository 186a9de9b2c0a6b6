"""Whether plans help is an experiment: a random share of sessions is given none, though one fits."""

from __future__ import annotations

from typing import NamedTuple

from loopgraph.contracts.learning.replays import REPLAYS
from loopgraph.contracts.loop.assignment import assign, unit_digest
from loopgraph.contracts.loop.feedback import Arm


class Drawn(NamedTuple):
    """What chance says of a unit, how probable that was, and what the unit is remembered by."""

    withheld: bool
    propensity: float
    unit: str


def draw(unit: str, withheld_share: float) -> Drawn:
    """Whether a unit's plans are withheld: always the same for the same share. Raising it moves units only from those that are
    given plans to those that are not."""
    given = assign(REPLAYS, unit, 1.0 - withheld_share) is Arm.TREATMENT
    return Drawn(not given, 1.0 - withheld_share if given else withheld_share, unit_digest(unit))
