"""Versions that are watched after they were applied: what they are held against, what was seen since, and what came of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from loopgraph.contracts.base import Contract, Id, Instant, Name, NonNegative, Text
from loopgraph.contracts.loop.feedback import Metric
from loopgraph.contracts.statistics.decisions import Guardrail


class WatchStatus(StrEnum):
    """Life of a watch.

    - watching: neither a regression is shown, nor is its time over.
    - regressed: a regression is shown, and a reviewer is to say what follows.
    - rolled_back: the content that was in use before is in use again, as a new version.
    - dismissed: a reviewer let the version stay.
    - held: its time is over, and it is shown that the version got no worse than the margins allow.
    - expired: its time is over, or it has run more often than is looked at, and too little was seen to show anything.
    - superseded: another version came into use meanwhile.
    """

    WATCHING = "watching"
    REGRESSED = "regressed"
    ROLLED_BACK = "rolled_back"
    DISMISSED = "dismissed"
    HELD = "held"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"

    @property
    def open(self) -> bool:
        """Whether it still goes on."""
        return self in (WatchStatus.WATCHING, WatchStatus.REGRESSED)


class RegressionReview(StrEnum):
    """Why a regression waits for a reviewer.

    - asked_for: the service is set to tell of regressions and not to roll back by itself.
    - still_better: the version got worse than in its proof, and is still shown to be better than the one that it replaced.
    - nothing_to_restore: no version was in use before it.
    - refused: the rollback could not be done; the note says why.
    """

    ASKED_FOR = "asked_for"
    STILL_BETTER = "still_better"
    NOTHING_TO_RESTORE = "nothing_to_restore"
    REFUSED = "refused"


class UnitMoments(Contract):
    """The values of units, one for each: how many, their mean, and the sum of squared deviations from it. ``binary``: each is 0
    or 1."""

    n: Annotated[int, Field(ge=0)] = 0
    mean: float = 0.0
    m2: NonNegative = 0.0
    binary: bool = True


class ArmMoments(Contract):
    """What a version came to by unit: on the metric of its experiment, and how often it succeeded."""

    metric: UnitMoments = UnitMoments()
    success: UnitMoments = UnitMoments()


class Proof(Contract):
    """What an applied version rests on: both arms of its experiment, as they were when it was decided on. ``named``: each unit of
    the treatment was named or is a session, none is a trace."""

    control: ArmMoments
    treatment: ArmMoments
    named: bool = False


class WatchRules(Contract):
    """By what a version is judged after it was applied.

    ``margin`` is how much longer it may take, as a share of what it took in its proof, ``rate_margin`` by how much its success
    rate or quality score may fall. ``level`` is the probability of a regression that is none, over all looks and metrics.
    The watch ends after ``max_units`` units or ``max_days`` days, whichever comes first.
    """

    margin: Annotated[float, Field(ge=0.0, le=10.0)] = 0.1
    rate_margin: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05
    level: Annotated[float, Field(gt=0.0, lt=0.5)] = 0.05
    max_units: Annotated[int, Field(ge=10, le=100_000)] = 1_000
    max_days: Annotated[int, Field(ge=1, le=3_650)] = 30


class Finding(Contract):
    """What the executions since a version was applied say. ``seen`` are its moments by unit. ``unnamed`` executions belong to no
    unit or session, where those of the proof do: they are in no other number.

    ``metric_guard`` compares them with its proof on the metric of the experiment, ``success_guard`` on successes (None where that
    is the metric). ``breached`` are the metrics on which a regression is shown; ``still_better``: on all of those, the version is
    shown to be better than the control of its proof nevertheless.
    """

    units: Annotated[int, Field(ge=0)] = 0
    executions: Annotated[int, Field(ge=0)] = 0
    unnamed: Annotated[int, Field(ge=0)] = 0
    seen: ArmMoments = ArmMoments()
    metric_guard: Guardrail | None = None
    success_guard: Guardrail | None = None
    breached: tuple[Metric, ...] = ()
    still_better: bool = False

    def guard_of(self, metric: Metric) -> Guardrail | None:
        """What was found of one of the two."""
        return self.success_guard if metric is Metric.SUCCESS_RATE and self.success_guard else self.metric_guard


class Watch(Contract):
    """A version under watch since a decision put it into use.

    ``restores_node_id`` is the version whose content a rollback restores: the one that was in use before. ``restored_node_id`` is
    the version that a rollback made. ``usage_count`` is that of the version at the last look. ``ended_by`` is ``loop`` or the
    reviewer, ``note`` what the reviewer said, why a rollback was refused, or why it ended early. ``revision`` grows with every
    change of the watch.
    """

    watch_id: Id
    pattern_id: Id
    node_id: Id
    decision_id: Id
    experiment_id: Id
    improvement_id: Id
    restores_node_id: Id | None
    metric: Metric
    status: WatchStatus = WatchStatus.WATCHING
    review: RegressionReview | None = None
    revision: Annotated[int, Field(ge=1)] = 1
    rules: WatchRules
    proof: Proof
    finding: Finding = Finding()
    usage_count: Annotated[int, Field(ge=0)] = 0
    since: Instant
    ends_at: Instant
    updated_at: Instant
    ended_at: Instant | None = None
    ended_by: Name | None = None
    note: Text = ""
    restored_node_id: Id | None = None


class WatchPage(Contract):
    """Watches, newest first, and whether more follow."""

    watches: tuple[Watch, ...]
    has_more: bool
