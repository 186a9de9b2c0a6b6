"""Delegation: which agents hand work to which, how deep, and how that ends."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from loopgraph.contracts.base import Contract, Instant, NonNegative
from loopgraph.contracts.traces.events import TraceStatus

MAIN: Final = "main"
"""What stands for the agent of a prompt that no routing named: the agent client itself."""

SUBAGENT: Final = "subagent"
"""What stands for a subagent whose type nobody named."""


class Stretch(NamedTuple):
    """When something began and ended, as far as that is known, and how long it took (milliseconds)."""

    started_at: datetime | None = None
    completed_at: datetime | None = None
    duration_ms: float | None = None


class Member(NamedTuple):
    """A trace in a chain: of a prompt (``parent_id`` None), or of a subagent. ``at`` is when it began, as well as that is known;
    ``spawning`` is the step that spawned it and waited for it, None where that is not known."""

    correlation_id: str
    parent_id: str | None
    agent: str
    status: TraceStatus
    at: datetime
    time: Stretch
    spawning: Stretch | None = None


class Delegations(NamedTuple):
    """The prompts of a range that delegated, and all that worked for them. ``traces`` is how many traces were looked at; of those
    that began before ``since`` nothing was (None: all were). ``whole``: no delegation of these prompts is missing."""

    members: list[Member]
    traces: int
    since: datetime | None
    whole: bool


class AgentChain(Contract):
    """One sequence of agents, from that of a prompt down to a subagent that delegated no further.

    ``count`` is how often it occurred, in ``prompts`` of them. ``successes`` are those of which all delegated traces succeeded,
    ``failures`` those of which one did not, and of the ``unknown`` ones some go on. ``avg_duration_ms`` is the mean time of the
    first delegation, which spans the others, and ``avg_overhead_ms`` the mean of what of it nobody worked: the sum, over the
    delegations of the chain, of the time that the spawning step took while the spawned trace had not begun, or was over.
    ``overhead_share`` is the sum of the overheads over that of the times. They are over the ``timed`` occurrences of which all
    that is known; None without any.
    """

    agents: tuple[str, ...]
    depth: int
    count: int
    prompts: int
    successes: int
    failures: int
    unknown: int
    success_rate: float | None
    timed: int
    avg_duration_ms: NonNegative | None
    avg_overhead_ms: NonNegative | None
    overhead_share: NonNegative | None
    last_used_at: Instant
    sample_ids: tuple[str, ...]


class AgentChains(Contract):
    """Chains, the most frequent first. ``total`` is how many there are, ``traces`` how many traces were looked at;
    ``reaches_back_to`` and ``whole`` are those of ``Delegations``."""

    chains: tuple[AgentChain, ...]
    total: int
    traces: int
    reaches_back_to: Instant | None
    whole: bool
