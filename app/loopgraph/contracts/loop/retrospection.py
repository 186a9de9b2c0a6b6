"""Two versions that people ran as they chose, compared after the fact: observed, and adjusted for what was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple, Self

from pydantic import Field, model_validator

from loopgraph.contracts.base import Contract, Id, Instant, Unit
from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.distinctions import Factor
from loopgraph.contracts.statistics.estimates import NoEstimate

MOST_EXECUTIONS: Final = 5_000
"""So many executions of each version are looked at, the latest."""

MOST_LEVELS: Final = 20
"""Of one factor so many levels are told apart, those of the most units; all others are one."""

LEVEL: Final = 0.05
"""Intervals hold with 1 - this."""

ADJUSTABLE: Final = (Factor.AGENT, Factor.MODEL, Factor.PROJECT, Factor.CLIENT, Factor.INPUT_SIZE)
"""What can be adjusted for: it was there before the version was used. Tools and tags may have come of the version itself."""

LITTLE_OVERLAP: Final = 0.5
"""Where less of the units are in strata with both versions, most cannot be compared with anything."""

LEAST_OVERLAP: Final = 1.0
"""What Σ p·(1 − p) over the units must come to, p the probability of the candidate by what is adjusted for: that of two units of
each version that could as well have used the other. With less there is nothing to weight by."""

FEW_UNITS: Final = 20
"""Below so many units of a version that can be compared, its figures are rough."""


class EvidenceKind(StrEnum):
    """On what a comparison rests."""

    OBSERVATIONAL = "observational"


class Adjustment(StrEnum):
    """How two versions are compared."""

    NONE = "none"
    STRATIFIED = "stratified"
    OVERLAP_WEIGHTED = "overlap_weighted"


class Unadjusted(StrEnum):
    """Why a factor was not adjusted for."""

    NOT_ASKED = "not_asked"
    NOT_RECORDED = "not_recorded"
    NO_VARIATION = "no_variation"
    AFTER_THE_VERSION = "after_the_version"


class Caveat(StrEnum):
    """What speaks against a comparison."""

    NOT_ASSIGNED = "not_assigned"
    LITTLE_OVERLAP = "little_overlap"
    OTHER_TIMES = "other_times"
    FEW_UNITS = "few_units"
    METHODS_DISAGREE = "methods_disagree"
    UNITS_IN_BOTH = "units_in_both"
    LEVELS_UNITED = "levels_united"
    PARTLY_UNKNOWN = "partly_unknown"


class RetrospectionAsked(Contract):
    """Which two versions, by what, and for what is to be adjusted. Executions that began in ``[since, until)`` are looked at."""

    base_node_id: Id
    candidate_node_id: Id
    metric: Metric = Metric.DURATION_MS
    adjust_for: Annotated[tuple[Factor, ...], Field(max_length=len(Factor))] = ADJUSTABLE
    since: Instant
    until: Instant

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.base_node_id == self.candidate_node_id:
            raise ValueError("candidate_node_id must be another version than base_node_id")
        for factor in self.adjust_for:
            if factor not in ADJUSTABLE:
                names = ", ".join(each.name for each in ADJUSTABLE)
                raise ValueError(
                    f"adjust_for must not have {factor.name}, which may have come of the version itself; it may have {names}"
                )
        return self


class ObservedUnit(NamedTuple):
    """What a unit did with one of the versions: the mean of the metric over its executions that report it, and its level of each
    factor; one that is not known is absent. ``began`` is its first execution, ``ended`` its last."""

    unit: str
    is_candidate: bool
    value: float
    executions: int
    levels: Mapping[Factor, str]
    began: datetime
    ended: datetime


class ObservedSide(Contract):
    """A version as it was used: ``mean`` is that of its units' means, None without units."""

    units: int
    executions: int
    mean: float | None
    first_at: Instant | None
    last_at: Instant | None


class AdjustedEstimate(Contract):
    """The candidate less the base by one way of adjusting, in the unit of the metric, with its interval at 95 %.

    ``base_mean`` and ``candidate_mean`` are the means that were set against each other, ``gain`` the relative gain, positive
    where the candidate is better. ``base_units`` and ``candidate_units`` are how many units of each version count,
    ``effective_units`` how many equally weighted ones they are worth. What cannot be told is None, with its ``reason``.
    """

    adjustment: Adjustment
    base_mean: float | None = None
    candidate_mean: float | None = None
    effect: float | None = None
    effect_interval: tuple[float, float] | None = None
    gain: float | None = None
    p_value: Unit | None = None
    base_units: int = 0
    candidate_units: int = 0
    effective_units: float = 0.0
    reason: NoEstimate | None = None


class NotAdjusted(Contract):
    """A factor that was not adjusted for, and why."""

    factor: Factor
    reason: Unadjusted


class Balance(Contract):
    """The share of units at a level, of each version: as it was, and as it is weighted."""

    factor: Factor
    level: str
    base_share: Unit
    candidate_share: Unit
    weighted_base_share: Unit | None
    weighted_candidate_share: Unit | None


class Retrospection(Contract):
    """How two versions did where people chose them.

    ``overlap`` is the share of all units that are in strata in which both versions were used, of ``strata`` in all; None without
    units. ``units_in_both``: units that used both versions; ``left_out``: executions of experiments, which were assigned and are
    compared there. ``truncated``: there were more executions, and the latest were looked at.
    """

    evidence: EvidenceKind = EvidenceKind.OBSERVATIONAL
    metric: Metric
    base: ObservedSide
    candidate: ObservedSide
    adjusted_for: tuple[Factor, ...]
    not_adjusted: tuple[NotAdjusted, ...]
    overlap: Unit | None
    strata: int
    units_in_both: int
    left_out: int
    truncated: bool
    estimates: tuple[AdjustedEstimate, ...]
    balance: tuple[Balance, ...]
    caveats: tuple[Caveat, ...]
