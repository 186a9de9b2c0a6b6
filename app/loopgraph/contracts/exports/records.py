"""What a row of an exported table is made of, where that is no record of another room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from loopgraph.contracts.analytics.figures import Point, SeriesMetric
from loopgraph.contracts.analytics.subjects import Subject
from loopgraph.contracts.analytics.sums import NANO_PER_USD, US_PER_MS, UsageSums
from loopgraph.contracts.analytics.windows import Grain
from loopgraph.contracts.traces.records import HookExecution


class Use(NamedTuple):
    """An execution that used a version of a pattern, and what that is called. ``decision_id``: the decision that rests on it."""

    execution: HookExecution
    pattern_id: str
    pattern_name: str
    version: int
    decision_id: str | None


class ExperimentExecution(NamedTuple):
    """An execution of an experiment. ``decision_id`` is the decision that rests on it."""

    execution: HookExecution
    decision_id: str | None


@dataclass(frozen=True)
class UsageBucket:
    """What happened to one subject in the hour or day that begins at ``start``."""

    grain: Grain
    subject: Subject
    start: datetime
    sums: UsageSums

    @property
    def duration_ms(self) -> float:
        """The sum of the durations that are known."""
        return self.sums.duration.total / US_PER_MS

    @property
    def cost_usd(self) -> float | None:
        """What those cost that have a cost; None where none has."""
        return self.sums.cost_nanousd / NANO_PER_USD if self.sums.priced else None

    @property
    def durations(self) -> dict[str, int]:
        """The logarithmic histogram of the durations: how many by index."""
        return {str(index): count for index, count in self.sums.durations.items()}


class SeriesPoint(NamedTuple):
    """A point of a line of a time series; ``group`` is the value of the dimension whose line it is."""

    metric: SeriesMetric
    group: str | None
    point: Point
