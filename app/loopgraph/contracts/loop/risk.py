"""How much could go wrong with a change before anybody notices: what an experiment's metrics do not show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from loopgraph.contracts.base import Contract, JsonMap


class Risk(StrEnum):
    """How risky a change is. What is ``high`` is never applied without a reviewer."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Its place in the order: 0 is the least."""
        return list(Risk).index(self)


class RiskAssessment(Contract):
    """How risky a change is, and why, each reason a sentence. The risk is that of the gravest reason."""

    risk: Risk
    reasons: tuple[str, ...]


class Content(NamedTuple):
    """What two versions of a pattern can differ in."""

    template_code: str
    parameters: JsonMap


Assess = Callable[[Content, Content, Iterable[tuple[Risk, str]]], RiskAssessment]
"""The risk of a change from a base to a candidate; beside what they differ in, by what is told of it."""
