"""Hook events on disk, waiting for a service that was away.

Each service has its own folder, whose name is its address. An event is removed when the service has it; its id makes sending
it twice harmless. One that the service refuses while it takes others is set aside in ``refused/``, where it can be seen and sent
again; one that it refuses while it takes nothing else may be no fault of the event's, and goes on waiting, unless the sender
knows better (``WRONG``). So does one that it bars, as it does with a wrong token or address. One with which it is busy while it
takes others is sent after them. Standard library only: the shim starts fast.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from urllib.parse import quote, unquote

from loopgraph.clients.hook_store import Item, Store
from loopgraph.clients.limits import DEFAULT_SPOOL_BYTES

_REFUSED_SHARE = 8
"""What was refused may take this part of the room for what waits, on top of it."""
_BARRED = "barred"
TRIES = 3
"""How often an event fails or is barred, while others are accepted, before it is set aside."""
_BUSY_IN_A_ROW = 3
"""After so many events with which the service is busy no more are sent now."""
_MOST_IN_A_ROW = 20
"""So many refusals with nothing accepted in between are rather the service's fault than that of each event."""


class Outcome(Enum):
    """What the service made of one event."""

    ACCEPTED = True
    REFUSED = False
    """It says that the event is wrong."""
    WRONG = "wrong"
    """It says so beyond doubt, so that nothing else has to be accepted for it to be believed."""
    FAILED = "failed"
    """It failed, perhaps at this event."""
    BUSY = "busy"
    """It takes no event now, or not this one."""
    BARRED = "barred"
    """It takes no event from here, for a wrong token or address; or something in front of it dislikes this one."""
    AWAY = None
    """It was not reached."""


Post = Callable[[int, str, bytes], Outcome | bool | None]
"""Hands over one event: ``post(at_ns, execution_id, event)``."""


