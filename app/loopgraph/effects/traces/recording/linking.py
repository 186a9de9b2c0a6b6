"""Hangs subagents under the calls that spawned them, and ties together the prompts of an episode.

What is drawn follows from all the evidence that is stored, whatever its order; when better evidence arrives it is drawn again.
The rules, best first:

- ``exact: client``: the trace's own client named the execution.
- ``exact: otlp``: a span of the subagent hangs under the span of the execution.
- ``exact: tool_response``: the execution's response named the subagent.
- ``exact: task_notification``: the notice of the subagent's end named the execution.
- ``inferred: only call``: one subagent and one call of its kind are left over in the prompt.
- ``inferred: prompt``: nothing says which call it was; the subagent hangs at the prompt's trace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from loopgraph.assets import Query, query
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.graph.values import json_value
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.joining import Properties
from loopgraph.effects.traces.recording.mapping import SPAWNING_TOOLS

_SUBAGENTS_OF_ROOTS = query("traces/subagents_of_roots")
_SPAWNERS_OF_ROOTS = query("traces/spawners_of_roots")
_HOOKS_BY_KEY = query("traces/hooks_by_key")
_UPDATE_TRACES = query("traces/update_traces")
_DETACH_SPAWNED = query("traces/detach_spawned")
_ATTACH_TO_TRACES = query("traces/attach_spawned_to_traces")
_ATTACH_TO_HOOKS = query("traces/attach_spawned_to_hooks")
_DETACH_CONTINUED = query("traces/detach_continued")
_ATTACH_CONTINUED = query("traces/attach_continued")

_PLACES = ("root_id", "correlation_id", "span_id", "tool_name", "tool_input")
"""What of an execution can change where subagents hang."""
_NAMED_BY = ("client", "tool_response", "task_notification")


class Spawn(NamedTuple):
    """Where a subagent's trace hangs, and how that is known; the fields are properties of the trace."""

    parent_id: str | None
    root_id: str | None
    spawned_by: str | None
    spawn_rule: str
    spawn_evidence: str | None


async def link(tx: Transaction, batch: Batch, prompts: Iterable[Properties] = ()) -> None:
    """Draws what follows from the evidence that a batch has brought. Its nodes are stored already.

    ``prompts`` are traces that all that hung at a provisional trace has been moved to.
    """
    touched = _touched(batch)
    for prompt in prompts:
        touched.roots.add(prompt["correlation_id"])
        touched.traces.setdefault(prompt["correlation_id"], prompt)
    traces = touched.traces | {id_: batch.traces.get(id_) or trace for id_, trace in batch.naming.items()}
    if not (touched.roots or traces):
        return
    subagents = {id_: trace for id_, trace in traces.items() if _is_spawned(trace)}
    roots = touched.roots | {trace["root_id"] for trace in subagents.values() if trace.get("root_id")}
    subagents |= await _found(tx, _SUBAGENTS_OF_ROOTS, "correlation_id", root_ids=roots)
    named = {trace["continues"] for trace in traces.values() if trace.get("continues")}
    named |= {id_ for trace in subagents.values() for by in _NAMED_BY if (id_ := trace.get(f"spawned_by_{by}"))}
    spans = {span for trace in subagents.values() for span in trace.get("parent_span_ids") or ()}
    executions = await _found(tx, _HOOKS_BY_KEY, "execution_id", execution_ids=named, span_ids=spans)
    if subagents:
        executions |= await _found(tx, _SPAWNERS_OF_ROOTS, "execution_id", root_ids=roots)
    await _hang(tx, subagents, spawned(subagents, executions))
    await _continue(tx, traces.values(), executions)


class _Touched(NamedTuple):
    roots: set[str]
    traces: dict[str, Properties]


def _touched(batch: Batch) -> _Touched:
    """What of a batch can matter to where traces hang: the prompts whose executions changed, and the traces with evidence."""
    roots: set[str] = set()
    traces: dict[str, Properties] = {}
    for before, after in batch.traces.pairs():
        if before != after and (_is_spawned(after) or after.get("continues")):
            traces[after["correlation_id"]] = after
    for before, after in batch.hooks.pairs():
        learned = {name for name in _PLACES if before.get(name) != after.get(name)}
        spawns = after.get("tool_name") in SPAWNING_TOOLS
        if after.get("root_id") and ("span_id" in learned or (spawns and learned)):
            roots.add(after["root_id"])
    return _Touched(roots, traces)


def _is_spawned(trace: Properties) -> bool:
    return bool(trace.get("agent_id") or trace.get("spawned_by_client"))


async def _found(tx: Transaction, statement: Query, key: str, **ids: Collection[str]) -> dict[str, Properties]:
    """The nodes that a statement finds by some ids, by their key; it is not asked for none."""
    rows = (
        await tx.run(statement, **{name: sorted(values) for name, values in ids.items()}) if any(ids.values()) else []
    )
    return {row["properties"][key]: row["properties"] for row in rows}


