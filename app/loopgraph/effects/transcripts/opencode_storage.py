"""The files of older versions of OpenCode: one each for a session, a message and a part of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson

from loopgraph.contracts.traces.transcripts import Stamp
from loopgraph.effects.transcripts.files import FoundFile, opened
from loopgraph.effects.transcripts.rows import Fetch, Row

_SESSIONS: Final = "session"
_MOST_ABOVE: Final = 20


def sessions_in(folder: Path) -> list[Path]:
    """The files of sessions in the client's folder, its ``storage``, or the folder of a project in there."""
    for place in (folder / "storage" / _SESSIONS, folder / _SESSIONS):
        if place.is_dir():
            return sorted(place.glob("*/ses_*.json"))
    return sorted(folder.glob("ses_*.json")) if folder.parent.name == _SESSIONS else []


def is_session(path: Path) -> bool:
    """Whether a path is that of a session's file."""
    return path.suffix == ".json" and path.parent.parent.name == _SESSIONS


def session_in(file: FoundFile) -> FoundFile:
    """A session as all its files are."""
    sizes, written = 0, 0
    for path in _files(file.path):
        with contextlib.suppress(OSError):
            status = path.stat()
            sizes, written = sizes + status.st_size, max(written, status.st_mtime_ns)
    is_subagents = bool(_parent(file.path))
    return FoundFile(file.client, file.path, Stamp(sizes, written), is_subagents=is_subagents)


class StoredRows:
    """The rows of one session. See ``rows.Rows``."""

    def __init__(self, session: Path, longest: int) -> None:
        self._session = session
        self._longest = longest

    def listed(self) -> list[Row]:
        """See ``Rows``."""
        above: list[Path] = []
        path = self._session
        while (parent := _parent(path)) and parent not in above and len(above) < _MOST_ABOVE:
            above.append(parent)
            path = parent
        rows = [_row(path, is_context=True) for path in reversed(above)]
        rows += [_row(path) for path in _files(self._session)]
        return [row for row in rows if row]

    @contextlib.contextmanager
    def fetching(self) -> Iterator[Fetch]:
        """See ``Rows``."""
        yield self._fetch

    def _fetch(self, row: Row) -> bytes | None:
        try:
            with opened(Path(row.id)) as file:
                content = file.read(self._longest + 1)
        except OSError:  # it went
            return b""
        return content if len(content) <= self._longest else None


def _row(path: Path, *, is_context: bool = False) -> Row | None:
    try:
        return Row("file", str(path), path.stat().st_mtime_ns // 1_000_000, is_context)
    except OSError:
        return None


def _parent(session: Path) -> Path | None:
    """The file of the session that one works for; it is in the same project."""
    try:
        with opened(session) as file:
            told = orjson.loads(file.read())
    except (OSError, orjson.JSONDecodeError):
        return None
    parent = told.get("parentID") if isinstance(told, dict) else None
    return session.with_name(f"{parent}.json") if isinstance(parent, str) and _is_name(parent) else None


def _files(session: Path) -> Iterator[Path]:
    """A session's file, those of its messages, and those of their parts: ids are in the order of their making."""
    storage = session.parent.parent.parent
    yield session
    messages = _named(storage / "message" / session.stem)
    yield from messages
    for message in messages:
        yield from _named(storage / "part" / message.stem)


def _named(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError:
        return []


def _is_name(name: str) -> bool:
    return not {"/", "\\", "\0"} & set(name)
