"""Whatever is exported: what was asked for is checked, its first part read, and the rest streamed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from loopgraph.computes.exports.graphs import exported, joined, written
from loopgraph.computes.exports.table_writers import table_writer
from loopgraph.computes.exports.values import chosen, reading
from loopgraph.contracts.analytics.bucket_keys import EPOCH
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind, subject_named
from loopgraph.contracts.analytics.windows import Window
from loopgraph.contracts.base import Principal
from loopgraph.contracts.exports.formats import MEDIA_TYPES, SUFFIXES
from loopgraph.contracts.exports.records import SeriesPoint
from loopgraph.contracts.exports.requests import LineageQuery, LineageRequest, SeriesRequest, TableRequest
from loopgraph.contracts.exports.tables import SERIES_TABLE, TABLES, TableName
from loopgraph.contracts.lineage.patterns import Direction, LineageGraph, LineagePath, PathMetric, TraversalFilter
from loopgraph.effects.clock import now, time_zone
from loopgraph.effects.exports.tables import TableReads
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.errors import InvalidInput, NotFound, Overloaded
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.series import time_series
from loopgraph.orchestrators.exporting.streams import Export, Tell, begun, one_slice, table_chunks, text_chunks
from loopgraph.orchestrators.lineage.traversal import Traversals

_CHUNK = 128 * 1024
"""So many characters of a graph are one chunk, about."""

_RETRY_AFTER_S = 10


class Exports:
    """Makes exports. At most ``most`` have a ``place`` at once."""

    def __init__(
        self,
        tables: TableReads,
        lineage: LineageReads,
        loop: FeedbackReads,
        traversals: Traversals,
        buckets: Buckets,
        most: int,
    ) -> None:
        self._tables = tables
        self._lineage = lineage
        self._loop = loop
        self._traversals = traversals
        self._buckets = buckets
        self._most = most
        self.running = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one export, until the end of the block. Raises Overloaded if all are taken."""
        if self.running >= self._most:
            raise Overloaded(f"{self.running} exports are being made, and no more at once", _RETRY_AFTER_S)
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1

    async def table(
        self, name: TableName, request: TableRequest, principal: Principal | None, tell: Tell | None = None
    ) -> Export:
        """Rows of a table. ``tell`` is told of how many more are written.

        Raises InvalidInput, NotFound for a pattern or experiment that there is not, and Forbidden where the figures hold what
        others did and the principal may see only what is theirs.
        """
        table = TABLES[name]
        if wrong := sorted(request.filtered_by - table.filters):
            known = ", ".join(sorted(table.filters))
            raise InvalidInput(wrong[0], f"is no filter of {name.value}, which can be filtered by {known}")
        columns = chosen(table, request.columns)
        writer = table_writer(request.format, request.formulas, columns)
        await self._known(request)
        pending = 0
        if name is TableName.USAGE:
            pending = (await self._buckets.basis(_all_time(), principal)).pending
        slices = self._tables.records(name, request, principal)
        return Export(
            filename=_filename(name.value, request.format.value),
            media_type=MEDIA_TYPES[request.format],
            chunks=await begun(table_chunks(writer, reading(columns), slices, tell)),
            pending=pending,
        )

    async def series(self, request: SeriesRequest, principal: Principal | None) -> Export:
        """A time series. Raises InvalidInput, NotFound and Forbidden as ``table`` does."""
        columns = chosen(SERIES_TABLE, request.columns)
        writer = table_writer(request.format, request.formulas, columns)
        subject = subject_named(request.kind, request.name, request.part)
        with _named_here():
            zone = time_zone(request.time_zone)
        await self._known_subject(subject)
        with _named_here():
            found = await time_series(
                self._buckets, request.metric, subject, request.since, request.until, request.interval, zone,
                request.group_by, request.first, principal,
            )  # fmt: skip
        points = [SeriesPoint(request.metric, line.value, point) for line in found.lines for point in line.points]
        return Export(
            filename=_filename(f"series-{request.metric.value}", request.format.value),
            media_type=MEDIA_TYPES[request.format],
            chunks=await begun(table_chunks(writer, reading(columns), one_slice(points))),
            pending=found.basis.pending,
        )

    async def lineage(self, request: LineageRequest) -> Export:
        """A graph of the lineage. Raises InvalidInput, and NotFound where there is no such version or pattern, or no path."""
        as_of = request.as_of or now()
        with _named_here():
            answer = await self._answer(request)
        graph = exported(answer, request, as_of)
        about = request.node_id or request.pattern_id or request.target_node_id or ""
        return Export(
            filename=_filename(f"{request.query.value}-{about}", SUFFIXES[request.format]),
            media_type=MEDIA_TYPES[request.format],
            chunks=text_chunks(joined(written(graph, request.format), _CHUNK)),
            truncated=graph.truncated,
        )

    async def _answer(self, request: LineageRequest) -> LineageGraph | LineagePath:
        match request:
            case LineageRequest(query=LineageQuery.PATH, source_node_id=str(source), target_node_id=str(target)):
                metric = request.metric or PathMetric.HOPS
                path = await self._traversals.path(source, target, metric, request.relationship_types, request.as_of)
                if path is None:
                    raise NotFound("LineagePath", f"{source} to {target}")
                return path
            case LineageRequest(query=LineageQuery.PATTERN, pattern_id=str(pattern_id)):
                return await self._traversals.pattern_lineage(pattern_id, _filter(request), request.max_nodes)
            case LineageRequest(query=LineageQuery.NEIGHBOURHOOD, node_id=str(node_id)):
                near = request.model_copy(update={"max_depth": request.max_depth or 1})
                return await self._traversals.neighbourhood(node_id, _filter(near), request.max_nodes)
            case LineageRequest(node_id=str(node_id)):
                found = await self._traversals.traverse([node_id], _filter(request), request.max_nodes)
                if node_id not in found:
                    raise NotFound("PatternVersion", node_id)
                return found[node_id]
        raise AssertionError("a request has the ids that its query needs")

    async def _known(self, request: TableRequest) -> None:
        """Raises NotFound for a pattern or an experiment that there is not: no rows would say that it has none."""
        if request.pattern_id is not None:
            await self._known_subject(Subject(SubjectKind.PATTERN, request.pattern_id))
        if (id_ := request.experiment_id) is not None and id_ not in await self._loop.experiments([id_]):
            raise NotFound("Experiment", id_)

    async def _known_subject(self, subject: Subject) -> None:
        if subject.kind is SubjectKind.PATTERN and not await self._lineage.patterns([subject.name]):
            raise NotFound("Pattern", subject.name)
        if subject.kind is SubjectKind.PATTERN_VERSION and not await self._lineage.versions([subject.name]):
            raise NotFound("PatternVersion", subject.name)


@contextmanager
def _named_here() -> Iterator[None]:
    """What is wrong is told by the names that requests have for it here, and not by those of GraphQL."""
    try:
        yield
    except InvalidInput as error:
        field = re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", error.field)
        raise InvalidInput(field, error.problem) from error


def _filter(request: LineageRequest) -> TraversalFilter:
    ancestors = request.query is LineageQuery.ANCESTORS
    return TraversalFilter(
        direction=Direction.ANCESTORS if ancestors else Direction.DESCENDANTS,
        max_depth=request.max_depth,
        relationship_types=request.relationship_types,
        as_of=request.as_of,
        statuses=request.statuses,
    )


def _all_time() -> Window:
    this_hour = now().replace(minute=0, second=0, microsecond=0)
    return Window(since=EPOCH, until=this_hour + timedelta(hours=1))


def _filename(about: str, suffix: str) -> str:
    """A name that every file system takes, and no header or shell misreads."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", about).strip("-.")[:100]
    return f"loopgraph-{safe}-{now():%Y%m%dT%H%M%SZ}.{suffix}"
