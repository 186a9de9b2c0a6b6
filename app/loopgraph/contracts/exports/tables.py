"""Every table that is exported: what is in it, in which order, by what it can be filtered."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from loopgraph.contracts.exports.columns import Column
from loopgraph.contracts.exports.lineage_tables import EDGES, EVENTS, PATTERNS, VERSIONS
from loopgraph.contracts.exports.loop_tables import RUNS, SERIES, USAGE
from loopgraph.contracts.exports.trace_tables import (
    CALLS,
    EXECUTIONS,
    EXPERIMENT_EXECUTIONS,
    SESSIONS,
    TRACES,
    USES,
)


class TableName(StrEnum):
    """The tables."""

    TRACES = "traces"
    SESSIONS = "sessions"
    EXECUTIONS = "executions"
    CALLS = "calls"
    USES = "uses"
    PATTERNS = "patterns"
    VERSIONS = "versions"
    EDGES = "edges"
    EVENTS = "events"
    RUNS = "runs"
    EXPERIMENT_EXECUTIONS = "experiment-executions"
    USAGE = "usage"


class Table(NamedTuple):
    """One table: its rows in words, their order, its columns, and the filters that it has (fields of ``TableRequest``)."""

    description: str
    order: str
    columns: tuple[Column, ...]
    filters: frozenset[str]


_TIME: Final = frozenset({"since", "until"})
_OF_TRACES: Final = _TIME | {"session_id", "agent", "project"}
_BY_TRACE: Final = "as the traces that they are in, and in these by id"

TABLES: Final[Mapping[TableName, Table]] = MappingProxyType(
    {
        TableName.TRACES: Table(
            "Traces: units of agent work.", "when they began", TRACES, _OF_TRACES | {"pattern_id"}
        ),
        TableName.SESSIONS: Table("Sessions: runs of agent clients.", "when they began", SESSIONS, _TIME | {"project"}),
        TableName.EXECUTIONS: Table("Hook executions: the steps in traces.", _BY_TRACE, EXECUTIONS, _OF_TRACES),
        TableName.CALLS: Table("Calls of endpoints and models.", _BY_TRACE, CALLS, _OF_TRACES),
        TableName.USES: Table(
            "Uses of patterns: executions, each with the version that it ran.", _BY_TRACE, USES, _OF_TRACES | {"pattern_id"}
        ),
        TableName.PATTERNS: Table("Patterns.", "when they were made", PATTERNS, _TIME | {"pattern_id"}),
        TableName.VERSIONS: Table(
            "Versions of patterns: the nodes of the lineage.",
            "as their patterns, and of these by number",
            VERSIONS,
            frozenset({"pattern_id"}),
        ),
        TableName.EDGES: Table(
            "Edges of the lineage, open and closed, each with its earlier version.",
            "as the versions that they lead from, and of these by id",
            EDGES,
            frozenset({"pattern_id"}),
        ),
        TableName.EVENTS: Table("The audit trail: changes of the lineage.", "when they happened", EVENTS, _TIME | {"pattern_id"}),
        TableName.RUNS: Table("Feedback runs: passes of the improvement loop.", "when they began", RUNS, _TIME | {"pattern_id"}),
        TableName.EXPERIMENT_EXECUTIONS: Table(
            "The finished executions that experiments rest on.",
            "by experiment, and of these by version and time",
            EXPERIMENT_EXECUTIONS,
            frozenset({"pattern_id", "experiment_id"}),
        ),
        TableName.USAGE: Table(
            "Usage buckets: what happened to each subject in each hour or day, as sums.",
            "by kind of subject, then time, then subject",
            USAGE,
            _TIME | {"kind", "grain"},
        ),
    }
)  # fmt: skip

SERIES_TABLE: Final = Table(
    "A time series: one metric of one subject over whole intervals.", "by group, then time", SERIES, frozenset()
)
