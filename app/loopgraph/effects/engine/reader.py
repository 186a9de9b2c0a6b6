"""The user of the embedded engine who may read and nothing else: what people who analyse the graph are given.

It is made when somebody first asks for it, and the engine itself refuses it every write, over Bolt and over HTTP, in Cypher and
in SQL. Its password is a file of the engine's folder, which only the owner can read; whoever is given it needs no more.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets

from loopgraph.effects.engine.admin import answer_to, asked
from loopgraph.effects.engine.embedded import EngineAddress
from loopgraph.effects.engine.folder import EngineFolder
from loopgraph.effects.engine.java import DATABASE, LOOPBACK
from loopgraph.errors import SetupError

READER = "reader"
"""The name of the user, and of the group that says what it may do."""

_ANY = "*"
_DATABASES = {DATABASE: [READER]}
_ACCESS = {"access": [], "types": {_ANY: {"access": ["readRecord"]}}}
"""Of all types of nodes and relationships, those that will be included, their records may be read; nothing is allowed of the
database, its schema and its settings."""

_USERS, _GROUPS = "/api/v1/server/users", "/api/v1/server/groups"


def reading_address(folder: EngineFolder) -> EngineAddress:
    """Where the running engine of a folder answers to who may only read. Blocks; some milliseconds.

    Raises SetupError where no engine runs on the folder, EngineStartError where it does not do its part.
    """
    record = folder.record()
    if record is None or record.pid is None or not folder.is_locked():
        raise SetupError(f"no engine runs on {folder.path}: start `loopgraph serve` on it first")
    password = _password(folder)
    if not _is_group(folder):
        asked(folder, "POST", _GROUPS, {"database": _ANY, "name": READER, **_ACCESS})
    known = next((user for user in asked(folder, "GET", _USERS)["result"] if user["name"] == READER), None)
    if known is None:
        asked(folder, "POST", _USERS, {"name": READER, "password": password, "databases": _DATABASES})
    elif known["databases"] != _DATABASES or not _is_let_in(folder, password):
        asked(folder, "PUT", f"{_USERS}?name={READER}", {"password": password, "databases": _DATABASES})
    return EngineAddress(f"bolt://{LOOPBACK}:{record.port}", READER, password, DATABASE)


def _password(folder: EngineFolder) -> str:
    """The password; one that is made here is there for all who ask at the same time, whole."""
    file = folder.reader_password_file
    with contextlib.suppress(FileNotFoundError):
        return file.read_text(encoding="ascii")
    new = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}.new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as content:  # noqa: PTH123
        content.write(secrets.token_urlsafe(32))
        content.flush()
        os.fsync(content.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(new, file)
    finally:
        new.unlink()
    return file.read_text(encoding="ascii")


def _is_group(folder: EngineFolder) -> bool:
    databases = asked(folder, "GET", _GROUPS)["result"]["databases"]
    group = databases.get(_ANY, {}).get("groups", {}).get(READER, {})
    return {name: group.get(name) for name in _ACCESS} == _ACCESS


def _is_let_in(folder: EngineFolder, password: str) -> bool:
    status, _ = answer_to(folder, (READER, password), "GET", "/api/v1/databases")
    return status == http.client.OK
