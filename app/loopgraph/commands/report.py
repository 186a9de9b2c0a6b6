"""``loopgraph report``: what agents did, what it cost, and how it ended, in the terminal."""

from __future__ import annotations

import asyncio
import csv
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.projects import project_named
from loopgraph.commands.tables import Column, print_table
from loopgraph.commands.terminal import configure_logging, err, out, plainly, waiting_for
from loopgraph.computes.traces.moments import moment
from loopgraph.contracts.analytics.report import NamedPattern, Report, ReportDimension, ReportRow, VersionUse
from loopgraph.contracts.counted import counted
from loopgraph.effects.clock import now
from loopgraph.errors import InvalidInput

_ACTIVITY: Final = (
    "sessions",
    "prompts",
    "succeeded",
    "failed",
    "denied",
    "interrupted",
    "in_progress",
    "steps",
    "failed_steps",
    "denied_steps",
)
_USAGE: Final = (
    "calls", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "cost_usd",
    "reported_cost_usd", "unpriced_calls",
)  # fmt: skip
_SHOWN: Final = {
    "sessions": "sessions", "prompts": "prompts", "succeeded": "ok", "failed": "failed", "denied": "denied",
    "interrupted": "stopped", "in_progress": "at work",
    "steps": "steps", "failed_steps": "failed steps", "calls": "calls", "input_tokens": "input", "cache_read_tokens": "cached",
    "output_tokens": "output", "cost_usd": "cost",
}  # fmt: skip
_RANKS: Final = {
    "sessions": 2, "interrupted": 3, "steps": 4, "failed_steps": 5, "calls": 6, "cache_read_tokens": 1,
}  # fmt: skip
"""What a narrow terminal does without, the highest first."""

_DIGITS: Final = {"cost_usd": 6, "reported_cost_usd": 6, "avg_duration_ms": 3}
"""Behind the point, of numbers that programs are told; of rates and similarities fewer."""

_SOMETIMES: Final = frozenset({"denied", "in_progress"})
"""Columns that are there if they say something."""

_NONE: Final = {
    ReportDimension.DAY: "(no time)",
    ReportDimension.PROJECT: "(no folder)",
    ReportDimension.MODEL: "(not named)",
    ReportDimension.AGENT: "(main)",
}


@plainly
def report(
    since: Annotated[
        str, typer.Option(help="From when: 30d or 12h back, a day of UTC (2026-11-01), an instant of RFC 3339; or all.")
    ] = "30d",
    until: Annotated[
        str | None, typer.Option(help="Until when, written as --since; a day is counted in. Default: now.")
    ] = None,
    by: Annotated[ReportDimension, typer.Option(help="What the rows are.")] = ReportDimension.DAY,
    project: Annotated[
        str | None, typer.Option(help="Only this project: the folder that sessions worked in, or its name.")
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=10_000, help="Most rows.")] = 50,
    as_json: AsJson = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV; the first column says what a line is: row, total or never_used.")
    ] = False,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
) -> None:
    """Show what agents did, what it cost, and how it ended.

    Costs are the API-equivalent, in US dollars: what the senders say, else what it is by the list of prices. Days are those of
    UTC.
    """
    if as_json and as_csv:
        raise InvalidInput("--csv", "is another form than --json; give one of them")
    at = now()
    begin = None if since.strip().lower() == "all" else moment(since, "--since", at)
    end = None if until is None else moment(until, "--until", at, ends=True)
    if begin is not None and begin >= (end or at):
        raise InvalidInput("--since", f"{since!r} is not before {'now' if until is None else f'--until {until!r}'}")
    if project is not None:
        project = project_named(project)
    settings = graph_settings(graph_url)
    configure_logging("error")

    async def work() -> Report:
        from loopgraph.main import open_services
        from loopgraph.orchestrators.traces.report import report as made

        async with open_services(settings, create=False) as services:
            return await made(
                services.analytics, services.uses, begin, end or now(), by, None, project=project, first=first
            )

    with waiting_for("the graph, which has not answered yet"):
        found = asyncio.run(work())
    if as_json:
        print_json(_rounded(found.model_dump(mode="json")))
    elif as_csv:
        _print_csv(found)
    else:
        _print_report(found)


