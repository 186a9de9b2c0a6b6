"""Reads of traces and executions. All take many ids at once, and who asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

from loopgraph.assets import Access, Query, query
from loopgraph.contracts.base import Principal
from loopgraph.contracts.loop.arms import ArmTally
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import Arm, Execution
from loopgraph.contracts.traces.assembly import CallUsage, Forest, Head, Skeleton, Span, SpanKind, TraceParts
from loopgraph.contracts.traces.events import OF_PATTERN
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, Trace
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.live.reads import Look, look_in
from loopgraph.effects.traces.reading.newest import newest_of
from loopgraph.effects.traces.recording import mapping

T = TypeVar("T", Trace, HookExecution, EndpointCall)

Heads = list[tuple[Span, str | None]]
"""Traces themselves, each with the trace that it goes on with."""


class StepCount(NamedTuple):
    """How many hook executions a trace has, and how many of these are steps of the work and not uses of patterns."""

    hooks: int
    steps: int


Looking = Callable[[Iterable[tuple[int, int]]], Awaitable[Look]]
"""Looks for changes, by writer and number (``effects/live``)."""

_TRACES_IN_CONTEXT = query("traces/traces_in_context")
_TREES_IN_CONTEXT = query("traces/trees_in_context")
_FIRST_PROMPTS = query("traces/first_prompts")
_CONTINUED_PROMPTS = query("traces/continued_prompts")
_PROMPTS_BY_OTEL_ID = query("traces/prompts_by_otel_id")
_STEPS_OF_TRACES = query("traces/steps_of_traces")
_CHILDREN_OF_TRACES = query("traces/children_of_traces")
_COUNT_STEPS = query("traces/count_steps")
_SKELETON_OF_TREES = query("traces/skeleton_of_trees")
_SKELETON_OF_TRACES = query("traces/skeleton_of_traces")
_SKELETON_OF_STEPS = query("traces/skeleton_of_steps")
_USAGE_OF_CALLS = query("traces/usage_of_calls")
_HOOKS_BY_ID = query("traces/hooks_by_id")
_CALLS_BY_ID = query("traces/calls_by_id")
_COUNT_EXECUTIONS_OF_VERSION = query("traces/count_executions_of_version")
_EVIDENCE_OF_EXPERIMENT = query("traces/evidence_of_experiment")
_ARM_TALLIES = query("traces/arm_tallies")

LAST = "~"
"""Sorts after every digit and letter of a key."""

MAX_TRACES = 2_000
MAX_STEPS = 20_000
"""How many traces a forest holds beside those asked for, and how many steps for each of these, before it says ``truncated``."""

MOST = 100_000
"""How many steps one read holds, whatever it is asked for."""


def reader_of(principal: Principal | None) -> list[str] | None:
    """The keys by which a principal reads traces, for the parameter ``reader`` of queries; None for all traces.

    The policy of who may see a trace, a session, a log record or a data point is this function and the words of the queries
    that take a ``reader`` (a test holds all of them to the same): whoever recorded it (``owner``), and those with whom its
    project is shared (``shared_in``). What was recorded without a principal is nobody's, and only who sees everything sees it.
    """
    return None if principal is None or principal.sees_everything else principal.keys


def seen(trace: Trace, reader: list[str] | None) -> bool:
    """Whether a trace that is told of can be seen by these keys: what the queries ask, in the same words."""
    return reader is None or trace.owner in reader or trace.shared_in in reader


class TraceReads:
    """Reads traces and executions."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def parts(self, correlation_ids: Iterable[str], principal: Principal | None) -> dict[str, TraceParts]:
        """Everything of some traces but their children's contents, in three statements; unknown and hidden ids are absent."""
        ids, reader = list(dict.fromkeys(correlation_ids)), reader_of(principal)

        async def work(tx: Transaction) -> tuple[_Rows, list[Row]]:
            rows = await _rows(tx, ids, reader, MOST)
            seen = [row["trace"]["correlation_id"] for row in rows.traces]
            return rows, await tx.run(_CHILDREN_OF_TRACES, correlation_ids=seen, reader=reader)

        rows, child_rows = await self._graph.transaction(work, Access.READ)
        children = _grouped((row["parent_id"], mapping.trace(row["trace"])) for row in child_rows)
        return {
            id_: parts.model_copy(update={"child_ids": tuple(child.correlation_id for child in children.get(id_, ()))})
            for id_, parts in _parts(rows).items()
        }

    async def forest(
        self,
        correlation_ids: Iterable[str],
        principal: Principal | None,
        *,
        max_traces: int = MAX_TRACES,
        max_steps: int = MAX_STEPS,
    ) -> Forest:
        """Some traces with all that they spawned, 257 levels deep; unknown and hidden ids are absent.

        Two statements, and a third if they have spawned any.

        At most ``max_traces`` traces beside those asked for, ``max_steps`` steps for each of these (and ``MOST`` altogether), and
        twice as many calls.
        """
        ids, reader = list(dict.fromkeys(correlation_ids)), reader_of(principal)
        limit = min(max_steps * len(ids), MOST)

        async def work(tx: Transaction) -> tuple[_Rows, bool]:
            found, below, cut = await _trees(tx, _TREES_IN_CONTEXT, ids, reader, max_traces)
            traces = [dict(zip(_TRACES_IN_CONTEXT.returns, values, strict=True)) for values in found]
            if below:
                traces += await tx.run(_TRACES_IN_CONTEXT, correlation_ids=below, reader=reader)
            return await _with_steps(tx, traces, limit + 1), cut

        rows, cut = await self._graph.transaction(work, Access.READ)
        return Forest(
            parts=await made_of(rows.size, lambda: _parts(rows)),
            continued_from={
                row["trace"]["correlation_id"]: row["continued_from"] for row in rows.traces if row["continued_from"]
            },
            truncated=cut or any(rows.count(kind) > limit for kind in (SpanKind.STEP, SpanKind.CALL)),
        )

    async def skeleton_unless(
        self,
        known: Callable[[Heads], bool],
        look: Callable[[Looking], Awaitable[None]] | None,
        correlation_ids: Iterable[str],
        principal: Principal | None,
    ) -> Skeleton | None:
        """The spans of what ``forest`` reads, in as many statements, and a fraction of its time and memory; None where, by the
        traces themselves, all that is in them is ``known``: it is most of what there is to read.

        To know that, one may ``look`` at what was changed, before anything is read in the same transaction.
        """
        ids, reader = list(dict.fromkeys(correlation_ids)), reader_of(principal)
        limit = min(MAX_STEPS * len(ids), MOST)

        async def work(tx: Transaction) -> tuple[Heads, list[Row], bool] | None:
            if look is not None:
                await look(partial(look_in, tx))
            [found], below, cut = await _trees(tx, _SKELETON_OF_TREES, ids, reader, MAX_TRACES)
            more = await tx.run(_SKELETON_OF_TRACES, correlation_ids=below, reader=reader) if below else []
            heads = [
                mapping.trace_span(values) for spans in (found, *(row["spans"] for row in more)) for values in spans
            ]
            if known(heads):
                return None
            seen = list(dict.fromkeys(span.id for span, _ in heads))
            return heads, await tx.run(_SKELETON_OF_STEPS, correlation_ids=seen, limit=limit + 1), cut

        read = await self._graph.transaction(work, Access.READ)
        if read is None:
            return None
        heads, rows, cut = read
        many = sum(len(row["spans"]) for row in rows)
        steps, calls = await made_of(
            many, lambda: [list(mapping.step_spans(kind, rows)) for kind in (SpanKind.STEP, SpanKind.CALL)]
        )
        return Skeleton(
            spans=(*(span for span, _ in heads), *steps, *calls),
            continued_from={span.id: before for span, before in heads if before},
            truncated=cut or max(len(steps), len(calls)) > limit,
        )

    async def count_steps(self, correlation_ids: Iterable[str], principal: Principal | None) -> dict[str, StepCount]:
        """How many steps traces have, nested or not, without reading them; unknown and hidden ids are absent."""
        ids, reader = list(dict.fromkeys(correlation_ids)), reader_of(principal)
        rows = await self._graph.read(_COUNT_STEPS, correlation_ids=ids, reader=reader, of_pattern=OF_PATTERN)
        return {row["correlation_id"]: StepCount(row["hooks"], row["steps"]) for row in rows}

    async def usage_of_calls(self, correlation_ids: Iterable[str]) -> list[CallUsage]:
        """What the calls of models of some traces used, at most ``MOST``, in one statement; who may see the traces has been asked
        before."""
        ids = list(dict.fromkeys(correlation_ids))
        rows = await self._graph.read(_USAGE_OF_CALLS, correlation_ids=ids, limit=MOST)
        many = sum(len(row["calls"]) for row in rows)
        return await made_of(many, lambda: [CallUsage(*values) for row in rows for values in row["calls"]])

    async def heads(self, correlation_ids: Iterable[str], principal: Principal | None) -> dict[str, Head]:
        """Traces without what belongs to them; unknown and hidden ids are absent."""
        ids = list(dict.fromkeys(correlation_ids))
        rows = await self._graph.read(_TRACES_IN_CONTEXT, correlation_ids=ids, reader=reader_of(principal))
        heads = await made_of(rows, lambda: list(map(_head, rows)))
        return {head.trace.correlation_id: head for head in heads}

    async def calls_by_id(self, call_ids: Iterable[str], principal: Principal | None) -> dict[str, EndpointCall]:
        """Endpoint calls by id; unknown and hidden ids are absent."""
        ids = list(dict.fromkeys(call_ids))
        rows = await self._graph.read(_CALLS_BY_ID, call_ids=ids, reader=reader_of(principal))
        calls = await made_of(rows, lambda: [mapping.call(row["call"]) for row in rows])
        return {call.call_id: call for call in calls}

    async def prompts_of_episode(self, correlation_id: str) -> list[str]:
        """The ids of the prompts of the episode that a trace is part of; of the trace alone, if it is not known.

        Two or three statements. Who may see them is for those who read them to ask.
        """

        async def work(tx: Transaction) -> list[Row]:
            tops = await tx.run(_FIRST_PROMPTS, correlation_ids=[correlation_id])
            roots = [row["root_id"] for row in tops if row["root_id"] not in (None, row["correlation_id"])]
            if roots:  # a subagent of which only the prompt is known
                tops = await tx.run(_FIRST_PROMPTS, correlation_ids=roots) or tops
            ids = sorted({row["correlation_id"] for row in tops}) or [correlation_id]
            return await tx.run(_CONTINUED_PROMPTS, correlation_ids=ids, limit=MAX_TRACES)

        return [row["correlation_id"] for row in await self._graph.transaction(work, Access.READ)] or [correlation_id]

    async def by_otel_trace_id(self, otel_trace_id: str, principal: Principal | None) -> str | None:
        """The correlation id of what an OpenTelemetry trace belongs to: of several traces, the first that none spawned."""
        rows = await self._graph.read(_PROMPTS_BY_OTEL_ID, otel_trace_id=otel_trace_id, reader=reader_of(principal))
        first = min(rows, key=lambda row: (row["parent_id"] is not None, row["time_key"]), default=None)
        return first["correlation_id"] if first else None

    async def children(
        self, correlation_ids: Iterable[str], principal: Principal | None
    ) -> dict[str, tuple[Trace, ...]]:
        """The traces that each trace spawned, in the order of time; ids without any are absent."""
        ids = list(dict.fromkeys(correlation_ids))
        rows = await self._graph.read(_CHILDREN_OF_TRACES, correlation_ids=ids, reader=reader_of(principal))
        return _grouped((row["parent_id"], mapping.trace(row["trace"])) for row in rows)

    async def hook_executions_by_id(
        self, execution_ids: Iterable[str], principal: Principal | None
    ) -> dict[str, HookExecution]:
        """Hook executions by id; unknown and hidden ids are absent."""
        ids = list(dict.fromkeys(execution_ids))
        rows = await self._graph.read(_HOOKS_BY_ID, execution_ids=ids, reader=reader_of(principal))
        hooks = await made_of(rows, lambda: [mapping.hook(row["hook"]) for row in rows])
        return {hook.execution_id: hook for hook in hooks}

    async def executions(
        self,
        node_ids: Collection[str],
        since: datetime,
        until: datetime | None = None,
        *,
        limit: int,
        principal: Principal | None = None,
    ) -> list[Execution]:
        """The newest ``limit`` finished executions of each version that began in ``[since, until)``, newest first.

        Two statements for each version, and a few more where it has more (``newest_of``): meant for the few that a feedback
        run looks at.
        """
        reader = reader_of(principal)

        async def work(tx: Transaction) -> list[Row]:
            rows: list[Row] = []
            for node_id in sorted(set(node_ids)):
                rows += await newest_of(tx, node_id, since, until, reader, limit)
            return rows

        return await _newest_first(await self._graph.transaction(work, Access.READ))

    async def count_executions(self, node_id: str, since: datetime, until: datetime, *, limit: int) -> int:
        """How many finished executions of a version began in ``[since, until)``; ``limit`` where there are as many or more."""
        rows = await self._graph.read(
            _COUNT_EXECUTIONS_OF_VERSION,
            above=f"{node_id}|{time_key(since, '')}",
            before=f"{node_id}|{time_key(until, '')}",
            limit=limit,
        )
        return int(rows[0]["executions"])

    async def experiment_executions(
        self, experiment_id: str, before: datetime, principal: Principal | None = None
    ) -> list[Execution]:
        """The executions of an experiment with their arms, newest first; also those after it was concluded.

        These are all that have ended, and those that began before an instant and have not.
        """
        rows = await self._graph.read(
            _EVIDENCE_OF_EXPERIMENT, experiment_id=experiment_id, reader=reader_of(principal), before=before
        )
        return await _newest_first(rows)

    async def arm_tallies(
        self, experiments: Collection[Experiment], before: datetime
    ) -> dict[str, dict[Arm, ArmTally]]:
        """How far the arms of comparisons are, by comparison id: one statement, which counts in the graph.

        Executions that began before the instant and have not ended are counted. Units that were assigned are not: they are in
        ``FeedbackReads.assigned_units``.
        """
        metrics = {item.experiment_id: item.metric.value for item in experiments}
        rows = [{"experiment_id": id_, "metric": metric} for id_, metric in metrics.items()]
        counted: defaultdict[tuple[str, str], ArmTally] = defaultdict(ArmTally)
        for row in await self._graph.read(_ARM_TALLIES, rows=rows, before=before) if rows else ():
            key = row["experiment_id"], row["node_id"]
            counts = {
                name: row[name] for name in ("executions", "units", "telling_units", "unended", "unnamed", "uses")
            }
            changes = {"set_aside": row["executions"]} if row["set_aside"] else counts
            counted[key] = counted[key].model_copy(update=changes)
        return {
            item.comparison_id: {
                Arm.CONTROL: counted[item.experiment_id, item.control_node_id],
                Arm.TREATMENT: counted[item.experiment_id, item.treatment_node_id],
            }
            for item in experiments
        }


