"""How well the improvement loop does: what became of its runs, and whether what it applied has held."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field

from loopgraph.contracts.base import Contract, Instant, NonNegative, Unit
from loopgraph.contracts.loop.experiments import Decision

Count = Annotated[int, Field(ge=0)]


class Fate(NamedTuple):
    """A decision of a run, and whether what it applied was taken back; None where it applied nothing."""

    decision: Decision
    taken_back: bool | None


class LoopHealth(Contract):
    """Figures of the runs that began in ``[since, until)``, as far as they have come.

    ``tested`` are the improvements that an experiment of a run decided on, ``rejected`` those of them that it rejected.
    ``applied`` are those that the loop or a reviewer put into use. Of these ``taken_back`` counts those whose pattern now uses a
    version that is older, or that has the content of an older one; ``held`` the others.

    ``mean_delta`` is the mean relative gain that experiments measured of what was applied, in ``measured`` cases.
    ``mean_time_between_ms`` is between one application and the next, over all patterns. What would have to be divided by nothing
    is None.
    """

    since: Instant
    until: Instant
    runs: Count
    open: Count
    completed: Count
    failed: Count
    cancelled: Count
    tested: Count
    rejected: Count
    rejection_rate: Unit | None
    applied: Count
    applied_by_loop: Count
    held: Count
    taken_back: Count
    held_share: Unit | None
    held_interval: tuple[float, float] | None
    measured: Count
    mean_delta: float | None
    mean_time_between_ms: NonNegative | None
