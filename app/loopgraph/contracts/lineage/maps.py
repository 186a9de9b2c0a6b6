"""Many versions at once, to be drawn: as little of each as that takes, and the edges between them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loopgraph.contracts.base import Contract, Id, Instant, Name
from loopgraph.contracts.lineage.patterns import LineageEdge, Pattern, PatternStatus


class VersionOutline(Contract):
    """A version without its text and whatever else nobody draws. ``in_use``: it is the current one of its pattern."""

    node_id: Id
    pattern_id: Id
    version: Annotated[int, Field(ge=1)]
    label: Name | None = None
    status: PatternStatus
    created_at: Instant
    usage_count: Annotated[int, Field(ge=0)] = 0
    in_use: bool = False


class MapFilter(Contract):
    """Which versions a map shows: of patterns of a type, made at ``since`` or later, and there at ``as_of`` (None: now).

    Edges are those that were valid at ``as_of``.
    """

    pattern_type: Name | None = None
    since: Instant | None = None
    as_of: Instant | None = None


class LineageMap(Contract):
    """Versions, grouped by pattern and of each the newest first, their patterns, and the edges between them.

    ``truncated`` says that there is more than a limit allowed.
    """

    patterns: tuple[Pattern, ...]
    versions: tuple[VersionOutline, ...]
    edges: tuple[LineageEdge, ...]
    truncated: bool