def _rounded(value: Any, name: str = "") -> Any:
    """What is told, without the digits of which none means anything: dollars to a millionth, milliseconds to a thousandth."""
    if isinstance(value, dict):
        return {key: _rounded(held, key) for key, held in value.items()}
    if isinstance(value, list):
        return [_rounded(held, name) for held in value]
    return round(value, _DIGITS.get(name, 4)) if isinstance(value, float) else value


def _value(row: ReportRow, name: str) -> Any:
    held = row.usage if name in _USAGE else row.activity
    return None if held is None else getattr(held, name)


def _print_csv(found: Report) -> None:
    """What the table says; ``kind`` tells its rows from what stands below them, so that a sum can leave that out."""
    columns, lines = _csv_of_versions(found) if found.by.pattern_types else _csv_of_rows(found)
    writer = csv.DictWriter(sys.stdout, ("kind", *columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_rounded, lines))


def _csv_of_rows(found: Report) -> tuple[Sequence[str], list[dict[str, Any]]]:
    names = (*_ACTIVITY, *_USAGE)
    lines = [
        {
            "kind": kind,
            found.by.value: row.key,
            **{name: _value(row, name) for name in names},
            "unpriced_models": " ".join(row.usage.unpriced_models),
        }
        for kind, rows in (("row", found.rows), ("total", [found.total]))
        for row in rows
    ]
    return (found.by.value, *names, "unpriced_models"), lines


def _csv_of_versions(found: Report) -> tuple[Sequence[str], list[dict[str, Any]]]:
    """The total is of all that happened, as a use can be one of several patterns."""
    names = [*VersionUse.model_fields, "in_progress", "success_rate"]
    lines = [{"kind": "row", **{name: getattr(use, name) for name in names}} for use in found.versions]
    common = [name for name in names if name in (*_ACTIVITY, *_USAGE)]
    lines.append({"kind": "total", **{name: _value(found.total, name) for name in common}})
    lines += [{"kind": "never_used", **pattern.model_dump(), "uses": 0} for pattern in found.never_used]
    return names, lines


def _print_report(found: Report) -> None:
    last = found.until - timedelta(microseconds=1)  # at midnight it is the day before that ends
    time = f"{found.since:%Y-%m-%d} to {last:%Y-%m-%d}" if found.since else f"until {last:%Y-%m-%d}"
    out.print(f"{time} · {_summary(found.total)}", markup=False)
    shown = found.versions if found.by.pattern_types else found.rows
    if not shown:
        where = f" of {found.project}" if found.project else ""
        out.print(f"nothing was {'used' if found.by.pattern_types else 'recorded'}{where} in this time", markup=False)
        earlier = "`--since all` looks further back; " if found.since else ""
        out.print(
            f"{earlier}`loopgraph import claude-code` (or codex, gemini, opencode) reads what agents did on this machine"
        )
    elif found.by.pattern_types:
        _print_versions(found)
    else:
        _print_rows(found)
    if found.cut:
        out.print(f"and more; --first {2 * len(shown)} shows twice as many", markup=False)
    if found.never_used:
        out.print(f"never used in this time: {', '.join(_name(found, one) for one in found.never_used)}", markup=False)
    for pair in found.alike:
        names = f"{_name(found, pair.one)} and {_name(found, pair.other)}"
        out.print(f"nearly the same text ({pair.similarity:.0%}): {names}", markup=False)
    if found.alike_cut:
        out.print("more have nearly the same text: so many are alike that not all were compared", markup=False)
    if models := found.total.usage.unpriced_models:
        calls = counted(found.total.usage.unpriced_calls, "call")
        err.print(f"{calls} without a price, of {', '.join(models)}: not in the costs above", markup=False)


