"""Backups of the embedded engine's folder: one file, consistent, checked, and put in place at once or not at all.

A backup is a ZIP file of two members: ``database.zip``, which the engine itself makes while it serves, of a state between
transactions; and ``backup.json``, with the digest of the former. Passwords are not in it: a restored folder gets a new one.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import shutil
import sys
import time
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from loopgraph.effects.engine.admin import command
from loopgraph.effects.engine.embedded import EmbeddedEngine
from loopgraph.effects.engine.folder import EngineFolder
from loopgraph.effects.engine.java import DATABASE
from loopgraph.errors import InvalidInput, SetupError
from loopgraph.settings import Settings

FORMAT, VERSION = "loopgraph backup", 1
_MANIFEST, _DATABASE = "backup.json", "database.zip"
_OURS, _ABANDONED_S = "loopgraph-", 24 * 3600.0
_CHUNK = 1024 * 1024


def back_up(path: Path, target: Path, settings: Settings) -> int:
    """Writes a backup of the folder to the file ``target``, which must not exist; its bytes. Blocks.

    The engine may run in another process; else it is started for this. Raises SetupError in plain words, and then there is no
    file; a backup that was cut off leaves ``<target>.new``.
    """
    if target.exists():
        raise SetupError(f"{target} exists already and was left as it is; name another file")
    folder = EngineFolder(path)
    folder.recognise()
    if not folder.holds_a_graph:
        raise SetupError(f"there is no graph in {path} to back up")
    engine = EmbeddedEngine.configured(path, settings)
    new = target.with_name(target.name + ".new")
    try:
        engine.ensure_running()
        made = _made_by_engine(folder)
        try:
            _pack(made, new)
        finally:
            made.unlink(missing_ok=True)
        new.rename(target)
        _sync(target.absolute().parent)
        return target.stat().st_size
    except OSError as error:
        raise SetupError(f"the backup could not be written to {target}: {error.strerror or error}") from error
    finally:
        engine.close()


def _made_by_engine(folder: EngineFolder) -> Path:
    """The file that the engine makes, below its own folder: it writes nowhere else."""
    place = folder.root / "backups" / DATABASE
    for old in place.glob(f"{_OURS}*.zip"):  # a backup that was killed leaves its file
        if time.time() - old.stat().st_mtime > _ABANDONED_S:
            old.unlink(missing_ok=True)
    name = f"{_OURS}{uuid4().hex}.zip"
    text = f"BACKUP DATABASE file://{name}"
    command(folder, f"/api/v1/command/{DATABASE}", {"language": "sql", "command": text})
    return place / name


def _pack(made: Path, new: Path) -> None:
    with made.open("rb") as content:
        digest = _digest(content)
    with zipfile.ZipFile(made) as inner:
        if broken := inner.testzip():
            raise SetupError(f"the engine's backup is damaged ({broken}); try again")
    manifest = {"format": FORMAT, "version": VERSION, "created_at": datetime.now(UTC).isoformat(), "sha256": digest}
    with os.fdopen(os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as outer:
            outer.writestr(_MANIFEST, json.dumps(manifest))
            outer.write(made, _DATABASE)
        file.flush()
        os.fsync(file.fileno())


def check_source(backup: Path) -> None:
    """Raises InvalidInput where there is no backup to read, by its name and its beginning; the rest is seen when it is read."""
    if not backup.is_file():
        raise InvalidInput("FILE", f"there is no {backup}")
    try:
        with backup.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise InvalidInput("FILE", f"{backup} is no backup, or is damaged: `loopgraph backup FILE` makes one")
    except OSError as error:
        raise InvalidInput("FILE", f"{backup} cannot be read: {error.strerror or error}") from error


def unpack(backup: Path, staging: Path) -> None:
    """Makes ``staging`` a folder of the embedded engine with what a backup holds. Blocks.

    Raises SetupError for a file that is no backup, is damaged, or does not fit on the disk. What was in ``staging`` is gone.
    """
    check_source(backup)
    try:
        if staging.exists():
            shutil.rmtree(staging)  # what an earlier restore left
        folder = EngineFolder(staging)
        staging.mkdir(mode=0o700, parents=True)
        folder.prepare()
        with zipfile.ZipFile(backup) as outer:
            manifest = json.loads(outer.read(_MANIFEST))
            if manifest.get("format") != FORMAT or manifest.get("version") != VERSION:
                raise SetupError(f"{backup} is no backup that this loopgraph knows")
            with outer.open(_DATABASE) as content:
                if _digest(content) != manifest.get("sha256"):
                    raise SetupError(f"{backup} is damaged: its digest is not the one that it was written with")
            with outer.open(_DATABASE) as content:
                _unzip(content, folder.root / "databases" / DATABASE)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError) as error:
        raise SetupError(f"{backup} is no backup, or is damaged ({error})") from error
    except OSError as error:
        raise SetupError(f"the backup could not be unpacked beside the graph: {error.strerror or error}") from error


def _digest(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _unzip(content: IO[bytes], database: Path) -> None:
    database.mkdir(mode=0o700, parents=True)
    with zipfile.ZipFile(content) as inner:
        for member in inner.infolist():
            file = (database / member.filename).resolve()
            if not file.is_relative_to(database.resolve()):
                raise SetupError(f"the backup has a file of another place: {member.filename}")
            if member.is_dir():
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            with inner.open(member) as source, file.open("wb") as target:
                shutil.copyfileobj(source, target, _CHUNK)
                target.flush()
                os.fsync(target.fileno())


def check_target(path: Path, *, replace: bool) -> None:
    """Raises ForeignData or SetupError where a backup must not be restored to; changes nothing."""
    folder = EngineFolder(path)
    folder.recognise()
    if folder.holds_a_graph and not replace:
        raise SetupError(f"{path} holds a graph already; `--replace` puts it aside and the backup in its place")
    if folder.is_locked():
        raise SetupError(f"the graph in {path} is in use: stop the service first")


def put_in_place(staging: Path, path: Path) -> Path | None:
    """Makes ``staging`` the folder ``path``, in one step; where what was there is now, if it held a graph.

    Raises SetupError if an engine runs there, or the file system cannot do it in one step; then nothing has changed.
    """
    folder = EngineFolder(path)
    lock = folder.try_lock()
    if lock is None:
        raise SetupError(f"the graph in {path} is in use: stop the service first")
    with lock:
        held = folder.holds_a_graph
        # Its last name comes first, so that nothing is left to be done for the old graph once the two have changed places.
        aside = path.with_name(f"{path.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
        staging.rename(aside)
        try:
            _exchange(aside, path)
        except OSError as error:
            aside.rename(staging)
            raise SetupError(
                f"the folder {path} cannot be replaced in one step here ({error.strerror}); "
                "restore to a new folder, and name that with LOOPGRAPH_GRAPH_URL"
            ) from error
        _sync(path.parent)
    if held:
        return aside
    shutil.rmtree(aside)
    return None


def _exchange(one: Path, other: Path) -> None:
    """Two folders swap their names, atomically. Raises OSError.

    Source: rename(2) of Linux, RENAME_EXCHANGE; renamex_np(2) of macOS, RENAME_SWAP.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    names = (os.fsencode(one), os.fsencode(other))
    try:
        if sys.platform == "darwin":
            failed = libc.renamex_np(*names, ctypes.c_uint(2))
        else:
            here = ctypes.c_int(-100)  # AT_FDCWD
            failed = libc.renameat2(here, names[0], here, names[1], ctypes.c_uint(2))
    except AttributeError:  # a C library without the call
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
