"""The writer of each format of tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from loopgraph.computes.exports.csv import CsvWriter
from loopgraph.computes.exports.ndjson import NdjsonWriter
from loopgraph.computes.exports.parquet import ParquetWriter
from loopgraph.contracts.exports.columns import Column, Values
from loopgraph.contracts.exports.formats import Formulas, TableFormat


class TableWriter(Protocol):
    """Writes a table: ``begin`` once, ``rows`` any number of times, ``end`` once. What they return, one after the other, is the
    file."""

    def begin(self) -> bytes: ...
    def rows(self, rows: Sequence[Values]) -> bytes: ...
    def end(self) -> bytes: ...


def table_writer(format: TableFormat, formulas: Formulas, columns: Sequence[Column]) -> TableWriter:
    """A writer of these columns. Raises InvalidInput for Parquet where that is not installed."""
    match format:
        case TableFormat.CSV:
            return CsvWriter(columns, formulas)
        case TableFormat.NDJSON:
            return NdjsonWriter(columns)
        case TableFormat.PARQUET:
            return ParquetWriter(columns)
