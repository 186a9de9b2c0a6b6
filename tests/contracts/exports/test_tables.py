"""The list of columns is held to the records that it is of: no field is left out by mistake."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from loopgraph.contracts.analytics.figures import Point
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.audit import LineageEvent
from loopgraph.contracts.exports.requests import TableRequest
from loopgraph.contracts.exports.tables import SERIES_TABLE, TABLES, Table, TableName
from loopgraph.contracts.lineage.patterns import LineageEdge, Pattern, PatternVersion
from loopgraph.contracts.loop.feedback import FeedbackRun, LoopInput
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, Trace
from loopgraph.contracts.traces.sessions import Session

LEFT_OUT: dict[type[Any], set[str]] = {
    Trace: {"owner", "shared_in"},  # who may see it
    Session: {"owner", "shared_in"},
    # Inputs have columns of their own; stages and summary are the API's, and so is of the design all but what is plain; who works
    # on a run is of the moment.
    FeedbackRun: {"input", "skipped", "analysis", "stage_times", "leased_by", "leased_at", "leased_until"},
    LoopInput: {"pattern_id", "auto_apply_threshold", "enable_ab_testing", "design"},
    PatternVersion: {"usage", "performance_baseline", "resources", "text_form"},  # flattened, states of files, of the text
    UsageSums: {"duration", "durations", "timed_us", "quality", "grades", "quality_gates", "intelligence_functions",
                "cost_nanousd", "reported_cost_nanousd", "measures", "dimensions"},
}  # fmt: skip
"""Fields that are no columns of their own."""


def names_of(record: type[Any]) -> set[str]:
    if issubclass(record, BaseModel):
        return set(record.model_fields)
    return {field.name for field in fields(record)}


@pytest.mark.parametrize(
    ("name", "record", "within"),
    [
        (TableName.TRACES, Trace, ""),
        (TableName.SESSIONS, Session, ""),
        (TableName.EXECUTIONS, HookExecution, ""),
        (TableName.CALLS, EndpointCall, ""),
        (TableName.PATTERNS, Pattern, ""),
        (TableName.VERSIONS, PatternVersion, ""),
        (TableName.EDGES, LineageEdge, ""),
        (TableName.EVENTS, LineageEvent, ""),
        (TableName.RUNS, FeedbackRun, ""),
        (TableName.RUNS, LoopInput, "input."),
        (TableName.USAGE, UsageSums, "sums."),
    ],
)
def test_every_field_of_a_record_is_a_column(name: TableName, record: type[Any], within: str) -> None:
    of = {column.of.removeprefix(within) for column in TABLES[name].columns}
    assert names_of(record) - LEFT_OUT.get(record, set()) - of == set()


def test_every_field_of_a_point_is_a_column_of_series() -> None:
    assert {column.of for column in SERIES_TABLE.columns} == {
        "metric",
        "group",
        *(f"point.{n}" for n in Point.model_fields),
    }


@pytest.mark.parametrize("table", [*TABLES.values(), SERIES_TABLE])
def test_columns_have_names_of_their_own_and_say_what_they_are(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    for column in table.columns:
        assert column.name.replace("_", "").isalnum()
        assert column.name.islower()
        assert column.description.endswith(".")


def test_there_is_a_table_for_each_name_and_every_filter_is_a_field_of_requests() -> None:
    assert set(TABLES) == set(TableName)
    every = frozenset().union(*(table.filters for table in TABLES.values()))
    assert every == set(TableRequest.model_fields) - {"format", "formulas", "columns"}


DOCUMENTATION = (Path(__file__).resolve().parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")


def documented(name: str, table: Table) -> str:
    """What the documentation says of a table."""
    filters = ", ".join(f"`{one}`" for one in sorted(table.filters)) or "none"
    columns = " · ".join(
        f"`{column.name}` {column.type.value}{f' in {column.unit}' if column.unit else ''}" for column in table.columns
    )
    return f"### {name}\n\n{table.description} In the order of: {table.order}. Filters: {filters}.\n\n{columns}\n"


@pytest.mark.parametrize(
    ("name", "table"), [*((name.value, table) for name, table in TABLES.items()), ("series", SERIES_TABLE)]
)
def test_every_table_is_documented_with_its_columns_types_and_units(name: str, table: Table) -> None:
    assert documented(name, table) in DOCUMENTATION
