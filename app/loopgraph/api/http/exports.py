"""``GET /api/export/…``: tables, time series and graphs of the lineage as files of other tools' formats.

``/api/export/tables`` says which tables there are and what is in them. What is asked for is in the query string, by the fields of
``TableRequest``, ``SeriesRequest`` and ``LineageRequest``.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loopgraph.api.access import Action, Door, asking
from loopgraph.api.errors import invalid_input, problem_response
from loopgraph.api.http.streaming import StreamedExport
from loopgraph.api.services import Services
from loopgraph.contracts.exports.columns import Column
from loopgraph.contracts.exports.requests import LineageQuery, LineageRequest, SeriesRequest, TableRequest
from loopgraph.contracts.exports.tables import SERIES_TABLE, TABLES, Table, TableName
from loopgraph.errors import InvalidInput, LoopgraphError, NotFound

R = TypeVar("R", bound=BaseModel)

TABLES_PATH = "/api/export/tables"
TABLE_PATH = "/api/export/tables/{table}"
SERIES_PATH = "/api/export/series"
LINEAGE_PATH = "/api/export/lineage/{query}"

_LISTS = frozenset({"columns", "relationship_types", "statuses"})
"""Parameters that may be given several times."""


def _asked(contract: type[R], request: Request, **more: Any) -> R:
    """What the query string asks for. Raises InvalidInput."""
    given = request.query_params
    values: dict[str, Any] = {}
    for name in given:
        several = given.getlist(name)
        if len(several) > 1 and name not in _LISTS:
            raise InvalidInput(name, "must be given once")
        values[name] = ",".join(several)
    if twice := sorted(more.keys() & values.keys()):
        raise InvalidInput(twice[0], "is said by the path")
    try:
        return contract.model_validate({**values, **more})
    except ValidationError as error:
        raise invalid_input(error, contract) from error


async def _tables(_: Request) -> Response:
    tables = {name.value: _told(table) for name, table in TABLES.items()}
    return JSONResponse({"tables": tables, "series": _told(SERIES_TABLE)})


def _told(table: Table) -> dict[str, Any]:
    return {
        "description": table.description,
        "order": table.order,
        "filters": sorted(table.filters),
        "columns": list(map(_told_column, table.columns)),
    }


def _told_column(column: Column) -> dict[str, Any]:
    told = {"name": column.name, "type": column.type.value, "description": column.description}
    return told if column.unit is None else {**told, "unit": column.unit}


async def _table(request: Request) -> Response:
    services: Services = request.app.state.services
    try:
        name = request.path_params["table"]
        if name not in set(TableName):
            raise NotFound("table", name)
        asked = _asked(TableRequest, request)
    except LoopgraphError as error:
        return problem_response(error)
    return StreamedExport(services.exports, lambda: services.exports.table(TableName(name), asked, asking(request)))


async def _series(request: Request) -> Response:
    services: Services = request.app.state.services
    try:
        asked = _asked(SeriesRequest, request)
    except LoopgraphError as error:
        return problem_response(error)
    return StreamedExport(services.exports, lambda: services.exports.series(asked, asking(request)))


async def _lineage(request: Request) -> Response:
    services: Services = request.app.state.services
    try:
        query = request.path_params["query"]
        if query not in set(LineageQuery):
            raise NotFound("lineage query", query)
        asked = _asked(LineageRequest, request, query=query)
    except LoopgraphError as error:
        return problem_response(error)
    return StreamedExport(services.exports, lambda: services.exports.lineage(asked))


export_routes = [
    Door(TABLES_PATH, _tables, Action.READ),
    Door(TABLE_PATH, _table, Action.READ),
    Door(SERIES_PATH, _series, Action.READ),
    Door(LINEAGE_PATH, _lineage, Action.READ),
]
