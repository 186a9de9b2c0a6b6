"""The commands about learned patterns."""

from __future__ import annotations

import typer

from loopgraph.commands.learning.embed import embed
from loopgraph.commands.learning.rebuild import rebuild, status
from loopgraph.commands.learning.weights import weights

learning = typer.Typer(no_args_is_help=True, help="See what is learned from traces, and make it anew.")
for command in (status, rebuild, embed, weights):
    learning.command()(command)
