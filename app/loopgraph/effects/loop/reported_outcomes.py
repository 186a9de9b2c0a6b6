"""Outcomes that others report, in the graph: written once, and read from what they are about, and for versions used there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final

from loopgraph.assets import Query, query
from loopgraph.contracts.audit import LineageEvent
from loopgraph.contracts.base import Page, Principal, asker_of
from loopgraph.contracts.loop.reported_outcomes import OutcomePage, OutcomeStanding, ReportedOutcome, UnitsAlike
from loopgraph.contracts.traces.retention import KEYS
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.marks import MARK
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.lineage.audit import record
from loopgraph.effects.lineage.mapping import Properties, only_fields
from loopgraph.effects.traces.reading.reads import reader_of
from loopgraph.errors import Conflict, NotFound

_BY_ID = query("outcomes/by_id")
_CREATE = query("outcomes/create")
_OF_NODES = query("outcomes/of_nodes")
_OF_STEPS = query("outcomes/of_steps")
_OF_VERSIONS = query("outcomes/of_versions")
_SEEN_USES_OF_UNIT = query("outcomes/seen_uses_of_unit")
_TRACES_OF_UNIT = query("outcomes/traces_of_unit")
_UNITS_ALIKE = query("outcomes/units_alike")
_WHO_REPORTED = query("outcomes/who_reported_of_unit")

_LAST: Final = "~"


def key_of(standing: OutcomeStanding) -> str:
    """Its place in lists of outcomes, which have the latest first; what ``Page.after`` takes."""
    return _time_key(standing.outcome)


class OutcomeWrites:
    """Keeps outcomes that are reported."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def known(self, outcome_id: str, request_hash: str) -> ReportedOutcome | None:
        """What is kept under this id, if the same asked for it. Raises Conflict if another outcome has the id."""
        rows = await self._graph.read(_BY_ID, outcome_ids=[outcome_id], reader=None, asker=None)
        return _same(rows, outcome_id, request_hash)

    async def add(
        self, label: str, outcome: ReportedOutcome, request_hash: str, event: LineageEvent
    ) -> tuple[ReportedOutcome, bool]:
        """The outcome as it is kept, and whether it had been there already. Writes its event, and has the uses that it is about
        counted anew.

        ``label`` is that of what it is about. Raises NotFound if that is not there, Conflict if another outcome has the id.
        """
        key = getattr(outcome, KEYS[label])
        properties = _properties(outcome, request_hash)

        async def work(tx: Transaction) -> tuple[ReportedOutcome, bool]:
            rows = await tx.run(_BY_ID, outcome_ids=[outcome.outcome_id], reader=None, asker=None)
            if earlier := _same(rows, outcome.outcome_id, request_hash):
                return earlier, True
            if not await tx.run(_CREATE.choose(NODE_LABEL=label, NODE_KEY=KEYS[label]), key=key, outcome=properties):
                raise NotFound(label, key)
            if outcome.unit is not None:
                traces = await tx.run(_TRACES_OF_UNIT, node_id=outcome.node_id, unit=outcome.unit)
                marks = [{"label": "Trace", "key": row["correlation_id"]} for row in traces]
                await tx.write(MARK, marks, at=0)
            await record(tx, event)
            return outcome, False

        return await self._graph.transaction(work)