def default_root() -> Path:
    """The user's folder of spools: ``LOOPGRAPH_HOOK_SPOOL``, or where the platform keeps state (XDG on Linux)."""
    if given := os.environ.get("LOOPGRAPH_HOOK_SPOOL"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "loopgraph" / "hook-spool"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "loopgraph" / "hook-spool"


class Spool:
    """The events that wait for the service at ``url``, at most ``max_bytes`` together."""

    def __init__(self, root: Path, url: str, max_bytes: int = DEFAULT_SPOOL_BYTES) -> None:
        self.url = url
        self.folder = root / quote(url, safe="")
        self._waiting = Store(self.folder, max_bytes)
        self.refused_folder = self.folder / "refused"
        self._refused = Store(self.refused_folder, max_bytes // _REFUSED_SHARE)

    @classmethod
    def all(cls, root: Path) -> list[Spool]:
        """The spools below a folder, of whatever service."""
        if not root.is_dir():
            return []
        return [cls(root, unquote(folder.name)) for folder in sorted(root.iterdir()) if folder.is_dir()]

    def put(self, at_ns: int, execution_id: str, event: bytes) -> bool:
        """Keeps an event of that instant (ns since 1970); False, and counted, if there is no room. Raises OSError."""
        if self._waiting.put(at_ns, execution_id, event):
            return True
        self.count_drop("full")
        return False

    def is_empty(self) -> bool:
        """Whether no event waits; costs the same however many do."""
        return self._waiting.is_empty()

    def waiting(self) -> tuple[int, int]:
        """How many events wait, and their bytes together."""
        return self._waiting.size()

    def refused(self) -> tuple[int, int]:
        """How many events were set aside because the service refuses them, and their bytes together."""
        return self._refused.size()

    def send(self, post: Post, until: float | None = None, *, accepts: bool = False) -> int:
        """Sends what waits, the oldest first; answers how many events wait no more.

        ``AWAY`` ends the sending, and many in a row that are not accepted do; so does the time ``until`` (of
        ``time.monotonic``). ``accepts``: the service has just accepted another event. While another process sends, this one
        leaves it to that.
        """
        gone, in_doubt = 0, list[tuple[Item, Outcome, bytes]]()
        in_a_row = busy_in_a_row = 0
        with self._alone() as alone:
            for item, event in self._read(self._in_turn()) if alone else ():
                if until is not None and time.monotonic() >= until:
                    break
                outcome = Outcome(post(item.at_ns, item.execution_id, event))
                if outcome is Outcome.AWAY:
                    break
                busy_in_a_row = busy_in_a_row + 1 if outcome is Outcome.BUSY else 0
                if outcome is Outcome.ACCEPTED:
                    self._waiting.remove(item)
                    gone, in_a_row, accepts = gone + 1, 0, True
                elif outcome is Outcome.WRONG:
                    gone += self._blame(item, outcome, event)
                else:
                    in_doubt.append((item, outcome, event))
                    in_a_row += 1
                if accepts:
                    gone += sum(self._blame(*one) for one in in_doubt)
                    in_doubt.clear()
                if in_a_row == _MOST_IN_A_ROW or busy_in_a_row == _BUSY_IN_A_ROW:
                    break
        return gone

    def send_refused(self, post: Post) -> int:
        """Sends what was set aside once more; answers how many events the service has now. The others stay there."""
        gone = barred_in_a_row = 0
        with self._alone() as alone:
            for item, event in self._read(self._refused.items()) if alone else ():
                outcome = Outcome(post(item.at_ns, item.execution_id, event))
                barred_in_a_row = barred_in_a_row + 1 if outcome is Outcome.BARRED else 0
                if outcome is Outcome.AWAY or barred_in_a_row == _MOST_IN_A_ROW:
                    break
                if outcome is Outcome.ACCEPTED:
                    self._refused.remove(item)
                    gone += 1
        return gone

    def drop_refused(self) -> int:
        """Deletes what was set aside; answers how many events that were."""
        count = 0
        for item in self._refused.items():
            self._refused.remove(item)
            count += 1
        return count

    def count_drop(self, reason: str) -> None:
        """Counts an event that is lost, ``full`` or ``refused``: one byte each, which needs no lock."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / f"dropped-{reason}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, b".")
        finally:
            os.close(descriptor)

    def tell_barred(self, reason: str) -> None:
        """Writes down why the service takes no event from here, for ``barred``."""
        if self.barred() != reason:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial = self.folder / f".{_BARRED}.{os.getpid()}"
            partial.write_text(reason, encoding="utf-8")
            partial.rename(self.folder / _BARRED)

    def tell_taken(self) -> None:
        """The service takes events from here."""
        with suppress(FileNotFoundError):
            (self.folder / _BARRED).unlink()

    def barred(self) -> str | None:
        """Why the service takes no event from here, as it said last; None if it does, or has not been asked."""
        try:
            return (self.folder / _BARRED).read_text(encoding="utf-8")
        except OSError:
            return None

    def drops(self) -> dict[str, int]:
        """How many events were lost, by reason."""
        return {path.name.removeprefix("dropped-"): path.stat().st_size for path in self.folder.glob("dropped-*")}

    def _blame(self, item: Item, outcome: Outcome, event: bytes) -> bool:
        """An event whose fault it may be that the service does not take it: whether it is set aside for that."""
        for_good = outcome in (Outcome.REFUSED, Outcome.WRONG)
        if outcome is Outcome.BUSY or (not for_good and item.tries + 1 < TRIES):
            self._waiting.tried(item)
            return False
        if not self._refused.put(item.at_ns, item.execution_id, event):
            self.count_drop("refused")
        self._waiting.remove(item)
        return True

    def _in_turn(self) -> Iterator[Item]:
        """What waits, the oldest first; but last what was tried in vain so often that it may keep others waiting."""
        last = list[Item]()
        for item in self._waiting.items():
            if item.tries < TRIES:
                yield item
            elif len(last) < _MOST_IN_A_ROW:
                last.append(item)
        yield from last

    @staticmethod
    def _read(items: Iterable[Item]) -> Iterator[tuple[Item, bytes]]:
        for item in items:
            try:
                event = item.path.read_bytes()
            except FileNotFoundError:  # somebody has removed it by hand
                continue
            yield item, event

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
