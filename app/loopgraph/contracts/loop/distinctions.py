"""What distinguishes executions of a version that fail or take long from the others: observed, and no experiment."""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import Final, NamedTuple

from loopgraph.contracts.base import Contract, Unit
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.samples import UnitSamples

MOST_EXECUTIONS: Final = 1_000
"""So many executions are looked at, the latest."""

MOST_LEVELS: Final = 10
"""Of one factor so many levels are compared, those of the most units."""

LEAST_UNITS: Final = 5
"""So many units a level needs, and as many outside of it, to be compared."""

FALSE_SHARE: Final = 0.05
"""Of the distinctions that are called some, at most this share is to be false."""

MOST_EVIDENCE: Final = 10
"""So many executions are named for one."""


class Factor(StrEnum):
    """In what executions may differ."""

    AGENT = "agent"
    MODEL = "model"
    PROJECT = "project"
    CLIENT = "client"
    TOOL = "tool"
    TAG = "tag"
    INPUT_SIZE = "input_size"


class DistinguishedMeasure(StrEnum):
    """What is compared: the share of executions that failed, or how long they took."""

    FAILURE_RATE = "failure_rate"
    DURATION_MS = "duration_ms"


class Circumstances(NamedTuple):
    """In what circumstances an execution was: its levels of each factor, and the characters of its prompt."""

    unit: str
    levels: Mapping[Factor, Set[str]]
    input_size: int | None


class ObservedExecution(NamedTuple):
    """An execution with what came of it; ``failed`` and ``duration_ms`` are None where that is not known."""

    execution_id: str
    circumstances: Circumstances
    failed: bool | None
    duration_ms: float | None


class Side(Contract):
    """The executions of a level, or the others. ``value`` is the median over units of their means in milliseconds, of the
    failure rate the mean of these, 0..1."""

    units: int
    executions: int
    value: float


class LevelComparison(NamedTuple):
    """A level of a factor to be compared with all else; ``execution_ids`` are the worst within."""

    factor: Factor
    level: str
    measure: DistinguishedMeasure
    inside: Side
    outside: Side
    samples: UnitSamples
    execution_ids: tuple[str, ...]


class Distinction(Contract):
    """A level of a factor, compared with all else. ``superiority`` is the probability that a unit inside has more than one
    outside, ties counting half. ``adjusted_p_value`` is corrected for all comparisons (Benjamini & Hochberg);
    ``distinguishes`` where it is at most ``FALSE_SHARE``. A p-value that could not be computed is None, with its ``reason``."""

    factor: Factor
    level: str
    measure: DistinguishedMeasure
    inside: Side
    outside: Side
    superiority: Unit | None
    p_value: Unit | None
    adjusted_p_value: Unit | None
    distinguishes: bool
    reason: NoEstimate | None
    execution_ids: tuple[str, ...]


class Distinctions(Contract):
    """What was found among the executions of a version, of so many units: what distinguishes comes first. ``truncated``: there
    were more executions, and the latest were looked at."""

    executions: int
    units: int
    truncated: bool
    items: tuple[Distinction, ...]


MOST_ITEMS: Final = MOST_LEVELS * len(Factor) * len(DistinguishedMeasure)