def spawned(subagents: Mapping[str, Properties], executions: Mapping[str, Properties]) -> dict[str, Spawn]:
    """Where each subagent's trace hangs, by its correlation id.

    ``executions``: those that can spawn subagents in the prompts concerned, and those that the evidence names, by execution id.
    """
    by_span = {hook["span_id"]: hook for hook in executions.values() if hook.get("span_id")}
    exact = {id_: found for id_, trace in subagents.items() if (found := _exact(trace, executions, by_span))}
    inferred = _only_calls(
        [trace for id_, trace in subagents.items() if id_ not in exact],
        [
            hook
            for hook in executions.values()
            if hook.get("tool_name") in SPAWNING_TOOLS
            and hook["execution_id"] not in {spawn.spawned_by for spawn in exact.values()}
        ],
    )
    return {
        id_: exact.get(id_) or inferred.get(id_) or _spawn(trace, None, "inferred: prompt", None)
        for id_, trace in subagents.items()
    }


def _exact(trace: Properties, executions: Mapping[str, Properties], by_span: Mapping[str, Properties]) -> Spawn | None:
    if hook := _foreign(trace, executions.get(trace.get("spawned_by_client", ""))):
        return _spawn(trace, hook, "exact: client", hook["execution_id"])
    for span in trace.get("parent_span_ids") or ():
        if hook := _foreign(trace, by_span.get(span)):
            return _spawn(trace, hook, "exact: otlp", span)
    for by in ("tool_response", "task_notification"):
        if hook := _foreign(trace, executions.get(trace.get(f"spawned_by_{by}", ""))):
            return _spawn(trace, hook, f"exact: {by}", hook["execution_id"])
    return None


def _foreign(trace: Properties, hook: Properties | None) -> Properties | None:
    """The execution, unless it is the trace's own: spans also hang under what a subagent itself runs."""
    return hook if hook and hook["correlation_id"] != trace["correlation_id"] else None


def _spawn(trace: Properties, hook: Properties | None, rule: str, evidence: str | None) -> Spawn:
    root_id = (hook or {}).get("root_id") or trace.get("root_id")
    parent_id = trace["parent_id"] if _is_clients(trace) else hook["correlation_id"] if hook else root_id
    return Spawn(
        parent_id=parent_id if parent_id != trace["correlation_id"] else None,
        root_id=trace.get("root_id") if _is_clients(trace) else root_id,
        spawned_by=hook["execution_id"] if hook else None,
        spawn_rule=rule,
        spawn_evidence=evidence,
    )


def _is_clients(trace: Properties) -> bool:
    """Whether the trace's own client has said under which trace it hangs."""
    return trace.get("begun_hash") is not None and trace.get("parent_id") is not None


def _only_calls(subagents: Iterable[Properties], calls: Iterable[Properties]) -> dict[str, Spawn]:
    """Subagents that are alone of their kind in their prompt, with the one call of that kind that spawned nobody else."""
    waiting: defaultdict[tuple[str, str], list[Properties]] = defaultdict(list)
    for trace in subagents:
        if trace.get("root_id") and trace.get("agent_type"):
            waiting[trace["root_id"], trace["agent_type"]].append(trace)
    offered: defaultdict[tuple[str, str], list[Properties]] = defaultdict(list)
    for hook in calls:
        wanted = json_value(hook.get("tool_input"))
        kind = wanted.get("subagent_type") or wanted.get("agent_type") if isinstance(wanted, dict) else None
        if hook.get("root_id") and isinstance(kind, str):
            offered[hook["root_id"], kind].append(hook)
    return {
        trace["correlation_id"]: _spawn(trace, hook, "inferred: only call", hook["execution_id"])
        for key, [trace, *more] in waiting.items()
        for hook in offered[key][:1]
        if not more and len(offered[key]) == 1 and _foreign(trace, hook)
    }


async def _hang(tx: Transaction, subagents: Mapping[str, Properties], spawns: Mapping[str, Spawn]) -> None:
    rows = [
        {"correlation_id": id_, **spawn._asdict()}
        for id_, spawn in sorted(spawns.items())
        if any(subagents[id_].get(name) != value for name, value in spawn._asdict().items())
    ]
    if not rows:
        return
    await tx.run(_UPDATE_TRACES, rows=[{"id": row["correlation_id"], "changes": row} for row in rows])
    await tx.run(_DETACH_SPAWNED, correlation_ids=[row["correlation_id"] for row in rows])
    await tx.write(_ATTACH_TO_TRACES, [row for row in rows if row["parent_id"]])
    await tx.write(_ATTACH_TO_HOOKS, [row for row in rows if row["spawned_by"]])


async def _continue(tx: Transaction, traces: Iterable[Properties], executions: Mapping[str, Properties]) -> None:
    """Ties each trace that goes on with an execution's background work to the trace of the prompt that the execution is of."""
    rows = []
    for trace in traces:
        hook = executions.get(trace.get("continues") or "", {})
        earlier = hook.get("root_id") or hook.get("correlation_id")
        if earlier and earlier not in (trace["correlation_id"], trace.get("continued_from")):
            rows.append({"correlation_id": trace["correlation_id"], "continued_from": earlier})
    if not rows:
        return
    await tx.run(_DETACH_CONTINUED, correlation_ids=[row["correlation_id"] for row in rows])
    await tx.run(_UPDATE_TRACES, rows=[{"id": row["correlation_id"], "changes": row} for row in rows])
    await tx.write(_ATTACH_CONTINUED, rows)
