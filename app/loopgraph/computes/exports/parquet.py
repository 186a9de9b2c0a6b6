"""Parquet, row group by row group: typed, compressed, and never whole in memory.

It needs the extra ``parquet`` (pyarrow), which is loaded when it is first asked for.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from loopgraph.computes.exports.json import json_text
from loopgraph.contracts.exports.columns import Column, ColumnType, Values
from loopgraph.errors import InvalidInput, SetupError

if TYPE_CHECKING:
    import pyarrow

GROUP_ROWS: Final = 65_536
GROUP_BYTES: Final = 16 * 1024 * 1024
"""A row group is written as soon as it has so many rows, or takes so many bytes."""

NOT_INSTALLED: Final = "parquet needs pyarrow where the export is made: pip install pyarrow"


class ParquetWriter:
    """Writes rows as Parquet. Raises InvalidInput where pyarrow is not installed."""

    def __init__(self, columns: Sequence[Column]) -> None:
        try:
            import pyarrow as arrow
            from pyarrow import parquet
        except ImportError as error:
            raise InvalidInput("format", NOT_INSTALLED) from error
        self._arrow = arrow
        self._columns = columns
        self._schema = arrow.schema([_field(arrow, column) for column in columns])
        self._sink = _Sink()
        self._writer = parquet.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._waiting: list[Any] = []

    def begin(self) -> bytes:
        """The mark of the format."""
        return self._sink.taken()

    def rows(self, rows: Sequence[Values]) -> bytes:
        """What of the file is complete with some more rows: often nothing, and now and then a row group.

        Raises SetupError for an integer of more than 64 bits, which no column of Parquet holds.
        """
        arrays = []
        for column, field, values in zip(self._columns, self._schema, zip(*rows, strict=True), strict=True):
            told: Sequence[Any] = values
            if column.type is ColumnType.JSON:
                told = [None if value is None else json_text(value) for value in values]
            try:
                arrays.append(self._arrow.array(told, field.type))
            except (OverflowError, self._arrow.ArrowInvalid) as error:
                raise SetupError(f"{column.name} has a value that Parquet cannot hold: {error}") from error
        self._waiting.append(self._arrow.RecordBatch.from_arrays(arrays, schema=self._schema))
        many = sum(batch.num_rows for batch in self._waiting) >= GROUP_ROWS
        if many or sum(batch.nbytes for batch in self._waiting) >= GROUP_BYTES:
            self._write_group()
        return self._sink.taken()

    def end(self) -> bytes:
        """The last row group, and the footer: without it nothing reads the file."""
        self._write_group()
        self._writer.close()
        return self._sink.taken()

    def _write_group(self) -> None:
        if self._waiting:
            group = self._arrow.Table.from_batches(self._waiting, self._schema)
            self._waiting = []
            self._writer.write_table(group, row_group_size=group.num_rows)


class _Sink(io.RawIOBase):
    """What the writer has written, until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def taken(self) -> bytes:
        """All that has been written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _field(arrow: Any, column: Column) -> pyarrow.Field:
    kinds = {
        ColumnType.TEXT: arrow.string(),
        ColumnType.INTEGER: arrow.int64(),
        ColumnType.NUMBER: arrow.float64(),
        ColumnType.BOOLEAN: arrow.bool_(),
        ColumnType.INSTANT: arrow.timestamp("us", tz="UTC"),
        ColumnType.JSON: arrow.string(),
        ColumnType.TEXTS: arrow.list_(arrow.string()),
    }
    told = {"description": column.description, "type": column.type.value}
    if column.unit is not None:
        told["unit"] = column.unit
    return arrow.field(column.name, kinds[column.type], metadata=told)
