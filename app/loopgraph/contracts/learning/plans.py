"""The plan of a learned pattern: structure only, no text of a tool, a file or an answer. Durations are in milliseconds."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from loopgraph.contracts.base import EMPTY_MAP, Contract, JsonMap

PLAN: Final = "plan"
"""The ``pattern_type`` of learned patterns."""


class StepKind(StrEnum):
    """What a step of a plan does."""

    TOOL = "tool"
    SKILL = "skill"
    COMMAND = "command"
    SUBAGENT = "subagent"
    HOOK = "hook"


class Range(Contract):
    """How much of something there was, over the traces that support it: the median, the least and the most."""

    median: float
    least: float
    most: float


class PlanStep(Contract):
    """A step, in its place. ``name`` is the tool's, skill's, command's or agent's; ``program`` what a shell runs in it, None for
    other tools, and where it only looks; ``targets`` are what it works on, by kind (``*.py``, ``pytest``), the most frequent
    first, never a value. ``times`` says how often in a row it was done (loops and
    retries are folded), ``support`` in how many successful traces it is, ``failures`` in how many it failed
    and was not made good."""

    position: int
    kind: StepKind
    name: str
    program: str | None = None
    targets: tuple[str, ...] = ()
    times: Range
    duration_ms: Range | None = None
    intelligence_functions: tuple[str, ...] = ()
    quality_gates: tuple[str, ...] = ()
    support: int
    failures: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two steps the same step."""
        return self.kind.value, self.name, self.program or ""


class EndpointExpectation(Contract):
    """A call that successful traces make. ``request_template`` and ``response_schema`` hold names and types, no values."""

    service: str
    endpoint: str
    method: str
    request_template: JsonMap = EMPTY_MAP
    response_schema: JsonMap = EMPTY_MAP
    duration_ms: Range | None = None
    support: int


class Performance(Contract):
    """What a run of the plan comes to."""

    duration_ms: Range | None = None
    steps: Range
    endpoint_calls: Range
    rag_queries: Range
    tokens: Range | None = None
    cost_usd: Range | None = None


class Departure(Contract):
    """Where failed traces leave the path: after the step at ``after`` (-1: before the first) they went on with ``name`` instead
    (None: they ended)."""

    after: int
    name: str | None
    traces: int


class Plan(Contract):
    """How successful traces of one kind of work went. ``agent`` is who did it, None if nobody was chosen."""

    agent: str | None = None
    routing_strategy: str | None = None
    steps: tuple[PlanStep, ...]
    endpoints: tuple[EndpointExpectation, ...] = ()
    performance: Performance
    departures: tuple[Departure, ...] = ()


class Standing(StrEnum):
    """Whether a learned pattern is matched."""

    ACTIVE = "active"
    PRUNED = "pruned"
    MERGED = "merged"


class LearnedPattern(Contract):
    """What is kept of a learned pattern beside its versions; the plan itself is the text of the version in use.

    ``successes`` and ``failures`` are the traces that it was learned from, also those that followed its plan; ``replays`` and
    ``replay_successes`` are of plans that were handed out and followed."""

    pattern_id: str
    name: str
    node_id: str
    version: int
    standing: Standing
    intent: str
    action: str
    keywords: tuple[str, ...]
    domain: str | None = None
    project: str | None = None
    agent: str | None = None
    successes: int
    failures: int
    replays: int = 0
    replay_successes: int = 0

    @property
    def runs(self) -> int:
        """How many traces it was learned from."""
        return self.successes + self.failures

    @property
    def success_rate(self) -> float | None:
        """Of all that it was learned from; None while there is nothing. The seed's 1.0 for that would be invented."""
        return self.successes / self.runs if self.runs else None


class Exemplar(Contract):
    """A prompt that a learned pattern was learned from, as far as the capture setting keeps its text."""

    exemplar_id: str
    pattern_id: str
    text: str
