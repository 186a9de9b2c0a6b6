"""What is told of work without anybody saying it: that it was asked for again, corrected, left, stopped, or taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from loopgraph.contracts.base import Contract, NonNegative, Unit
from loopgraph.contracts.traces.events import TraceStatus

MOST_TRACES: Final = 500
"""So many traces a summary looks at, the latest."""

GOES_ON: Final = timedelta(hours=1)
"""Who has not gone on in a session after so long has left it; a later prompt does not correct what was done."""


class SignalKind(StrEnum):
    """What is told."""

    RETRIED = "retried"
    """A later prompt of the session asks for nearly the same, in the same words."""
    CORRECTED = "corrected"
    """The next prompt corrects what was done; a retry does, too."""
    ABANDONED = "abandoned"
    """It did not end well, or was taken back, and nobody went on."""
    INTERRUPTED = "interrupted"
    """The person stopped it."""
    EDITS_REVERTED = "edits_reverted"
    """An edit of it was taken back later in the session."""


class Prompt(NamedTuple):
    """A prompt, as far as signals go by it. ``text`` is how it begins; ``rewound``: the person went back to before it."""

    correlation_id: str
    status: TraceStatus
    at: datetime
    completed_at: datetime | None
    text: str | None
    rewound: bool
    asked_back: bool


class FileStep(NamedTuple):
    """A step that may have written files, or taken them back, in the work for a prompt: its own, or that of a subagent."""

    prompt_id: str
    execution_id: str
    correlation_id: str
    tool_name: str | None
    tool_input: Any


class SessionPart(NamedTuple):
    """A trace, and what followed it in its session: ``following`` are the next prompts of a person in their order, ``ended_at``
    is when the session ended, ``steps`` those of the trace and of the following that concern files, in the order of time.

    ``of_person``: the trace is of a prompt in a session, and not the work of a subagent, nor a request that nobody goes on from.
    """

    prompt: Prompt
    following: tuple[Prompt, ...]
    ended_at: datetime | None
    of_person: bool
    steps: tuple[FileStep, ...] = ()


class Signal(Contract):
    """One signal: whether it ``holds`` (None where that is not known), by which ``rule``, and what traces and steps tell it."""

    kind: SignalKind
    holds: bool | None
    rule: str
    evidence: str | None = None
    correlation_ids: tuple[str, ...] = ()
    execution_ids: tuple[str, ...] = ()


class TraceSignals(Contract):
    """The signals of a trace. ``completed_ms`` is from its prompt to its end; ``resolved_ms`` to the end of the last of the
    ``rounds`` that it took: with the prompts that correct or repeat it, one after the other. None where that is not known."""

    correlation_id: str
    signals: tuple[Signal, ...]
    completed_ms: NonNegative | None
    resolved_ms: NonNegative | None
    rounds: int


class SignalRate(Contract):
    """How often one signal holds: in how many traces of those where that is known, and in how many units at least once; the rate
    is that of units, with Wilson's interval at 95 %, because traces of one unit are not independent."""

    kind: SignalKind
    traces: int
    known: int
    holding: int
    units: int
    holding_units: int
    rate: Unit | None
    interval: tuple[float, float] | None


class SignalSummary(Contract):
    """The signals of the traces in which a version was used. ``truncated``: there were more, and the latest were looked at.

    Medians are over the traces where the time is known.
    """

    traces: int
    units: int
    truncated: bool
    rates: tuple[SignalRate, ...]
    median_completed_ms: float | None
    median_resolved_ms: float | None
