"""The doors of exports: which tables there are; tables, time series and graphs as files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from inspect import cleandoc
from typing import Final

from loopgraph.api.http.exports import LINEAGE_PATH, SERIES_PATH, TABLE_PATH, TABLES_PATH
from loopgraph.api.openapi.parts import (
    ALWAYS,
    Json,
    Operation,
    answer,
    errors,
    parameters,
)
from loopgraph.contracts.exports.columns import ColumnType
from loopgraph.contracts.exports.formats import MEDIA_TYPES, GraphFormat, TableFormat
from loopgraph.contracts.exports.requests import PARAMETERS, LineageQuery, LineageRequest, SeriesRequest, TableRequest
from loopgraph.contracts.exports.tables import TABLES, Table, TableName

_HEADERS: Final = {
    "Content-Disposition": "ContentDisposition",
    "X-Loopgraph-Truncated": "Truncated",
    "X-Loopgraph-Pending": "Pending",
}

_TEXT: Final[Json] = {"type": "string"}
_BODIES: Final[dict[TableFormat | GraphFormat, Json]] = {
    TableFormat.PARQUET: {},
    GraphFormat.CYTOSCAPE: {"type": "object"},
    GraphFormat.JGF: {"type": "object"},
}
"""What bodies are, where they are no texts."""

_TABLE: Final[Json] = {
    "type": "object",
    "required": ["description", "order", "filters", "columns"],
    "properties": {
        "description": {"type": "string"},
        "order": {"type": "string", "description": "By what its rows are ordered."},
        "filters": {"type": "array", "items": _TEXT, "description": "The parameters that it can be filtered by."},
        "columns": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "type", "description"],
                "properties": {
                    "name": {"type": "string"},
                    "type": {"type": "string", "enum": [one.value for one in ColumnType]},
                    "description": {"type": "string"},
                    "unit": {"type": "string"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
_TABLES: Final[Json] = {
    "type": "object",
    "required": ["tables", "series"],
    "properties": {
        "tables": {
            "type": "object",
            "required": [name.value for name in TableName],
            "additionalProperties": _TABLE,
        },
        "series": _TABLE,
    },
    "additionalProperties": False,
}


def operations() -> Iterator[Operation]:
    """These doors."""
    told = {
        "operationId": "export_tables",
        "tags": ["export"],
        "summary": "Which tables can be exported, and what is in them and in time series.",
        "responses": {"200": answer("The tables.", _TABLES), **errors(ALWAYS)},
    }
    yield Operation("get", TABLES_PATH, told)
    yield _file(
        TABLE_PATH,
        "export_table",
        "The rows of a table.",
        " ".join([f"{TableRequest.__doc__}", *(_of_table(name, table) for name, table in TABLES.items())]),
        [_path("table", TableName, "Which table."), *parameters(TableRequest)],
        TableFormat,
    )
    yield _file(
        SERIES_PATH,
        "export_series",
        "A time series.",
        f"{SeriesRequest.__doc__}",
        parameters(SeriesRequest),
        TableFormat,
    )
    takes = (f"`{query.value}` takes {_named(names)}." for query, names in PARAMETERS.items())
    yield _file(
        LINEAGE_PATH,
        "export_lineage",
        "A graph of the lineage.",
        "\n\n".join([cleandoc(f"{LineageQuery.__doc__}"), " ".join(takes)]),
        [_path("query", LineageQuery, "What the graph is of."), *parameters(LineageRequest, without={"query"})],
        GraphFormat,
    )


def _of_table(name: TableName, table: Table) -> str:
    return f"`{name.value}` takes {_named(table.filters)}."


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _path(name: str, values: type[StrEnum], description: str) -> Json:
    schema = {"type": "string", "enum": [one.value for one in values]}
    return {"name": name, "in": "path", "description": description, "required": True, "schema": schema}


def _file(
    path: str,
    id_: str,
    summary: str,
    description: str,
    asked: list[Json],
    formats: type[TableFormat] | type[GraphFormat],
) -> Operation:
    file = answer(
        "The file, sent while it is made: where its body has no end, something went wrong, and it is not all of it.",
        headers=_HEADERS,
    )
    file["content"] = {MEDIA_TYPES[one]: {"schema": _BODIES.get(one, _TEXT)} for one in formats}
    told: Json = {
        "operationId": id_,
        "tags": ["export"],
        "summary": summary,
        "description": description,
        "parameters": asked,
        "responses": {"200": file, **errors(ALWAYS, 404, 429)},
    }
    return Operation("get", path, told)
