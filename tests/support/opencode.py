"""OpenCode's database, made as its client 1.18.33 makes it, of the rows that it kept of recorded sessions."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loopgraph.effects.clock import new_id
from support.rollouts import FOLDER

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE session (
    id text PRIMARY KEY, project_id text NOT NULL, workspace_id text, parent_id text, slug text NOT NULL, directory text NOT NULL,
    path text, title text NOT NULL, version text NOT NULL, share_url text, summary_additions integer, summary_deletions integer,
    summary_files integer, summary_diffs text, metadata text, cost real DEFAULT 0 NOT NULL,
    tokens_input integer DEFAULT 0 NOT NULL, tokens_output integer DEFAULT 0 NOT NULL,
    tokens_reasoning integer DEFAULT 0 NOT NULL, tokens_cache_read integer DEFAULT 0 NOT NULL,
    tokens_cache_write integer DEFAULT 0 NOT NULL, revert text, permission text, agent text,
    model text, time_created integer NOT NULL, time_updated integer NOT NULL, time_compacting integer,
    time_archived integer
);
CREATE TABLE message (
    id text PRIMARY KEY, session_id text NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL,
    data text NOT NULL,
    FOREIGN KEY (session_id) REFERENCES session(id) ON DELETE CASCADE
);
CREATE TABLE part (
    id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL, time_created integer NOT NULL,
    time_updated integer NOT NULL, data text NOT NULL,
    FOREIGN KEY (message_id) REFERENCES message(id) ON DELETE CASCADE
);
CREATE INDEX message_session_time_created_id_idx ON message (session_id, time_created, id);
CREATE INDEX part_message_id_id_idx ON part (message_id, id);
CREATE INDEX part_session_idx ON part (session_id);
CREATE INDEX session_parent_idx ON session (parent_id);
"""

_IDS = re.compile(r"\b(?:ses|msg|prt)_[A-Za-z0-9]{26}\b")


@dataclass
class Sessions:
    """The recorded rows under fresh ids."""

    names: dict[str, str] = field(default_factory=dict)
    rows: list[Json] = field(default_factory=list)

    @classmethod
    def fresh(cls) -> Sessions:
        """Under ids that nobody had."""
        made = cls()
        text = _IDS.sub(made._renamed, (FOLDER / "opencode" / "1.18.jsonl").read_text())
        made.rows = [json.loads(line) for line in text.splitlines()]
        return made

    def _renamed(self, found: re.Match[str]) -> str:
        return self.names.setdefault(found[0], f"{found[0][:17]}{new_id()[-12:].replace('-', '')}".ljust(30, "0"))

    @property
    def ids(self) -> list[str]:
        """Those of the session, its subagent's, and the one that was stopped."""
        return [row["id"] for row in self.rows if "directory" in row]

    def at(self, instant_ms: int) -> list[Json]:
        """The rows that were there at an instant, which change later without saying more."""
        return [
            {**row, "time_updated": min(row["time_updated"], instant_ms)}
            for row in self.rows
            if row["time_created"] <= instant_ms
        ]

    def files(self, home: Path) -> None:
        """Writes them as older clients did: a file each."""
        for row in self.rows:
            if "directory" in row:
                told = {"id": row["id"], "parentID": row.get("parent_id"), "directory": row["directory"]}
                told |= {"version": row["version"], "title": row["title"], "time": {"created": row["time_created"]}}
                place = f"session/{row['project_id']}/{row['id']}"
            elif "message_id" in row:
                told = {"id": row["id"], "sessionID": row["session_id"], "messageID": row["message_id"], **row["data"]}
                place = f"part/{row['message_id']}/{row['id']}"
            else:
                told = {"id": row["id"], "sessionID": row["session_id"], **row["data"]}
                place = f"message/{row['session_id']}/{row['id']}"
            path = home / "storage" / f"{place}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(told, indent=2))


@contextlib.contextmanager
def client(path: Path) -> Iterator[sqlite3.Connection]:
    """The client's own connection: what it writes is in its log, beside the database, until it ends."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        connection.executescript(SCHEMA)
    try:
        yield connection
    finally:
        connection.close()


def put(connection: sqlite3.Connection, rows: Iterable[Json]) -> None:
    """Writes rows as the client does, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    for row in rows:
        table = "session" if "directory" in row else "part" if "message_id" in row else "message"
        columns = {name: json.dumps(value) if name == "data" else value for name, value in row.items()}
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        updates = ", ".join(f"{name} = excluded.{name}" for name in columns)
        connection.execute(f"{sql} ON CONFLICT (id) DO UPDATE SET {updates}", list(columns.values()))
    connection.execute("COMMIT")


def database(path: Path, rows: Iterable[Json]) -> Path:
    """A database of a client that has ended."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with client(path) as connection:
        put(connection, rows)
    return path
