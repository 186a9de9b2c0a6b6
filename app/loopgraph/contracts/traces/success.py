"""Whether an execution of a pattern succeeded: the seed's weighted criteria, each by what is known of it, and what came after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, NamedTuple

from pydantic import Field

from loopgraph.contracts.base import Contract, NonNegative, Unit
from loopgraph.contracts.traces.events import TraceStatus


class Criterion(StrEnum):
    """The criteria of seed 003 §3.1, under its names. Each has a value of 0..1, or None where nothing tells it.

    - execution_completed: 1 if it ended by itself, well or with an error; 0 if it was denied or interrupted, or timed out.
    - no_errors: 0 if it ended with an error, or timed out; else the share of the calls of models that did not fail.
    - hooks_succeeded: the share of the steps that succeeded, of those that are over.
    - quality_gates_passed: the quality score that was reported for it, else the mean of those of its steps.
    - within_performance_thresholds: 1 if it kept all limits that are set, 0 if it exceeded one.
    - intelligence_gathered: of the steps that report retrieval or intelligence functions, the share that succeeded.
    - user_confirmed_success: 0 if a rating says so or the next prompt corrects it, 1 if not.
    - reported_outcomes: the least of the outcomes from outside that the criteria name, where they are 0..1; not of the seed.
    """

    EXECUTION_COMPLETED = "execution_completed"
    NO_ERRORS = "no_errors"
    HOOKS_SUCCEEDED = "hooks_succeeded"
    QUALITY_GATES_PASSED = "quality_gates_passed"
    WITHIN_PERFORMANCE_THRESHOLDS = "within_performance_thresholds"
    INTELLIGENCE_GATHERED = "intelligence_gathered"
    USER_CONFIRMED_SUCCESS = "user_confirmed_success"
    REPORTED_OUTCOMES = "reported_outcomes"


class CorrectionRule(StrEnum):
    """On what it rests whether the person was not content, or why that is not known."""

    RATED = "exact: rated"
    """Somebody has rated the work, and not in the middle of the scale."""
    REWOUND = "exact: rewound"
    """The client says that the person went back to before the prompt."""
    INTERRUPTED = "inferred: interrupted"
    """The person stopped the work, and then wrote."""
    REPEATED = "inferred: repeated"
    """The next prompt asks for nearly the same, in the same words."""
    PHRASE = "inferred: phrase"
    """The next prompt begins with words that people correct with."""
    NO_SIGN = "inferred: no sign"
    """There was a next prompt, and nothing of that."""
    NO_PROMPT = "unknown: no prompt"
    NO_TEXT = "unknown: no text"
    TOO_LATE = "unknown: too late"


class Correction(Contract):
    """Whether a person's rating or next prompt says that something was not right; None where that is not known. ``evidence`` are
    the words that tell it, how alike two prompts are, or the rating."""

    corrected: bool | None = None
    rule: CorrectionRule = CorrectionRule.NO_PROMPT
    evidence: str | None = None


class UnknownReason(StrEnum):
    """Why it is not known whether an execution succeeded."""

    IN_PROGRESS = "in_progress"
    TOO_LITTLE_KNOWN = "too_little_known"


class CriterionResult(Contract):
    """One criterion: what it counts for, what came of it, and what has to come of it (``at_least``) for a success."""

    criterion: Criterion
    weight: NonNegative
    value: Unit | None
    at_least: Unit | None = None

    @property
    def met(self) -> bool | None:
        """Whether it is as it has to be; None where it is not known, or where anything will do."""
        return None if self.value is None or self.at_least is None else self.value >= self.at_least


class Outcome(Contract):
    """What came of an execution.

    ``score`` is the mean of the criteria that are known, by their weights; ``known_weight`` the share of all weights that these
    have. ``success``: every known criterion is as it has to be, and the score reaches the ``threshold``. Both are None, and
    ``reason`` says why, while it is in progress and where too little is known.
    """

    score: Unit | None = None
    success: bool | None = None
    threshold: Unit
    known_weight: Unit = 0.0
    reason: UnknownReason | None = None
    criteria: tuple[CriterionResult, ...] = ()
    correction: Correction = Correction()


class Weight(NamedTuple):
    """What a criterion counts for, and what must come of it for a success; None: anything."""

    weight: float
    at_least: float | None = None


class Limits(Contract):
    """What an execution may take: milliseconds, US dollars, tokens in and out. None: as much as it likes."""

    duration_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    cost_usd: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    tokens: Annotated[int, Field(gt=0)] | None = None


class SuccessCriteria(Contract):
    """How executions of one type of pattern are judged.

    ``least_known`` is the share of all weights that has to be known. A next prompt that came later than ``corrected_within``
    after the end tells nothing. ``phrases`` are words that people correct with, beside those that are built in. ``outcomes`` are
    the names of the outcomes from outside that count.
    """

    weights: dict[Criterion, Weight]
    threshold: Unit
    least_known: Unit
    limits: Limits = Limits()
    corrected_within: timedelta
    phrases: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()


WEIGHTS: Final = {
    Criterion.EXECUTION_COMPLETED: Weight(0.25, 1.0),
    Criterion.NO_ERRORS: Weight(0.25, 0.5),
    Criterion.HOOKS_SUCCEEDED: Weight(0.15),
    Criterion.QUALITY_GATES_PASSED: Weight(0.15),
    Criterion.WITHIN_PERFORMANCE_THRESHOLDS: Weight(0.10),
    Criterion.INTELLIGENCE_GATHERED: Weight(0.05),
    Criterion.USER_CONFIRMED_SUCCESS: Weight(0.05, 1.0),
    Criterion.REPORTED_OUTCOMES: Weight(0.0),
}
"""The weights of seed 003 §3.1; what others report counts for nothing until somebody names the outcomes."""


class Work(NamedTuple):
    """What an execution is judged by. Counts are those of the work under it; ``cost_usd`` is what is known of the cost, all of it
    if no call is among ``unpriced_calls``.

    ``answered_at`` is when its prompt was over, ``rewound`` whether the person went back to before that prompt, ``asked_back``
    whether the answer is a question, ``rating`` the newest one of the use or else of its trace, 1..5. ``asked`` and
    ``next_prompt`` are the texts of the prompts, or how they begin; ``next_at`` is None where there is no next one. ``reported``
    has the outcomes that others report, by name: of several sources the least.
    """

    pattern_type: str
    status: TraceStatus
    duration_ms: float | None = None
    quality_score: float | None = None
    steps: int = 0
    open_steps: int = 0
    unsuccessful_steps: int = 0
    model_calls: int = 0
    failed_model_calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    unpriced_calls: int = 0
    gathering_steps: int = 0
    gathered_steps: int = 0
    answered_at: datetime | None = None
    rewound: bool = False
    asked: str | None = None
    asked_back: bool = False
    rating: int | None = None
    next_prompt: str | None = None
    next_at: datetime | None = None
    reported: Mapping[str, float] = MappingProxyType({})


Judging = Callable[[Iterable[Work]], list[Outcome]]
"""What came of each of some executions."""
