"""Where OpenCode keeps its sessions: a database, and before that a file for each session, message and part.

Both hold many sessions, each of which is a transcript of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from loopgraph.effects.transcripts import opencode_database, opencode_storage
from loopgraph.effects.transcripts.files import FoundFile, Lines, existing, found
from loopgraph.effects.transcripts.forms import lines_of
from loopgraph.effects.transcripts.rows import RowReader

CLIENT: Final = "opencode"

_DATABASES: Final = ("opencode.db", "opencode-*.db")


VARIABLE: Final = "XDG_DATA_HOME"
FILES: Final = "opencode.db, opencode-*.db, storage/session/*/ses_*.json"


def places() -> list[Path]:
    """Where the client's folder can be."""
    data = os.environ.get(VARIABLE, "").strip()
    return [(Path(data) if data else Path.home() / ".local" / "share").expanduser().absolute() / "opencode"]


def is_transcript(path: Path) -> bool:
    """Whether a path is that of a database."""
    return any(path.match(name) for name in _DATABASES)


def transcripts(path: Path) -> list[Path]:
    """The databases of the client's folder and its older files of sessions; or one of them, or what it has exported. Raises
    InvalidInput if nothing is there."""
    path = existing(path)
    if path.is_file():
        return [path]
    databases = {file for name in _DATABASES for file in path.glob(name)}
    return sorted(databases) + opencode_storage.sessions_in(path)


def found_in(path: Path) -> Iterator[FoundFile]:
    """The sessions in a file. Raises OSError."""
    file = found(CLIENT, path)
    if file is None:
        return
    if is_transcript(path) or path.suffix == ".db":
        yield from opencode_database.sessions_in(file)
    elif opencode_storage.is_session(path):
        yield opencode_storage.session_in(file)
    else:
        yield file


def lines(file: FoundFile, longest: int) -> Lines:
    """What is kept of a session."""
    if file.part:
        return RowReader(opencode_database.DatabaseRows(file.path, file.part, longest))
    if opencode_storage.is_session(file.path):
        return RowReader(opencode_storage.StoredRows(file.path, longest))
    return lines_of(file, longest)
