"""What is asked to be exported: the parameters of the doors and of the command, described."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from loopgraph.contracts.analytics.figures import SeriesMetric, TimeInterval
from loopgraph.contracts.analytics.subjects import Dimension, SubjectKind
from loopgraph.contracts.analytics.windows import Grain
from loopgraph.contracts.base import Contract, Id, Instant
from loopgraph.contracts.exports.formats import Formulas, GraphFormat, TableFormat
from loopgraph.contracts.lineage.patterns import ANCESTRY, PathMetric, PatternStatus, RelationshipType

LONGEST_NAME: Final = 4_096


def _names(value: Any) -> Any:
    """A list that was written with commas."""
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


Filter = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class _Written(Contract):
    """How rows are written."""

    format: TableFormat = Field(default=TableFormat.CSV, description="The format: csv, ndjson or parquet.")
    formulas: Formulas = Field(
        default=Formulas.ESCAPE,
        description="What becomes of texts in CSV that a spreadsheet would run: escape (an apostrophe before them) or keep.",
    )
    columns: Annotated[tuple[str, ...] | None, BeforeValidator(_names)] = Field(
        default=None, description="Only these columns, in this order, separated by commas; left out: all."
    )


class TableRequest(_Written):
    """Which rows of a table. ``TABLES`` says which filters it has; ``since`` is inclusive, ``until`` exclusive."""

    since: Instant | None = Field(
        default=None,
        description="Only what is at this instant or later, by the order of the table: executions, calls and uses by the "
        "beginning of their traces.",
    )
    until: Instant | None = Field(default=None, description="Only what is before this instant, by the same time.")
    session_id: Id | None = Field(default=None, description="Only what is in this session.")
    agent: Filter | None = Field(
        default=None, description="Only traces (and what is in them) of this agent, or of this type of subagent."
    )
    project: Filter | None = Field(
        default=None,
        description="Only what is of this project: what traces or their sessions name, else the folder that these worked in.",
    )
    pattern_id: Id | None = Field(
        default=None,
        description="Only what is of this pattern: of traces, those in which it was used; of edges, those that lead from it.",
    )
    experiment_id: Id | None = Field(default=None, description="Only executions of this experiment.")
    kind: SubjectKind | None = Field(default=None, description="Only usage of this kind of subject.")
    grain: Grain | None = Field(
        default=None, description="How long the buckets of usage are: hour (the default) or day."
    )

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise ValueError("since must be before until")
        return self

    @property
    def filtered_by(self) -> frozenset[str]:
        """The filters that were given."""
        written = _Written.model_fields.keys()
        return frozenset(
            name for name in type(self).model_fields if name not in written and getattr(self, name) is not None
        )


class SeriesRequest(_Written):
    """Which time series: what ``timeSeries`` of the GraphQL API gives."""

    metric: SeriesMetric = Field(description="What the values are of.")
    kind: SubjectKind = Field(default=SubjectKind.ALL, description="The kind of the subject; all for everything.")
    name: Annotated[str, Field(max_length=LONGEST_NAME)] = Field(
        default="", description="The id of a pattern or version, the path of an endpoint, what others are called."
    )
    part: Annotated[str, Field(max_length=LONGEST_NAME)] = Field(
        default="", description="The type of step of a tool, the service of an endpoint."
    )
    since: Instant = Field(description="The first interval is the one that holds this instant.")
    until: Instant = Field(description="The last interval is the one that holds what is just before this instant.")
    interval: TimeInterval = Field(
        default=TimeInterval.DAY, description="How long an interval is: hour, day, week or month."
    )
    time_zone: Annotated[str, Field(max_length=255)] = Field(
        default="UTC", description="In the calendar of which time zone, by its IANA name."
    )
    group_by: Dimension | None = Field(
        default=None, description="A line for each of the most frequent values of this dimension."
    )
    first: Annotated[int, Field(ge=1, le=20)] = Field(
        default=10, description="How many values have a line of their own."
    )


class LineageQuery(StrEnum):
    """What a graph of the lineage is of.

    - ANCESTORS, DESCENDANTS: of one version, with itself. NEIGHBOURHOOD: both, one edge deep unless ``max_depth`` says otherwise.
    - PATTERN: all versions of a pattern, their ancestors and descendants. PATH: the best path between two versions.
    """

    ANCESTORS = "ancestors"
    DESCENDANTS = "descendants"
    NEIGHBOURHOOD = "neighbourhood"
    PATTERN = "pattern"
    PATH = "path"


_OF_VERSION: Final = frozenset({"node_id", "max_depth", "statuses", "max_nodes"})
PARAMETERS: Final = {
    LineageQuery.ANCESTORS: _OF_VERSION,
    LineageQuery.DESCENDANTS: _OF_VERSION,
    LineageQuery.NEIGHBOURHOOD: _OF_VERSION,
    LineageQuery.PATTERN: _OF_VERSION - {"node_id"} | {"pattern_id"},
    LineageQuery.PATH: frozenset({"source_node_id", "target_node_id", "metric"}),
}
"""What only some queries take; of these, ids must be given."""
_NEEDED: Final = ("node_id", "pattern_id", "source_node_id", "target_node_id")


class LineageRequest(Contract):
    """Which graph of the lineage. Which ids and limits belong to which query, ``LineageQuery`` says."""

    query: LineageQuery = Field(description="What the graph is of.")
    format: GraphFormat = Field(
        default=GraphFormat.GRAPHML, description="The format: graphml, mermaid, dot, cytoscape or jgf."
    )
    node_id: Id | None = Field(
        default=None, description="The version whose ancestors, descendants or neighbourhood it is."
    )
    pattern_id: Id | None = Field(default=None, description="The pattern whose lineage it is.")
    source_node_id: Id | None = Field(default=None, description="The earlier version, at which a path begins.")
    target_node_id: Id | None = Field(default=None, description="The later version, at which a path ends.")
    metric: PathMetric | None = Field(
        default=None, description="What a path minimises: hops (the default), or weight, the sum of -ln(weight)."
    )
    relationship_types: Annotated[frozenset[RelationshipType], BeforeValidator(_names)] = Field(
        default=ANCESTRY,
        description="Types of edges that are followed, separated by commas; left out: every ancestry type.",
        min_length=1,
    )
    as_of: Instant | None = Field(
        default=None, description="Only edges that were valid at this instant are followed; left out: now."
    )
    statuses: Annotated[frozenset[PatternStatus] | None, BeforeValidator(_names)] = Field(
        default=None, description="Only versions of these statuses, separated by commas; others are walked through."
    )
    max_depth: Annotated[int, Field(ge=1)] | None = Field(default=None, description="Most edges from a start.")
    max_nodes: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Most versions, the nearest first; where there are more, the graph says `truncated`."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        own = PARAMETERS[self.query]
        for name in _NEEDED:
            if name in own and getattr(self, name) is None:
                raise ValueError(f"{name} must be given for {self.query.value}")
        for name in (*_NEEDED, "metric", "statuses", "max_depth", "max_nodes"):
            if name not in own and getattr(self, name) is not None:
                raise ValueError(f"{name} must be left out for {self.query.value}")
        return self