def _print_rows(found: Report) -> None:
    rows, total = found.rows, found.total
    names = [name for name in _SHOWN if name in _USAGE or any(row.activity is not None for row in rows)]
    names = [name for name in names if name not in _SOMETIMES or any(_value(row, name) for row in rows)]
    keys = [_NONE[found.by] if row.key is None else row.key for row in rows]
    columns = [Column(found.by.value, keys, left=True, total="total")]
    for name in names:
        cells = [_figure(name, _value(row, name)) for row in rows]
        columns.append(Column(_SHOWN[name], cells, _RANKS.get(name, 0), total=_figure(name, _value(total, name))))
    print_table(out, columns)


def _print_versions(found: Report) -> None:
    uses = found.versions
    print_table(
        out,
        [
            Column(found.by.value, [_name(found, use) for use in uses], left=True),
            Column("version", [_version(use) for use in uses], left=True),
            Column("uses", [f"{use.uses:,}" for use in uses]),
            Column("sessions", [f"{use.sessions:,}" for use in uses], 4),
            Column("ok", [f"{use.succeeded:,}" for use in uses]),
            Column("failed", [f"{use.failed:,}" for use in uses]),
            *_sometimes("denied", [use.denied for use in uses], 3),
            Column("stopped", [f"{use.interrupted:,}" for use in uses], 3),
            *_sometimes("at work", [use.in_progress for use in uses], 3),
            Column("corrected", [f"{use.corrected:,}" for use in uses], 5),
            Column("success", ["–" if use.success_rate is None else f"{use.success_rate:.0%}" for use in uses]),
            Column("mean time", [_seconds(use.avg_duration_ms) for use in uses], 1),
            Column("cost", [_figure("cost_usd", use.cost_usd) for use in uses]),
            Column("last used", [f"{use.last_used_at:%Y-%m-%d}" for use in uses], 2),
        ],
    )  # fmt: skip
    if unknown := sum(use.unknown for use in uses):
        out.print(f"{counted(unknown, 'use')} in no rate of success: not over, or too little is known", markup=False)
    if guessed := sum(use.uses - use.exact for use in uses):
        out.print(
            f"{counted(guessed, 'use')} of versions that were in force: nothing tells which text was given",
            markup=False,
        )


def _sometimes(name: str, counts: Sequence[int], rank: int) -> list[Column]:
    """A column that is there if it says something."""
    return [Column(name, [f"{count:,}" for count in counts], rank)] if any(counts) else []


def _version(use: VersionUse) -> str:
    return f"{use.version}" if use.label is None else f"{use.version} ({use.label})"


def _seconds(ms: float | None) -> str:
    return "–" if ms is None else f"{ms / 1_000:,.1f} s"


def _name(found: Report, pattern: NamedPattern) -> str:
    """What people call it, and where that does not tell it from another, whose it is."""
    every = (*found.versions, *found.never_used, *(one for pair in found.alike for one in (pair.one, pair.other)))
    namesakes = {
        one.pattern_id for one in every if (one.name, one.pattern_type) == (pattern.name, pattern.pattern_type)
    }
    kind = f"{pattern.pattern_type} " if found.by is ReportDimension.PATTERN else ""
    whose = f" [{pattern.scope or pattern.pattern_id}]" if len(namesakes) > 1 else ""
    return f"{kind}{pattern.name}{whose}"


def _summary(total: ReportRow) -> str:
    told = []
    if total.activity is not None:
        told = [counted(total.activity.sessions, "session"), counted(total.activity.prompts, "prompt")]
    told.append(counted(total.usage.calls, "call of a model", "calls of models"))
    if total.usage.cost_usd is not None:
        told.append(f"{_figure('cost_usd', total.usage.cost_usd)} (API-equivalent)")
    return " · ".join(told)


def _figure(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name == "cost_usd":
        return f"${value:,.2f}" if value >= 0.1 or not value else f"${value:.4f}"
    if "tokens" in name and value >= 100_000:
        return f"{value / 1_000_000:,.1f} M" if value >= 1_000_000 else f"{value / 1_000:,.0f} k"
    return f"{value:,}"
