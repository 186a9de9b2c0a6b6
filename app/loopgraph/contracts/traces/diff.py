"""What differs between two traces. Durations are in milliseconds, costs in US dollars."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from loopgraph.contracts.base import Contract
from loopgraph.contracts.traces.events import TraceStatus


class StepKind(StrEnum):
    """What a step of a tree of traces is."""

    TRACE = "trace"
    HOOK = "hook"
    ENDPOINT = "endpoint"


class RowKind(StrEnum):
    """How the two sides of a row relate. A pair is CHANGED by its content alone: two runs never take the same time."""

    SAME = "same"
    CHANGED = "changed"
    ONLY_A = "only_a"
    ONLY_B = "only_b"


class ChangedField(StrEnum):
    """What differs between the steps of a pair."""

    STATUS = "status"
    INPUT = "input"
    OUTPUT = "output"
    ERROR = "error"
    MODEL = "model"
    VERSION = "version"


class DiffStep(Contract):
    """A trace, hook execution or endpoint call, as a side of a row.

    ``step_id`` is its own id, ``correlation_id`` that of the trace it is in. ``input`` is the prompt, the tool's input or the
    request body, ``output`` the answer, the tool's response or the response body.
    """

    kind: StepKind
    step_id: str
    correlation_id: str
    name: str
    status: TraceStatus
    started_at: datetime | None
    duration_ms: float | None
    input: Any
    output: Any
    error_type: str | None
    error_message: str | None
    model: str | None
    node_id: str | None


class DiffRow(Contract):
    """Two steps that correspond, or one that has no counterpart.

    ``path`` are the names of the steps around it, from the root (a's, where the roots are named differently).
    ``duration_ratio`` is that of b to that of a, None unless both are known and a's is not zero.
    """

    kind: RowKind
    path: tuple[str, ...]
    a: DiffStep | None
    b: DiffStep | None
    changed: tuple[ChangedField, ...]
    duration_ratio: float | None


class Divergence(Contract):
    """Where two traces begin to differ: a changed pair, or what each side has there that the other has not, if anything."""

    path: tuple[str, ...]
    a: DiffStep | None
    b: DiffStep | None
    changed: tuple[ChangedField, ...]


class TraceTotals(Contract):
    """Sums over a trace and all that it spawned; None where nothing is known. The duration is that of the trace itself."""

    steps: int
    failures: int
    duration_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None


class TraceDiff(Contract):
    """The rows in the order of the two trees, a's before b's where neither side has a counterpart.

    ``difference`` is b's totals minus a's.
    """

    rows: tuple[DiffRow, ...]
    first_divergence: Divergence | None
    a: TraceTotals
    b: TraceTotals
    difference: TraceTotals
