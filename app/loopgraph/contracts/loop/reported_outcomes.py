"""What came of work, as others report it from outside: that tests passed, a reward, that a change was merged."""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

from loopgraph.contracts.audit import ActorType
from loopgraph.contracts.base import Contract, Id, Instant, JsonMap, Name

OutcomeName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")
]
"""What was looked at, such as ``tests``, ``reward`` or ``merged``: letters, digits and ``_ . -``, at most 64 characters."""

Evidence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]

TOP_NAMES: Final = 50
"""So many names of outcomes a summary has, those with the most units."""


class NewOutcome(Contract):
    """An outcome as it is reported: about exactly one execution, trace or session, or one unit's use of a version.

    ``holds`` of what is or is not so, ``value`` of a number: exactly one. ``at`` is when that was found out, by default now.
    ``outcome_id`` makes a retry safe.
    """

    outcome_id: Id | None = None
    execution_id: Id | None = None
    correlation_id: Id | None = None
    session_id: Id | None = None
    node_id: Id | None = None
    unit: Name | None = None
    name: OutcomeName
    holds: bool | None = None
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    source: Name
    at: Instant | None = None
    rule: Name | None = None
    evidence: Evidence | None = None
    metadata: JsonMap = {}

    @model_validator(mode="after")
    def _is_about_one(self) -> Self:
        about = (self.execution_id, self.correlation_id, self.session_id, self.node_id)
        if sum(id_ is not None for id_ in about) != 1:
            raise ValueError("must be about exactly one of execution_id, correlation_id, session_id and node_id")
        if (self.node_id is None) is not (self.unit is None):
            raise ValueError("must be both there or neither: node_id and unit go together")
        if (self.holds is None) is (self.value is None):
            raise ValueError("must say what came of it: exactly one of holds and value")
        return self


class ReportedOutcome(Contract):
    """An outcome as it is kept. ``value`` is 1 or 0 where it is about what holds or does not.

    The latest of one ``source`` and ``name`` about the same thing counts, by ``at`` and then by ``reported_at``; the others stay,
    as what was said before.
    """

    outcome_id: Id
    execution_id: Id | None = None
    correlation_id: Id | None = None
    session_id: Id | None = None
    node_id: Id | None = None
    unit: Name | None = None
    name: OutcomeName
    holds: bool | None = None
    value: float
    source: Name
    at: Instant
    rule: str | None = None
    evidence: str | None = None
    metadata: JsonMap = {}
    reported_at: Instant
    actor_type: ActorType
    created_by: Name


class OutcomeStanding(NamedTuple):
    """An outcome, and whether it ``counts``: no later one of its source and name is about the same."""

    outcome: ReportedOutcome
    counts: bool


class OutcomePage(NamedTuple):
    """Outcomes, the latest first, and whether more follow."""

    items: tuple[OutcomeStanding, ...]
    has_more: bool


class UnitsAlike(NamedTuple):
    """How many units have the same mean of the outcomes of one name that count, from how many outcomes; ``boolean``: all of
    these say whether something holds."""

    name: str
    mean: float
    boolean: bool
    units: int
    outcomes: int


class OutcomeFigures(Contract):
    """What the outcomes of one name come to, over units: those of one unit are not independent.

    ``mean`` is the mean of the units' means, in the outcome's own unit; of what holds or does not, 0..1. ``interval`` covers it
    at 95 %: Wilson's where every unit's mean is 0 or 1 and all say whether something holds, else Student's; None where that
    cannot be computed (fewer than two units, or all alike).
    """

    name: str
    boolean: bool
    outcomes: int
    units: int
    mean: float
    interval: tuple[float, float] | None


class OutcomeSummary(Contract):
    """What the outcomes that count come to, by name: those with the most units first."""

    figures: tuple[OutcomeFigures, ...]
