"""CSV as RFC 4180 has it: a header, CRLF, UTF-8 without a mark.

Every text is in quotes and nothing else is, so that null (nothing at all) is another thing than the empty text (``""``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from loopgraph.computes.exports.json import json_text
from loopgraph.computes.exports.values import instant_text
from loopgraph.contracts.exports.columns import Column, ColumnType, Values
from loopgraph.contracts.exports.formats import Formulas

_FORMULA: Final = re.compile(r"['=+\-@\t\r\n＝＋－＠]")
"""What a text begins with that a spreadsheet would run (OWASP, CSV Injection), or the mark of one that was escaped."""


class CsvWriter:
    """Writes rows as CSV."""

    def __init__(self, columns: Sequence[Column], formulas: Formulas) -> None:
        text = _escaped if formulas is Formulas.ESCAPE else _quoted
        forms = {**_FORMS, ColumnType.TEXT: text}
        self._columns = columns
        self._forms = [forms[column.type] for column in columns]

    def begin(self) -> bytes:
        """The header."""
        return (",".join(column.name for column in self._columns) + "\r\n").encode()

    def rows(self, rows: Sequence[Values]) -> bytes:
        """A record for each row."""
        lines = [
            ",".join(["" if value is None else form(value) for value, form in zip(row, self._forms, strict=True)])
            for row in rows
        ]
        return "\r\n".join([*lines, ""]).encode("utf-8", "replace")

    def end(self) -> bytes:
        """What stands after the records: nothing."""
        return b""


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _escaped(text: str) -> str:
    return _quoted(f"'{text}" if _FORMULA.match(text) else text)


def _json(value: Any) -> str:
    return _quoted(json_text(value))


_FORMS: Final[dict[ColumnType, Callable[[Any], str]]] = {
    ColumnType.INTEGER: str,
    ColumnType.NUMBER: repr,
    ColumnType.BOOLEAN: lambda value: "true" if value else "false",
    ColumnType.INSTANT: instant_text,
    ColumnType.JSON: _json,
    ColumnType.TEXTS: _json,
}
