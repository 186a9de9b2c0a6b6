"""Prompts and agents of applications that have names and versions, as their spans tell of them.

OpenTelemetry's conventions for generative AI have ``gen_ai.prompt.name`` and ``.version``, and ``gen_ai.agent.name`` and
``.version``; Langfuse, MLflow and Traceloop have names of their own for the prompts that they manage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from loopgraph.computes.agents.fields import LONGEST_NAME, said
from loopgraph.computes.agents.ids import as_id, digest_id, span_key
from loopgraph.computes.otel.model import Span
from loopgraph.contracts.traces.uses import PatternUsed

PROMPT: Final = "prompt"
AGENT: Final = "agent"
"""The types of their patterns."""

_PROMPTS: Final = (
    ("gen_ai.prompt.name", "gen_ai.prompt.version"),
    ("langfuse.observation.prompt.name", "langfuse.observation.prompt.version"),
    ("langfuse.prompt.name", "langfuse.prompt.version"),
    ("traceloop.prompt.key", "traceloop.prompt.version"),
)
_LINKED: Final = "mlflow.linkedPrompts"
"""JSON: a list of ``{"name", "version"}``."""
_MOST: Final = 20


_TOLD_BY: Final = frozenset({*(name for name, _ in _PROMPTS), _LINKED, "gen_ai.agent.version"})


def may_use(span: Span) -> bool:
    """Whether it tells of any: nearly none does."""
    return not _TOLD_BY.isdisjoint(span.attributes)


def uses_of(span: Span, course: dict[str, Any], session_id: str | None) -> Iterator[PatternUsed]:
    """The uses of prompts and agents by a span; ``course`` says when it was and how it ended."""
    where = said(session_id=session_id, pattern_path=f"service:{span.origin.service}" if span.origin.service else None)
    key = span_key(span.trace_id, span.span_id)
    for kind, name, version in dict.fromkeys(_named(span)):
        yield PatternUsed(
            execution_id=as_id(f"{key}/{kind}:{digest_id(name)[:16]}"),
            correlation_id=span.trace_id,
            pattern_type=kind,
            pattern_name=name,
            **where,
            **said(pattern_version=version),
            **course,
        )


def _named(span: Span) -> Iterator[tuple[str, str, str | None]]:
    told = span.attributes
    for name_at, version_at in _PROMPTS:
        if name := _short(told.get(name_at)):
            yield PROMPT, name, _short(told.get(version_at))
    for linked in _linked(told.get(_LINKED)):
        if isinstance(linked, dict) and (name := _short(linked.get("name"))):
            yield PROMPT, name, _short(linked.get("version"))
    name, version = _short(told.get("gen_ai.agent.name")), _short(told.get("gen_ai.agent.version"))
    if name and version:
        yield AGENT, name, version


def _linked(value: Any) -> list[Any]:
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return []
    return value[:_MOST] if isinstance(value, list) else []


def _short(value: Any) -> str | None:
    """A short text, or a whole number as one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= LONGEST_NAME else None
