"""Data loaders: reads that one operation asks for one by one are answered by one statement.

They batch and do not cache: on a WebSocket one context serves many operations, and a cache would answer later ones with
what was true before.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, TypeVarTuple

from loopgraph.api.graphql.pace import SLICE_S, Turns
from loopgraph.api.services import Services
from loopgraph.computes.loop.proposing.gains import best_of
from loopgraph.computes.traces.tree import Node
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.patterns import Direction, LineageEdge, LineageGraph, RelationshipType, TraversalFilter
from loopgraph.contracts.loop.experiments import Decision
from loopgraph.contracts.traces.assembly import SpanKind
from loopgraph.effects.clock import now
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.traces.reading.reads import StepCount
from loopgraph.orchestrators.analytics.figures import usage_of
from loopgraph.orchestrators.traces.auditing import told_of
from loopgraph.orchestrators.traces.episodes import trees

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")
Rest = TypeVarTuple("Rest")

_WOKEN = 200
"""So many tasks are woken at once by what a read has answered, before the event loop comes round."""


class Loader(Generic[K, V]):
    """Gathers the keys that the tasks of a request ask for, and reads them at once when no task is left that could ask for more.

    A read whose askers have all gone is cancelled.
    """

    def __init__(self, fetch: Callable[[list[K]], Awaitable[Sequence[V]]], turns: Turns) -> None:
        self._fetch = fetch
        self._turns = turns
        self._asked: list[tuple[K, asyncio.Future[V]]] = []
        self._awaited: dict[K, asyncio.Future[V]] = {}
        self._reading: set[asyncio.Task[None]] = set()

    async def load(self, key: K) -> V:
        """What the read answers for a key, once it has; what follows begins in turn."""
        value = await self._ask(key)
        if self._turns.spent():
            await self._turns.turn()
        return value

    def _ask(self, key: K) -> asyncio.Future[V]:
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        if not self._asked:
            task = asyncio.create_task(self._read())
            self._reading.add(task)  # the loop itself holds tasks weakly
            task.add_done_callback(self._reading.discard)
        self._asked.append((key, future))
        self._awaited[key] = future
        future.add_done_callback(lambda done: self._awaited.get(key) is done and self._awaited.pop(key))
        return future

    async def found(self, keys: Sequence[K]) -> dict[K, V]:
        """What is answered for those of some keys that others wait for just now; without those that fail or are given up."""
        awaited = {key: future for key in keys if (future := self._awaited.get(key)) is not None}
        if awaited:
            await asyncio.wait(awaited.values())
        return {
            key: future.result()
            for key, future in awaited.items()
            if not future.cancelled() and future.exception() is None
        }

    async def load_many(self, keys: Sequence[K]) -> list[V]:
        """What the read answers for some keys."""
        return list(await asyncio.gather(*map(self._ask, keys)))

    async def _read(self) -> None:
        await self._turns.quiet()
        asked, self._asked = [one for one in self._asked if not one[1].done()], []
        if not asked:
            return
        futures, task = [future for _, future in asked], asyncio.current_task()
        left = len(futures)

        def settled(future: asyncio.Future[V]) -> None:
            nonlocal left
            left -= 1
            if not left and task is not None:
                task.cancel()

        for future in futures:
            future.add_done_callback(settled)
        try:
            values = await self._fetch([key for key, _ in asked])
        except asyncio.CancelledError:
            for future in futures:
                future.cancel()
            raise
        except Exception as error:
            outcomes: list[Any] = [error] * len(futures)
        else:
            outcomes = list(values)
        with self._turns.waking():
            for number, (future, outcome) in enumerate(zip(futures, outcomes, strict=True), start=1):
                if number % _WOKEN == 0:
                    await asyncio.sleep(0)
                if future.done():
                    continue
                if isinstance(outcome, Exception):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)


def by_id(fetch: Callable[[Sequence[K]], Awaitable[dict[K, V]]], turns: Turns) -> Loader[K, V | None]:
    """A loader over a read that takes ids and answers with what exists."""

    async def load(keys: list[K]) -> list[V | None]:
        found = await fetch(list(dict.fromkeys(keys)))
        return [found.get(key) for key in keys]

    return Loader(load, turns)


def of_owners(
    fetch: Callable[[Sequence[K], *Rest], Awaitable[Mapping[K, V]]], turns: Turns
) -> Loader[tuple[K, *Rest], V]:
    """A loader over a read of something that each of several owners has, such as a page of their events.

    Its keys are the owner's id and what else the read asks for. One read answers the keys whose rest is the same; it must
    answer for every owner.
    """

    async def load(keys: list[tuple[K, *Rest]]) -> list[V]:
        groups: dict[tuple[Any, ...], dict[K, None]] = {}
        for owner, *rest in keys:
            groups.setdefault(tuple(rest), {})[owner] = None
        found = {rest: await fetch(list(owners), *rest) for rest, owners in groups.items()}
        return [found[tuple(rest)][owner] for owner, *rest in keys]

    return Loader(load, turns)


def _let_go(made: dict[Any, Any]) -> None:
    """Lets go of what was made, in slices: the trees of hundreds of traces take a while."""
    until = time.perf_counter() + SLICE_S
    while made:
        made.popitem()
        if time.perf_counter() > until:
            asyncio.get_running_loop().call_soon(_let_go, made)
            return


class Once:
    """What is made of things that an operation has loaded, made once: links lead to one tree from many places."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], tuple[tuple[object, ...], Any]] = {}
        self._operations = 0

    @contextlib.contextmanager
    def operation(self) -> Iterator[None]:
        """An operation is executed in this block. What was made is let go when none is: a WebSocket's context stays."""
        self._operations += 1
        try:
            yield
        finally:
            self._operations -= 1
            if not self._operations:
                _let_go(self._made)
                self._made = {}

    def made(self, what: str, make: Callable[..., T], *of: object) -> T:
        """What ``make`` makes of these things, which are told apart by identity; ``what`` names it."""
        key = (what, *map(id, of))
        if key not in self._made:
            self._made[key] = of, make(*of)  # they are kept, so that nothing else gets the identity of one
        result: T = self._made[key][1]
        return result


