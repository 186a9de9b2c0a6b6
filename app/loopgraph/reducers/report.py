"""A report of what happened and what was used: two lists of groups made into one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from loopgraph.contracts.analytics.report import Activity, ReportDimension, ReportRow
from loopgraph.contracts.analytics.views import NO_USAGE, ModelUsage, UsageDimension
from loopgraph.contracts.traces.uses import UseFigures

DIMENSIONS: Final = {
    ReportDimension.DAY: UsageDimension.DAY,
    ReportDimension.PROJECT: UsageDimension.PROJECT,
    ReportDimension.MODEL: UsageDimension.MODEL,
    ReportDimension.AGENT: UsageDimension.AGENT,
}
"""By what the groups are told apart."""

ACTIVE: Final = frozenset({ReportDimension.DAY, ReportDimension.PROJECT, ReportDimension.AGENT})
"""The dimensions that a whole trace has, so that its end counts in one group; it can use several models."""

_KEYS: Final[dict[ReportDimension, Callable[[ModelUsage], str | date | None]]] = {
    ReportDimension.DAY: lambda usage: usage.day,
    ReportDimension.PROJECT: lambda usage: usage.project,
    ReportDimension.MODEL: lambda usage: usage.model,
    ReportDimension.AGENT: lambda usage: usage.agent,
}


def joined(by: ReportDimension, activities: Sequence[Activity], usages: Sequence[ModelUsage]) -> list[ReportRow]:
    """One row for each group that is in either list: days in their order, all else the most expensive first."""
    active = {_active_key(by, activity): activity for activity in activities}
    used = {_KEYS[by](usage): usage for usage in usages}
    rows = [
        ReportRow(key=None if key is None else str(key), activity=active.get(key), usage=used.get(key, NO_USAGE))
        for key in dict.fromkeys((*used, *active))
    ]
    if by is ReportDimension.DAY:
        return sorted(rows, key=lambda row: row.key or "")
    return sorted(rows, key=_weight, reverse=True)


def outcomes(figures: Sequence[UseFigures]) -> dict[str, int | float | None]:
    """What came of the uses of a version, as fields of ``VersionUse``: how many succeeded, and what it cost."""
    judged = [each.outcome for each in figures if each.outcome is not None]
    costs = [each.cost_usd for each in figures if each.model_calls > each.unpriced_calls]
    return {
        "successes": sum(outcome.success is True for outcome in judged),
        "failures": sum(outcome.success is False for outcome in judged),
        "unknown": len(figures) - sum(outcome.success is not None for outcome in judged),
        "corrected": sum(outcome.correction.corrected is True for outcome in judged),
        "cost_usd": sum(costs) if costs else None,
    }


def _active_key(by: ReportDimension, activity: Activity) -> str | date | None:
    if by is ReportDimension.DAY:
        return activity.day
    return activity.agent if by is ReportDimension.AGENT else activity.project


def _weight(row: ReportRow) -> tuple[float, int, int]:
    return row.usage.cost_usd or 0.0, row.usage.input_tokens, row.activity.traces if row.activity else 0
