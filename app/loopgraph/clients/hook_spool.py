"""Hook events on disk, waiting for a service that was away: one file each, so that nothing can be half there.

A file is written under another name and renamed when it is whole, and removed when the service has answered for it. Its name
begins with the instant, so that sorting gives the order, and ends with the id that makes sending it twice harmless. Each
service has its own folder, whose name is its address. Standard library only: the shim starts fast.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote

DEFAULT_MAX_BYTES = 64 * 1024 * 1024
_SUFFIX = ".json"


def default_root() -> Path:
    """The user's folder of spools: ``LOOPGRAPH_HOOK_SPOOL``, or where the platform keeps state (XDG on Linux)."""
    if given := os.environ.get("LOOPGRAPH_HOOK_SPOOL"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "loopgraph" / "hook-spool"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "loopgraph" / "hook-spool"


class Spool:
    """The events that wait for the service at ``url``, at most ``max_bytes`` together."""

    def __init__(self, root: Path, url: str, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self.url = url
        self.folder, self._max_bytes = root / quote(url, safe=""), max_bytes

    @classmethod
    def all(cls, root: Path) -> list[Spool]:
        """The spools below a folder, of whatever service."""
        if not root.is_dir():
            return []
        return [cls(root, unquote(folder.name)) for folder in sorted(root.iterdir()) if folder.is_dir()]

    def put(self, at_ns: int, execution_id: str, event: bytes) -> bool:
        """Keeps an event of that instant (ns since 1970); False, and counted, if there is no room. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.waiting()[1] + len(event) > self._max_bytes:
            self.count_drop("full")
            return False
        name = f"{at_ns:020d}-{execution_id}{_SUFFIX}"
        partial = self.folder / f".{name}"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(event)
            partial.rename(self.folder / name)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        return True

    def waiting(self) -> tuple[int, int]:
        """How many events wait, and their bytes together."""
        count = size = 0
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(_SUFFIX) and not entry.name.startswith("."):
                    with suppress(FileNotFoundError):  # another process has just sent it
                        size += entry.stat().st_size
                        count += 1
        return count, size

    def send(self, post: Callable[[int, str, bytes], bool | None], until: float | None = None) -> int:
        """Hands the events to ``post(at_ns, execution_id, event)``, the oldest first; answers how many are gone.

        ``post`` says True for one that the service has, False for one that it refuses for good, and None if it cannot be
        reached, which ends the sending; so does the time ``until`` (of ``time.monotonic``). While another process sends, this
        one leaves it to that.
        """
        gone = 0
        with self._alone() as alone:
            if not alone:
                return 0
            for path in self._paths():
                if until is not None and time.monotonic() >= until:
                    break
                at_ns, _, execution_id = path.name.removesuffix(_SUFFIX).partition("-")
                with suppress(FileNotFoundError):
                    outcome = post(int(at_ns), execution_id, path.read_bytes())
                    if outcome is None:
                        break
                    if not outcome:
                        self.count_drop("refused")
                    path.unlink()
                    gone += 1
        return gone

    def count_drop(self, reason: str) -> None:
        """Counts an event that is lost, ``full`` or ``refused``: one byte each, which needs no lock."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / f"dropped-{reason}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, b".")
        finally:
            os.close(descriptor)

    def drops(self) -> dict[str, int]:
        """How many events were lost, by reason."""
        return {path.name.removeprefix("dropped-"): path.stat().st_size for path in self.folder.glob("dropped-*")}

    def _paths(self) -> list[Path]:
        names = [path for path in self.folder.glob(f"*{_SUFFIX}") if path.name[:20].isdecimal()]
        return sorted(names)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether this is the only process that sends. The lock goes with the process."""
        import fcntl

        if not self.folder.is_dir():
            yield False
            return
        descriptor = os.open(self.folder / "sending.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)
