"""What backfills compute in Python: for each, a function from one row of its page to one row of its write, or None to leave it.

A migration is history: its functions keep doing what they did when it was written, whatever the rest of the program does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.transaction import Row

Step = Callable[[Row], Row | None]


def _session(row: Row) -> Row:
    at = row["started_at"] or row["created_at"]
    return {"key": row["key"], "time_key": time_key(at, row["key"])}


def _open_trace(row: Row) -> Row | None:
    return {"key": row["key"], "open_key": row["time_key"]} if row["status"] == "in_progress" else None


def _record(row: Row) -> Row:
    return {"key": row["key"], "time_key": time_key(row["at"], row["key"])}


STEPS: Final[Mapping[str, Step]] = MappingProxyType(
    {
        "0003_sessions_and_open_traces/1_sessions": _session,
        "0003_sessions_and_open_traces/2_traces": _open_trace,
        "0005_keys_of_records/1_logs": _record,
        "0005_keys_of_records/2_points": _record,
    }
)
"""By migration and backfill. A backfill that is not named here writes the rows of its page as they are."""
