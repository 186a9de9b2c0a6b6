"""The rows of a report, made of two lists of groups."""

from __future__ import annotations

from datetime import date
from typing import Any

from loopgraph.contracts.analytics.report import Activity, ReportDimension
from loopgraph.contracts.analytics.views import NO_USAGE, ModelUsage
from loopgraph.reducers.report import joined

NOTHING = dict.fromkeys(
    (
        "sessions",
        "traces",
        "prompts",
        "succeeded",
        "failed",
        "denied",
        "interrupted",
        "in_progress",
        "steps",
        "failed_steps",
        "denied_steps",
    ),
    0,
)
NOWHERE = dict.fromkeys(("model", "service_name", "day", "project", "session_id", "user_id", "agent", "skill"))


def active(**some: Any) -> Activity:
    return Activity(**{**NOTHING, "day": None, "project": None, "agent": None, **some})


def used(**some: Any) -> ModelUsage:
    return ModelUsage(**{**NO_USAGE.model_dump(), **NOWHERE, **some})


def test_a_group_of_either_list_has_a_row_and_days_stand_in_their_order() -> None:
    first, second, third = (date(2026, 11, day) for day in (1, 2, 3))
    rows = joined(
        ReportDimension.DAY,
        [active(day=third, prompts=3), active(day=first, prompts=1)],
        [used(day=second, calls=2, cost_usd=9.0), used(day=first, calls=1)],
    )
    assert [row.key for row in rows] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert [row.activity and row.activity.prompts for row in rows] == [1, None, 3]
    assert [row.usage.calls for row in rows] == [1, 2, 0]


def test_all_else_has_the_most_expensive_first_and_what_costs_nothing_by_its_tokens_and_traces() -> None:
    rows = joined(
        ReportDimension.PROJECT,
        [active(project="/a", traces=1), active(project=None, traces=5), active(project="/idle", traces=2)],
        [used(project="/a", cost_usd=1.0), used(project="/b", cost_usd=2.0), used(project=None, input_tokens=7)],
    )
    assert [row.key for row in rows] == ["/b", "/a", None, "/idle"]


def test_by_agents_what_belongs_to_none_is_what_the_main_agents_did() -> None:
    rows = joined(
        ReportDimension.AGENT,
        [active(agent=None, traces=9), active(agent="reviewer", traces=1, succeeded=1)],
        [used(agent=None, cost_usd=5.0), used(agent="reviewer", cost_usd=0.5)],
    )
    assert [(row.key, row.usage.cost_usd) for row in rows] == [(None, 5.0), ("reviewer", 0.5)]
