"""OpenCode's sessions: in its database while it writes there, and in the files of older versions."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from loopgraph.contracts.traces.transcripts import Position
from loopgraph.effects.transcripts import opencode, opencode_database
from loopgraph.effects.transcripts.files import FoundFile, Lines
from loopgraph.errors import InvalidInput
from support.opencode import Sessions, client, database, put
from support.rollouts import Json

MANY = 1_000_000


def found(path: Path) -> dict[str, FoundFile]:
    return {file.part or file.path.stem: file for file in opencode.found_in(path)}


def ids(lines: Lines, *, new: bool | None = None) -> list[str]:
    told = [line for line in lines.lines() if new is None or line.is_new is new]
    return [json.loads(line.content or b"{}")["id"] for line in told]


def own(sessions: Sessions, session_id: str) -> list[str]:
    """The rows of a session in the order in which they are read."""
    rows = [row for row in sessions.rows if session_id in (row["id"], row.get("session_id"))]
    rank = {"directory": 0, "role": 1, "message_id": 2}

    def place(row: Json) -> tuple[int, int, str]:
        table = next((n for name, n in rank.items() if name in row), 1)
        return table, row["time_created"], row["id"]

    return [row["id"] for row in sorted(rows, key=place)]


@pytest.fixture
def sessions() -> Sessions:
    return Sessions.fresh()


def test_each_session_of_a_database_is_a_transcript(sessions: Sessions, tmp_path: Path) -> None:
    path = database(tmp_path / "opencode.db", sessions.rows)
    first, child, stopped = sessions.ids
    there = found(path)
    assert set(there) == {first, child, stopped}
    assert [id_ for id_, file in there.items() if file.is_subagents] == [child]
    assert len({file.file_id for file in there.values()}) == 3
    latest = max(row["time_updated"] for row in sessions.rows if first in (row["id"], row.get("session_id")))
    assert there[first].stamp == (len(own(sessions, first)), latest * 1_000_000)
    for id_ in (first, stopped):
        assert ids(opencode.lines(there[id_], MANY)) == own(sessions, id_)
    assert ids(opencode.lines(there[child], MANY)) == [first, *own(sessions, child)]
    assert ids(opencode.lines(there[child], MANY), new=False) == [first], (
        "which tells whose subagent it is, and no more"
    )


def test_only_rows_that_were_written_since_are_read_again(sessions: Sessions, tmp_path: Path) -> None:
    first = sessions.ids[0]
    rows = [row for row in sessions.rows if first in (row["id"], row.get("session_id"))]
    with client(tmp_path / "opencode.db") as connection:
        put(connection, rows[:6])
        file = found(tmp_path / "opencode.db")[first]
        lines = opencode.lines(file, MANY)
        assert len(ids(lines)) == 6
        assert ids(lines) == []
        changed = {**rows[3], "time_updated": rows[3]["time_updated"] + 1}
        put(connection, [*rows[6:], changed])
        assert found(tmp_path / "opencode.db")[first].stamp != file.stamp
        told = ids(lines)
        assert sorted(told) == sorted(row["id"] for row in (*rows[6:], changed))
    again = opencode.lines(file, MANY)
    latest = max(row["time_updated"] for row in rows)
    again.resume(Position(file_id="f", client="opencode", path="p", offset=latest))
    new = ids(again, new=True)
    assert 0 < len(new) < len(rows)
    assert {row["id"] for row in rows if row["time_updated"] >= latest} <= set(new)


def test_reading_holds_nothing_up_and_leaves_nothing_behind(sessions: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "opencode.db"
    first = sessions.ids[0]
    with client(path) as connection:
        put(connection, sessions.rows[:10])
        lines = opencode.lines(found(path)[first], MANY)
        reading = lines.lines()
        assert json.loads(next(reading).content or b"")["id"] == first
        put(connection, sessions.rows)  # in the midst of it
        busy, in_log, moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert (busy, in_log, moved) == (0, 0, 0), "the log could be put into the database, and be emptied"
        list(reading)
        assert set(ids(lines)) | {first} >= {row["id"] for row in sessions.rows[10:] if row.get("session_id") == first}
    assert [file.name for file in tmp_path.iterdir()] == ["opencode.db"]
    assert len(found(path)) == 3
    assert ids(opencode.lines(found(path)[first], MANY)) == own(sessions, first)
    assert [file.name for file in tmp_path.iterdir()] == ["opencode.db"], (
        "nothing is made beside a database that nobody has open"
    )


@pytest.mark.lengthy
def test_a_session_that_changes_is_seen_at_each_look(sessions: Sessions, tmp_path: Path) -> None:
    """Whether all rows are looked at, or those that are new."""
    path = tmp_path / "opencode.db"
    with client(path) as connection:
        put(connection, [row for row in sessions.rows if "directory" in row])
        for row in (row for row in sessions.rows if "directory" not in row):
            before = found(path)
            put(connection, [row])
            after = found(path)
            assert [id_ for id_ in after if after[id_].stamp != before[id_].stamp] == [row["session_id"]]
        stamps = {id_: file.stamp for id_, file in found(path).items()}
        opencode_database._known.clear()
        assert {id_: file.stamp for id_, file in found(path).items()} == stamps
        connection.execute("DELETE FROM session WHERE id = ?", (sessions.ids[2],))
        assert set(found(path)) == set(sessions.ids[:2])


def test_rows_that_are_too_large_or_no_json_do_not_stop_the_others(sessions: Sessions, tmp_path: Path) -> None:
    first = sessions.ids[0]
    path = database(tmp_path / "opencode.db", sessions.rows)
    parts = [row["id"] for row in sessions.rows if row.get("session_id") == first and "message_id" in row]
    with client(path) as connection:
        connection.execute("UPDATE part SET data = ? WHERE id = ?", (json.dumps({"x": "y" * 100_000}), parts[0]))
        connection.execute("UPDATE part SET data = CAST(x'ff' AS text) WHERE id = ?", (parts[1],))
    contents = [line.content for line in opencode.lines(found(path)[first], 50_000).lines()]
    assert contents.count(None) == 1
    assert len(contents) == len(own(sessions, first))


def test_what_is_no_database_of_it_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "opencode.db"
    path.write_bytes(b"")
    assert found(path) == {}, "its client is about to make it"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(OSError, match="it cannot be read as the database of OpenCode"):
        found(path)
    database = sqlite3.connect(tmp_path / "opencode-dev.db")
    database.execute("CREATE TABLE session (id text, parent_id text, time_created integer, time_updated integer)")
    database.close()
    with pytest.raises(OSError, match="no such table: message"):
        found(tmp_path / "opencode-dev.db")


def test_the_files_of_older_versions_say_the_same(sessions: Sessions, tmp_path: Path) -> None:
    sessions.files(tmp_path)
    first, child, stopped = sessions.ids
    paths = opencode.transcripts(tmp_path)
    assert {path.stem for path in paths} == {first, child, stopped}
    assert opencode.transcripts(tmp_path / "storage") == paths
    assert opencode.transcripts(paths[0]) == paths[:1]
    there = {path.stem: found(path)[path.stem] for path in paths}
    assert [id_ for id_, file in there.items() if file.is_subagents] == [child]
    assert set(ids(opencode.lines(there[first], MANY))) == set(own(sessions, first))
    lines = opencode.lines(there[child], MANY)
    assert ids(lines)[:2] == [first, child]
    part = next((tmp_path / "storage" / "part").rglob("*.json"))
    os.utime(part, ns=(1, part.stat().st_mtime_ns + 10_000_000_000))
    changed = [path.stem for path in paths if found(path)[path.stem].stamp != there[path.stem].stamp]
    assert changed == [json.loads(part.read_text())["sessionID"]]


def test_where_they_are(sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    home = tmp_path / "opencode"
    path = database(home / "opencode.db", sessions.rows)
    other = database(home / "opencode-next.db", [])
    assert opencode.places() == [home]
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert opencode.places() == [tmp_path / ".local" / "share" / "opencode"]
    assert opencode.transcripts(home) == [other, path]
    assert opencode.transcripts(path) == [path]
    assert opencode.is_transcript(path)
    assert not opencode.is_transcript(home / "opencode.db-wal")
    assert not opencode.is_transcript(home / "log" / "dev.log")
    with pytest.raises(InvalidInput, match="there is nothing at"):
        opencode.transcripts(tmp_path / "nowhere")
    exported = tmp_path / "export.json"
    exported.write_text("{}")
    [file] = opencode.found_in(exported)
    assert [line.content for line in opencode.lines(file, MANY).lines()] == [b"{}"]
