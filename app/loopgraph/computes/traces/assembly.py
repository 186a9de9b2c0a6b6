"""Puts traces together: each step under its step, each subagent under the step that spawned it, with totals of the tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from loopgraph.computes.traces.completeness import missing_of, skew_of
from loopgraph.computes.traces.tree import Node, Record, plant, records_of
from loopgraph.computes.traces.usage import told_once
from loopgraph.contracts.traces.assembly import (
    AssembledStep,
    AssembledTrace,
    Episode,
    Forest,
    SpanKind,
    Totals,
    TraceParts,
)
from loopgraph.contracts.traces.events import FAILED, TraceStatus
from loopgraph.contracts.traces.pricing import CostSource
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, Trace

N = TypeVar("N", int, float)


class Whole(NamedTuple):
    """A trace with all that it spawned: put together, and as a node of a tree of its records."""

    assembled: AssembledTrace
    place: Node[Record]


def assemble(forest: Forest, heads: Iterable[str], *, max_depth: int = 256) -> dict[str, AssembledTrace]:
    """Each of the heads that is in the forest, put together; see ``wholes``."""
    return {id_: whole.assembled for id_, whole in wholes(forest, heads, max_depth=max_depth).items()}


def wholes(forest: Forest, heads: Iterable[str], *, max_depth: int = 256) -> dict[str, Whole]:
    """Each of the heads that is in the forest, with the tree of what it spawned, each thing where ``tree.plant`` says.

    Where traces are each other's ancestors, the circle is opened at a head if one is in it.
    """
    wanted = [id_ for id_ in dict.fromkeys(heads) if id_ in forest.parts]
    grove = plant(records_of(forest.parts.values()), heads=wanted, continued=forest.continued_from)
    traces = [node for top in grove.tops for node in top.walk() if node.key[0] is SpanKind.TRACE]
    depth: dict[str, int] = {}
    children: defaultdict[str, list[Trace]] = defaultdict(list)
    for node in traces:  # parents before their children
        above = node.parent.trace_id if node.parent else None
        depth[node.trace_id] = depth[above] + 1 if above is not None else 0
        if above is not None:
            children[above].append(node.trace)
    done: dict[str, AssembledTrace] = {}
    for node in reversed(traces):
        id_ = node.trace_id
        too_deep = depth[id_] == max_depth and bool(children[id_])
        inside = [] if too_deep else sorted(children[id_], key=lambda trace: (trace.at, trace.correlation_id))
        own = {trace.correlation_id: done[trace.correlation_id] for trace in inside}
        cut = too_deep or id_ in grove.opened or (forest.truncated and depth[id_] == 0)
        done[id_] = _assembled(node, forest.parts[id_], own, forest.continued_from.get(id_), cut=cut)
    return {id_: Whole(done[id_], grove.nodes[SpanKind.TRACE, id_]) for id_ in wanted}


def episode(forest: Forest) -> Episode:
    """The episode that all traces of a forest are of. Raises ValueError if there is none."""
    assembled = assemble(forest, forest.parts)
    below = {id_ for tree in assembled.values() for id_ in tree.child_ids}
    traces = sorted(
        (tree for id_, tree in assembled.items() if id_ not in below),
        key=lambda tree: (tree.trace.at, tree.trace.correlation_id),
    )
    everything = [parts.trace for parts in forest.parts.values()]
    running = any(trace.status is TraceStatus.IN_PROGRESS for trace in everything)
    started = min((tree.trace.started_at for tree in traces if tree.trace.started_at), default=None)
    ended = None if running else max((trace.completed_at for trace in everything if trace.completed_at), default=None)
    return Episode(
        episode_id=traces[0].trace.correlation_id,
        session_id=next((tree.trace.session_id for tree in traces if tree.trace.session_id), None),
        status=TraceStatus.IN_PROGRESS if running else traces[-1].trace.status,
        started_at=started,
        completed_at=ended,
        duration_ms=(ended - started).total_seconds() * 1000 if ended and started and ended >= started else None,
        traces=tuple(traces),
        whole=_sum(tree.whole for tree in traces),
        missing=tuple(reason for tree in traces for reason in tree.missing),
        skew_ms=max(tree.skew_ms for tree in traces),
        truncated=any(tree.truncated for tree in traces),
    )


# One trace


def _assembled(
    node: Node[Record], parts: TraceParts, own: Mapping[str, AssembledTrace], continued_from: str | None, *, cut: bool
) -> AssembledTrace:
    """``own`` are the traces that it spawned, in the order of time."""
    steps: dict[str, AssembledStep] = {}
    for inner in reversed(list(node.walk(into_traces=False))):  # inner steps before outer ones
        if isinstance(inner.record, HookExecution):
            steps[inner.record.execution_id] = AssembledStep(
                execution=inner.record,
                steps=_steps(inner, steps),
                endpoint_calls=_calls(inner),
                spawned=_spawned(inner, own),
            )
    children = own.values()
    totals = _own(parts, len(children))
    return AssembledTrace(
        trace=parts.trace,
        routing=parts.routing,
        hooks=parts.hooks,
        endpoints=parts.endpoints,
        child_ids=tuple(own),
        child_traces=tuple(children),
        steps=_steps(node, steps),
        direct_calls=_calls(node),
        direct_traces=_spawned(node, own),
        continued_from=continued_from,
        own=totals,
        whole=_sum([totals, *(child.whole for child in children)]),
        missing=(*missing_of(parts), *(reason for child in children for reason in child.missing)),
        skew_ms=max([skew_of(parts, [child.trace for child in children]), *(child.skew_ms for child in children)]),
        truncated=cut or any(child.truncated for child in children),
    )


def _steps(node: Node[Record], done: Mapping[str, AssembledStep]) -> tuple[AssembledStep, ...]:
    return tuple(done[child.key[1]] for child in node.children if child.key[0] is SpanKind.STEP)


def _calls(node: Node[Record]) -> tuple[EndpointCall, ...]:
    return tuple(child.record for child in node.children if isinstance(child.record, EndpointCall))


def _spawned(node: Node[Record], own: Mapping[str, AssembledTrace]) -> tuple[AssembledTrace, ...]:
    return tuple(
        own[child.trace_id] for child in node.children if child.key[0] is SpanKind.TRACE and child.trace_id in own
    )


def _own(parts: TraceParts, subagents: int) -> Totals:
    calls = told_once(parts.hooks, parts.endpoints)
    steps = [hook for hook in parts.hooks if hook.is_step]
    return Totals(
        subagents=subagents,
        steps=len(steps),
        failed_steps=sum(step.status in FAILED for step in steps),
        endpoint_calls=len(calls),
        failed_endpoint_calls=sum(call.status in FAILED for call in calls),
        input_tokens=_known_sum(call.input_tokens for call in calls),
        cache_read_tokens=_known_sum(call.cache_read_tokens for call in calls),
        cache_write_tokens=_known_sum(call.cache_write_tokens for call in calls),
        output_tokens=_known_sum(call.output_tokens for call in calls),
        reasoning_tokens=_known_sum(call.reasoning_tokens for call in calls),
        cost_usd=_known_sum(call.cost_usd for call in calls),
        reported_cost_usd=_known_sum(call.cost_usd for call in calls if call.cost_source is CostSource.REPORTED),
        unpriced_models=_united((call.unpriced,) for call in calls),
        rag_queries=parts.total_rag_queries,
        quality_gates=parts.total_quality_gates,
    )


def _sum(totals: Iterable[Totals]) -> Totals:
    rows = [vars(one) for one in totals]
    sums = {name: _known_sum(row[name] for row in rows) for name in Totals.model_fields if name != "unpriced_models"}
    return Totals(**sums, unpriced_models=_united(row["unpriced_models"] for row in rows))


def _united(names: Iterable[Iterable[str | None]]) -> tuple[str, ...]:
    return tuple(sorted({name for some in names for name in some if name}))


def _known_sum(values: Iterable[N | None]) -> N | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
