"""Reads what is counted of traces, and which traces are to be counted anew because others have changed."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from loopgraph.assets import query
from loopgraph.contracts.analytics.counting import CallFacts, Facts, StepFacts, TraceFacts, UseFacts, VersionFacts
from loopgraph.contracts.traces.events import PROMPTED
from loopgraph.contracts.traces.success import Judging
from loopgraph.contracts.traces.uses import UseFigures
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import chunks, made_of
from loopgraph.effects.traces.reading.use_figures import UseReads

_SIZES = query("usage/sizes")
_FACTS = query("usage/facts")
_PATTERNS = query("usage/patterns_of_versions")
_TOLD_COSTS = query("usage/told_costs")
_RELATIVES = query("usage/relatives")
_BEFORE_PROMPTS = query("usage/before_prompts")

_AT_ONCE: Final = 500
"""The uses whose figures are read together."""

_MOST_VERSIONS: Final = 20_000

_KEY_DIGITS: Final = 16
"""Of the microseconds in the key of a trace's place in its session."""


class FactReads:
    """Reads facts. ``measures`` are the names of what steps report of themselves, ``judging`` says what came of uses of
    patterns."""

    def __init__(self, graph: Graph, measures: Iterable[str], judging: Judging | None) -> None:
        self._graph = graph
        self._measures = list(measures)
        self._uses = UseReads(graph, judging)
        self._versions: dict[str, VersionFacts] = {}

    async def sizes(self, correlation_ids: Collection[str]) -> dict[str, int]:
        """How many steps, and calls of their own, these traces have, by correlation id; those that have none are absent."""
        found: dict[str, int] = {}
        for ids in chunks(sorted(correlation_ids)):
            for row in await self._graph.read(_SIZES, correlation_ids=ids):
                found |= row["sizes"]
        return found

    async def facts(self, correlation_ids: Collection[str]) -> dict[str, Facts]:
        """The facts of these traces, by correlation id; those that are not there are absent."""
        traces: dict[str, TraceFacts] = {}
        steps: defaultdict[str, list[StepFacts]] = defaultdict(list)
        calls: defaultdict[str, list[CallFacts]] = defaultdict(list)
        for ids in chunks(sorted(correlation_ids)):
            for row in await self._graph.read(_FACTS, correlation_ids=ids, prompted=PROMPTED, measures=self._measures):
                id_ = row["correlation_id"]
                match row["kind"]:
                    case "trace":
                        traces |= {one.correlation_id: one for one in map(_trace, row["facts"])}
                    case "step":
                        steps[id_] += (_step(values) for values in row["facts"])
                    case _:
                        calls[id_] += (_call(values) for values in row["facts"])
        uses = await self._figures([step for id_ in traces for step in steps[id_]])
        versions = await self._patterns({step.node_id for id_ in traces for step in steps[id_] if step.node_id})
        payers = await self._payers([call for id_ in traces for call in calls[id_]])

        def made() -> dict[str, Facts]:
            return {
                id_: Facts(
                    trace,
                    tuple(sorted(steps[id_])),
                    tuple(sorted(calls[id_])),
                    {step.execution_id: uses[step.execution_id] for step in steps[id_] if step.execution_id in uses},
                    {node: versions[node] for step in steps[id_] if (node := step.node_id) and node in versions},
                    {payer: payers[payer] for call in calls[id_] if (payer := call.paid_by) and payer in payers},
                )
                for id_, trace in traces.items()
            }

        return await made_of(sum(map(len, steps.values())) + sum(map(len, calls.values())), made)

    async def relatives(self, facts: Iterable[Facts], prompt_keys: Mapping[str, str]) -> set[str]:
        """Other traces whose counts depend on these. ``prompt_keys``: where those among them that were prompts stood in their
        sessions when they were counted last, by correlation id."""
        known = list(facts)
        roots = {one.trace.root_id for one in known} - {one.trace.correlation_id for one in known} - {None}
        families = {
            one.trace.root_id or one.trace.correlation_id
            for one in known
            if any(call.retold and call.cost_usd for call in one.calls)
        }
        found: set[str] = set()
        if roots or families:
            rows = await self._graph.read(_RELATIVES, roots=sorted(map(str, roots)), families=sorted(families))
            found = {row["correlation_id"] for row in rows}
        now = {(one.trace.correlation_id, key) for one in known if (key := prompt_key(one.trace))}
        places: defaultdict[str, set[str]] = defaultdict(set)
        for id_, key in now | set(prompt_keys.items()):
            places[_session_of(id_, key)].add(key)
        for ids in chunks(sorted(places)):
            rows = await self._graph.read(_BEFORE_PROMPTS, session_ids=ids, prompted=PROMPTED)
            for row in rows:
                found |= _before(places[row["session_id"]], row["prompts"], row["used"])
        return found

    async def _figures(self, steps: Iterable[StepFacts]) -> dict[str, UseFacts]:
        ids = sorted(step.execution_id for step in steps if step.is_use and step.node_id)
        found: dict[str, UseFigures] = {}
        for start in range(0, len(ids), _AT_ONCE):
            found |= await self._uses.figures(ids[start : start + _AT_ONCE])
        return {id_: _use(figures) for id_, figures in found.items()}

    async def _patterns(self, node_ids: set[str]) -> Mapping[str, VersionFacts]:
        """Of which pattern a version is, and the kind of that, never changes."""
        if unknown := sorted(node_ids - self._versions.keys()):
            if len(self._versions) > _MOST_VERSIONS:
                self._versions.clear()
                unknown = sorted(node_ids)
            for row in await self._graph.read(_PATTERNS, node_ids=unknown):
                self._versions[row["node_id"]] = VersionFacts(row["pattern_id"], row["pattern_type"])
        return self._versions

    async def _payers(self, calls: Iterable[CallFacts]) -> dict[str, float]:
        """What calls of other traces tell that these cost, by their ids."""
        here = {call.call_id: call for call in calls}
        ids = sorted({call.paid_by for call in here.values() if call.paid_by} - here.keys())
        rows = await self._graph.read(_TOLD_COSTS, call_ids=ids) if ids else []
        elsewhere = {row["call_id"]: row["cost_usd"] for row in rows}
        return elsewhere | {id_: call.cost_usd for id_, call in here.items() if call.cost_usd is not None}


