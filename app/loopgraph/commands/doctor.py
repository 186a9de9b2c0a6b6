"""``loopgraph doctor``."""

from __future__ import annotations

import asyncio

import typer
from rich.table import Table

from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.settings import Settings


@plainly
def doctor() -> None:
    """Say how the graph is: engine, version, schema, latency, counts, and what is wrong in plain words."""
    from loopgraph.effects.schema.diagnosis import diagnose

    settings = Settings()
    configure_logging("warning")
    diagnosis = asyncio.run(diagnose(settings))
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in diagnosis.lines():
        table.add_row(name, value)
    out.print(table)
    for problem in diagnosis.problems:
        err.print(f"✗ {problem}", markup=False, style="red")
    if diagnosis.problems:
        raise typer.Exit(1)
    out.print("✓ healthy", style="green")
