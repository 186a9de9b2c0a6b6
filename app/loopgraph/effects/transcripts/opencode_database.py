"""OpenCode's database: read beside the client, which may be writing to it.

It is opened to be read only, and for each look anew: no transaction stays open, so that the client's log of writes can always be
put into the database. Nothing is made in its folder: SQLite would make two files beside a database that nobody has open, so
such a one is opened as one that does not change.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import orjson

from loopgraph.contracts.traces.transcripts import Stamp
from loopgraph.effects.transcripts.files import FoundFile
from loopgraph.effects.transcripts.rows import Fetch, Row

_SESSIONS: Final = "SELECT id, parent_id, time_created, time_updated FROM session"
_SUMS: Final = "SELECT session_id, count(*), max(time_updated) FROM {} GROUP BY session_id"
_SUM_OF: Final = "SELECT session_id, count(*), max(time_updated) FROM {} WHERE session_id = ? GROUP BY session_id"
_LAST: Final = "SELECT coalesce(max(rowid), 0) FROM {}"
_SINCE: Final = "SELECT DISTINCT session_id FROM {} WHERE rowid > ?"
_LISTED: Final = "SELECT id, time_updated FROM {} WHERE session_id = ? ORDER BY time_created, id"
_ONE: Final = "SELECT * FROM {} WHERE id = ?"
_OF_SESSION: Final = ("message", "part")

_WAIT_S: Final = 5.0
"""How long a look waits for a lock, which the client holds for moments only."""

_WORKING_MS: Final = 15 * 60_000
_WHOLE_EVERY_S: Final = 900.0


@contextlib.contextmanager
def reading(path: Path, longest: int | None = None) -> Iterator[sqlite3.Connection]:
    """A connection that reads a database; what SQLite cannot do is an OSError. No text of more than ``longest`` bytes is read."""
    place = "file:" + quote(str(path.absolute()))
    try:
        connection = sqlite3.connect(f"{place}?{_how(path)}", uri=True, timeout=_WAIT_S, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.text_factory = _text
            connection.execute("PRAGMA query_only = 1")
            if longest is not None:
                connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise OSError(f"it cannot be read as the database of OpenCode: {error}") from error


def _how(path: Path) -> str:
    """A database whose writes are logged, and that has no log, is open nowhere else."""
    with path.open("rb") as file:
        is_logged = file.read(20)[18:20] == b"\2\2"
    return "mode=ro" if not is_logged or path.with_name(f"{path.name}-wal").exists() else "mode=ro&immutable=1"


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


@dataclass
class _Session:
    parent: str | None
    updated_ms: int
    rows: int = 0
    written_ms: int = 0


@dataclass
class _Known:
    """What was seen of a database at the last look."""

    sessions: dict[str, _Session] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    identity: tuple[int, int] = (0, 0)
    looked_at: float = -_WHOLE_EVERY_S


_known: dict[Path, _Known] = {}
_looking = threading.Lock()


def sessions_in(file: FoundFile) -> list[FoundFile]:
    """The sessions of a database, as they are now. Raises OSError."""
    with _looking, reading(file.path) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            return []  # its client is about to make it
        known = _known.setdefault(file.path, _Known())
        connection.execute("BEGIN")  # the four statements see one state
        _look(connection, known, file.path)
        connection.execute("COMMIT")
        rows = sum(session.rows for session in known.sessions.values()) or 1
        return [
            FoundFile(
                file.client,
                file.path,
                Stamp(session.rows, session.written_ms * 1_000_000),
                part=id_,
                weight=file.stamp.size * session.rows // rows,
                is_subagents=session.parent is not None,
            )
            for id_, session in known.sessions.items()
        ]


def _look(connection: sqlite3.Connection, known: _Known, path: Path) -> None:
    """Brings what is known up to date. To look at all rows would be much each time that one is written: it is looked at those of
    sessions that are new or have new rows, or that worked lately; at all of them now and then."""
    status = path.stat()
    last = {table: connection.execute(_LAST.format(table)).fetchone()[0] for table in _OF_SESSION}
    sessions = {
        row["id"]: _Session(row["parent_id"], max(row["time_created"] or 0, row["time_updated"] or 0))
        for row in connection.execute(_SESSIONS)
    }
    is_whole = (
        time.monotonic() - known.looked_at >= _WHOLE_EVERY_S
        or known.identity != (status.st_dev, status.st_ino)
        or any(last[table] < known.last.get(table, 0) for table in _OF_SESSION)
    )
    if is_whole:
        stale, known.looked_at = set(sessions), time.monotonic()
        sums = [row for table in _OF_SESSION for row in connection.execute(_SUMS.format(table))]
    else:
        since = (time.time_ns() // 1_000_000) - _WORKING_MS
        stale = {
            id_
            for id_, session in sessions.items()
            if (was := known.sessions.get(id_)) is None
            or was.updated_ms != session.updated_ms
            or was.written_ms >= since
        }
        for table in _OF_SESSION:
            stale.update(row[0] for row in connection.execute(_SINCE.format(table), (known.last[table],)))
        sums = [
            row
            for table in _OF_SESSION
            for id_ in stale & sessions.keys()
            for row in connection.execute(_SUM_OF.format(table), (id_,))
        ]
    for id_, session in sessions.items():
        session.rows, session.written_ms = 1, session.updated_ms
        if id_ not in stale and (was := known.sessions.get(id_)):
            session.rows, session.written_ms = was.rows, was.written_ms
    for id_, count, written_ms in sums:
        if id_ in sessions:
            sessions[id_].rows += count
            sessions[id_].written_ms = max(sessions[id_].written_ms, written_ms or 0)
    known.sessions, known.last, known.identity = sessions, last, (status.st_dev, status.st_ino)


class DatabaseRows:
    """The rows of one session, and before them those of the sessions that it works for. See ``rows.Rows``."""

    def __init__(self, path: Path, session_id: str, longest: int) -> None:
        self._path = path
        self._session_id = session_id
        self._longest = longest

    def listed(self) -> Sequence[Row]:
        """See ``Rows``."""
        with reading(self._path) as connection:
            connection.execute("BEGIN")
            rows: list[Row] = []
            id_: str | None = self._session_id
            while id_ and not any(row.id == id_ for row in rows):
                session = connection.execute(f"{_SESSIONS} WHERE id = ?", (id_,)).fetchone()
                if session is None:
                    break
                rows.insert(0, Row("session", id_, session["time_updated"] or 0, id_ != self._session_id))
                id_ = session["parent_id"]
            for table in _OF_SESSION:
                listed = connection.execute(_LISTED.format(table), (self._session_id,))
                rows += [Row(table, row["id"], row["time_updated"] or 0) for row in listed]
            connection.execute("COMMIT")
            return rows

    @contextlib.contextmanager
    def fetching(self) -> Iterator[Fetch]:
        """See ``Rows``."""
        with reading(self._path, self._longest) as connection:

            def fetch(row: Row) -> bytes | None:
                try:
                    found = connection.execute(_ONE.format(row.table), (row.id,)).fetchone()
                except sqlite3.DataError:  # it is too large
                    return None
                return _object(dict(found)) if found else b""

            yield fetch


def _object(row: dict[str, object]) -> bytes:
    """A row as a JSON object; ``data`` is one itself."""
    data = row.get("data")
    if isinstance(data, str):
        row["data"] = orjson.Fragment(data)
    return orjson.dumps(row, default=str)