class Loaders:
    """One loader for each edge of the API that a list can reach."""

    def __init__(self, services: Services, principal: Principal | None, turns: Turns, asker: Origin) -> None:
        self.once = Once()
        reads = services.lineage_reads
        self.pattern = by_id(reads.patterns, turns)
        learned = services.learned
        self.learned_pattern = by_id(learned.by_id, turns)
        self.exemplars_of_pattern = of_owners(lambda ids: learned.exemplars(ids, principal), turns)
        self.traces_of_learned_pattern = of_owners(
            lambda ids, role, page: learned.traces(ids, role, page, principal), turns
        )
        self.traces_supporting_step = of_owners(lambda ids, page: learned.supporting(ids, page, principal), turns)
        self.traces_failing_step = of_owners(lambda ids, page: learned.failing(ids, page, principal), turns)
        self.version = by_id(reads.versions, turns)
        self.edge = by_id(reads.edges_by_id, turns)
        self.event = by_id(lambda ids: services.events.by_id(ids, principal), turns)
        self.head = by_id(lambda ids: services.traces.heads(ids, principal), turns)
        self.call = by_id(lambda ids: services.traces.calls_by_id(ids, principal), turns)
        self.whole = by_id(lambda ids: trees(services.traces, ids, principal), turns)

        async def places(ids: Sequence[str]) -> dict[str, Node[Any]]:
            whole = await self.whole.found(ids)  # who reads all of a trace needs no skeleton of it
            left = [id_ for id_ in ids if id_ not in whole]
            found: dict[str, Node[Any]] = {id_: one.place for id_, one in whole.items() if one is not None}
            return found | (await services.skeletons.of(left, principal) if left else {})

        self.place = by_id(places, turns)

        async def hook_counts(ids: Sequence[str]) -> dict[str, int]:
            whole = await self.whole.found(ids)  # who reads what a trace consists of has counted it
            found = {id_: one.place for id_, one in whole.items() if one is not None}
            placed = await self.place.found([id_ for id_ in ids if id_ not in found])
            found |= {id_: place for id_, place in placed.items() if place is not None}
            left = [id_ for id_ in ids if id_ not in found]
            counts = {id_: len(self.all_of(place, SpanKind.STEP)) for id_, place in found.items()}
            return counts | ({id_: one.hooks for id_, one in (await counted(left)).items()} if left else {})

        async def counted(ids: Sequence[str]) -> dict[str, StepCount]:
            return await services.traces.count_steps(ids, principal)

        self.hook_count = by_id(hook_counts, turns)
        self.step_count = by_id(counted, turns)
        sessions, records = services.sessions, services.records
        self.session = by_id(lambda ids: sessions.by_id(ids, principal), turns)
        self.traces_of_session = of_owners(lambda ids, page: sessions.traces(ids, page, principal), turns)
        self.model_usage_of_session = by_id(
            lambda ids: services.analytics.model_usage_of_sessions(ids, principal), turns
        )
        self.last_use_of_pattern = by_id(services.lineage_reads.last_uses, turns)
        buckets = services.buckets
        self.usage_sums = of_owners(buckets.sums, turns)
        self.usage_trend = of_owners(
            lambda subjects, window: services.trends.of_subjects(subjects, window, now()), turns
        )
        self.usage_figures = of_owners(lambda subjects, window, zone: usage_of(buckets, subjects, window, zone), turns)
        self.logs_of_session = of_owners(lambda ids, page: sessions.logs(ids, page, principal), turns)
        self.logs_of_trace = of_owners(lambda ids, page: records.logs_of_traces(ids, page, principal), turns)
        self.logs_of_step = of_owners(lambda steps, page: records.logs_of_steps(steps, page, principal), turns)
        self.metrics_of_session = of_owners(sessions.metrics, turns)
        self.hook_execution = by_id(lambda ids: services.traces.hook_executions_by_id(ids, principal), turns)
        self.use = by_id(lambda ids: services.uses.figures(ids, principal), turns)
        self.executions_of_version = of_owners(lambda ids, page: services.uses.executions(ids, page, principal), turns)
        feedback = services.feedback
        self.run = by_id(feedback.runs, turns)
        self.improvement = by_id(feedback.improvements, turns)
        self.improvements_of_run = by_id(feedback.improvements_of_runs, turns)
        self.experiment = by_id(feedback.experiments, turns)
        self.experiments_of_improvement = by_id(feedback.experiments_of_improvements, turns)
        self.decision = by_id(feedback.decisions, turns)
        self.decisions_of_improvement = by_id(feedback.decisions_of_improvements, turns)

        async def best_decisions(ids: Sequence[str]) -> dict[str, Decision]:
            found = await feedback.decisions_of_runs(ids)
            return {id_: best for id_, decisions in found.items() if (best := best_of(decisions)) is not None}

        self.best_decision_of_run = by_id(best_decisions, turns)
        self.feedback_batch = by_id(services.batch_reads.by_id, turns)
        self.schedule = by_id(services.schedule_reads.by_id, turns)
        self.decision_of_version = by_id(feedback.decisions_of_versions, turns)
        watched = services.watch_reads
        self.watch = by_id(watched.by_id, turns)
        self.watch_of_version = by_id(watched.of_versions, turns)
        self.executions_of_watch = of_owners(lambda ids, page: watched.executions(ids, page, principal), turns)
        said, comes_to = services.feedback_said, services.user_feedback
        self.feedback = by_id(lambda ids: said.by_id(ids, principal), turns)
        self.feedback_of_execution = of_owners(said.of_executions, turns)
        self.feedback_of_trace = of_owners(said.of_traces, turns)
        self.feedback_of_version = of_owners(lambda ids, page: said.of_versions(ids, page, principal), turns)
        self.feedback_summary_of_version = by_id(lambda ids: comes_to.of_versions(ids, principal), turns)
        self.feedback_summary_of_pattern = by_id(lambda ids: comes_to.of_patterns(ids, principal), turns)
        signals, distinguishing = services.signals, services.distinguishing
        self.signals_of_trace = by_id(lambda ids: signals.of_traces(ids, principal), turns)
        self.signal_summary_of_version = of_owners(
            lambda ids, over: signals.of_versions(ids, over.since, over.until, principal), turns
        )
        self.distinctions_of_version = of_owners(
            lambda ids, over: distinguishing.of_versions(ids, over.since, over.until, principal), turns
        )
        reported = services.outcomes_reported
        self.outcome = by_id(lambda ids: reported.by_id(ids, principal), turns)
        self.outcomes_of_execution = of_owners(reported.of_executions, turns)
        self.outcomes_of_trace = of_owners(reported.of_traces, turns)
        self.outcomes_of_session = of_owners(reported.of_sessions, turns)
        self.outcomes_of_version = of_owners(lambda ids, page: reported.of_versions(ids, page, principal), turns)
        self.outcome_summary_of_version = by_id(
            lambda ids: services.reported_outcomes.of_versions(ids, principal), turns
        )
        evidence, events = services.evidence, services.events
        self.executions_of_experiment = of_owners(
            lambda ids, page: evidence.executions_of_experiments(ids, page, principal), turns
        )
        self.versions_of_pattern = of_owners(reads.versions_pages, turns)
        self.edges_of_version = of_owners(lambda ids, direction, types: _edges(reads, ids, direction, types), turns)
        self.events_of_pattern = of_owners(
            lambda ids, filter, page: events.pages_of_patterns(ids, filter, page, principal), turns
        )
        self.events_of_version = of_owners(
            lambda ids, filter, page: events.pages_of_versions(ids, filter, page, principal), turns
        )

        async def lineages(ids: Sequence[str], filter: TraversalFilter, limit: int) -> Mapping[str, LineageGraph]:
            found = await services.traversals.pattern_lineages(ids, filter, limit)
            services.auditing.traversed(asker, "pattern_lineage", ids, told_of(filter), _reached(found))
            return found

        async def traversal(ids: Sequence[str], filter: TraversalFilter, limit: int) -> Mapping[str, LineageGraph]:
            found = await services.traversals.traverse(ids, filter, limit)
            services.auditing.traversed(asker, filter.direction.value, ids, told_of(filter), _reached(found))
            return found

        self.lineage_of_pattern = of_owners(_or_none(lineages), turns)
        self.traversal = of_owners(_or_none(traversal), turns)

    def all_of(self, place: Node[Any], kind: SpanKind) -> Sequence[Node[Any]]:
        """What is anywhere in a place of one kind, but not in traces that it spawned; in the order of time."""
        found: Sequence[Node[Any]] = self.once.made(kind, lambda node: node.all_of(kind), place)
        return found


def _reached(found: Mapping[str, LineageGraph]) -> int:
    return sum(graph.reached for graph in found.values())


def _or_none(
    fetch: Callable[[Sequence[str], *Rest], Awaitable[Mapping[str, V]]],
) -> Callable[[Sequence[str], *Rest], Awaitable[Mapping[str, V | None]]]:
    """A read that answers None for owners that it does not know."""

    async def filled(ids: Sequence[str], *rest: *Rest) -> dict[str, V | None]:
        return dict.fromkeys(ids) | dict(await fetch(ids, *rest))

    return filled


async def _edges(
    reads: LineageReads, ids: Sequence[str], direction: Direction, types: frozenset[RelationshipType]
) -> dict[str, list[LineageEdge]]:
    """The edges into (ANCESTORS) or out of (DESCENDANTS) each version."""
    found: dict[str, list[LineageEdge]] = {id_: [] for id_ in ids}
    for edge in await reads.edges(ids, direction, types):
        found[edge.target_node_id if direction is Direction.ANCESTORS else edge.source_node_id].append(edge)
    return found
