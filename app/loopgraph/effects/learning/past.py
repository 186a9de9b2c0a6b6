"""Reads traces as they were learned from, with what they were asked."""

from __future__ import annotations

from typing import Final, NamedTuple

import orjson

from loopgraph.assets import query
from loopgraph.contracts.learning.lessons import Role, TracePlan
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import chunks, made_of
from loopgraph.effects.graph.transaction import Row

_IDS = query("learning/past_ids")
_TRACES = query("learning/past_traces")

_PROMPT: Final = 20_000


class Learned(NamedTuple):
    """A trace as it was learned from. ``pattern_id`` is None for a failed one that waits for a pattern; ``withheld`` is None
    where it was offered no plan, ``propensity`` how probable it was that what was done of both would be."""

    correlation_id: str
    time_key: str
    role: Role
    plan: TracePlan
    pattern_id: str | None
    prompt: str
    session_id: str | None
    domain: str | None
    project: str | None
    withheld: bool | None
    propensity: float | None


class PastReads:
    """Reads what was learned from."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def newest(self, limit: int) -> list[Learned]:
        """The newest traces that are known to have succeeded or failed, so many at most; left out are those whose prompts are not
        kept, or moved into the archive."""
        ids = [row["correlation_id"] for row in await self._graph.read(_IDS, limit=limit)]
        found: list[Learned] = []
        for some in chunks(ids):
            rows = await self._graph.read(_TRACES, correlation_ids=some, characters=_PROMPT)
            found += await made_of(len(rows) * 10, lambda: list(map(_learned, rows)))  # noqa: B023
        return found


def _learned(row: Row) -> Learned:
    context = orjson.loads(row["context"]) if row["context"] else {}
    domain = context.get("domain")
    return Learned(
        correlation_id=row["correlation_id"],
        time_key=row["time_key"],
        role=Role(row["role"]),
        plan=TracePlan.model_validate_json(row["plan"]),
        pattern_id=row["pattern_id"],
        prompt=row["prompt_text"],
        session_id=row["session_id"],
        domain=domain if isinstance(domain, str) else None,
        project=row["project"],
        withheld=row["withheld"],
        propensity=row["propensity"],
    )
