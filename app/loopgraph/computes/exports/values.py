"""The values of rows: of records, by the paths of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from math import isfinite
from typing import Any

from loopgraph.contracts.exports.columns import Column, ColumnType, Values
from loopgraph.contracts.exports.tables import Table
from loopgraph.errors import InvalidInput

Getter = Callable[[Any], Any]


def chosen(table: Table, names: Sequence[str] | None) -> tuple[Column, ...]:
    """The columns of these names, in their order; None: all. Raises InvalidInput for one that is not there or is named twice."""
    if names is None:
        return table.columns
    known = {column.name: column for column in table.columns}
    for name in names:
        if name not in known:
            raise InvalidInput("columns", f"{name!r} is none of {', '.join(known)}")
    if not names or len(set(names)) < len(names):
        raise InvalidInput("columns", "must name at least one column, and each once")
    return tuple(known[name] for name in names)


def reading(columns: Iterable[Column]) -> Callable[[Iterable[Any]], list[Values]]:
    """What makes rows of records."""
    getters = [_getter(column) for column in columns]
    return lambda records: [tuple([get(record) for get in getters]) for record in records]


def _getter(column: Column) -> Getter:
    path = column.of.split(".")
    convert = _CONVERT.get(column.type)

    def get(record: Any) -> Any:
        value = record
        for name in path:
            value = getattr(value, name)
            if value is None:
                return None
        return value if convert is None else convert(value)

    return get


def _text(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _number(value: Any) -> float | None:
    return float(value) if isfinite(value) else None


def _json(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


_CONVERT: dict[ColumnType, Getter] = {
    ColumnType.TEXT: _text,
    ColumnType.NUMBER: _number,
    ColumnType.JSON: _json,
    ColumnType.TEXTS: list,
}


def instant_text(at: datetime) -> str:
    """An instant of UTC as RFC 3339, always with six digits of the second, so that one form fits a whole column."""
    return f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
