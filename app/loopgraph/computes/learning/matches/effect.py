"""Whether plans help: traces that were given one against those from which one was withheld.

What was drawn by chance is the session, so each is one unit with the mean of its traces; and it counts where chance put it,
whether the plan was followed or not (intention to treat). Successes are compared as they are, durations by their logarithms: the
effect of these is a ratio.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from loopgraph.contracts.learning.replays import Settled
from loopgraph.contracts.statistics.metrics import Direction, Logarithm, MetricDefinition
from loopgraph.contracts.statistics.samples import UnitValue

SUCCESS: Final = MetricDefinition(name="success", direction=Direction.LARGER_IS_BETTER)
DURATION: Final = MetricDefinition(name="duration_ms", direction=Direction.SMALLER_IS_BETTER, tail=Logarithm())


class Arms(NamedTuple):
    """The units of both: those from which plans were withheld, and those that were given them."""

    control: Sequence[UnitValue]
    treatment: Sequence[UnitValue]


def of_successes(traces: Iterable[Settled]) -> Arms:
    """Each unit's share of successes, of traces of which it is known."""
    return _arms((one, float(one.success)) for one in traces if one.success is not None)


def of_durations(traces: Iterable[Settled]) -> Arms:
    """Each unit's mean duration, of traces that took time."""
    return _arms((one, one.duration_ms) for one in traces if one.duration_ms is not None and one.duration_ms > 0)


def _arms(values: Iterable[tuple[Settled, float]]) -> Arms:
    units: defaultdict[tuple[bool, str], list[float]] = defaultdict(list)
    for one, value in values:
        units[one.withheld, one.unit].append(value)
    control, treatment = (
        [
            UnitValue(math.fsum(each) / len(each))
            for (is_withheld, _), each in sorted(units.items())
            if is_withheld is withheld
        ]
        for withheld in (True, False)
    )
    return Arms(control, treatment)
