"""The schema with the default limits, made once for all modules that look at it."""

from __future__ import annotations

from loopgraph.api.graphql.schema import build_schema
from loopgraph.settings import Settings

SCHEMA = build_schema(Settings())._schema  # type: ignore[attr-defined]
"""As graphql-core executes it."""
