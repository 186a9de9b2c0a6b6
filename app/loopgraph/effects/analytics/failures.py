"""Reads what failed, and keeps what people write of error patterns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.analytics.failures import ErrorAnnotation, FailedPart, Failure, Failures
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.contracts.base import Principal
from loopgraph.contracts.definitions import DefinitionKind
from loopgraph.contracts.traces import FAILED
from loopgraph.effects.analytics.ranges import parts_of, read_slices
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.lineage.audit import make_event, record
from loopgraph.effects.traces import mapping
from loopgraph.effects.traces.reads import subject_of

_FAILURES = query("analytics/failures")
_USES = query("analytics/uses_in_traces")
_ANNOTATIONS = query("analytics/error_annotations")
_LOCK = query("analytics/lock_error_annotation")
_ANNOTATE = query("analytics/annotate_error")

MOST_FAILURES: Final = 20_000
MOST_ANNOTATIONS: Final = 2_000

_HEAD, _TAIL = 2_000, 1_000
"""So many characters of the beginning and the end of a message are read."""


class _Use(NamedTuple):
    node_id: str
    since: datetime | None
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at <= self.until)


class FailureReads:
    """Reads failures, and what people know of their patterns."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def failures(self, range: TimeRange, principal: Principal | None) -> Failures:
        """What failed in the traces of a range that the principal may see, the newest ``MOST_FAILURES`` or somewhat more."""

        async def read(above: str, before: str, limit: int) -> list[Row]:
            return await self._graph.read(
                _FAILURES,
                above=above,
                before=before,
                failed=sorted(status.value for status in FAILED),
                subject=subject_of(principal),
                head=_HEAD,
                tail=_TAIL,
                limit=limit + 1,
            )

        sliced = await read_slices(self._graph, range, principal, MOST_FAILURES, read)
        uses: defaultdict[str, list[_Use]] = defaultdict(list)
        for ids in parts_of(row["correlation_id"] for row in sliced.rows):
            for row in await self._graph.read(_USES, correlation_ids=ids):
                uses[row["correlation_id"]].append(_use(row))
        found = await made_of(sliced.rows, lambda: _failures(sliced.rows, uses))
        return Failures(found, sliced.traces, sliced.since)

    async def annotations(self) -> list[ErrorAnnotation]:
        """What people wrote of error patterns, the latest ``MOST_ANNOTATIONS``."""
        rows = await self._graph.read(_ANNOTATIONS, limit=MOST_ANNOTATIONS)
        return [_annotation(row["annotation"]) for row in rows]


class ErrorAnnotations:
    """Keeps what people write of error patterns."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def annotate(
        self, template_id: str, template: str, changes: Mapping[str, str | None], origin: Origin
    ) -> ErrorAnnotation:
        """Changes ``known_fix``, ``prevention`` or both of an error pattern; None takes one away. Writes its event."""
        at = now()
        event = make_event(EventType.ERROR_PATTERN_ANNOTATED, origin, data={"template_id": template_id})

        async def work(tx: Transaction) -> ErrorAnnotation:
            [row] = await tx.run(_LOCK, template_id=template_id, template=template, now=at)
            before = {name: row["annotation"].get(name) for name in ("known_fix", "prevention")}
            after = {**before, **changes}
            [row] = await tx.run(_ANNOTATE, template_id=template_id, **after, now=at, by=origin.actor_id)
            changed = [name for name in after if after[name] != before[name]]
            told = event.model_copy(
                update={
                    "before": {name: before[name] for name in changed},
                    "after": {name: after[name] for name in changed},
                    "data": {**event.data, "template": template},
                }
            )
            await record(tx, told)
            return _annotation(row["annotation"])

        return await self._graph.transaction(work)


def _use(row: Row) -> _Use:
    """When a use was in force: of a skill from its start to its end, of a command from its start on, else all of the trace."""
    known, kind = mapping.times(row), row["pattern_type"]
    timed = kind not in (DefinitionKind.SUBAGENT, DefinitionKind.MEMORY)
    ends = kind == DefinitionKind.SKILL
    return _Use(row["node_id"], known.started_at if timed else None, known.completed_at if ends else None)


def _failures(rows: Iterable[Row], uses: Mapping[str, Sequence[_Use]]) -> list[Failure]:
    return [_failure(row, uses.get(row["correlation_id"], ())) for row in rows]


def _failure(row: Row, uses: Sequence[_Use]) -> Failure:
    at = row["completed_at"] or row["started_at"] or row["created_at"]
    part, own = FailedPart(row["part"]), [row["node_id"]] if row["node_id"] else []
    begins, ends = row["message"], row["message_end"]
    return Failure(
        part=part,
        correlation_id=row["correlation_id"],
        at=at,
        message=(f"{begins}\n…\n{ends}" if len(ends) == _TAIL and len(begins) == _HEAD else begins + ends) or None,
        error_type=row["error_type"],
        response_status=row["response_status"],
        execution_id=row["execution_id"],
        call_id=row["call_id"],
        agent=row["agent"],
        hook_type=row["hook_type"],
        tool_name=row["tool_name"],
        service_name=row["service_name"],
        endpoint_path=row["endpoint_path"],
        node_ids=tuple(dict.fromkeys([*own, *(use.node_id for use in uses if use.holds(at))])),
        ended=part is FailedPart.TRACE,
    )


def _annotation(properties: Mapping[str, Any]) -> ErrorAnnotation:
    return ErrorAnnotation(**{name: properties.get(name) for name in ErrorAnnotation.model_fields})
