"""What is shown of learned patterns."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from loopgraph.contracts.base import Contract, Name
from loopgraph.contracts.learning.plans import LearnedPattern, Plan, Standing


class LearnedView(Contract):
    """A learned pattern with its plan: the steps of its version in use, with the figures of now."""

    pattern: LearnedPattern
    plan: Plan
    time_key: str
    updated_at: datetime


class LearnedFilter(Contract):
    """Which learned patterns; None does not filter."""

    standing: Standing | None = None
    intent: Name | None = None
    action: Name | None = None
    agent: Name | None = None
    project: Name | None = None
    least_successes: Annotated[int, Field(ge=0)] = 0


class LearningHealth(Contract):
    """How far the learner is. ``backlog`` are traces that are to be looked at, ``waiting`` failed ones without a pattern;
    ``learned_at`` is when a trace last taught anything. ``looks_back``: traces are left that were there before it began."""

    backlog: int
    looks_back: bool
    waiting: int
    patterns: int
    active_patterns: int
    successes: int
    failures: int
    learned_at: datetime | None
