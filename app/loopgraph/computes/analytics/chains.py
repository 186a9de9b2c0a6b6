"""Chains of agents: which sequences of delegation occur, how they end, and what handing over costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from loopgraph.contracts.analytics.chains import AgentChain, AgentChains, Delegations, Member, Stretch
from loopgraph.contracts.traces.events import FINAL, TraceStatus

SAMPLES: Final = 3
_MS: Final = timedelta(milliseconds=1)


class _Occurrence(NamedTuple):
    members: tuple[Member, ...]

    @property
    def delegated(self) -> tuple[Member, ...]:
        return self.members[1:]

    @property
    def success(self) -> bool | None:
        """Whether all that was delegated succeeded; None while some of it goes on and nothing else went wrong."""
        ended = [member.status for member in self.delegated if member.status in FINAL]
        if any(status is not TraceStatus.SUCCESS for status in ended):
            return False
        return True if len(ended) == len(self.delegated) else None

    @property
    def times(self) -> tuple[float, float] | None:
        """How long the first delegation took, and what of the delegations was nobody's work; None unless all is known."""
        waits = [_wait(member) for member in self.delegated]
        first = self.delegated[0].spawning
        if first is None or first.duration_ms is None or any(wait is None for wait in waits):
            return None
        return first.duration_ms, sum(wait for wait in waits if wait is not None)


def agent_chains(delegations: Delegations, agent: str | None, first: int) -> AgentChains:
    """The ``first`` most frequent chains (with a member of the name ``agent``, if there is one); of equally frequent ones, by
    their agents."""
    of: defaultdict[tuple[str, ...], list[_Occurrence]] = defaultdict(list)
    for occurrence in _occurrences(delegations.members):
        of[tuple(member.agent for member in occurrence.members)].append(occurrence)
    wanted = {agents: those for agents, those in of.items() if agent is None or agent in agents}
    ordered = sorted(wanted, key=lambda agents: (-len(wanted[agents]), agents))
    return AgentChains(
        chains=tuple(_chain(agents, wanted[agents]) for agents in ordered[:first]),
        total=len(ordered),
        traces=delegations.traces,
        reaches_back_to=delegations.since,
        whole=delegations.whole,
    )


def _occurrences(members: Iterable[Member]) -> Iterator[_Occurrence]:
    """Each way from a prompt down to a trace that delegated nothing, in the order of time."""
    known = {member.correlation_id: member for member in members}
    below: defaultdict[str | None, list[Member]] = defaultdict(list)
    for member in sorted(known.values(), key=lambda member: (member.at, member.correlation_id)):
        below[member.parent_id].append(member)
    ways: list[tuple[Member, ...]] = [(root,) for root in reversed(below[None])]
    while ways:
        way = ways.pop()
        on_it = {member.correlation_id for member in way}
        further = [child for child in below[way[-1].correlation_id] if child.correlation_id not in on_it]
        if not further and len(way) > 1:
            yield _Occurrence(way)
        ways += [(*way, child) for child in reversed(further)]


def _wait(member: Member) -> float | None:
    """How long the step that spawned a trace waited while that did not work, in milliseconds; None if that is not known."""
    waiting, working = _ends(member.spawning), _ends(member.time)
    if waiting is None or working is None:
        return None
    (since, until), (began, ended) = waiting, working
    together = max(min(until, ended) - max(since, began), timedelta(0))
    return ((until - since) - together) / _MS


def _ends(stretch: Stretch | None) -> tuple[datetime, datetime] | None:
    if stretch is None or stretch.started_at is None or stretch.completed_at is None:
        return None
    return (stretch.started_at, stretch.completed_at) if stretch.started_at <= stretch.completed_at else None


def _chain(agents: tuple[str, ...], occurrences: Sequence[_Occurrence]) -> AgentChain:
    ends = [occurrence.success for occurrence in occurrences]
    successes, failures = ends.count(True), ends.count(False)
    times = [known for occurrence in occurrences if (known := occurrence.times) is not None]
    total, overhead = (sum(each) for each in zip(*times, strict=True)) if times else (0.0, 0.0)
    roots = dict.fromkeys(occurrence.members[0].correlation_id for occurrence in reversed(occurrences))
    return AgentChain(
        agents=agents,
        depth=len(agents) - 1,
        count=len(occurrences),
        prompts=len(roots),
        successes=successes,
        failures=failures,
        unknown=len(ends) - successes - failures,
        success_rate=successes / (successes + failures) if successes + failures else None,
        timed=len(times),
        avg_duration_ms=total / len(times) if times else None,
        avg_overhead_ms=overhead / len(times) if times else None,
        overhead_share=overhead / total if total > 0 else None,
        last_used_at=max(occurrence.members[-1].at for occurrence in occurrences),
        sample_ids=tuple(roots)[:SAMPLES],
    )
