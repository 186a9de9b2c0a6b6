"""The first look: what happened in some time beside what it used, or which versions of patterns were used."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from loopgraph.computes.definitions.similarity import AlikeTexts, nearly_same
from loopgraph.contracts.analytics.report import AlikePatterns, NamedPattern, Report, ReportDimension, ReportRow
from loopgraph.contracts.analytics.views import NO_USAGE, TimeRange
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.bodies import body_of
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.uses import UseFigures
from loopgraph.effects.traces.reading.analytics import Analytics
from loopgraph.effects.traces.reading.use_figures import UseReads
from loopgraph.reducers.report import ACTIVE, DIMENSIONS, joined, outcomes

MOST_GROUPS: Final = 10_000
"""So many groups are read before the most expensive of them are chosen."""

_AT_ONCE: Final = 500

MOST_PATTERNS: Final = 2_000
"""So many patterns in force are looked at, the newest."""


async def report(
    analytics: Analytics,
    uses: UseReads,
    since: datetime | None,
    until: datetime,
    by: ReportDimension,
    principal: Principal | None,
    *,
    project: str | None = None,
    first: int = 50,
) -> Report:
    """What agents did from ``since`` (None: ever) to ``until``; ``first`` rows at most, of days the latest."""
    span = TimeRange(since=since, until=until)
    happened, used = await asyncio.gather(
        analytics.activity(span, [], principal, 1, project), analytics.model_usage(span, [], principal, 1, project)
    )
    total = ReportRow(key=None, activity=next(iter(happened), None), usage=next(iter(used), NO_USAGE))
    make = _versions if by.pattern_types else _groups
    rows = await make(analytics, uses, span, by, principal, project, first)
    return Report(since=since, until=until, project=project, by=by, total=total, **rows)


async def _groups(
    analytics: Analytics,
    _: UseReads,
    span: TimeRange,
    by: ReportDimension,
    principal: Principal | None,
    project: str | None,
    first: int,
) -> dict[str, Any]:
    dimension = [DIMENSIONS[by]]
    usages = await analytics.model_usage(span, dimension, principal, MOST_GROUPS, project)
    activities = await analytics.activity(span, dimension, principal, MOST_GROUPS, project) if by in ACTIVE else []
    rows = joined(by, activities, usages)
    kept = rows[-first:] if by is ReportDimension.DAY else rows[:first]
    return {"rows": tuple(kept), "cut": len(kept) < len(rows)}


async def _versions(
    analytics: Analytics,
    reads: UseReads,
    span: TimeRange,
    by: ReportDimension,
    principal: Principal | None,
    project: str | None,
    first: int,
) -> dict[str, Any]:
    kinds = by.pattern_types
    kind = kinds[0] if len(kinds) == 1 else None
    found, there = await asyncio.gather(
        analytics.pattern_uses(span, kind, principal, MOST_GROUPS, project),
        analytics.current_definitions(kinds, MOST_PATTERNS),
    )
    uses = [use for use, _ in found]
    used, named = {use.pattern_id for use in uses}, {pattern.pattern_id: pattern for pattern, _ in there}
    # In one project, the patterns of another are not unused.
    unused = [pattern for pattern, _ in there if pattern.pattern_id not in used] if project is None else []
    compared = await asyncio.to_thread(_alike, kinds, there)
    alike = [
        AlikePatterns(one=named[str(pair.one)], other=named[str(pair.other)], similarity=pair.similarity)
        for each in compared
        for pair in each.pairs
    ]
    shown = [use.model_copy(update=outcomes(await _figures(reads, ids, principal))) for use, ids in found[:first]]
    return {
        "versions": tuple(shown),
        "never_used": tuple(unused),
        "alike": tuple(alike),
        "alike_cut": not all(each.whole for each in compared),
        "cut": len(uses) > first,
    }


def _alike(kinds: Sequence[str], there: Sequence[tuple[NamedPattern, str]]) -> list[AlikeTexts]:
    """Which of the patterns of each kind have nearly the same text."""
    texts: dict[str, dict[str, str]] = {each: {} for each in kinds}
    for pattern, text in there:
        if pattern.pattern_type in texts:
            texts[pattern.pattern_type][pattern.pattern_id] = body_of(DefinitionKind(pattern.pattern_type), text)
    return [nearly_same(of_kind) for of_kind in texts.values()]


async def _figures(reads: UseReads, execution_ids: Sequence[str], principal: Principal | None) -> list[UseFigures]:
    figures: list[UseFigures] = []
    for start in range(0, len(execution_ids), _AT_ONCE):
        figures += (await reads.figures(execution_ids[start : start + _AT_ONCE], principal)).values()
    return figures
