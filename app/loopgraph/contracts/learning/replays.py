"""Plans that are handed out, and what became of them: the plan itself, how it was followed, and the usage log of seed 003 §4.2.

Durations are in milliseconds.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from loopgraph.contracts.base import Contract, NonNegative, Unit
from loopgraph.contracts.learning.matching import MatchScore
from loopgraph.contracts.learning.plans import Departure, EndpointExpectation, PlanStep, Range
from loopgraph.contracts.statistics.estimates import Estimate

REPLAYS: Final = "replay"
"""The experiment that all plans together are: a unit (a session) is given plans, or it is not."""

OWN_TOOLS: Final = "mcp__loopgraph__"
"""How the names of our own tools begin where agent clients tell of them: asking for a plan is no step of it."""


class Expectations(Contract):
    """What a run of a plan comes to, by the traces that it was learned from."""

    duration_ms: Range | None
    steps: Range
    endpoint_calls: Range
    rag_queries: Range
    tokens: Range | None
    cost_usd: Range | None


class ReplayPlan(Contract):
    """How to do again what went well: who, in which steps, with which intelligence, and what is to be expected of it.

    ``support`` of its ``runs`` succeeded. ``confidence`` is how probable it is that the next one does, None where that is not
    known. ``avoid`` is where failed traces left the path."""

    pattern_id: str
    name: str
    node_id: str
    version: int
    agent: str | None
    routing_strategy: str | None
    steps: tuple[PlanStep, ...]
    intelligence_functions: tuple[str, ...]
    quality_gates: tuple[str, ...]
    endpoints: tuple[EndpointExpectation, ...]
    expectations: Expectations
    avoid: tuple[Departure, ...]
    support: int
    runs: int
    confidence: Unit | None


class DeviationKind(StrEnum):
    """How an execution differs from a plan: a step that it left out, one that it took beside, one that it took at another
    place."""

    SKIPPED = "skipped"
    ADDED = "added"
    REORDERED = "reordered"


class Deviation(Contract):
    """One difference. ``position`` is the place of the step in the plan; of an added one, that of the step of the plan before it,
    -1 for none."""

    kind: DeviationKind
    name: str
    position: int


class Following(Contract):
    """An execution beside the plan. ``matched`` of ``planned`` steps were taken in the plan's order. ``adherence`` is
    twice the matched steps over those of both, 1 where both have none. ``variance`` is (actual − expected) / expected
    duration, None where one is not known. ``deviations`` are the first of ``deviating``."""

    planned: int
    taken: int
    matched: int
    adherence: Unit
    deviations: tuple[Deviation, ...]
    deviating: int
    expected_duration_ms: NonNegative | None = None
    actual_duration_ms: NonNegative | None = None
    variance: float | None = None


class ReplayOutcome(StrEnum):
    """What came of a trace that was offered a plan, by the criteria of success; as the seed has it."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"


class Offer(Contract):
    """A plan that fitted a trace's prompt. ``withheld``: it was not handed out, by chance; ``propensity`` is how probable what
    was done was. ``unit`` is what chance goes by, as a digest. What follows after the trace has ended is None before
    (``settled_at``)."""

    correlation_id: str
    session_id: str | None
    pattern_id: str
    node_id: str
    version: int
    at: datetime
    unit: str
    score: MatchScore
    withheld: bool
    propensity: Unit
    outcome: ReplayOutcome | None = None
    followed: bool | None = None
    following: Following | None = None
    settled_at: datetime | None = None


class Settled(NamedTuple):
    """What came of an offer. ``success`` and ``duration_ms`` are None where they are not known."""

    unit: str
    withheld: bool
    success: bool | None
    duration_ms: float | None


class ReplayEffect(Contract):
    """Whether plans help: sessions that were given them against those that were not, as they were meant to be (intention to
    treat), a value for each session. ``offers`` and ``withheld`` are how many traces there are of each, ``unsettled`` how many of
    both have not ended, ``unknown`` of how many it is not known whether they succeeded. ``complete``: no more offers were made
    than were looked at."""

    offers: int
    withheld: int
    unsettled: int
    unknown: int
    complete: bool
    success: Estimate
    duration_ms: Estimate
