"""The files that real clients wrote are among those that are looked for, and nothing else of theirs."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from loopgraph.computes.transcripts.opencode import ROWS
from loopgraph.computes.transcripts.places import KEPT

UUID = "01a2259a-e9ed-7602-92a6-d7fea964958b"

WROTE = {
    "codex": {
        f"sessions/2026/11/29/rollout-2026-11-29T04-40-39-{UUID}.jsonl": True,
        f"sessions/2026/11/29/rollout-2026-11-29T04-40-39-{UUID}_01a225a3-1713-7ab2-906f-f78b4f027070.jsonl": True,
        f"archived_sessions/rollout-2026-11-29T04-40-39-{UUID}.jsonl": True,
        "history.jsonl": False,
        "state_5.sqlite": False,
    },
    "gemini-cli": {
        "tmp/project/chats/session-2026-11-29T05-05-52f74c12.jsonl": True,
        f"tmp/project/chats/{UUID}/{UUID}.jsonl": True,
        "tmp/project/chats/session-2025-10-01T05-05-52f74c12.json": True,
        "tmp/project/.project_root": False,
        "projects.json": False,
    },
    "opencode": {"opencode.db": True, "opencode.db-wal": False, "log/dev.log": False},
}


@pytest.mark.parametrize("client", KEPT)
def test_what_a_client_writes_is_found(client: str, tmp_path: Path) -> None:
    for name in WROTE[client]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    kept = KEPT[client]
    globs = (*kept.files, *kept.wholes, *kept.databases)
    found = {str(path.relative_to(tmp_path)) for glob in globs for path in tmp_path.glob(glob)}
    assert found == {name for name, is_read in WROTE[client].items() if is_read}


def test_the_rows_of_a_database_come_in_the_order_in_which_they_are_read() -> None:
    """With the columns that they are ordered by, as client 1.18.33 has them."""
    database = sqlite3.connect(":memory:")
    database.executescript("""
        CREATE TABLE session (id text PRIMARY KEY, time_created integer NOT NULL);
        CREATE TABLE message (id text PRIMARY KEY, time_created integer NOT NULL);
        CREATE TABLE part (id text PRIMARY KEY, time_created integer NOT NULL);
        INSERT INTO part VALUES ('prt_2', 1), ('prt_1', 1), ('prt_3', 0);
        INSERT INTO message VALUES ('msg_1', 2), ('msg_2', 1);
        INSERT INTO session VALUES ('ses_1', 3);
    """)
    rows = [row[0] for statement in ROWS for row in database.execute(statement)]
    assert rows == ["ses_1", "msg_2", "msg_1", "prt_3", "prt_1", "prt_2"]
