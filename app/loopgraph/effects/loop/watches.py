"""Watches on applied versions: begun, looked at all at once, and read. Each method is one statement or one transaction.

A watch changes by compare-and-set on its revision, so any number of processes can look at the same ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import Execution
from loopgraph.contracts.loop.watching import Watch, WatchPage, WatchStatus
from loopgraph.effects.clock import now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.lineage.audit import record
from loopgraph.effects.loop import mapping
from loopgraph.effects.loop.evidence import Evidence, EvidencePage
from loopgraph.effects.loop.watch_evidence import LOOP, until_key, watch_event
from loopgraph.effects.traces.reading.reads import reader_of
from loopgraph.effects.traces.recording import mapping as traces
from loopgraph.errors import NotFound

_DUE = query("watches/due")
_PROOF = query("watches/proof_executions")
_BEGIN = query("watches/begin")
_OPEN = query("watches/open")
_EXECUTIONS = query("watches/executions")
_EXECUTIONS_PAGE = query("watches/executions_page")
_CHANGE = query("watches/change")
_BY_ID = query("watches/by_id")
_OF_VERSIONS = query("watches/of_versions")
_PAGE = query("watches/page")

MOST_BEGUN = 100
"""So many watches begin at once; the others at the next look."""

MOST_EXECUTIONS = 50_000
"""So many executions of a version are looked at."""

_LAST_KEY = "~"
_OPEN_STATUSES = [status for status in WatchStatus if status.open]


class Due(NamedTuple):
    """A decision whose version is to be watched: when it applied which version in whose place, and the experiment it rests on."""

    decision_id: str
    improvement_id: str
    node_id: str
    replaced_node_id: str | None
    applied_at: datetime
    experiment: Experiment


class OpenWatch(NamedTuple):
    """A watch that goes on, how often its version was used by now, and whether that is still in use."""

    watch: Watch
    usage_count: int
    in_use: bool


class VersionWatches:
    """Begins and changes watches."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def due(self) -> list[Due]:
        """Decisions whose versions are not watched yet."""
        return [
            Due(
                decision_id=row["decision"]["decision_id"],
                improvement_id=row["decision"]["improvement_id"],
                node_id=row["node_id"],
                replaced_node_id=row["decision"].get("replaced_node_id"),
                applied_at=row["decision"]["decided_at"],
                experiment=mapping.experiment(row["experiment"]),
            )
            for row in await self._graph.read(_DUE, limit=MOST_BEGUN)
        ]

    async def proofs(self, experiment_ids: Collection[str]) -> dict[str, list[Execution]]:
        """The executions that the decisions on some experiments rest on, for every id given."""
        rows = await self._graph.read(_PROOF, experiment_ids=list(experiment_ids))
        return await made_of(_many(rows), lambda: _by("experiment_id", experiment_ids, rows))

    async def begin(self, watches: Sequence[Watch]) -> list[str]:
        """The ids of those that have begun by this call: the others were there already."""
        at = now()
        rows = [
            {
                "decision_id": watch.decision_id,
                "node_id": watch.node_id,
                "watch": mapping.watch_properties(watch),
                "turn": at,
            }
            for watch in watches
        ]
        return [row["watch_id"] for row in await self._graph.write(_BEGIN, rows=rows)]

    async def open(self) -> list[OpenWatch]:
        """The watches that go on."""
        rows = await self._graph.read(_OPEN, statuses=_OPEN_STATUSES)
        return [OpenWatch(mapping.watch(row["watch"]), row["usage_count"], row["in_use"]) for row in rows]

    async def executions(self, watches: Collection[Watch], overdue: datetime) -> dict[str, list[Execution]]:
        """What the versions of some watches did since, the first ``MOST_EXECUTIONS`` of each: one statement.

        These are executions outside experiments, those of the version as the control of one, and those as the treatment of its
        own experiment that came too late for the decision; they ended, or began before ``overdue`` and did not.
        """
        asked = [
            {
                "watch_id": watch.watch_id,
                "node_id": watch.node_id,
                "experiment_id": watch.experiment_id,
                "since": watch.since,
                "above": f"{watch.node_id}|{time_key(watch.since, '')}",
            }
            for watch in watches
        ]
        rows = await self._graph.read(_EXECUTIONS, rows=asked, overdue=overdue, limit=MOST_EXECUTIONS)
        return await made_of(_many(rows), lambda: _by("watch_id", [watch.watch_id for watch in watches], rows))

    async def note(self, changed: Mapping[str, Mapping[str, Any]], watches: Collection[Watch]) -> list[Watch]:
        """Changes some watches, by id, and tells of those that end: the watches that changed. Those that somebody else has
        changed meanwhile stay as they are."""
        at = now()
        rows = []
        for watch in watches:
            changes = {**changed[watch.watch_id], "revision": watch.revision + 1, "updated_at": at}
            if (status := changes.get("status")) and not status.open:
                changes |= {"ended_at": at, "ended_by": LOOP.actor_id, "until_key": until_key(watch, at)}
            properties = mapping.watch_changes(changes)
            rows.append({"watch_id": watch.watch_id, "revision": watch.revision, "changes": properties})
        events = {watch.watch_id: watch_event(EventType.WATCH_ENDED, LOOP, watch) for watch in watches}

        async def work(tx: Transaction) -> list[Watch]:
            found = [mapping.watch(row["watch"]) for row in await tx.run(_CHANGE, rows=rows, turn=at)]
            ended = [watch for watch in found if not watch.status.open]
            if ended:
                told = (
                    events[watch.watch_id].model_copy(
                        update={"data": {**events[watch.watch_id].data, "status": watch.status.value}}
                    )
                    for watch in ended
                )
                await record(tx, *told)
            return found

        return await self._graph.transaction(work) if rows else []


