"""JSON with exact integers, whatever their size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson

from loopgraph.computes.exports.values import instant_text
from loopgraph.contracts.base import json_form
from loopgraph.contracts.exports.columns import Column, ColumnType, Values


def json_bytes(value: Any) -> bytes:
    """Any JSON value; bytes in it are base64, numbers that JSON does not have are null."""
    try:
        return orjson.dumps(value, json_form, orjson.OPT_NON_STR_KEYS)
    except TypeError:  # integers of more than 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=json_form).encode(
            "utf-8", "replace"
        )


def json_text(value: Any) -> str:
    """The same as text."""
    return json_bytes(value).decode()


class JsonObjects:
    """Rows as objects, one member a column."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._names = [column.name for column in columns]
        self._instants = [place for place, column in enumerate(columns) if column.type is ColumnType.INSTANT]

    def of(self, row: Values) -> dict[str, Any]:
        """The object of one row."""
        values = list(row)
        for place in self._instants:
            if values[place] is not None:
                values[place] = instant_text(values[place])
        return dict(zip(self._names, values, strict=True))

    def present(self, row: Values) -> dict[str, Any]:
        """The same without what is null."""
        return {name: value for name, value in self.of(row).items() if value is not None}
