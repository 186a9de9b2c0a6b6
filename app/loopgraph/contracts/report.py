"""The first look: what agents did in some time, what it cost, and how it ended."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from loopgraph.contracts.analytics import ModelUsageSums
from loopgraph.contracts.base import Contract, Instant

Count = Annotated[int, Field(ge=0)]


class ReportDimension(StrEnum):
    """By what a report tells its rows apart. ``DAY`` is one of UTC, ``PROJECT`` the folder that a session worked in, ``SUBAGENT``
    the agent that a routing selected or the type of the subagent, ``SKILL`` the skill or command in force."""

    DAY = "day"
    PROJECT = "project"
    MODEL = "model"
    SKILL = "skill"
    SUBAGENT = "subagent"


class Activity(Contract):
    """What happened in a group of traces, and how it ended. A dimension is None where the groups are not told apart by it, and
    where a trace has none.

    ``prompts`` are the traces that a person's prompt began, and ``steps`` those of all ``traces``. ``succeeded`` to
    ``interrupted`` are ends of prompts or, told apart by agents, of traces; the rest goes on. ``failed`` went wrong by itself.
    """

    day: date | None
    project: str | None
    agent: str | None
    sessions: Count
    traces: Count
    prompts: Count
    succeeded: Count
    failed: Count
    denied: Count
    interrupted: Count
    steps: Count
    failed_steps: Count
    denied_steps: Count


class ReportRow(Contract):
    """One line of a report. ``key`` is None for what has none. ``activity`` is None by models and skills: a prompt can use
    several."""

    key: str | None
    activity: Activity | None
    usage: ModelUsageSums


class Report(Contract):
    """``rows`` are told apart by ``by``: days in their order, all else the most expensive first. ``cut``: there are more."""

    since: Instant | None
    until: Instant
    project: str | None
    by: ReportDimension
    total: ReportRow
    rows: tuple[ReportRow, ...]
    cut: bool
