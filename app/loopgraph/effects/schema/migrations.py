"""Numbered changes of what is stored, each recorded by itself in the graph.

A folder ``cypher/migrations/<number>_<name>/`` holds

- ``schema/<engine>.cypher``: statements that are idempotent, run first, one by one;
- backfills in the order of their names, each a pair of queries: ``<n>_<subject>_page.cypher`` reads the next rows after a key
  (parameters ``after``, ``limit``; first column ``key``, a text, in its order), ``<n>_<subject>_write.cypher`` takes ``rows``.
  Between the two stands a function of ``backfills.STEPS``, if there is one.

A slice of a backfill is one transaction: it locks the migration's record, reads the next page, writes it, and records how far
it came. So a migration that was cut off goes on where it was, and several processes at once share the slices of one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple

from loopgraph.assets import Query, asset, digest_of, query, statements_of
from loopgraph.contracts.counted import counted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.errors import LostRace
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.schema.backfills import STEPS, Step
from loopgraph.effects.schema.statements import run_schema
from loopgraph.errors import AssetError
from loopgraph.settings import Engine

_RECORDED = query("system/recorded_migrations")
_RECORD = query("system/record_migrations")
_LOCK = query("system/lock_migration")
_ADVANCE = query("system/advance_migration")
_RECORD_VERSION = query("system/record_schema_version")

SLICE = 1_000
"""Rows of one slice of a backfill."""

_SOME = 100
"""Rows of a page that is read for certain keys, and so many keys share a transaction."""

_PAGE, _WRITE = "_page.cypher", "_write.cypher"
_PAGE_LABEL = re.compile(r"MATCH \(\w+:(?P<label>\w+)\)")


@dataclass(frozen=True)
class Backfill:
    """One pass over what is stored: pages are read, changed by ``step``, and written."""

    name: str
    label: str
    """Of the nodes that the page reads."""
    page: Query
    write: Query
    step: Step | None

    async def run(self, tx: Transaction, page: Sequence[Row]) -> int:
        """Writes what follows for the rows of a page; how many that are."""
        changed = page if self.step is None else [self.step(row) for row in page]
        changes = [row for row in changed if row is not None]
        await tx.write(self.write, changes)
        return len(changes)


@dataclass(frozen=True)
class Migration:
    """One numbered change. ``digest`` is of all its files."""

    number: int
    name: str
    digest: str
    backfills: tuple[Backfill, ...]

    def schema(self, engine: Engine) -> tuple[str, ...]:
        """Its schema statements for an engine, in order."""
        file = asset("cypher", "migrations", self.name, "schema", f"{engine.value}.cypher")
        return statements_of(file) if file.is_file() else ()


@dataclass(frozen=True)
class RecordedMigration:
    """What a database says of a migration. ``applied_at`` is None while it is under way, ``rows`` what its backfills wrote."""

    number: int
    name: str
    digest: str
    backfill: int
    rows: int
    started_at: datetime
    applied_at: datetime | None


class Progress(NamedTuple):
    """How far an upgrade is: the migration under way, the how-manieth of how many, and rows written by it so far."""

    name: str
    position: int
    total: int
    rows: int

    def __str__(self) -> str:
        return f"migration {self.position} of {self.total}, {self.name}: {counted(self.rows, 'row')} written"


@cache
def migrations() -> tuple[Migration, ...]:
    """Every migration that this program knows, in the order of their numbers."""
    folders = sorted(path for path in asset("cypher", "migrations").iterdir() if path.is_dir())
    return tuple(_migration(folder.name) for folder in folders)


def _migration(name: str) -> Migration:
    folder = asset("cypher", "migrations", name)
    files = sorted(folder.glob("*.cypher"))
    backfills = [file.name.removesuffix(_PAGE) for file in files if file.name.endswith(_PAGE)]
    return Migration(
        number=int(name.partition("_")[0]),
        name=name,
        digest=digest_of(folder),
        backfills=tuple(_backfill(name, backfill) for backfill in backfills),
    )


def _backfill(migration: str, name: str) -> Backfill:
    page, write = (query(f"migrations/{migration}/{name}_{part}") for part in ("page", "write"))
    found = _PAGE_LABEL.match(page.texts[0][1])
    if found is None:
        raise AssetError(page.name, 0, "must begin with MATCH (x:Label), the nodes whose keys its rows have")
    return Backfill(name, found["label"], page, write, STEPS.get(f"{migration}/{name}"))


async def recorded_migrations(graph: Graph) -> tuple[RecordedMigration, ...]:
    """What the database has recorded, in the order of numbers."""
    return tuple(RecordedMigration(**row) for row in await graph.read(_RECORDED))


async def record_applied(graph: Graph, applied: Iterable[Migration], version: int) -> None:
    """Records migrations whose outcome is there without them: all of a new database's, those of an old version's.

    ``version`` is the schema version that the database has by them.
    """
    at = now()
    rows = [{**_fresh(migration, at), "applied_at": at} for migration in applied]

    async def work(tx: Transaction) -> None:
        if rows:
            await tx.run(_RECORD, rows=rows)
        await tx.run(_RECORD_VERSION, version=version, engine=graph.server.engine.value, now=at)

    await graph.transaction(work)


async def apply(graph: Graph, migration: Migration, tell: Callable[[int], None]) -> int:
    """Applies a migration, or what another process has left of it; the rows that it wrote in all. Idempotent.

    ``tell`` is told the rows written so far, after each slice.
    """
    await graph.write(_RECORD, rows=[_fresh(migration, now())])
    await run_schema(graph, migration.schema(graph.server.engine))
    written: int | None = 0
    total = 0
    while written is not None:
        written = await _slice(graph, migration)
        if written is not None:
            total += written
            tell(total)
    return total


async def backfill(graph: Graph, version: int, keys: Mapping[str, Collection[str]]) -> None:
    """Gives nodes, named by label and key, what a schema of this version lacks: they came in after their database was upgraded.

    Idempotent. Nodes that are not there are left out.
    """
    for migration in migrations():
        if migration.number > version:
            for part in migration.backfills:
                await _backfill_some(graph, part, sorted(keys.get(part.label, ())))


async def _backfill_some(graph: Graph, part: Backfill, keys: Sequence[str]) -> None:
    """Runs a backfill for these keys, which ascend: the pages are read from one to the next."""
    wanted, done = set(keys), 0
    while done < len(keys):
        after = keys[done][:-1]  # comes before the key, and little is between them

        async def work(tx: Transaction, after: str = after, done: int = done) -> int:
            until = keys[min(done + _SOME, len(keys)) - 1]
            last = after
            while last < until:
                page = await tx.run(part.page, after=last, limit=_SOME)
                await part.run(tx, [row for row in page if row["key"] in wanted])
                last = page[-1]["key"] if len(page) == _SOME else until
                if (ahead := bisect_right(keys, last)) < len(keys) and keys[ahead] <= until:
                    last = max(last, keys[ahead][:-1])
            return bisect_right(keys, until)

        done = await graph.transaction(work)


def _fresh(migration: Migration, at: datetime) -> dict[str, object]:
    return {
        "number": migration.number,
        "name": migration.name,
        "digest": migration.digest,
        "backfill": 0,
        "after": "",
        "rows": 0,
        "started_at": at,
    }


async def _slice(graph: Graph, migration: Migration) -> int | None:
    """Does the next slice of a migration; the rows it wrote, None if nothing was left to do."""
    turn, at = new_id(), now()

    async def work(tx: Transaction) -> int | None:
        rows = await tx.run(_LOCK, name=migration.name, turn=turn)
        if not rows:
            raise LostRace(migration.name)  # the embedded engine can hide a node that another process is just changing
        if rows[0]["applied_at"] is not None:
            return None
        position, after = rows[0]["backfill"], rows[0]["after"]
        written = 0
        if position < len(migration.backfills):
            backfill = migration.backfills[position]
            page = await tx.run(backfill.page, after=after, limit=SLICE)
            written = await backfill.run(tx, page)
            position, after = (position, page[-1]["key"]) if len(page) == SLICE else (position + 1, "")
        done = position == len(migration.backfills)
        await tx.run(
            _ADVANCE,
            name=migration.name,
            backfill=position,
            after=after,
            rows=written,
            applied_at=at if done else None,
        )
        if done:
            engine = graph.server.engine.value
            await tx.run(_RECORD_VERSION, version=migration.number, engine=engine, now=at)
        return written

    return await graph.transaction(work)
