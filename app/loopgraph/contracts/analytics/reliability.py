"""How far a pattern can be relied on, and which of several to prefer."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from loopgraph.contracts.analytics.answers import Basis
from loopgraph.contracts.analytics.figures import Range, Whole
from loopgraph.contracts.base import Contract, Id, NonNegative, Unit

THRESHOLD: Final = 0.8
"""Below this rate of success, seed 000 asks for more validation."""


class ReliabilityVerdict(StrEnum):
    """What the interval of a rate of success says of a threshold. RELIABLE: it is above it, UNRELIABLE: below. UNKNOWN: there are
    too few executions (or units) to tell."""

    RELIABLE = "reliable"
    UNRELIABLE = "unreliable"
    UNKNOWN = "unknown"


class Reliability(Contract):
    """What came of the executions of a subject. ``executions`` are those of which that is known, in so many ``units``.

    ``interval`` is Wilson's at 95 %, for as many independent executions as these are worth (``effective``): those of one unit
    depend on each other. ``reliability`` is its lower bound. All are None without executions.
    """

    executions: Whole
    unknown: Whole
    successes: Whole
    units: Whole
    effective: NonNegative | None
    success_rate: Unit | None
    interval: Range | None
    reliability: Unit | None
    verdict: ReliabilityVerdict


class PatternReliability(Contract):
    """The reliability of a pattern, and of its version in use alone (None where none is)."""

    basis: Basis
    pattern_id: Id
    threshold: Unit
    whole: Reliability
    current_node_id: Id | None
    current: Reliability | None


class Candidate(NamedTuple):
    """A pattern that was matched. ``similarity`` is 0..1, None: nobody said how well."""

    pattern_id: str
    similarity: float | None


class RankedPattern(Contract):
    """One of several patterns, the best of ``rank`` 1. ``score`` is 0..1: 0.4 similarity, 0.3 historical success, 0.3 recent
    performance (seed 000); without similarities the last two count alike.

    ``historical_success`` is the reliability, 0 without executions. ``recent_performance`` is that of the executions since
    ``recent`` (0 without any), as a mean with ``recent_speed`` where that is known: the shortest mean duration among these
    patterns over this one's.
    """

    rank: Whole
    pattern_id: Id
    score: Unit
    similarity: Unit | None
    historical_success: Unit
    recent_performance: Unit
    recent_speed: Unit | None
    history: Reliability
    recent: Reliability


class PatternRanking(Contract):
    """Patterns, the best first. ``recent_basis`` is of what counts as recent."""

    basis: Basis
    recent_basis: Basis
    patterns: tuple[RankedPattern, ...]
