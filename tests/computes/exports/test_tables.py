"""Rows of every type with hostile texts, read back by the tools that each format is for."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from loopgraph.computes.exports import parquet
from loopgraph.computes.exports.csv import CsvWriter
from loopgraph.computes.exports.ndjson import NdjsonWriter
from loopgraph.computes.exports.parquet import ParquetWriter
from loopgraph.computes.exports.table_writers import TableWriter, table_writer
from loopgraph.computes.exports.values import chosen, instant_text, reading
from loopgraph.contracts.exports.columns import integer, text
from loopgraph.contracts.exports.formats import Formulas, TableFormat
from loopgraph.contracts.exports.tables import SERIES_TABLE, TABLES, TableName
from loopgraph.errors import InvalidInput, SetupError
from support.exports import COLUMNS, rows

ROWS = rows()
TEXTS = [row[1] for row in ROWS]
SPREADSHEETS_RUN = tuple("=+-@\t\r\n＝＋－＠")


def whole(writer: TableWriter, slices: int = 1) -> bytes:
    """The file of all rows, written in so many slices."""
    size = -(-len(ROWS) // slices)
    parts = [writer.rows(ROWS[at : at + size]) for at in range(0, len(ROWS), size)]
    return b"".join([writer.begin(), *parts, writer.end()])


def unescaped(texts: list[str | None]) -> list[str | None]:
    """What was escaped, by the rule that is documented."""
    return [told if told is None else re.sub(r"\A'", "", told) for told in texts]


KEPT = whole(CsvWriter(COLUMNS, Formulas.KEEP))
ESCAPED = whole(CsvWriter(COLUMNS, Formulas.ESCAPE))


@pytest.mark.parametrize("format", list(TableFormat))
def test_a_file_does_not_depend_on_its_slices(format: TableFormat) -> None:
    import pyarrow
    import pyarrow.parquet

    one, many = (table_writer(format, Formulas.ESCAPE, COLUMNS) for _ in range(2))
    if format is TableFormat.PARQUET:
        read = [pyarrow.parquet.read_table(pyarrow.BufferReader(whole(w, n))) for w, n in ((one, 1), (many, 7))]
        assert read[0].equals(read[1])
    else:
        assert whole(one) == whole(many, 7)


def test_csv_is_that_of_rfc_4180() -> None:
    header, *records = list(csv.reader(io.StringIO(KEPT.decode(), newline=""), strict=True))
    assert header == [column.name for column in COLUMNS]
    assert [record[1] for record in records] == [told or "" for told in TEXTS]
    assert KEPT.startswith(
        b'row,words,whole,real,flag,at,free,tags\r\n0,"plain",9007199254740993,-0.0,true,2026-03-01T12:'
    )
    assert KEPT.endswith(b"\r\n")
    for record, row in zip(records, ROWS, strict=True):
        free, tags = record[6], record[7]
        assert (json.loads(free) if free else None) == row[6]
        assert (json.loads(tags) if tags else None) == row[7]


def test_no_text_of_csv_is_one_that_a_spreadsheet_runs_and_all_can_be_had_back() -> None:
    _, *records = list(csv.reader(io.StringIO(ESCAPED.decode(), newline=""), strict=True))
    for record in records:
        assert not record[1].startswith(SPREADSHEETS_RUN)
        assert not record[6].startswith(SPREADSHEETS_RUN)
        assert not record[7].startswith(SPREADSHEETS_RUN)
    assert unescaped([record[1] for record in records]) == [told or "" for told in TEXTS]
    assert [record[2:6] for record in records] == [
        record[2:6] for record in list(csv.reader(io.StringIO(KEPT.decode(), newline="")))[1:]
    ]


def test_pandas_reads_csv() -> None:
    import pandas

    frame = pandas.read_csv(
        io.BytesIO(ESCAPED), dtype={"words": "string", "whole": "Int64", "flag": "boolean"}, keep_default_na=False,
        na_values={name: [""] for name in ("whole", "real", "flag", "at", "free", "tags")},
    )  # fmt: skip
    assert unescaped(frame["words"].tolist()) == [told or "" for told in TEXTS]
    assert [None if value is pandas.NA else int(value) for value in frame["whole"]] == [row[2] for row in ROWS]
    assert [None if pandas.isna(value) else float(value) for value in frame["real"]] == [row[3] for row in ROWS]
    assert [None if value is pandas.NA else bool(value) for value in frame["flag"]] == [row[4] for row in ROWS]
    assert [None if pandas.isna(value) else json.loads(value) for value in frame["free"]] == [row[6] for row in ROWS]
    years = [row[5] is not None and row[5].year > 1 for row in ROWS]
    at = pandas.to_datetime(frame["at"][years], format="ISO8601", utc=True)
    assert [value.to_pydatetime() for value in at] == [row[5] for row, told in zip(ROWS, years, strict=True) if told]


def test_polars_reads_csv_and_tells_null_from_empty() -> None:
    import polars

    frame = polars.read_csv(io.BytesIO(ESCAPED), schema_overrides={"words": polars.String, "at": polars.String})
    assert unescaped(frame["words"].to_list()) == TEXTS
    assert frame["whole"].to_list() == [row[2] for row in ROWS]
    assert frame["real"].to_list() == [row[3] for row in ROWS]
    assert frame["flag"].to_list() == [row[4] for row in ROWS]
    at = frame["at"].str.to_datetime("%Y-%m-%dT%H:%M:%S%.6fZ", time_unit="us", time_zone="UTC")
    assert at.to_list() == [row[5] for row in ROWS]


def test_arrow_reads_csv_and_tells_null_from_empty() -> None:
    import pyarrow
    import pyarrow.csv

    convert = pyarrow.csv.ConvertOptions(
        strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""],
        column_types={"words": pyarrow.string(), "free": pyarrow.string(), "tags": pyarrow.string()},
    )  # fmt: skip
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    read = pyarrow.csv.read_csv(io.BytesIO(ESCAPED), convert_options=convert, parse_options=parse)
    assert unescaped(read["words"].to_pylist()) == TEXTS
    assert read["whole"].to_pylist() == [row[2] for row in ROWS]


@pytest.mark.parametrize("read", ["json", "pandas", "polars"])
def test_ndjson_is_read_with_exact_integers(read: str) -> None:
    import pandas
    import polars

    data = whole(NdjsonWriter(COLUMNS))
    assert data.count(b"\n") == len(ROWS)
    match read:
        case "json":
            found = [json.loads(line) for line in data.splitlines()]
            assert [row["free"] for row in found] == [row[6] for row in ROWS]
            assert [row["tags"] for row in found] == [row[7] for row in ROWS]
            assert [row["at"] and datetime.fromisoformat(row["at"]) for row in found] == [row[5] for row in ROWS]
        case "pandas":
            frame = pandas.read_json(io.BytesIO(data), lines=True, dtype=False, precise_float=True)
            found = [{"words": words} for words in frame["words"]]
        case _:
            slim = polars.read_ndjson(io.BytesIO(data), schema={"words": polars.String, "whole": polars.Int64})
            found = slim.to_dicts()
            assert slim["whole"].to_list() == [row[2] for row in ROWS]
    assert [None if pandas.isna(row["words"]) else row["words"] for row in found] == TEXTS


def test_ndjson_holds_integers_of_any_size() -> None:
    writer = NdjsonWriter((integer("n", "It."),))
    assert json.loads(writer.rows([(2**80,)])) == {"n": 2**80}


def test_parquet_has_types_units_and_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas
    import polars
    import pyarrow
    import pyarrow.parquet

    monkeypatch.setattr(parquet, "GROUP_ROWS", 10)
    data = whole(ParquetWriter(COLUMNS), slices=len(ROWS))
    file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data))
    assert file.metadata.num_row_groups == -(-len(ROWS) // 10)
    schema = file.schema_arrow
    assert [str(field.type) for field in schema] == [
        "int64", "string", "int64", "double", "bool", "timestamp[us, tz=UTC]", "string", "list<element: string>",
    ]  # fmt: skip
    assert schema.field("real").metadata[b"unit"] == b"ms"
    read = file.read().to_pydict()
    assert read["words"] == TEXTS
    for place, name in ((2, "whole"), (3, "real"), (4, "flag"), (5, "at"), (7, "tags")):
        assert read[name] == [row[place] for row in ROWS]
    assert [told and json.loads(told) for told in read["free"]] == [row[6] for row in ROWS]
    frame = polars.read_parquet(io.BytesIO(data))
    assert frame["words"].to_list() == TEXTS
    assert frame["at"].to_list() == [row[5] for row in ROWS]
    assert pandas.read_parquet(io.BytesIO(data))["words"].tolist()[: len(TEXTS) - 2] == TEXTS[:-2]


def test_a_parquet_file_without_its_end_is_none() -> None:
    import pyarrow
    import pyarrow.parquet

    data = whole(ParquetWriter(COLUMNS))
    with pytest.raises(pyarrow.ArrowInvalid):
        pyarrow.parquet.read_table(pyarrow.BufferReader(data[:-1]))


def test_parquet_refuses_an_integer_that_it_cannot_hold() -> None:
    with pytest.raises(SetupError, match=r"^n has a value that Parquet cannot hold"):
        ParquetWriter((integer("n", "It."),)).rows([(2**63,)])


@pytest.mark.lengthy
def test_without_pyarrow_everything_but_parquet_works() -> None:
    program = """