class _Rows(NamedTuple):
    """Traces with their routing decisions, one to a row; their hook executions and endpoint calls, many to a row."""

    traces: list[Row]
    steps: list[Row]

    @property
    def size(self) -> int:
        """How many traces, steps and calls they are."""
        return len(self.traces) + sum(len(row["steps"]) for row in self.steps)

    def count(self, kind: SpanKind) -> int:
        """How many there are of one kind of step."""
        return sum(len(row["steps"]) for row in self.steps if row["kind"] == kind)

    def grouped(self, kind: SpanKind, make: Callable[[Row], T]) -> dict[str, tuple[T, ...]]:
        """What is made of one kind of step, by trace."""
        return _grouped(
            (row["correlation_id"], make(step)) for row in self.steps if row["kind"] == kind for step in row["steps"]
        )


def _head(row: Row) -> Head:
    return Head(
        trace=mapping.trace(row["trace"]),
        routing=mapping.routing(row["routing"]) if row["routing"] else None,
        continued_from=row["continued_from"],
    )


async def _trees(
    tx: Transaction, statement: Query, ids: list[str], reader: list[str] | None, max_traces: int
) -> tuple[list[list[Any]], list[str], bool]:
    """What a statement finds of traces; the ids of what they spawned, at most ``max_traces``; and whether there are more."""
    rows = await tx.run(statement, correlation_ids=ids, reader=reader, limit=len(ids) + max_traces + 1)
    found = [row["found"] for row in rows if isinstance(row["found"], list)]
    below = dict.fromkeys(row["found"] for row in rows if isinstance(row["found"], str))
    asked = set(ids)
    others = [id_ for id_ in below if id_ not in asked]
    return found, others[:max_traces], len(others) > max_traces