class OutcomeReads:
    """Reads outcomes that were reported. Those that take many ids ask for all of them in as many statements as for one."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def by_id(self, outcome_ids: Collection[str], principal: Principal | None) -> dict[str, OutcomeStanding]:
        """Outcomes by id, and whether they count; unknown and hidden ids are absent."""
        asks = {"reader": reader_of(principal), "asker": asker_of(principal)}
        rows = await self._graph.read(_BY_ID, outcome_ids=list(outcome_ids), **asks)
        return {row["outcome"]["outcome_id"]: _standing(row) for row in rows}

    async def of_executions(self, execution_ids: Sequence[str], page: Page) -> dict[str, OutcomePage]:
        """A page of the outcomes of each of some executions. ``page.after`` is a ``key_of``, as in all of these."""
        return await self._pages([_of_label("HookExecution")], execution_ids, page)

    async def of_traces(self, correlation_ids: Sequence[str], page: Page) -> dict[str, OutcomePage]:
        """A page of the outcomes of each of some traces, or of steps of it."""
        return await self._pages([_of_label("Trace"), _OF_STEPS], correlation_ids, page)

    async def of_sessions(self, session_ids: Sequence[str], page: Page) -> dict[str, OutcomePage]:
        """A page of the outcomes of each of some sessions as a whole."""
        return await self._pages([_of_label("Session")], session_ids, page)

    async def of_versions(
        self, node_ids: Sequence[str], page: Page, principal: Principal | None
    ) -> dict[str, OutcomePage]:
        """A page of the outcomes of units that used each of some versions, as they were reported of the units: those of which the
        principal may see a use, or that it has reported."""
        reader = reader_of(principal)
        if reader is None:
            return await self._pages([_of_label("PatternVersion")], node_ids, page)
        return await self._pages([_OF_VERSIONS], node_ids, page, reader=reader, asker=asker_of(principal))

    async def may_report(self, node_id: str, unit: str, *, source: str, name: str, principal: Principal | None) -> bool:
        """Whether a principal may say what came of a unit's use of a version: it may see one, or what counts now is its own."""
        reader = reader_of(principal)
        if reader is None or await self._graph.read(_SEEN_USES_OF_UNIT, node_id=node_id, unit=unit, reader=reader):
            return True
        rows = await self._graph.read(_WHO_REPORTED, unit_key=_unit_key(node_id, unit), source=source, name=name)
        return [row["created_by"] for row in rows] == [asker_of(principal)]

    async def units_alike(self, node_ids: Sequence[str], principal: Principal | None) -> dict[str, list[UnitsAlike]]:
        """What the outcomes that count come to by version, over the units that used it."""
        found: dict[str, list[UnitsAlike]] = {id_: [] for id_ in node_ids}
        for row in await self._graph.read(_UNITS_ALIKE, ids=list(node_ids), reader=reader_of(principal)):
            found[row["id"]].append(UnitsAlike(row["name"], row["mean"], row["boolean"], row["units"], row["outcomes"]))
        return found

    async def _pages(
        self, statements: Sequence[Query], ids: Sequence[str], page: Page, **more: Any
    ) -> dict[str, OutcomePage]:
        asked: dict[str, Any] = {"ids": list(ids), "before": page.after or _LAST, "limit": page.first + 1, **more}
        found: defaultdict[str, list[OutcomeStanding]] = defaultdict(list)
        for statement in statements:
            for row in await self._graph.read(statement, **asked):
                found[row["id"]].append(_standing(row))
        pages = {}
        for id_ in ids:
            latest = sorted(found[id_], key=key_of, reverse=True)
            pages[id_] = OutcomePage(tuple(latest[: page.first]), has_more=len(latest) > page.first)
        return pages


def _of_label(label: str) -> Query:
    return _OF_NODES.choose(NODE_LABEL=label, NODE_KEY=KEYS[label])


def _same(rows: Sequence[Row], outcome_id: str, request_hash: str) -> ReportedOutcome | None:
    if rows and rows[0]["outcome"]["request_hash"] != request_hash:
        raise Conflict("ReportedOutcome", outcome_id, "the id is taken by another outcome")
    return _outcome(rows[0]["outcome"]) if rows else None


def _time_key(outcome: ReportedOutcome) -> str:
    return time_key(outcome.at, time_key(outcome.reported_at, outcome.outcome_id))


def _properties(outcome: ReportedOutcome, request_hash: str) -> Properties:
    values = {
        **outcome.model_dump(),
        "metadata": json_text(outcome.metadata),
        "request_hash": request_hash,
        "time_key": _time_key(outcome),
        "unit_key": _unit_key(outcome.node_id, outcome.unit) if outcome.unit is not None else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _unit_key(node_id: str | None, unit: str) -> str:
    return f"{node_id}|{unit}"


def _standing(row: Row) -> OutcomeStanding:
    return OutcomeStanding(_outcome(row["outcome"]), counts=not row["later"])


def _outcome(properties: Properties) -> ReportedOutcome:
    metadata = json_value(properties.get("metadata")) or {}
    return ReportedOutcome(**only_fields(ReportedOutcome, properties, "metadata"), metadata=metadata)
