"""What tests of counting share: what is stored in buckets, what traces come to, and work of all kinds in any order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable
from datetime import datetime, timedelta
from random import Random, SystemRandom
from typing import Any, TypeVar

from loopgraph.computes.agents import uses
from loopgraph.computes.analytics.buckets import Bucket
from loopgraph.computes.analytics.contribution import MEASURES, Contributions
from loopgraph.computes.analytics.rounds import Sums
from loopgraph.contracts.analytics.windows import Window
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import Observation, Recordable, SessionSeen
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.usage.facts import FactReads
from loopgraph.orchestrators.analytics.remembering import Remembered
from loopgraph.reducers.histogram import index_of
from support.traces import NOON, statement
from support.uses import define

T = TypeVar("T")
Rows = dict[str, dict[str, Any]]


async def read_anew(_: Remembered, what: Hashable, window: Window, read: Callable[[], Awaitable[T]], *__: Any) -> T:
    """In place of ``Remembered.get``, for who counts statements: nothing is remembered."""
    return await read()


def own_day() -> datetime:
    """The beginning of a day that no other test uses: some buckets count everything of their time."""
    midnight = NOON.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=365 + SystemRandom().randrange(10**6))


async def stored(graph: Graph, day: datetime) -> Rows:
    """All properties of the buckets of a day and its hours, with their breakdowns, by key."""
    stamp = f"|{day.year:04d}{day.month:02d}{day.day:02d}"
    found: Rows = {}
    for label in ("UsageBucket", "UsageBreakdown"):
        rows = await statement(
            graph,
            f"MATCH (b:{label}) WHERE b.bucket_key CONTAINS $stamp RETURN b.bucket_key AS key, properties(b) AS properties",
            stamp=stamp,
        )
        for row in rows:
            found.setdefault(row["key"], {}).update(row["properties"])
    return found


async def come_to(graph: Graph, correlation_ids: Iterable[str], judging: Judging | None) -> Rows:
    """The same of what these traces come to, counted from nothing."""
    facts = await FactReads(graph, MEASURES, judging).facts(set(correlation_ids))
    contributions, sums = Contributions(index_of), Sums(0, 1)
    for one in facts.values():
        sums.add(contributions.of(one))
    keys = sums.keys()
    outcome = sums.mended({key: Bucket() for key in keys})
    rows: Rows = {row["bucket_key"]: dict(row) for row in outcome.buckets}
    for row in outcome.breakdowns:
        rows[row["bucket_key"]].update(row)
    return rows


class Work:
    """Sessions with prompts, subagents, steps, calls within calls, and uses of a skill, of one day. Everything is named anew."""

    def __init__(self, day: datetime, chance: Random) -> None:
        self.day, self.mark, self._chance = day, new_id(), chance
        self.traces: set[str] = set()
        self.node_ids: list[str] = []

    async def define(self, graph: Graph) -> None:
        """Makes the versions that are used."""
        self.node_ids = await define(graph, DefinitionKind.SKILL, f"sorting-{self.mark}", "# One", "# Two")

    def events(self) -> list[Recordable]:
        """All that is told, some of it twice, in any order."""
        self.traces.add(f"{self.mark}.open")
        events: list[Recordable] = [TraceStarted(correlation_id=f"{self.mark}.open", timestamp=self._at(1))]
        for session in range(2):
            id_ = f"{self.mark}.s{session}"
            if session == 0:
                events.append(self.folder(id_))
            for prompt in range(3):
                events += self._prompt(id_, prompt, self._at(self._chance.randrange(20 * 3_600)))
        events += self._chance.sample(events, len(events) // 5)
        self._chance.shuffle(events)
        return events

    def folder(self, session: str) -> Recordable:
        """Where a session works."""
        return _told(SessionSeen(session_id=session, cwd=f"/src/{self.mark}", timestamp=self._at(0)))

    def _at(self, seconds: float) -> datetime:
        return self.day + timedelta(seconds=seconds)

    def _prompt(self, session: str, number: int, begun: datetime) -> list[Recordable]:
        chance, trace = self._chance, f"{session}.p{number}"
        self.traces.add(trace)

        def at(seconds: float) -> datetime:
            return begun + timedelta(seconds=seconds)

        place: dict[str, Any] = {"correlation_id": trace, "root_id": trace, "session_id": session}
        asked = chance.choice(["Sort the reports", "no, that is wrong: sort them by cause", "Now write the tests"])
        user = chance.choice([f"ada-{self.mark}", None])
        events: list[Recordable] = [
            _told(
                TraceStarted(
                    correlation_id=trace,
                    session_id=session,
                    timestamp=begun,
                    prompt_text=asked,
                    user_id=user,
                    tags=("a",),
                )
            ),
            _told(uses.skill_used(session, f"toolu-{trace}", trace, f"sorting-{self.mark}", timestamp=at(1))),
            RoutingDecided(correlation_id=trace, selected_agent=f"router-{self.mark}"),
        ]
        for step in range(chance.randrange(1, 5)):
            id_, tool = f"{trace}.{step}", chance.choice([f"Bash-{self.mark}", f"Read-{self.mark}"])
            ran = {"execution_id": id_, "hook_type": "ToolUse", "tool_name": tool, **place}
            success = chance.random() < 0.7
            end = {"success": success, "error_type": None if success else "Failed", "quality_score": chance.random()}
            context = {"memory_usage_mb": chance.randrange(100), "cache_hits": 1}
            events.append(_told(HookExecuted(**ran, started_at=at(2 + step))))
            events.append(_told(HookExecuted(**ran, completed_at=at(3 + step), context=context, **end)))
        events.append(
            HookExecuted(
                correlation_id=trace, execution_id=f"{trace}.own", hook_type="Check", node_id=self.node_ids[0],
                unit=f"unit-{chance.randrange(2)}", started_at=at(5), duration_ms=1.5, success=chance.random() < 0.5,
            )
        )  # fmt: skip
        agent = f"{trace}.agent"
        self.traces.add(agent)
        below: dict[str, Any] = {**place, "correlation_id": agent}
        events.append(
            _told(TraceStarted(**below, timestamp=at(6), agent_id=f"a-{trace}", agent_type=f"Explore-{self.mark}"))
        )
        events.append(
            _told(
                HookExecuted(**below, execution_id=f"{agent}.1", hook_type="ToolUse", success=False, completed_at=at(7))
            )
        )
        events.append(_told(TraceCompleted(correlation_id=agent, timestamp=at(8), success=True)))
        events += self._calls(trace, at)
        if number:
            status = chance.choice([TraceStatus.SUCCESS, TraceStatus.ERROR, TraceStatus.INTERRUPTED])
            events.append(
                _told(TraceCompleted(correlation_id=trace, timestamp=at(60 + chance.randrange(9_000)), status=status))
            )
        return events

    def _calls(self, trace: str, at: Any) -> list[Recordable]:
        """A framework that tells what its calls cost, and the client's calls within it."""
        key = new_id().replace("-", "")
        model = f"model-{self.mark}"
        where: dict[str, Any] = {"correlation_id": trace, "service_name": "llm", "endpoint_path": f"/chat/{self.mark}"}
        outer = EndpointCalled(
            **where,
            call_id=f"{key}/{key[:16]}",
            model=model,
            started_at=at(9),
            success=True,
            cost_usd=0.75,
            input_tokens=30,
        )
        inner = [
            EndpointCalled(
                **where, call_id=f"{key}/{key[16 - n : 32 - n]}", model=model, started_at=at(9 + n), duration_ms=10.0 * n,
                success=n == 1, input_tokens=10 * n, output_tokens=n, error_type=None if n == 1 else "Overloaded", retry_count=n,
            )
            for n in (1, 2)
        ]  # fmt: skip
        alone = EndpointCalled(
            **where, call_id=f"{key}.alone", model=model, input_tokens=7, timestamp=at(12), success=True
        )
        return [alone, _told(outer), *(_told(call, nested_in=f"{key}/{key[:16]}") for call in inner)]


def _told(event: Any, **more: Any) -> Observation:
    return Observation(event=event, source="transcript", **more)
