"""The table, in the order in which its rows are asked: what a framework says in its own words is more than what it repeats in the
words of others."""

from __future__ import annotations

from typing import Final

from loopgraph.computes.otel.dialects.clients import CODEX, CODEX_SPANS, GEMINI, GEMINI_SPANS
from loopgraph.computes.otel.dialects.dialect import Dialect
from loopgraph.computes.otel.dialects.frameworks import (
    AI_SDK,
    AI_SDK_7,
    LANGFUSE,
    LANGSMITH,
    LITELLM,
    MLFLOW,
    PYDANTIC_AI,
    TRACELOOP,
)
from loopgraph.computes.otel.dialects.genai import GENAI, GENERAL
from loopgraph.computes.otel.dialects.openinference import OPENINFERENCE

SPANS: Final[tuple[Dialect, ...]] = (
    CODEX_SPANS,
    GEMINI_SPANS,
    LANGFUSE,
    MLFLOW,
    LANGSMITH,
    AI_SDK,
    AI_SDK_7,
    LITELLM,
    PYDANTIC_AI,
    TRACELOOP,
    OPENINFERENCE,
    GENERAL,
    GENAI,
)
"""The rows that spans are read by."""

EVENTS: Final = {name: dialect for dialect in (CODEX, GEMINI) for name in dialect.events}
"""The rows that log records are read by, by the names of their events."""

WHOSE: Final = tuple(
    dict.fromkeys(place for row in (*SPANS, *EVENTS.values()) for place in row.session if isinstance(place, str))
)
"""Where any signal names its session."""

CLIENTS: Final = frozenset(name.partition(".")[0] for name in EVENTS)
"""With what the names of the events of agent clients begin."""

SCOPES_OF_EVENTS: Final = frozenset(scope for row in SPANS if row.calls_are_events for scope in row.scopes)
"""The scopes of those whose calls of models are told by log records alone."""
