"""Loading of what was recorded elsewhere: lines of events, and how far it is."""

from __future__ import annotations

from typing import NamedTuple

from loopgraph.errors import UserError


class Line(NamedTuple):
    """A line of a file, without its end: ``number`` is counted from 1. ``text`` is None for one that is too long to be read,
    and ``size`` are the bytes that it took, its end included."""

    number: int
    text: bytes | None
    size: int


class Refusal(NamedTuple):
    """A line that was not recorded, and why."""

    line: int
    error: UserError


class Loaded(NamedTuple):
    """How far it is. All of the first ``lines`` (``bytes`` of them) are settled: of their events, ``recorded`` are new, ``known``
    had been there already, ``refused`` could not be recorded; the others are empty."""

    lines: int = 0
    bytes: int = 0
    recorded: int = 0
    known: int = 0
    refused: int = 0

    @property
    def events(self) -> int:
        """Those that are in the graph now."""
        return self.recorded + self.known
