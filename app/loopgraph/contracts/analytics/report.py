"""The first look: what agents did in some time, what it cost, and how it ended."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from loopgraph.contracts.analytics.views import ModelUsageSums
from loopgraph.contracts.base import Contract, Id, Instant, Name, NonNegative, Unit
from loopgraph.contracts.lineage.definitions import DefinitionKind

Count = Annotated[int, Field(ge=0)]


class ReportDimension(StrEnum):
    """By what a report tells its rows apart. ``DAY`` is one of UTC, ``PROJECT`` the folder that a session worked in, ``AGENT``
    the agent that a routing selected or the type of the subagent; by the others the rows are versions of patterns of a kind."""

    DAY = "day"
    PROJECT = "project"
    MODEL = "model"
    AGENT = "agent"
    SKILL = "skill"
    COMMAND = "command"
    SUBAGENT = "subagent"
    MEMORY = "memory"
    PATTERN = "pattern"

    @property
    def pattern_types(self) -> tuple[str, ...]:
        """The kinds of patterns whose versions are the rows; none if these are something else."""
        if self is ReportDimension.PATTERN:
            return tuple(DefinitionKind)
        return (self.value,) if self.value in _KINDS else ()


_KINDS: Final = frozenset(DefinitionKind)


class Activity(Contract):
    """What happened in a group of traces, and how it ended. A dimension is None where the groups are not told apart by it, and
    where a trace has none.

    ``prompts`` are the traces that a person's prompt began, and ``steps`` those of all ``traces``, without uses of patterns.
    ``succeeded`` to ``interrupted`` are ends of prompts and, told apart by agents, of all traces of those that have a name;
    ``in_progress`` of them are at work. ``failed`` went wrong by itself.
    """

    day: date | None
    project: str | None
    agent: str | None
    sessions: Count
    traces: Count
    prompts: Count
    succeeded: Count
    failed: Count
    denied: Count
    interrupted: Count
    in_progress: Count
    steps: Count
    failed_steps: Count
    denied_steps: Count


class ReportRow(Contract):
    """One line of a report. ``key`` is None for what has none; by agents, for the main agents. ``activity`` is None by models: a
    prompt can use several."""

    key: str | None
    activity: Activity | None
    usage: ModelUsageSums


class NamedPattern(Contract):
    """A pattern as a report names it. ``scope`` tells whose it is, as ``definitions.Identity`` has it; None: not known."""

    pattern_id: Id
    pattern_type: Name
    name: Name
    scope: str | None


class VersionUse(NamedPattern):
    """How a version of a pattern was used, and how that ended.

    ``successes`` and ``failures`` are by the criteria of success; of the ``unknown`` ones that is not known, and they are in
    neither number. ``corrected`` are those that the next prompt corrects.
    ``exact`` are those of which it is known for certain that they were of this version. ``cost_usd`` is the sum of
    ``uses.UseFigures.cost_usd``, so what was done under several patterns at once counts with each; None where there is none.
    """

    node_id: Id
    version: Count
    label: str | None
    uses: Count
    sessions: Count
    succeeded: Count
    failed: Count
    denied: Count
    interrupted: Count
    exact: Count
    successes: Count = 0
    failures: Count = 0
    unknown: Count = 0
    corrected: Count = 0
    avg_duration_ms: NonNegative | None
    cost_usd: NonNegative | None
    last_used_at: Instant

    @property
    def in_progress(self) -> int:
        """The uses that go on."""
        return self.uses - self.succeeded - self.failed - self.denied - self.interrupted

    @property
    def success_rate(self) -> float | None:
        """Successes over the uses of which it is known; None without any."""
        known = self.successes + self.failures
        return self.successes / known if known else None


class AlikePatterns(Contract):
    """Two patterns of one kind whose texts are nearly the same; ``similarity`` is 0..1."""

    one: NamedPattern
    other: NamedPattern
    similarity: Unit


class Report(Contract):
    """``rows`` or, by kinds of patterns, ``versions`` are told apart by ``by``: days in their order, versions by their number of
    uses, all else the most expensive first. ``cut``: there are more. ``never_used`` are patterns in force that were not used in
    this time, and ``alike`` pairs of those in force (of the same text, one stands for all); ``alike_cut``: there may be more."""

    since: Instant | None
    until: Instant
    project: str | None
    by: ReportDimension
    total: ReportRow
    rows: tuple[ReportRow, ...] = ()
    versions: tuple[VersionUse, ...] = ()
    never_used: tuple[NamedPattern, ...] = ()
    alike: tuple[AlikePatterns, ...] = ()
    alike_cut: bool = False
    cut: bool
