"""Reads what was done under uses of patterns, and what came of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from loopgraph.assets import query
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.events import ABANDONED, TraceStatus
from loopgraph.contracts.traces.records import HookExecution
from loopgraph.contracts.traces.success import Judging, Work
from loopgraph.contracts.traces.uses import UseFigures
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.traces.reading.reads import LAST, reader_of
from loopgraph.effects.traces.reading.records import Items, page_of
from loopgraph.effects.traces.recording import mapping

_USES = query("traces/uses_and_traces")
_EXECUTIONS_OF_VERSION = query("traces/executions_of_version")
_EXECUTIONS_OF_VERSIONS = query("traces/executions_of_versions")
_STEPS = query("traces/steps_of_uses")
_CALLS = query("traces/calls_of_uses")

_ENDS = {
    TraceStatus.ERROR: "failed_steps",
    TraceStatus.TIMEOUT: "failed_steps",
    TraceStatus.DENIED: "denied_steps",
    TraceStatus.INTERRUPTED: "interrupted_steps",
}

_CHARACTERS: Final = 1_000
"""Of a prompt so much is read: what it asks for is in its beginning."""

_REPORTED: Final = 100
"""So many outcomes are read of one thing, the latest: who corrects one a hundred times still has the last word."""


@dataclass
class _Counts:
    """What was counted under one use."""

    figures: dict[str, float]
    open_steps: int = 0
    gathering_steps: int = 0
    gathered_steps: int = 0
    quality: float = 0.0
    scored: int = 0

    def add(self, row: Row) -> None:
        """The steps that ended in one way."""
        status = TraceStatus(row["status"])
        for name in ("steps", *([_ENDS[status]] if status in _ENDS else [])):
            self.figures[name] = self.figures.get(name, 0) + row["steps"]
        self.open_steps += row["steps"] if status is TraceStatus.IN_PROGRESS else 0
        self.gathering_steps += row["gathering"]
        self.gathered_steps += row["gathering"] if status is TraceStatus.SUCCESS else 0
        self.quality += row["quality"] or 0.0
        self.scored += row["scored"]


class UseReads:
    """Reads the executions of versions. ``judging`` says what came of uses of patterns; without it nobody does."""

    def __init__(self, graph: Graph, judging: Judging | None = None) -> None:
        self._graph = graph
        self._judging = judging

    async def figures(self, execution_ids: Sequence[str], principal: Principal | None = None) -> dict[str, UseFigures]:
        """What was done under these uses, by execution id, in three statements; executions that are none are absent.

        What came of them is judged anew each time, by what is stored: a later prompt counts as soon as it is there.
        """
        found = await self._graph.read(
            _USES,
            execution_ids=sorted(set(execution_ids)),
            reader=reader_of(principal),
            abandoned=ABANDONED,
            characters=_CHARACTERS,
            reported=_REPORTED,
        )
        if not found:
            return {}
        rows = [_window(row) for row in found]
        counts = {row["execution_id"]: _Counts({}) for row in rows}
        for row in await self._graph.read(_STEPS, rows=rows):
            counts[row["execution_id"]].add(row)
        for row in await self._graph.read(_CALLS, rows=rows):
            counts[row["execution_id"]].figures |= {
                "model_calls": row["calls"],
                "failed_model_calls": row["failed"],
                "input_tokens": row["input_tokens"],
                "output_tokens": row["output_tokens"],
                "cost_usd": row["cost_usd"],
                "unpriced_calls": row["unpriced"],
            }
        return await made_of(found, lambda: self._judged(found, counts))

    async def executions(
        self, node_ids: Collection[str], page: Page, principal: Principal | None
    ) -> dict[str, Items[HookExecution]]:
        """A page of the finished executions of each version, newest first, in one statement.

        ``page.after`` is the ``step_key`` of the last one seen. Of one version they are read in their order, of several all are
        sorted.
        """
        before, reader, limit = page.after or LAST, reader_of(principal), page.first + 1
        found: dict[str, list[Any]] = {id_: [] for id_ in node_ids}
        if len(found) == 1:
            [id_] = found
            keys = {"above": f"{id_}|", "before": f"{id_}|{before}"}
            rows = await self._graph.read(_EXECUTIONS_OF_VERSION, **keys, reader=reader, limit=limit)
            found[id_] = [row["execution"] for row in rows]
        else:
            more = {"before": before, "reader": reader, "limit": limit}
            for row in await self._graph.read(_EXECUTIONS_OF_VERSIONS, node_ids=list(found), **more):
                found[row["node_id"]] = row["items"]
        many = sum(map(len, found.values()))
        made = await made_of(many, lambda: {id_: list(map(mapping.hook, items)) for id_, items in found.items()})
        return {id_: page_of(hooks, page) for id_, hooks in made.items()}

    def _judged(self, found: Sequence[Row], counts: Mapping[str, _Counts]) -> dict[str, UseFigures]:
        figures, works = {}, []
        for row in found:
            counted = counts[row["hook"]["execution_id"]]
            each = UseFigures(**counted.figures, next_correlation_id=row["next"])
            figures[row["hook"]["execution_id"]] = each
            works.append(_work(row, counted, each))
        if self._judging is None:
            return figures
        outcomes = self._judging(works)
        return {
            id_: each.model_copy(update={"outcome": outcome})
            for (id_, each), outcome in zip(figures.items(), outcomes, strict=True)
        }


def _work(row: Row, counted: _Counts, figures: UseFigures) -> Work:
    hook, known = row["hook"], mapping.times(row["hook"])
    quality = hook.get("quality_score")
    if quality is None and counted.scored:
        quality = counted.quality / counted.scored
    return Work(
        pattern_type=hook["pattern_type"],
        status=TraceStatus(hook["status"]),
        duration_ms=known.duration_ms,
        quality_score=quality,
        steps=figures.steps,
        open_steps=counted.open_steps,
        unsuccessful_steps=figures.failed_steps + figures.denied_steps + figures.interrupted_steps,
        model_calls=figures.model_calls,
        failed_model_calls=figures.failed_model_calls,
        tokens=figures.input_tokens + figures.output_tokens,
        cost_usd=figures.cost_usd,
        unpriced_calls=figures.unpriced_calls,
        gathering_steps=counted.gathering_steps,
        gathered_steps=counted.gathered_steps,
        answered_at=row["answered_at"] or known.completed_at,
        rewound=row["rewound"],
        asked=row["asked"],
        asked_back=row["asked_back"],
        rating=row["rating"],
        reported=_reported(row["reported"]),
        next_prompt=row["next_prompt"],
        next_at=row["next_at"],
    )


def _reported(by_closeness: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, float]:
    """The outcomes that count, by name: those of what is closest to the use that has one, of each source the latest, of several
    sources the least."""
    found: dict[str, float] = {}
    for about in by_closeness:
        latest: dict[tuple[str, str], float] = {}
        for one in about:
            if one["name"] is not None:
                latest.setdefault((one["name"], one["source"]), one["value"])
        least: dict[str, float] = {}
        for (name, _), value in latest.items():
            least[name] = min(value, least.get(name, value))
        found = least | found
    return found


def _window(row: Row) -> Row:
    """The traces and the time that a use goes over: a skill's and a command's its own time, the others' all of their traces."""
    hook, known = row["hook"], mapping.times(row["hook"])
    timed = hook["pattern_type"] not in (DefinitionKind.SUBAGENT, DefinitionKind.MEMORY)
    return {
        "execution_id": hook["execution_id"],
        "correlation_ids": [hook["correlation_id"], *row["subagents"]],
        "since": known.started_at if timed else None,
        "until": known.completed_at if timed and hook["pattern_type"] == DefinitionKind.SKILL else None,
        "skill": hook["pattern_name"] if hook["pattern_type"] == DefinitionKind.SKILL else None,
    }
