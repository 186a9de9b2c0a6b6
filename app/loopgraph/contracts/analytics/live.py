"""Figures that are told again whenever they change."""

from __future__ import annotations

from typing import Self

from loopgraph.contracts.analytics.answers import Basis, Change, Ranked, TypeSummary
from loopgraph.contracts.analytics.figures import CostFigures, DurationFigures, SuccessFigures, Whole
from loopgraph.contracts.base import Contract, Unit


class LiveFigures(Contract):
    """Figures over a window."""

    basis: Basis

    def says_what(self, other: Self) -> bool:
        """Whether the figures are the same; how many traces wait to be counted is none of them."""
        return self._figures() == other._figures()

    def _figures(self) -> Self:
        return self.model_copy(update={"basis": self.basis.model_copy(update={"pending": 0})})


class PatternFigures(Contract):
    """What came of the executions of one pattern, how long they took, and what they cost."""

    pattern_id: str
    name: str
    pattern_type: str
    success: SuccessFigures
    duration: DurationFigures
    cost: CostFigures


class PatternMetrics(LiveFigures):
    """Some patterns, in the order in which they were asked for."""

    patterns: tuple[PatternFigures, ...]


class Dashboard(LiveFigures):
    """Everything at a glance: all traces, the patterns that are used most, and types of patterns."""

    total_patterns: Whole
    success: SuccessFigures
    duration: DurationFigures
    cost: CostFigures
    most_used: tuple[Ranked, ...]
    pattern_types: tuple[TypeSummary, ...]
    change: Change


class PatternRate(Contract):
    """How well one pattern succeeds, in the words of seed 004. ``confidence`` is the lower bound of Wilson's interval at 95 %."""

    pattern_id: str
    pattern_name: str
    success_rate: Unit | None
    confidence: Unit | None
    total_executions: Whole
    successful_executions: Whole
    pattern_type: str


class PatternRates(LiveFigures):
    """How well patterns succeed. The average is the mean of the patterns' rates, each with the same weight."""

    patterns: tuple[PatternRate, ...]
    total_patterns: Whole
    average_success_rate: Unit | None
    high_confidence_count: Whole
