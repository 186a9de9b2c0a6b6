"""Transcripts that are kept as rows, each of which is written anew when it changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Final, NamedTuple, Protocol

from loopgraph.contracts.traces.transcripts import Position
from loopgraph.effects.transcripts.files import Line, Reached

_OVERLAP_MS: Final = 10_000
"""Rows that were written at about the same time need not have come in the order of their instants."""


class Row(NamedTuple):
    """Where a row is, and when it was last written, in ms since 1970. ``is_context``: another transcript tells of it."""

    table: str
    id: str
    written_ms: int
    is_context: bool = False


Fetch = Callable[[Row], bytes | None]
"""The JSON object of a row; None if it has gone, or is too large."""


class Rows(Protocol):
    """Where the rows of one transcript are."""

    def listed(self) -> Sequence[Row]:
        """All that there are now, in the order in which they are read. Raises OSError."""
        ...

    def fetching(self) -> AbstractContextManager[Fetch]:
        """Reads rows until the end of the block. Raises OSError."""
        ...


class RowReader:
    """Rows as lines: each that has been written since it was read. See ``files.Lines``.

    What is listed is fetched row by row, so that nothing is held back from being written meanwhile; a row that is newer than
    it was when it was listed is read again. How far it is: the last instant at which any row was written, in ms since 1970.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._read: dict[tuple[str, str], int] = {}
        self._left: deque[Row] = deque()
        self._recorded_ms = 0
        self._latest_ms = 0
        self.read_bytes = 0

    def resume(self, known: Position) -> None:
        """See ``Lines``."""
        self._recorded_ms = known.offset

    def stands(self) -> bool:
        """A row that was read and has changed is read again, so it does."""
        return True

    def reached(self, *, whole: bool) -> Reached:
        """See ``Lines``."""
        return Reached(self._latest_ms if whole else self._recorded_ms, "")

    def lines(self, *, last: bool = False) -> Iterator[Line]:
        """See ``Lines``."""
        if not self._left:
            rows = self._rows.listed()
            self._left.extend(row for row in rows if self._read.get(row[:2]) != row.written_ms)
            self._latest_ms = max((row.written_ms for row in rows), default=0)
        if not self._left:
            return
        with self._rows.fetching() as fetch:
            while self._left:
                row = self._left.popleft()
                is_changed = row[:2] in self._read
                self._read[row[:2]] = row.written_ms
                content = fetch(row)
                self.read_bytes += len(content or b"")
                is_new = is_changed or row.written_ms > self._recorded_ms - _OVERLAP_MS
                yield Line(content, is_new and not row.is_context)