def prompt_key(trace: TraceFacts) -> str | None:
    """Where a prompt stands in its session; None for what is no prompt."""
    return trace.session_key if trace.is_prompt else None


def _session_of(correlation_id: str, key: str) -> str:
    return key.removesuffix(f"|{correlation_id}")[: -_KEY_DIGITS - 1]


def _before(places: Iterable[str], prompts: Iterable[str], used: Iterable[Sequence[str]]) -> set[str]:
    """The traces with uses whose next prompt stands, or stood, at one of these places of their session. ``used``: their keys and
    ids."""
    sought, every, last = sorted(places), sorted(prompts), chr(0x10FFFF)

    def next_of(keys: Sequence[str], key: str) -> str:
        at = bisect_right(keys, key)
        return keys[at] if at < len(keys) else last

    return {id_ for key, id_ in used if (place := next_of(sought, key)) < last and place <= next_of(every, key)}


def _trace(values: list[Any]) -> TraceFacts:
    *most, tags, context = values
    names = TraceFacts._fields
    told: dict[str, Any] = dict(zip(names, (*most, tuple(tags or ()), context), strict=True))
    return TraceFacts(**{**told, "is_prompt": bool(told["is_prompt"]), "has_uses": bool(told["has_uses"])})


def _step(values: list[Any]) -> StepFacts:
    return StepFacts(*values)


def _call(values: list[Any]) -> CallFacts:
    *most, retold, paid_by, pays_for = values
    return CallFacts._make((*most, bool(retold), paid_by, pays_for))


def _use(figures: UseFigures) -> UseFacts:
    priced = figures.model_calls - figures.unpriced_calls
    return UseFacts(
        success=figures.outcome.success if figures.outcome else None,
        input_tokens=figures.input_tokens,
        output_tokens=figures.output_tokens,
        cost_usd=figures.cost_usd if priced > 0 else None,
        unpriced=figures.unpriced_calls > 0,
    )
