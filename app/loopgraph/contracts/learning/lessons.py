"""What one trace teaches: structure, as in plans, of a trace that succeeded or failed. Durations are in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from loopgraph.contracts.base import EMPTY_MAP, Contract, JsonMap
from loopgraph.contracts.learning.features import PromptFeatures
from loopgraph.contracts.learning.plans import LearnedPattern, Plan, StepKind
from loopgraph.contracts.traces.success import Outcome

LEARNER: Final = "loopgraph-learner"
"""The actor of what the learner does, in the audit trail."""


class Role(StrEnum):
    """What a trace is to the pattern that it teaches."""

    SUCCESS = "success"
    FAILURE = "failure"


class TraceStep(Contract):
    """A step, or several of the same in a row: ``times``. ``duration_ms`` is the sum of those that are known. ``failed``: the
    last of them did not succeed."""

    kind: StepKind
    name: str
    program: str | None = None
    targets: tuple[str, ...] = ()
    times: int = 1
    duration_ms: float | None = None
    functions: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    failed: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two steps the same step."""
        return self.kind.value, self.name, self.program or ""


class TraceCall(Contract):
    """A call of an endpoint that is no language model, made ``times`` times; ``duration_ms`` is the mean of those that are
    known."""

    service: str
    endpoint: str
    method: str
    request_template: JsonMap = EMPTY_MAP
    response_schema: JsonMap = EMPTY_MAP
    duration_ms: float | None = None
    times: int = 1


class TracePlan(Contract):
    """How one trace went."""

    agent: str | None = None
    routing_strategy: str | None = None
    steps: tuple[TraceStep, ...] = ()
    calls: tuple[TraceCall, ...] = ()
    duration_ms: float | None = None
    rag_queries: int = 0
    tokens: int | None = None
    cost_usd: float | None = None

    @property
    def sequence(self) -> tuple[tuple[str, str, str], ...]:
        """Its steps, as far as they make two traces go the same way."""
        return tuple(step.key for step in self.steps)


class Lesson(NamedTuple):
    """What a trace teaches a pattern. ``time_key`` has the order of time."""

    correlation_id: str
    time_key: str
    role: Role
    plan: TracePlan


class AgentRun(NamedTuple):
    """A trace that is over, as it counts for the agent that did it. ``action`` is empty where it is not told."""

    agent: str
    action: str
    project: str | None
    role: Role


class After(NamedTuple):
    """What is known of a trace from outside of it: the newest rating, the outcomes that others report, by name, and the next
    prompt of a person in its session. ``previous`` is the prompt before it, which it may correct."""

    rating: int | None
    reported: dict[str, float]
    next_prompt: str | None
    next_at: datetime | None
    previous: str | None
    project: str | None


NOTHING_AFTER: Final = After(None, {}, None, None, None, None)


class Judged(NamedTuple):
    """A trace that can be learned from, or that cannot (``role`` None)."""

    role: Role | None
    outcome: Outcome


class Taught(NamedTuple):
    """What is kept of a trace that was looked at: what it taught whom. ``waits_for`` is the key of the prompts that a failed
    trace without a pattern waits for. Each None where there is nothing of it."""

    pattern_id: str | None = None
    role: Role | None = None
    plan: str | None = None
    waits_for: str | None = None


class PlainExemplar(NamedTuple):
    """A prompt that a pattern keeps."""

    exemplar_id: str
    text: str
    text_digest: str
    features: PromptFeatures


class Known(NamedTuple):
    """A learned pattern as it was read: ``plan`` is that of its version in use, ``taught_at_version`` how many successful
    traces it had when that was made."""

    pattern: LearnedPattern
    feature_key: str
    revision: int
    plan: Plan
    plan_support: int
    exemplars: tuple[PlainExemplar, ...]


Features = Callable[[str], PromptFeatures]
"""What a prompt is about."""
