"""NDJSON: one object a line; null for null, exact integers, instants as RFC 3339."""

from __future__ import annotations

from collections.abc import Sequence

from loopgraph.computes.exports.json import JsonObjects, json_bytes
from loopgraph.contracts.exports.columns import Column, Values


class NdjsonWriter:
    """Writes rows as NDJSON."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._objects = JsonObjects(columns)

    def begin(self) -> bytes:
        """What stands before the rows: nothing."""
        return b""

    def rows(self, rows: Sequence[Values]) -> bytes:
        """A line for each row."""
        return b"".join(json_bytes(self._objects.of(row)) + b"\n" for row in rows)

    def end(self) -> bytes:
        """What stands after the rows: nothing."""
        return b""
