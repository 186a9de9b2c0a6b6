"""The keys of the rows of a table: ids with how much is in their records, page by page, each page one bounded statement.

Pages go on after the last key seen, in the order of an index. So nothing is held open in the engine while a reader is slow, what
is written meanwhile disturbs nothing, and each record comes once.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from loopgraph.assets import Query, query
from loopgraph.contracts.analytics.bucket_keys import EPOCH, HOUR, HOURS, kind_prefix, stamp
from loopgraph.contracts.analytics.subjects import SubjectKind
from loopgraph.contracts.analytics.windows import Grain
from loopgraph.contracts.base import Principal
from loopgraph.contracts.exports.requests import TableRequest
from loopgraph.contracts.lineage.patterns import RelationshipType
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.traces.reading.reads import LAST, reader_of

_TRACES, _SESSIONS = query("exports/traces"), query("exports/sessions")
_SESSIONS_IN, _TRACES_WITH_PATTERN = query("exports/sessions_in"), query("exports/traces_with_pattern")
_EXECUTIONS, _CALLS, _USES = query("exports/executions"), query("exports/calls"), query("exports/uses")
_PATTERNS, _VERSIONS, _EVENTS = query("exports/patterns"), query("exports/versions"), query("exports/events")
_EDGES = query("exports/edges").choose(EDGE_TYPES=[kind.value for kind in RelationshipType])
_RUNS, _EXPERIMENTS = query("exports/runs"), query("exports/experiments")
_EXECUTIONS_OF_EXPERIMENT = query("exports/executions_of_experiment")
_USAGE = query("exports/usage")

PAGE: Final = 2_000
"""So many keys are looked at by one statement."""

PARENTS: Final = 100
"""In so many traces or versions at once the engine looks for what they have, and sorts it."""

SLICE_ROWS: Final = 500
SLICE_CHARACTERS: Final = 1_000_000
"""So many records are read at once, or as many as have so many characters; of larger ones, one."""


class Key(NamedTuple):
    """The id of a record, how many characters are in it, about, and what else its page tells."""

    id: str
    weight: int
    more: Row


Pages = AsyncGenerator[list[Key], None]


def sliced(keys: Iterable[Key]) -> Iterator[list[Key]]:
    """Keys in parts whose records can be read at once."""
    part: list[Key] = []
    characters = 0
    for key in keys:
        if part and (len(part) == SLICE_ROWS or characters + key.weight > SLICE_CHARACTERS):
            yield part
            part, characters = [], 0
        part.append(key)
        characters += key.weight
    if part:
        yield part


class Keys:
    """Reads the keys of tables. A page can be empty, where what was looked at passes no filter."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def traces(self, request: TableRequest, principal: Principal | None) -> Pages:
        """Traces, oldest first."""
        name, prefix = ("session_key", f"{request.session_id}|") if request.session_id else ("time_key", "")
        after, before = _between(request, prefix)
        parameters: Row = {"agent": request.agent, "reader": reader_of(principal)}
        async for rows in self._pages(_TRACES.choose(TRACE_KEY=name), after, before, **parameters):
            if request.project is not None:
                rows = await self._in_project(rows, request.project)
            keys = list(map(_key, rows))
            if request.pattern_id is not None:
                keys = await self._with_pattern(keys, request.pattern_id)
            yield keys

    async def sessions(self, request: TableRequest, principal: Principal | None) -> Pages:
        """Sessions, oldest first."""
        parameters: Row = {"project": request.project, "reader": reader_of(principal)}
        async for rows in self._pages(_SESSIONS, *_between(request), **parameters):
            yield list(map(_key, rows))

    async def executions(self, request: TableRequest, principal: Principal | None) -> Pages:
        """Hook executions, as the traces that they are in."""
        async for traces in self.traces(request, principal):
            async for keys in self._children(_EXECUTIONS, traces):
                yield keys

    async def calls(self, request: TableRequest, principal: Principal | None) -> Pages:
        """Endpoint calls, as the traces that they are in."""
        async for traces in self.traces(request, principal):
            async for keys in self._children(_CALLS, traces):
                yield keys

    async def uses(self, request: TableRequest, principal: Principal | None) -> Pages:
        """Executions that used a version of a pattern, as the traces that they are in; ``more`` names the version."""
        anywhere = request.model_copy(update={"pattern_id": None})  # each use is looked at once, not its trace before
        async for traces in self.traces(anywhere, principal):
            async for keys in self._children(_USES, traces, pattern_id=request.pattern_id):
                yield keys

    async def patterns(self, request: TableRequest) -> Pages:
        """Patterns, oldest first; ``more`` says how many versions they have."""
        async for rows in self._pages(_PATTERNS, *_between(request)):
            yield [_key(row) for row in rows if request.pattern_id in (None, row["id"])]

    async def versions(self, request: TableRequest) -> Pages:
        """Versions, as their patterns, and of these by number."""
        async for patterns in self.patterns(request):
            numbers = (
                {"pattern_id": key.id, "version": version}
                for key in patterns
                for version in range(1, key.more["versions"] + 1)
            )
            for wanted in _parts(numbers, PAGE):
                placed = [{**row, "place": place} for place, row in enumerate(wanted)]
                yield list(map(_key, await self._graph.read(_VERSIONS, wanted=placed)))

    async def edges(self, request: TableRequest) -> Pages:
        """Edges, as the versions that they lead from."""
        async for versions in self.versions(request):
            async for keys in self._children(_EDGES, versions):
                yield keys

    async def events(self, request: TableRequest) -> Pages:
        """Audit events, oldest first."""
        name, prefix = ("pattern_key", f"{request.pattern_id}|") if request.pattern_id else ("time_key", "")
        async for rows in self._pages(_EVENTS.choose(EVENT_KEY=name), *_between(request, prefix)):
            yield list(map(_key, rows))

    async def runs(self, request: TableRequest) -> Pages:
        """Feedback runs, oldest first."""
        async for rows in self._pages(_RUNS, *_between(request), pattern_id=request.pattern_id):
            yield list(map(_key, rows))

    async def experiment_executions(self, request: TableRequest, principal: Principal | None) -> Pages:
        """Finished executions of experiments; ``more`` names the decision that rests on them."""
        async for experiments in self._experiments(request):
            for experiment_id in experiments:
                after = ""
                while True:
                    rows = await self._graph.read(
                        _EXECUTIONS_OF_EXPERIMENT,
                        experiment_id=experiment_id,
                        after=after,
                        reader=reader_of(principal),
                        limit=PAGE,
                    )
                    yield list(map(_key, rows))
                    if len(rows) < PAGE:
                        break
                    after = rows[-1]["key"]

    async def usage(self, request: TableRequest) -> Pages:
        """Usage buckets: by kind of subject, then time."""
        grain = request.grain or Grain.HOUR
        for kind in [request.kind] if request.kind else sorted(SubjectKind):
            prefix = kind_prefix(grain, kind)
            after = prefix if request.since is None else f"{prefix}{_stamp(request.since, grain)}"
            before = prefix + (LAST if request.until is None else _stamp(request.until, grain))
            async for rows in self._pages(_USAGE, after, before):
                yield list(map(_key, rows))

    async def _pages(
        self, statement: Query, after: str, before: str, **parameters: Any
    ) -> AsyncGenerator[list[Row], None]:
        """The rows that have an id, page by page."""
        while True:
            rows = await self._graph.read(statement, after=after, before=before, limit=PAGE, **parameters)
            yield [row for row in rows if row["id"] is not None]
            if len(rows) < PAGE:
                return
            after = rows[-1]["key"]

    async def _children(self, statement: Query, parents: list[Key], **parameters: Any) -> Pages:
        """What some nodes have, in their order."""
        for part in _parts((parent.id for parent in parents), PARENTS):
            ids, after = part, ""
            while True:
                rows = await self._graph.read(statement, ids=ids, after=after, limit=PAGE, **parameters)
                yield list(map(_key, rows))
                if len(rows) < PAGE:
                    break
                ids, after = ids[rows[-1]["place"] :], rows[-1]["id"]

    async def _experiments(self, request: TableRequest) -> AsyncGenerator[list[str], None]:
        if request.experiment_id is not None:
            yield [request.experiment_id]
            return
        after = ""
        while True:
            rows = await self._graph.read(_EXPERIMENTS, after=after, pattern_id=request.pattern_id, limit=PAGE)
            yield [row["id"] for row in rows if row["id"] is not None]
            if len(rows) < PAGE:
                return
            after = rows[-1]["key"]

    async def _in_project(self, rows: list[Row], project: str) -> list[Row]:
        ids = sorted({row["session_id"] for row in rows if row["project"] is None and row["session_id"] is not None})
        found = {row["id"] for row in await self._graph.read(_SESSIONS_IN, ids=ids, project=project)} if ids else set()
        return [
            row for row in rows if (row["session_id"] in found if row["project"] is None else row["project"] == project)
        ]

    async def _with_pattern(self, keys: list[Key], pattern_id: str) -> list[Key]:
        found: set[str] = set()
        for ids in _parts((key.id for key in keys), PARENTS):
            rows = await self._graph.read(_TRACES_WITH_PATTERN, ids=ids, pattern_id=pattern_id)
            found.update(row["id"] for row in rows)
        return [key for key in keys if key.id in found]


def _key(row: Row) -> Key:
    return Key(row["id"], row["weight"], row)


def _between(request: TableRequest, prefix: str = "") -> tuple[str, str]:
    """The keys between which the time of a request lies."""
    after = time_key(request.since, "") if request.since else ""
    before = time_key(request.until, "") if request.until else LAST
    return prefix + after, prefix + before


def _stamp(at: datetime, grain: Grain) -> str:
    """The stamp of the first bucket that begins at an instant or later."""
    hours = HOURS[grain]
    hour = -((EPOCH - at) // HOUR)
    try:
        return stamp(grain, -(-hour // hours) * hours)
    except OverflowError:  # after the year 9999
        return LAST


def _parts(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
