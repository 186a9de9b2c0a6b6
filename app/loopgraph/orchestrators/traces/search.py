"""Searches traces by what happened where in their trees: the graph names candidates, the decision is made on each tree."""

from __future__ import annotations

from collections.abc import Sequence

from loopgraph.computes.traces.shape import has_structure
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.traces.records import Trace
from loopgraph.contracts.traces.search import TraceFilter, TracePage, TraceStructure
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.effects.traces.reading.search import TraceSearch
from loopgraph.orchestrators.traces.trees import read_trees

CANDIDATES = 2_000
"""How many traces the graph is asked about at once."""

MAX_CANDIDATES = 10_000
"""How many traces one page asks the graph about at most."""

TREES = 20
"""How many trees are read at once."""

MAX_TREES = 300
"""How many trees one page reads at most."""

MAX_STEPS = 10_000
"""How many records a tree may have to be decided upon; a larger one does not pass."""


async def find(
    search: TraceSearch,
    reads: TraceReads,
    filter: TraceFilter,
    structure: TraceStructure,
    page: Page,
    principal: Principal | None,
) -> TracePage:
    """Root traces that pass the filter and whose trees, as far as the principal may see them, have the structure, newest first.

    A page that is not full has ``has_more`` only if the search stopped at ``MAX_TREES`` trees, at ``MAX_CANDIDATES`` traces that
    pass the filter, or at ``MAX_SEARCHED`` traces, and says where.
    """
    roots = filter.model_copy(update={"roots_only": True})
    found: list[Trace] = []
    asked, read, searched_to = 0, 0, None
    async for part in search.parts(roots, page.after, principal, limit=CANDIDATES, whole=False):
        candidates = set(part.keys)
        for match in structure.needed:
            candidates = await search.having(candidates, match)
        left = [id_ for id_ in part.keys if id_ in candidates]
        while left:
            batch, left = left[:TREES], left[TREES:]
            found += await _passing(reads, batch, structure, principal)
            if len(found) > page.first:
                return TracePage(traces=tuple(found[: page.first]), has_more=True)
            read += len(batch)
            if read >= MAX_TREES and (left or part.floor):
                return TracePage(traces=tuple(found), has_more=True, searched_to=part.keys[batch[-1]])
        searched_to = part.floor
        asked += len(part.keys)
        if asked >= MAX_CANDIDATES:
            break
    return TracePage(traces=tuple(found), has_more=searched_to is not None, searched_to=searched_to)


async def _passing(
    reads: TraceReads, root_ids: Sequence[str], structure: TraceStructure, principal: Principal | None
) -> list[Trace]:
    trees, truncated = await read_trees(reads, root_ids, principal, max_steps=MAX_STEPS)
    if truncated and len(root_ids) > 1:
        return [trace for id_ in root_ids for trace in await _passing(reads, [id_], structure, principal)]
    passing = [
        trees[id_] for id_ in root_ids if id_ in trees and not truncated and has_structure(trees[id_], structure)
    ]
    return [root.trace for root in passing]
