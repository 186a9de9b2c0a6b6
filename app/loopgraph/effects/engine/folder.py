"""The folder of the embedded engine: how it is recognised, who may start the engine, where the engine answers.

    loopgraph.json      the marker: format and version. A folder that has other content and no marker is not ours
    engine.lock         flock'ed by whoever starts the engine, then by the engine itself: while it is locked an engine is
                        starting, running or stopping. The kernel frees it with the last of these processes
    engine.json         the address of the engine. It is believed only while the lock is held
    password            of the engine's user, mode 0600
    reader-password     of the user who may only read, mode 0600; there once somebody has asked for it (``reader``)
    logging.properties  where and how the engine logs
    log/                engine.0.log is the newest; console.log has what the last start printed
    engine/             the engine's own: databases, users

Only the holder of the lock writes, so nothing here needs another lock; what others read is replaced atomically. The password of
the reader alone is made by whoever asks first.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import shutil
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from loopgraph.errors import EngineStartError, ForeignData

FORMAT = "loopgraph embedded engine"
VERSION = 1

_MARKER, _LOCK, _NEW = "loopgraph.json", "engine.lock", ".new"
_BEFORE_THE_MARKER = frozenset({_LOCK, _MARKER + _NEW})
"""What a folder can hold when its first initialisation was cut off, or is under way."""

_LEAST_SPACE = 1024 * 1024
"""With fewer bytes free, small changes may still fit into what the engine has allocated, and nothing else does."""

NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded|not enough space on the disk", re.IGNORECASE)
"""How Java and the system say it."""
_TAIL, _RECENT_S = 64 * 1024, 10.0

_LOGGING = """\
handlers = java.util.logging.FileHandler
.level = INFO
java.util.logging.FileHandler.pattern = ../log/engine.%g.log
java.util.logging.FileHandler.limit = 10000000
java.util.logging.FileHandler.count = 5
java.util.logging.FileHandler.append = true
java.util.logging.FileHandler.encoding = UTF-8
java.util.logging.FileHandler.formatter = java.util.logging.SimpleFormatter
java.util.logging.SimpleFormatter.format = %1$tFT%1$tT.%1$tL%1$tz %4$s %5$s%6$s%n
"""
"""The path is relative to ``engine/``, where the engine runs: a file in Latin-1 could not hold every absolute one."""


@dataclass(frozen=True)
class EngineRecord:
    """The content of engine.json. ``pid`` is None until the engine of ``port`` answers; ``started_at`` is ISO 8601, UTC.

    ``http_port`` is where it takes commands about whole databases; None if an older loopgraph started it.
    """

    port: int
    pid: int | None = None
    started_at: str | None = None
    http_port: int | None = None


class EngineFolder:
    """One folder. Its methods raise OSError where the file system refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.root = self.path / "engine"
        self.log = self.path / "log"
        self.console = self.log / "console.log"
        self.logging_properties = self.path / "logging.properties"
        self.password_file = self.path / "password"
        self.reader_password_file = self.path / "reader-password"
        self._marker = self.path / _MARKER
        self._lock = self.path / _LOCK
        self._record = self.path / "engine.json"

    def recognise(self) -> None:
        """Returns if the folder is ours, empty or missing; changes nothing. Raises ForeignData."""
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise ForeignData(f"{self.path} is not a folder; name an empty or a new one for the embedded engine")
        others = {entry.name for entry in self.path.iterdir()} - _BEFORE_THE_MARKER
        # Looked for after the listing: another process may be initialising the folder, and it writes the marker first.
        if not self._marker.exists():
            if others:
                raise ForeignData(
                    f"the folder {self.path} holds other data (such as {min(others)!r}) and was left as it is; "
                    "name an empty or a new folder for the embedded engine"
                )
            return
        marker = _read_json(self._marker)
        if marker.get("format") != FORMAT:
            raise ForeignData(f"{self._marker} is not the marker of an embedded engine's folder; it was left as it is")
        if marker.get("version") != VERSION:
            raise ForeignData(
                f"the folder {self.path} has the format version {marker.get('version')}, this loopgraph knows {VERSION}; "
                "use the loopgraph that wrote it, or another folder"
            )

    @property
    def holds_a_graph(self) -> bool:
        """Whether a database was ever made in it."""
        databases = self.root / "databases"
        return databases.is_dir() and any(databases.iterdir())

    def try_lock(self) -> io.FileIO | None:
        """The lock, held until the file and every inherited copy of its descriptor is closed; None if it is held elsewhere.

        Raises EngineStartError on platforms without ``flock``.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = io.FileIO(os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        if _flock(lock, exclusive=True):
            return lock
        lock.close()
        return None

    def prepare(self) -> None:
        """Makes the folder complete. For the holder of the lock."""
        self.path.chmod(0o700)
        if not self._marker.exists():
            _replace(self._marker, json.dumps({"format": FORMAT, "version": VERSION}))
        self.root.mkdir(mode=0o700, exist_ok=True)
        self.log.mkdir(mode=0o700, exist_ok=True)
        if not self.password_file.exists():
            # The engine takes the password when it has no users: with those of a lost password nobody could log in.
            (self.root / "config" / "server-users.jsonl").unlink(missing_ok=True)
            _replace(self.password_file, secrets.token_urlsafe(32))
        self.password_file.chmod(0o600)
        _replace(self.logging_properties, _LOGGING)

    def password(self) -> str:
        """The password of the engine's user."""
        return self.password_file.read_text(encoding="ascii")

    def publish(self, record: EngineRecord) -> None:
        """Replaces the address. For the holder of the lock."""
        _replace(self._record, json.dumps(asdict(record)))

    def record(self) -> EngineRecord | None:
        """The address as it was last published, which says nothing about whether the engine is alive."""
        content = _read_json(self._record)
        port, pid, started_at = content.get("port"), content.get("pid"), content.get("started_at")
        http_port = content.get("http_port")
        if not isinstance(port, int) or not 0 < port < 65536:
            return None
        return EngineRecord(
            port,
            pid if isinstance(pid, int) else None,
            started_at if isinstance(started_at, str) else None,
            http_port if isinstance(http_port, int) else None,
        )

    def shortage(self, *, logged: bool) -> str | None:
        """That there is no space left in the folder, in words; None if there is, as far as can be seen.

        Clients are told nothing of it but that a commit failed. The engine's log would say it, but is on the same disk, so the
        disk itself is asked; with ``logged`` also what the log says of the last seconds, where alone a quota shows.
        """
        try:
            free = shutil.disk_usage(self.root if self.root.exists() else self.path).free
        except OSError:
            return None
        if free < _LEAST_SPACE:
            return f"no space left on the disk of {self.path}: {free:,} bytes are free"
        if logged and (line := self._last_complaint()) is not None:
            return f"no space left for {self.path}: {line}"
        return None

    def _last_complaint(self) -> str | None:
        """What the engine has logged in the last seconds about space, if anything."""
        try:
            with (self.log / "engine.0.log").open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL))
                lines = log.read().decode("utf-8", errors="replace").splitlines()
        except OSError:
            return None
        since = time.time() - _RECENT_S
        logged_at = 0.0
        for line in lines:
            with contextlib.suppress(ValueError):  # a line of a stack trace has no time: it is of the last one that has
                logged_at = datetime.strptime(line.partition(" ")[0], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
            if logged_at >= since and (found := NO_SPACE.search(line)):
                return found[0]
        return None

    def is_locked(self) -> bool:
        """Whether an engine of this folder is starting, running or stopping."""
        try:
            with io.FileIO(self._lock) as lock:
                return not _flock(lock, exclusive=False)
        except FileNotFoundError:
            return False


def _flock(file: io.FileIO, *, exclusive: bool) -> bool:
    try:
        import fcntl
    except ImportError as error:
        raise EngineStartError(
            "the embedded engine runs on Linux and macOS only; set LOOPGRAPH_GRAPH_URL to a Neo4j or Memgraph server"
        ) from error
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _replace(target: Path, text: str) -> None:
    """Writes a file of mode 0600 so that readers, and a start after a power failure, find the old content or the new."""
    new = target.with_name(target.name + _NEW)
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(target)


def _read_json(file: Path) -> dict[str, object]:
    """The object in the file; an empty one if there is none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
