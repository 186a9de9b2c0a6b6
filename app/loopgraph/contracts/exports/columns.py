"""The columns of exported tables: their types, units and meanings, in every format and in the documentation."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple


class ColumnType(StrEnum):
    """What the values of a column are; each may also be null.

    - TEXT, BOOLEAN. INTEGER: exact, of 64 bits. NUMBER: a double.
    - INSTANT: RFC 3339 in UTC, to the microsecond: ``2026-01-31T12:00:00.000000Z``.
    - JSON: any JSON; its text where a format has no values of several types. TEXTS: a list of texts, in CSV as JSON.
    """

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    JSON = "json"
    TEXTS = "texts"


class Column(NamedTuple):
    """One column. ``of`` is where its value is in a row's record, as a path of attributes; ``unit`` is None if it has none."""

    name: str
    type: ColumnType
    description: str
    of: str
    unit: str | None = None


Values = tuple[Any, ...]
"""The values of one row in the order of its columns: None, text, integer, float, bool, an aware datetime, JSON, or texts."""


def text(name: str, description: str, of: str = "") -> Column:
    """A column of texts."""
    return Column(name, ColumnType.TEXT, description, of or name)


def integer(name: str, description: str, unit: str | None = None, of: str = "") -> Column:
    """A column of whole numbers."""
    return Column(name, ColumnType.INTEGER, description, of or name, unit)


def number(name: str, description: str, unit: str | None = None, of: str = "") -> Column:
    """A column of numbers."""
    return Column(name, ColumnType.NUMBER, description, of or name, unit)


def boolean(name: str, description: str, of: str = "") -> Column:
    """A column of what is true or false."""
    return Column(name, ColumnType.BOOLEAN, description, of or name)


def instant(name: str, description: str, of: str = "") -> Column:
    """A column of instants."""
    return Column(name, ColumnType.INSTANT, description, of or name)


def json(name: str, description: str, of: str = "") -> Column:
    """A column of free values."""
    return Column(name, ColumnType.JSON, description, of or name)


def texts(name: str, description: str, of: str = "") -> Column:
    """A column of lists of texts."""
    return Column(name, ColumnType.TEXTS, description, of or name)


def within(prefix: str, *columns: Column) -> tuple[Column, ...]:
    """The same columns of a record that a row holds under a name."""
    return tuple(column._replace(of=f"{prefix}.{column.of}") for column in columns)
