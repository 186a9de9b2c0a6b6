"""``loopgraph report``: what agents did, what it cost, and how it ended, in the terminal."""

from __future__ import annotations

import asyncio
import csv
import sys
from typing import Annotated, Any, Final

import orjson
import typer
from rich.table import Table

from loopgraph.commands.terminal import configure_logging, counted, err, out, plainly
from loopgraph.computes.traces.retention import duration
from loopgraph.contracts.report import Report, ReportDimension, ReportRow
from loopgraph.errors import InvalidInput
from loopgraph.settings import Settings

_ACTIVITY: Final = (
    "sessions",
    "prompts",
    "succeeded",
    "failed",
    "denied",
    "interrupted",
    "steps",
    "failed_steps",
    "denied_steps",
)
_USAGE: Final = (
    "calls", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "cost_usd",
    "reported_cost_usd", "unpriced_calls",
)  # fmt: skip
_SHOWN: Final = {
    "sessions": "sessions", "prompts": "prompts", "succeeded": "ok", "failed": "failed", "interrupted": "stopped",
    "steps": "steps", "failed_steps": "failed steps", "calls": "calls", "input_tokens": "input", "cache_read_tokens": "cached",
    "output_tokens": "output", "cost_usd": "cost",
}  # fmt: skip
_NONE: Final = {
    ReportDimension.DAY: "(no time)",
    ReportDimension.PROJECT: "(no folder)",
    ReportDimension.MODEL: "(not named)",
    ReportDimension.SKILL: "(none)",
    ReportDimension.SUBAGENT: "(main)",
}


@plainly
def report(
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h, 2w; or all.")] = "30d",
    by: Annotated[ReportDimension, typer.Option(help="What the rows are.")] = ReportDimension.DAY,
    project: Annotated[str | None, typer.Option(help="Only sessions that worked in this folder.")] = None,
    first: Annotated[int, typer.Option(min=1, max=10_000, help="Most rows.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
) -> None:
    """Show what agents did, what it cost, and how it ended.

    Costs are the API-equivalent, in US dollars: what the senders say, else what it is by the list of prices. Days are those of
    UTC.
    """
    if as_json and as_csv:
        raise InvalidInput("--csv", "is another form than --json; give one of them")
    back = None if since.strip().lower() == "all" else duration(since, "--since")
    settings = Settings() if graph_url is None else Settings(graph_url=graph_url)
    configure_logging("error")

    async def work() -> Report:
        from loopgraph.effects.clock import now
        from loopgraph.main import open_services
        from loopgraph.orchestrators.traces.report import report as made

        async with open_services(settings, create=False) as services:
            until = now()
            begin = None if back is None else until - back
            return await made(services.analytics, begin, until, by, None, project=project, first=first)

    found = asyncio.run(work())
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(found.model_dump(mode="json"), option=orjson.OPT_INDENT_2) + b"\n")
    elif as_csv:
        _print_csv(found)
    else:
        _print_table(found)


def _value(row: ReportRow, name: str) -> Any:
    held = row.usage if name in _USAGE else row.activity
    return None if held is None else getattr(held, name)


def _print_csv(found: Report) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow((found.by.value, *_ACTIVITY, *_USAGE, "unpriced_models"))
    for row in found.rows:
        values = (_value(row, name) for name in (*_ACTIVITY, *_USAGE))
        writer.writerow((row.key, *values, " ".join(row.usage.unpriced_models)))


def _print_table(found: Report) -> None:
    total = found.total
    time = f"{found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}" if found.since else f"until {found.until:%Y-%m-%d}"
    out.print(f"{time} · {_summary(total)}", markup=False)
    if not found.rows:
        out.print("nothing was recorded in this time")
        return
    names = [name for name in _SHOWN if any(_value(row, name) is not None for row in (*found.rows, total))]
    if all(row.activity is None for row in found.rows):
        names = [name for name in names if name in _USAGE]
    table = Table(box=None, padding=(0, 2, 0, 0), show_footer=True)
    table.add_column(found.by.value, "total", overflow="fold")
    for name in names:
        table.add_column(_SHOWN[name], _figure(name, _value(total, name)), justify="right", no_wrap=True)
    for row in found.rows:
        key = _NONE[found.by] if row.key is None else row.key
        table.add_row(key, *(_figure(name, _value(row, name)) for name in names))
    out.print(table, markup=False)
    if found.cut:
        out.print(f"and more; --first {2 * len(found.rows)} shows twice as many", markup=False)
    if models := total.usage.unpriced_models:
        err.print(
            f"{counted(total.usage.unpriced_calls, 'call')} without a price, of {', '.join(models)}: not in the costs above",
            markup=False,
        )


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
