"""What is concluded of the uses of patterns in a batch, in memory, before it is stored: which there are, when they end, and which
version each is of. All of it follows from what is stored, whatever came first.

- A file of memory that was read into a session is used by all prompts of the session from then on.
- A use ends with its trace, and as that does; a skill when the next one begins, and then it has succeeded. One that tells of its
  own end is left alone. A use that nobody dates begins with its trace.
- Its version is chosen anew whenever more is known of the use, or of versions (``effects.uses``). Where the session was assigned
  to an arm of an experiment that compares this version, the use is an execution of that experiment.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.lineage.definitions import DefinitionKind, VersionBasis
from loopgraph.contracts.lineage.resources import ResourceState, state_at
from loopgraph.contracts.traces.events import OF_SESSION, TraceStatus
from loopgraph.contracts.traces.uses import PATTERN, Choosing, Conclusion, Use
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.graph.values import json_value
from loopgraph.effects.lineage.mapping import resources
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.joining import MEMORIES, Properties, unweighted
from loopgraph.effects.traces.recording.mapping import BEGUN, ENDED
from loopgraph.effects.uses.choosing import conclusions
from loopgraph.effects.uses.experiments import assigned_experiments

_USES_OF_TRACES = query("traces/uses_of_traces")
_PROMPTS_OF_SESSIONS = query("traces/prompts_of_sessions")
_KNOWN_NODES = query("traces/known_nodes")
_RESOURCES_OF_VERSIONS = query("lineage/resources_of_versions")

_EVIDENCE = (
    "pattern_type", "pattern_name", "pattern_origin", "pattern_path", "pattern_version", "cwd", "digests", "file_digest",
    "resources_digest", "arguments", "started_at", "session_id",
)  # fmt: skip
"""What of an execution can change which version it is of."""
_OF_MEMORY = ("pattern_name", "pattern_origin", "pattern_path", "pattern_version", "cwd", "digests", "file_digest")
_END = ("status", "error_type", "error_message", "completed_at", "duration_ms")
_OF_EXPERIMENT = ("experiment_id", "arm", "given_unit", "treatment_share", "staged")
_BESIDE = ("used_resources", "used_resources_rule")
_CHOSEN = ("node_id", "used_rule", "used_evidence", "use_final", *_BESIDE, *_OF_EXPERIMENT)
_FETCHING = (DefinitionKind.SKILL, DefinitionKind.COMMAND)
"""What may fetch its text, and with that has its session assigned: skills; some clients tell of one as a command."""


def is_use(hook: Properties) -> bool:
    """Whether an execution is the use of a pattern of which evidence is kept."""
    return hook.get("pattern_type") is not None


async def conclude_uses(
    tx: Transaction,
    batch: Batch,
    prompts: Iterable[Properties],
    choose: Choosing | None,
    at: datetime,
    *,
    again: bool = False,
) -> None:
    """Concludes it all. ``prompts`` are traces that all that hung at a provisional trace has been moved to; with ``again``, the
    versions of all uses in the batch are chosen anew, without ``choose`` none is."""
    spread = await _spread_memory(tx, batch, at)
    await _end(tx, batch, spread, {prompt["correlation_id"]: prompt for prompt in prompts})
    if choose is not None:
        await _choose(tx, batch, choose, at, again=again)


# Memory


async def _spread_memory(tx: Transaction, batch: Batch, at: datetime) -> set[str]:
    """Makes the uses of memory by the prompts of the sessions of a batch; returns the traces whose uses have been looked up."""
    sessions = {session["session_id"]: session for session in batch.sessions.all() if session.get(MEMORIES)}
    touched = sorted(id_ for id_ in sessions if _has_more_memory(batch, id_) or _has_more_prompts(batch, id_))
    if not touched:
        return set()
    prompts = await _prompts(tx, batch, touched)
    wanted = {
        (prompt, path): {**evidence, "session_id": id_}
        for id_ in touched
        for prompt, begun in prompts[id_].items()
        for path, evidence in _memory_of(prompt, begun, prompts[id_], json_value(sessions[id_][MEMORIES])).items()
    }
    traces = {prompt for prompt, _ in wanted}
    await _look_up(tx, batch, traces)
    for (prompt, path), evidence in sorted(wanted.items()):
        id_ = f"{prompt}/memory:{hashlib.sha256(path.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
        base: Properties = {
            "execution_id": id_,
            "correlation_id": prompt,
            "root_id": prompt,
            "created_at": at,
            "status": TraceStatus.IN_PROGRESS.value,
            "hook_type": PATTERN,
            "tool_name": evidence["pattern_name"],
            "pattern_type": DefinitionKind.MEMORY.value,
            "ends_with_trace": True,
        }
        before = batch.hooks.get(id_)
        after = {**(before or base), **dict.fromkeys(_OF_MEMORY), **evidence}
        if before is None or any(before.get(name) != value for name, value in after.items()):
            batch.hooks.put(
                {name: value for name, value in after.items() if value is not None or name in (before or ())}
            )
        batch.traces.join({"correlation_id": prompt, "uses": True}, mapping.stub(prompt, at))
    return traces


def _has_more_memory(batch: Batch, session_id: str) -> bool:
    return batch.sessions.stored(session_id).get(MEMORIES) != (batch.sessions.get(session_id) or {}).get(MEMORIES)


def _has_more_prompts(batch: Batch, session_id: str) -> bool:
    names = ("session_id", "source", "agent_id", "otel_trace_id")
    return any(
        after.get("session_id") == session_id
        and (_begun(before) != _begun(after) or any(before.get(name) != after.get(name) for name in names))
        for before, after in batch.traces.pairs()
    )


async def _prompts(tx: Transaction, batch: Batch, session_ids: Sequence[str]) -> dict[str, dict[str, datetime | None]]:
    """The prompts of sessions and when they began."""
    found: dict[str, Row] = {}
    for row in await tx.run(_PROMPTS_OF_SESSIONS, session_ids=list(session_ids)):
        found[row["correlation_id"]] = row
    for trace in batch.traces.all():
        if trace.get("session_id") in session_ids:
            found[trace["correlation_id"]] = trace
    prompts: dict[str, dict[str, datetime | None]] = {id_: {} for id_ in session_ids}
    for id_, trace in found.items():
        provisional = id_ == trace.get("otel_trace_id")
        if not (trace.get("agent_id") or provisional or trace.get("source") == OF_SESSION):
            prompts[trace["session_id"]][id_] = _begun(trace)
    return prompts


def _begun(trace: Mapping[str, Any]) -> datetime | None:
    begun: datetime | None = trace.get("prompted_at") or trace.get("started_at")
    return begun


def _memory_of(
    prompt: str, begun: datetime | None, prompts: Mapping[str, datetime | None], entries: Mapping[str, Properties]
) -> dict[str, Properties]:
    """The evidence for each file of memory that a prompt uses: the latest that was said of it until the prompt began."""
    said: defaultdict[str, list[tuple[datetime, str, Properties]]] = defaultdict(list)
    for member, entry in entries.items():
        read_for, read_at = entry.get("loaded_for"), datetime.fromisoformat(entry["timestamp"])
        since = prompts.get(read_for) if read_for else read_at
        file = entry.get("slot") or entry["pattern_path"]
        if read_for == prompt:
            said[file].append((since or read_at, member, entry))
        elif since is not None and begun is not None and since <= begun:
            said[file].append((since, member, entry))
    found: dict[str, Properties] = {}
    for file, entries_of in said.items():
        # Who knows the path of the file says better which it is.
        in_order = sorted(entries_of, key=lambda each: (_is_whole(each[2]["pattern_path"]), *each[:2]))
        found[file] = {}
        for _, _, entry in in_order:
            found[file] |= {name: entry[name] for name in _OF_MEMORY if entry.get(name)}
    return found


def _is_whole(path: str) -> bool:
    """Whether a path says where a file is, and not only its name."""
    return PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()


# Ends


async def _end(tx: Transaction, batch: Batch, looked_up: Collection[str], prompts: Mapping[str, Properties]) -> None:
    """Begins and ends the uses of traces of which more is known."""
    changed = {
        after["correlation_id"]
        for before, after in batch.traces.pairs()
        if after.get("uses") and any(before.get(name) != after.get(name) for name in (*_END, "started_at", "uses"))
    }
    touched = {after["correlation_id"] for before, after in batch.hooks.pairs() if after.get("ends_with_trace")}
    moved = {id_ for id_, prompt in prompts.items() if prompt.get("uses")}
    traces = changed | touched | moved
    if not traces:
        return
    await _look_up(tx, batch, traces - set(looked_up))
    uses: defaultdict[str, list[Properties]] = defaultdict(list)
    for hook in batch.hooks.all():
        if hook.get("ends_with_trace") and hook["correlation_id"] in traces:
            uses[hook["correlation_id"]].append(hook)
    for id_ in sorted(uses):
        trace = batch.traces.get(id_) or prompts.get(id_) or {}
        skills = sorted((each for each in uses[id_] if each["pattern_type"] == DefinitionKind.SKILL), key=_begins)
        for use in uses[id_]:
            following = skills[skills.index(use) + 1 :] if use in skills else []
            ended = {**_dated(use, trace), **_ended(trace, following[0] if following else None)}
            if any(use.get(name) != value for name, value in ended.items()):
                batch.hooks.put(unweighted({**use, **ended}, _END))


async def _look_up(tx: Transaction, batch: Batch, traces: Collection[str]) -> None:
    """The uses that the graph holds of traces, and the traces themselves."""
    if not traces:
        return
    ids = sorted(traces)
    batch.hooks.found(row["properties"] for row in await tx.run(_USES_OF_TRACES, correlation_ids=ids))
    unknown = [id_ for id_ in ids if batch.traces.get(id_) is None]
    if unknown:
        none: dict[str, list[str]] = {
            name: [] for name in ("execution_ids", "call_ids", "session_ids", "otel_trace_ids")
        }
        for row in await tx.run(_KNOWN_NODES, correlation_ids=unknown, **none):
            if row["kind"] == "trace":
                batch.traces.found(row["nodes"])


def _begins(use: Properties) -> tuple[datetime, str]:
    return use.get("started_at") or use["created_at"], use["execution_id"]


def _dated(use: Properties, trace: Properties) -> Properties:
    """When a use began that nobody dates: with its trace."""
    lasts = use["pattern_type"] in (DefinitionKind.MEMORY, DefinitionKind.SUBAGENT)
    begun = _begun(trace)
    return {"started_at": begun} if begun and (lasts or not use.get("started_at")) else {}


def _ended(trace: Properties, following: Properties | None) -> Properties:
    ended: Properties = dict.fromkeys(_END)
    if following and (at := following.get("started_at")):
        return {**ended, "status": TraceStatus.SUCCESS.value, "completed_at": at}
    if not trace or not mapping.is_final(trace):
        return {**ended, "status": TraceStatus.IN_PROGRESS.value}
    told = {name: trace.get(name) for name in ("status", "error_type", "error_message")}
    return {**ended, **told, "completed_at": mapping.times(trace).completed_at}


# Versions


async def _choose(tx: Transaction, batch: Batch, choose: Choosing, at: datetime, *, again: bool) -> None:
    uses = [
        _use(after, batch)
        for before, after in batch.hooks.pairs()
        if is_use(after) and not _is_clients(after) and (again or _has_more_evidence(before, after, batch))
    ]
    if not uses:
        return
    chosen = await conclusions(tx, uses, choose, at)
    assigned = await assigned_experiments(tx, uses, chosen)
    versions = {assigned.get(id_, {}).get("node_id") or conclusion.node_id for id_, conclusion in chosen.items()}
    beside = await _resources(tx, versions) if any(use.kind in _FETCHING for use in uses) else {}
    for id_ in sorted(chosen):
        hook = batch.hooks.get(id_) or {}
        after = {**hook, **dict.fromkeys(_OF_EXPERIMENT), **_concluded(chosen[id_]), **assigned.get(id_, {})}
        after |= _beside(after, beside.get(after["node_id"] or "", ()), at)
        if any(hook.get(name) != after[name] for name in _CHOSEN):
            batch.hooks.put(after)


async def _resources(tx: Transaction, versions: Iterable[str | None]) -> dict[str, tuple[ResourceState, ...]]:
    """What lay beside the skills while these versions stood."""
    rows = await tx.run(_RESOURCES_OF_VERSIONS, node_ids=sorted(id_ for id_ in versions if id_))
    return {row["node_id"]: resources(row["resources"]) for row in rows if row["resources"]}


def _beside(hook: Properties, states: Sequence[ResourceState], at: datetime) -> Properties:
    """What lay beside the skill at a use: what was read of it there, else what was in force then."""
    if hook["node_id"] is None:
        return dict.fromkeys(_BESIDE)
    if digest := hook.get("resources_digest"):
        return dict(zip(_BESIDE, (digest, VersionBasis.FILE.value), strict=True))
    state = state_at(states, hook.get("started_at") or hook.get("completed_at") or at)
    known = (state.digest, VersionBasis.TIME.value) if state and state.digest else (None, None)
    return dict(zip(_BESIDE, known, strict=True))


def _has_more_evidence(before: Properties, after: Properties, batch: Batch) -> bool:
    if any(before.get(name) != after.get(name) for name in _EVIDENCE):
        return True
    if after["pattern_type"] in _FETCHING and before.get("completed_at") != after.get("completed_at"):
        return not after.get("experiment_id")  # its session may have been assigned since it began
    return after.get("node_id") is None and _text(after, batch) is not None


def _is_clients(hook: Properties) -> bool:
    """Whether whoever ran it has said itself which version that was."""
    return not hook.keys().isdisjoint((BEGUN, ENDED)) and bool(hook.get("node_id")) and not hook.get("used_rule")


def _text(hook: Properties, batch: Batch) -> str | None:
    text = batch.texts.get(hook["execution_id"])
    if text is None and hook["pattern_type"] == DefinitionKind.MEMORY and hook.get("digests"):
        text = batch.texts.get(hook["digests"][-1])
    return text


def _use(hook: Properties, batch: Batch) -> Use:
    return Use(
        execution_id=hook["execution_id"],
        kind=hook["pattern_type"],
        name=hook["pattern_name"],
        at=hook.get("started_at") or hook.get("completed_at") or hook["created_at"],
        until=hook.get("completed_at"),
        origin=hook.get("pattern_origin"),
        path=hook.get("pattern_path"),
        cwd=hook.get("cwd"),
        version=hook.get("pattern_version"),
        digests=tuple(hook.get("digests") or ()),
        file_digest=hook.get("file_digest"),
        text=_text(hook, batch),
        arguments=hook.get("arguments"),
        session_id=hook.get("session_id"),
        node_id=hook.get("node_id"),
    )


def _concluded(conclusion: Conclusion) -> Properties:
    if conclusion.node_id is None:
        return {**dict.fromkeys((*_CHOSEN, "version_key", "unit", "unit_rule", "set_aside"))}
    rule = conclusion.rule or VersionBasis.TIME
    return {
        "node_id": conclusion.node_id,
        "used_rule": rule.value,
        "used_evidence": conclusion.evidence,
        "use_final": True if conclusion.final else None,
    }