async def _rows(tx: Transaction, correlation_ids: list[str], reader: list[str] | None, limit: int) -> _Rows:
    traces = await tx.run(_TRACES_IN_CONTEXT, correlation_ids=correlation_ids, reader=reader)
    return await _with_steps(tx, traces, limit)


async def _with_steps(tx: Transaction, traces: list[Row], limit: int) -> _Rows:
    seen = list(dict.fromkeys(row["trace"]["correlation_id"] for row in traces))
    return _Rows(traces, await tx.run(_STEPS_OF_TRACES, correlation_ids=seen, limit=limit))


def _parts(rows: _Rows) -> dict[str, TraceParts]:
    hooks = rows.grouped(SpanKind.STEP, mapping.hook)
    calls = rows.grouped(SpanKind.CALL, mapping.call)
    return {
        id_: TraceParts(
            trace=mapping.trace(row["trace"]),
            routing=mapping.routing(row["routing"]) if row["routing"] else None,
            hooks=hooks.get(id_, ()),
            endpoints=calls.get(id_, ()),
            child_ids=(),
        )
        for row in rows.traces
        for id_ in [row["trace"]["correlation_id"]]
    }


def _grouped(items: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    """The items of each id in the order of time; of those at one instant, the first to arrive comes first."""
    groups: dict[str, list[T]] = {}
    for id_, item in items:
        groups.setdefault(id_, []).append(item)
    return {id_: tuple(sorted(group, key=_order)) for id_, group in groups.items()}


def _order(item: Trace | HookExecution | EndpointCall) -> tuple[datetime, str]:
    match item:
        case HookExecution():
            return item.at, item.execution_id
        case EndpointCall():
            return item.at, item.call_id
        case _:
            return item.at, item.correlation_id


async def _newest_first(rows: Sequence[Row]) -> list[Execution]:
    """The executions of rows that hold them in lists."""

    def made() -> list[Execution]:
        found = (mapping.evidence(each) for row in rows for each in row["executions"])
        return sorted(found, key=lambda item: (item.started_at, item.execution_id), reverse=True)

    return await made_of(sum(len(row["executions"]) for row in rows), made)