import sys
sys.modules["pyarrow"] = None
from loopgraph.computes.exports.table_writers import table_writer
from loopgraph.contracts.exports.columns import text
from loopgraph.contracts.exports.formats import Formulas, TableFormat
from loopgraph.errors import InvalidInput
assert table_writer(TableFormat.CSV, Formulas.KEEP, [text("a", "A.")]).rows([("x",)]) == b'"x"\\r\\n'
try:
    table_writer(TableFormat.PARQUET, Formulas.KEEP, [text("a", "A.")])
except InvalidInput as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "format: parquet needs pyarrow where the export is made: pip install pyarrow\n"


def test_instants_always_have_six_digits() -> None:
    assert instant_text(datetime(2026, 1, 31, 12, tzinfo=UTC)) == "2026-01-31T12:00:00.000000Z"


def test_columns_are_chosen_by_name() -> None:
    table = TABLES[TableName.TRACES]
    assert [column.name for column in chosen(table, ("status", "correlation_id"))] == ["status", "correlation_id"]
    assert chosen(table, None) == table.columns
    for wrong in (("nothing",), (), ("status", "status")):
        with pytest.raises(InvalidInput, match=r"^columns: "):
            chosen(table, wrong)


def test_what_is_missing_on_the_way_to_a_value_is_null() -> None:
    class Record:
        usage: Any = None
        name = "x"

    columns = (text("name", "N."), integer("count", "C.", of="usage.count"))
    assert reading(columns)([Record()]) == [("x", None)]


def test_series_have_a_table_too() -> None:
    assert chosen(SERIES_TABLE, ("value",))[0].of == "point.value"
