"""Tokens of Codex, each call of a model once.

Newer clients write a ``token_usage_record`` for each response, with its id. All write ``token_count``, which tells the sum of
the thread so far and what the last response added; they repeat it, for instance when only rate limits have changed. So one
counts if it changes the sum, and where a record has told of the same response, the sum has been changed by that.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from loopgraph.computes.agents.fields import Fields, said
from loopgraph.computes.transcripts.lines import mapping_of
from loopgraph.contracts.traces.events import EndpointCalled, TraceStatus

_NAMES: Final = {
    "input_tokens": "input_tokens",
    "cached_input_tokens": "cache_read_tokens",
    "cache_write_input_tokens": "cache_write_tokens",
    "output_tokens": "output_tokens",
    "reasoning_output_tokens": "reasoning_tokens",
}

Counts = dict[str, int]


class Usage:
    """What a thread has used so far."""

    def __init__(self) -> None:
        self._sum: Counts | None = None

    def recorded(self, payload: dict[str, Any]) -> Counts:
        """What the response used that a ``token_usage_record`` is of."""
        self._sum = _counts(payload.get("thread_token_usage")) or self._sum
        return _counts(payload.get("usage"))

    def counted(self, payload: dict[str, Any]) -> tuple[Counts, Counts] | None:
        """What the last response used, and the sum with it, by a ``token_count``; None if it tells of no new one."""
        info = mapping_of(payload.get("info"))
        whole, last = _counts(info.get("total_token_usage")), _counts(info.get("last_token_usage"))
        before = self._sum or {}
        if not whole or whole == before:
            return None
        self._sum = whole
        used = last or {name: max(0, count - before.get(name, 0)) for name, count in whole.items()}
        return (used, whole) if any(used.values()) else None


def _counts(usage: Any) -> Counts:
    fields = Fields(mapping_of(usage))
    return said(**{ours: fields.count(theirs) for theirs, ours in _NAMES.items()})


def response(
    trace: str, id_: str, provider: str, used: Counts, *, body: Any, at: datetime | None, **more: Any
) -> EndpointCalled:
    """The call of a model that was answered then with these tokens. ``more`` are fields of it; what is None is not known."""
    return EndpointCalled(
        correlation_id=trace,
        call_id=id_,
        service_name=provider,
        endpoint_path="/responses",
        status=TraceStatus.SUCCESS,
        **said(response_body=body, timestamp=at, completed_at=at, **more),
        **_consistent(used),
    )


def _consistent(counts: Counts) -> Counts:
    """The counts without parts that are greater than their wholes."""
    kept = dict(counts)
    if kept.get("reasoning_tokens", 0) > kept.get("output_tokens", 0):
        del kept["reasoning_tokens"]
    if kept.get("cache_read_tokens", 0) + kept.get("cache_write_tokens", 0) > kept.get("input_tokens", 0):
        kept.pop("cache_read_tokens", None)
        kept.pop("cache_write_tokens", None)
    return kept
