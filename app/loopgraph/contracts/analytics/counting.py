"""What is counted of one trace: what is stored of it (``Facts``), and what follows for the buckets (``Part``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from loopgraph.contracts.analytics.subjects import Subject
from loopgraph.contracts.analytics.windows import Window

Counts = dict[str, int]
"""Sums as a map of integers, so that to add them is to add maps: see ``contracts/analytics/counts``."""

Tallies = dict[str, dict[str, list[int]]]
"""By dimension and value, the numbers of a ``Tally``."""

OTHER = ""
"""The value of a dimension that stands for all that are not told apart, because a bucket has more than are kept."""


class Mark(NamedTuple):
    """What was changed and is to be counted anew: all marks (``ids``) of one thing. ``first_ms`` and ``last_ms`` are when it was
    marked, in milliseconds since 1970 by the clocks of those who did; 0 where that is not known."""

    label: str
    key: str
    ids: tuple[str, ...]
    first_ms: int
    last_ms: int


class ChangedDays(NamedTuple):
    """When the first and the last of the days (UTC) begin that a round of counting has changed, or hours of which it has; None
    where it has changed none. ``token`` is another in every write: rounds of two graphs can have the same number."""

    round: int
    token: str
    first: datetime | None = None
    last: datetime | None = None

    def meets(self, window: Window) -> bool:
        """Whether a day between these is in a window."""
        if self.first is None or self.last is None:
            return False
        return self.first < window.until and window.since - self.last < timedelta(days=1)


class TraceFacts(NamedTuple):
    """A trace. ``agent`` is the one that its routing selected, or the type of the subagent, ``project`` its session's folder;
    ``is_prompt``: a person's prompt began it; ``has_uses``: patterns were used in it. ``context`` is JSON text."""

    correlation_id: str
    root_id: str | None
    session_id: str | None
    session_key: str | None
    user_id: str | None
    agent: str | None
    project: str | None
    is_prompt: bool
    has_uses: bool
    status: str
    error_type: str | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    created_at: datetime
    tags: tuple[str, ...]
    context: str | None


class StepFacts(NamedTuple):
    """A hook execution. ``functions`` and ``gates`` are how many it reports; ``context`` is JSON text, or None where it holds no
    measure. ``completed_at`` is only told where it is needed beside ``started_at`` and ``duration_ms``, ``created_at`` where
    neither instant is known, ``unit`` where a version was run."""

    execution_id: str
    hook_type: str | None
    tool_name: str | None
    status: str
    error_type: str | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    created_at: datetime | None
    quality_score: float | None
    functions: int | None
    gates: int | None
    node_id: str | None
    unit: str | None
    is_use: bool
    context: str | None


class CallFacts(NamedTuple):
    """An endpoint call, with its instants as those of steps. ``retold``, ``paid_by`` and ``pays_for`` are those of calls of
    models within each other."""

    call_id: str
    hook_execution_id: str | None
    service_name: str
    endpoint_path: str
    status: str
    error_type: str | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    created_at: datetime | None
    retry_count: int | None
    model: str | None
    input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    price_usd: float | None
    retold: bool
    paid_by: str | None
    pays_for: str | None


class Timed(NamedTuple):
    """What is told of the times of one execution, as far as it is needed to tell when it began and how long it took."""

    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    created_at: datetime


class UseFacts(NamedTuple):
    """What came of the use of a pattern (``success`` is None where that is not known), and what was used under it."""

    success: bool | None
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    unpriced: bool


class VersionFacts(NamedTuple):
    """Of which pattern a version is."""

    pattern_id: str
    pattern_type: str


class Facts(NamedTuple):
    """All of one trace. ``uses`` by execution id, ``versions`` by node id; ``payers`` is what calls tell that those within them
    cost together, by call id."""

    trace: TraceFacts
    steps: tuple[StepFacts, ...] = ()
    calls: tuple[CallFacts, ...] = ()
    uses: Mapping[str, UseFacts] = {}
    versions: Mapping[str, VersionFacts] = {}
    payers: Mapping[str, float] = {}


class Part(NamedTuple):
    """What a trace adds in one hour (counted since 1970) to some subjects."""

    hour: int
    subjects: tuple[Subject, ...]
    counts: Counts
    tallies: Tallies


Contribution = tuple[Part, ...]

NO_CONTRIBUTION: Contribution = ()