class WatchReads:
    """Reads watches. Those that take many ids ask for all of them in one statement."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def watch(self, watch_id: str) -> Watch:
        """A watch. Raises NotFound."""
        found = await self.by_id([watch_id])
        if watch_id not in found:
            raise NotFound("Watch", watch_id)
        return found[watch_id]

    async def by_id(self, watch_ids: Collection[str]) -> dict[str, Watch]:
        """Watches by id; unknown ids are absent."""
        rows = await self._graph.read(_BY_ID, watch_ids=list(watch_ids))
        return {found.watch_id: found for found in (mapping.watch(row["watch"]) for row in rows)}

    async def of_versions(self, node_ids: Collection[str]) -> dict[str, Watch]:
        """The watch on each version, by version id; versions without are absent."""
        rows = await self._graph.read(_OF_VERSIONS, node_ids=list(node_ids))
        return {row["node_id"]: mapping.watch(row["watch"]) for row in rows}

    async def page(self, page: Page, pattern_id: str | None = None, status: WatchStatus | None = None) -> WatchPage:
        """One page of watches, newest first. ``page.after`` is the time key of the last one seen."""
        before, limit = page.after or _LAST_KEY, page.first + 1
        rows = await self._graph.read(_PAGE, before=before, pattern_id=pattern_id, status=status, limit=limit)
        watches = tuple(mapping.watch(row["watch"]) for row in rows)
        return WatchPage(watches=watches[: page.first], has_more=len(watches) > page.first)

    async def executions(
        self, watch_ids: Collection[str], page: Page, principal: Principal | None
    ) -> dict[str, EvidencePage]:
        """One page of the finished executions that each watch looks at, the oldest first; ``page.after`` is a ``key``.

        The ``decision_id`` of those that a regression was found in is that of the watch.
        """
        rows = await self._graph.read(
            _EXECUTIONS_PAGE,
            rows=[{"watch_id": id_, "after": page.after or ""} for id_ in watch_ids],
            reader=reader_of(principal),
            limit=page.first + 1,
        )
        found: dict[str, list[Evidence]] = {id_: [] for id_ in watch_ids}
        for row in rows:
            found[row["watch_id"]] = [_evidence(row["watch_id"], hook, marked) for hook, marked in row["evidence"]]
        return {
            id_: EvidencePage(tuple(items[: page.first]), has_more=len(items) > page.first)
            for id_, items in found.items()
        }


def _many(rows: Sequence[Row]) -> int:
    return sum(len(row["executions"]) for row in rows)


def _by(name: str, ids: Collection[str], rows: Sequence[Row]) -> dict[str, list[Execution]]:
    """The executions of rows by one of their columns, for every id given."""
    found: dict[str, list[Execution]] = {id_: [] for id_ in ids}
    for row in rows:
        found[row[name]] += map(traces.evidence, row["executions"])
    return found


def _evidence(watch_id: str, hook: Row, marked: bool) -> Evidence:
    return Evidence(traces.hook(hook), watch_id if marked else None)
