"""The ``loopgraph`` command: what it consists of."""

from __future__ import annotations

from typing import Annotated

import typer

from loopgraph import __version__
from loopgraph.commands.analytics import analytics
from loopgraph.commands.backup import backup, restore
from loopgraph.commands.demo import demo
from loopgraph.commands.doctor import doctor
from loopgraph.commands.hooks import hooks
from loopgraph.commands.imports import imports
from loopgraph.commands.letters import letters
from loopgraph.commands.migrate import migrate
from loopgraph.commands.pattern import pattern
from loopgraph.commands.patterns import patterns
from loopgraph.commands.prices import prices
from loopgraph.commands.report import report
from loopgraph.commands.schema import schema
from loopgraph.commands.serve import serve
from loopgraph.commands.terminal import out
from loopgraph.commands.traces import traces
from loopgraph.commands.watch import watch

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Traces, lineage, measurement and controlled improvement of AI agent patterns. "
    "Settings are environment variables: LOOPGRAPH_GRAPH_URL and others, see docs/operating.md.",
)
for command in (serve, watch, demo, doctor, report, migrate, backup, restore, schema):
    app.command()(command)
for name, group in (
    ("import", imports),
    ("hooks", hooks),
    ("traces", traces),
    ("letters", letters),
    ("analytics", analytics),
    ("prices", prices),
    ("patterns", patterns),
    ("pattern", pattern),
):
    app.add_typer(group, name=name)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"loopgraph {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Loopgraph."""


def main() -> None:
    """Entry point."""
    app()
