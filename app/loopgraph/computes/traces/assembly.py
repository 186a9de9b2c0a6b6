"""Puts traces together: each step under its step, each subagent under the step that spawned it, with totals of the tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from loopgraph.computes.traces.completeness import missing_of, skew_of
from loopgraph.computes.traces.timeline import nested
from loopgraph.contracts.assembly import AssembledStep, AssembledTrace, Episode, Forest, Totals, TraceParts
from loopgraph.contracts.traces import EndpointCall, Trace, TraceStatus

N = TypeVar("N", int, float)

_FAILED = frozenset({TraceStatus.ERROR, TraceStatus.TIMEOUT})


def assemble(forest: Forest, heads: Iterable[str], *, max_depth: int = 256) -> dict[str, AssembledTrace]:
    """Each of the heads that is in the forest, with the tree of what it spawned.

    A trace hangs where the execution that spawned it ran; else under its parent; else, if that is not here, under the trace
    of its prompt (``root_id``). Where traces are each other's ancestors, the circle is opened at a head, or else at the first
    trace that is met. The cost is linear in what the forest holds.
    """
    wanted = [id_ for id_ in dict.fromkeys(heads) if id_ in forest.parts]
    parent = _parents(forest)
    opened = _open_circles(parent, [*wanted, *parent])
    children: defaultdict[str, list[str]] = defaultdict(list)
    for id_, above in parent.items():
        if above is not None:
            children[above].append(id_)
    for siblings in children.values():
        siblings.sort(key=lambda id_: (forest.parts[id_].trace.at, id_))
    depth = _depths(parent, children)
    done: dict[str, AssembledTrace] = {}
    for id_ in sorted(parent, key=lambda id_: depth[id_], reverse=True):  # children before their parents
        too_deep = depth[id_] == max_depth and bool(children[id_])
        own = [] if too_deep else [done[child] for child in children[id_]]
        cut = too_deep or id_ in opened or (forest.truncated and depth[id_] == 0)
        done[id_] = _assembled(forest.parts[id_], own, forest.continued_from.get(id_), cut=cut)
    return {id_: done[id_] for id_ in wanted}


def episode(forest: Forest) -> Episode:
    """The episode that all traces of a forest are of. Raises ValueError if there is none."""
    assembled = assemble(forest, forest.parts)
    below = {id_ for tree in assembled.values() for id_ in tree.child_ids}
    traces = sorted(
        (tree for id_, tree in assembled.items() if id_ not in below),
        key=lambda tree: (tree.trace.at, tree.trace.correlation_id),
    )
    everything = [trace for tree in traces for trace in _flat(tree)]
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


def steps_of(tree: AssembledTrace) -> Iterable[AssembledStep]:
    """All steps of a trace itself, outer ones before those in them."""
    waiting = list(tree.steps)
    for step in waiting:  # grows while it is walked
        yield step
        waiting += step.steps


def _flat(tree: AssembledTrace) -> Iterable[Trace]:
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        yield one.trace
        waiting += one.child_traces


# Where each trace hangs


def _parents(forest: Forest) -> dict[str, str | None]:
    home = {hook.execution_id: id_ for id_, parts in forest.parts.items() for hook in parts.hooks}

    def above(trace: Trace) -> str | None:
        own = trace.correlation_id
        places = [home.get(trace.spawned_by or ""), trace.parent_id]
        if own not in forest.continued_from:
            places.append(trace.root_id)
        return next((place for place in places if place in forest.parts and place != own), None)

    return {id_: above(parts.trace) for id_, parts in forest.parts.items()}


def _open_circles(parent: dict[str, str | None], order: Iterable[str]) -> set[str]:
    """Takes from the first member of each circle its parent; returns the traces that have lost a child by that."""
    settled: set[str] = set()
    opened: set[str] = set()
    for id_ in order:
        walked: dict[str, None] = {}
        step: str | None = id_
        while step is not None and step not in settled and step not in walked:
            walked[step] = None
            step = parent[step]
        if step is not None and step in walked and (above := parent[step]) is not None:
            opened.add(above)
            parent[step] = None
        settled |= walked.keys()
    return opened


def _depths(parent: Mapping[str, str | None], children: Mapping[str, Sequence[str]]) -> dict[str, int]:
    level = [id_ for id_, above in parent.items() if above is None]
    depths: dict[str, int] = {}
    while level:
        number = 0 if not depths else depths[parent[level[0]] or ""] + 1
        depths |= dict.fromkeys(level, number)
        level = [child for id_ in level for child in children.get(id_, ())]
    return depths


# One trace


def _assembled(
    parts: TraceParts, children: Sequence[AssembledTrace], continued_from: str | None, *, cut: bool
) -> AssembledTrace:
    ids = {hook.execution_id for hook in parts.hooks}
    calls: defaultdict[str | None, list[EndpointCall]] = defaultdict(list)
    for call in parts.endpoints:
        calls[call.hook_execution_id if call.hook_execution_id in ids else None].append(call)
    spawned: defaultdict[str | None, list[AssembledTrace]] = defaultdict(list)
    for child in children:
        spawned[child.trace.spawned_by if child.trace.spawned_by in ids else None].append(child)
    own = _own(parts, len(children))
    return AssembledTrace(
        trace=parts.trace,
        routing=parts.routing,
        hooks=parts.hooks,
        endpoints=parts.endpoints,
        child_ids=tuple(child.trace.correlation_id for child in children),
        child_traces=tuple(children),
        steps=_steps(parts, calls, spawned),
        direct_calls=tuple(calls[None]),
        direct_traces=tuple(spawned[None]),
        continued_from=continued_from,
        own=own,
        whole=_sum([own, *(child.whole for child in children)]),
        missing=(*missing_of(parts), *(reason for child in children for reason in child.missing)),
        skew_ms=max([skew_of(parts, [child.trace for child in children]), *(child.skew_ms for child in children)]),
        truncated=cut or any(child.truncated for child in children),
    )


def _steps(
    parts: TraceParts,
    calls: Mapping[str | None, Sequence[EndpointCall]],
    spawned: Mapping[str | None, Sequence[AssembledTrace]],
) -> tuple[AssembledStep, ...]:
    groups = nested(parts.hooks)
    order = list(groups.get(None, ()))
    for hook in order:  # grows while it is walked: outer steps before those in them
        order += groups.get(hook.execution_id, ())
    done: dict[str, AssembledStep] = {}
    for hook in reversed(order):
        id_ = hook.execution_id
        done[id_] = AssembledStep(
            execution=hook,
            steps=tuple(done[inner.execution_id] for inner in groups.get(id_, ())),
            endpoint_calls=tuple(calls.get(id_, ())),
            spawned=tuple(spawned.get(id_, ())),
        )
    return tuple(done[hook.execution_id] for hook in groups.get(None, ()))


def _own(parts: TraceParts, subagents: int) -> Totals:
    return Totals(
        subagents=subagents,
        steps=parts.total_hooks,
        failed_steps=sum(hook.status in _FAILED for hook in parts.hooks),
        endpoint_calls=parts.total_endpoints,
        failed_endpoint_calls=sum(call.status in _FAILED for call in parts.endpoints),
        input_tokens=_known_sum(call.input_tokens for call in parts.endpoints),
        output_tokens=_known_sum(call.output_tokens for call in parts.endpoints),
        cost_usd=_known_sum(call.cost_usd for call in parts.endpoints),
        rag_queries=parts.total_rag_queries,
        quality_gates=parts.total_quality_gates,
    )


def _sum(totals: Iterable[Totals]) -> Totals:
    rows = [vars(one) for one in totals]
    return Totals(**{name: _known_sum(row[name] for row in rows) for name in Totals.model_fields})


def _known_sum(values: Iterable[N | None]) -> N | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
