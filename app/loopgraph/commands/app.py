"""The ``loopgraph`` command: what it consists of."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from loopgraph import __version__
from loopgraph.commands.analyst import analyst
from loopgraph.commands.analytics import analytics
from loopgraph.commands.apply import apply
from loopgraph.commands.backup import backup, restore
from loopgraph.commands.completion import completion
from loopgraph.commands.copying import copy
from loopgraph.commands.demo import demo
from loopgraph.commands.doctor import doctor
from loopgraph.commands.exit_codes import ExitCode
from loopgraph.commands.export import export
from loopgraph.commands.hooks import hooks
from loopgraph.commands.imports import imports
from loopgraph.commands.kafka import kafka
from loopgraph.commands.learning.group import learning
from loopgraph.commands.letters import letters
from loopgraph.commands.looking.config import config
from loopgraph.commands.looking.open import open_console
from loopgraph.commands.looking.query import query
from loopgraph.commands.looking.sessions import sessions
from loopgraph.commands.loop.group import loop
from loopgraph.commands.mcp import mcp
from loopgraph.commands.migrate import migrate
from loopgraph.commands.outcomes import outcomes
from loopgraph.commands.pattern import pattern
from loopgraph.commands.patterns import patterns
from loopgraph.commands.prices import prices
from loopgraph.commands.rate import rate
from loopgraph.commands.report import report
from loopgraph.commands.schema import schema
from loopgraph.commands.serve import serve
from loopgraph.commands.terminal import is_unread, let_go_of_output, out
from loopgraph.commands.tokens import tokens
from loopgraph.commands.traces import traces
from loopgraph.commands.watch import watch
from loopgraph.errors import in_our_words


class _Commands(TyperGroup):
    """Says what is wrong with an option in our words, and not in those of the library that checks it; ends quietly where nobody
    reads what a command prints."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = in_our_words(error.message)
            raise
        except BrokenPipeError:  # that of an engine or a service has become an error of ours
            let_go_of_output()
            raise typer.Exit(ExitCode.BROKEN_PIPE) from None
        except typer.Exit:
            if is_unread():
                raise typer.Exit(ExitCode.BROKEN_PIPE) from None
            raise
        if is_unread():
            raise typer.Exit(ExitCode.BROKEN_PIPE)
        return result


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Traces, lineage, measurement and controlled improvement of AI agent patterns. "
    "Settings are environment variables: LOOPGRAPH_GRAPH_URL and others, see docs/operating.md.",
)
for command in (
    serve,
    watch,
    demo,
    doctor,
    report,
    rate,
    apply,
    analyst,
    migrate,
    backup,
    restore,
    copy,
    schema,
    completion,
):
    app.command()(command)
for name, single in (("sessions", sessions), ("query", query), ("open", open_console)):
    app.command(name)(single)
for name, group in (
    ("import", imports),
    ("export", export),
    ("hooks", hooks),
    ("mcp", mcp),
    ("config", config),
    ("traces", traces),
    ("tokens", tokens),
    ("loop", loop),
    ("learning", learning),
    ("letters", letters),
    ("kafka", kafka),
    ("analytics", analytics),
    ("outcomes", outcomes),
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
