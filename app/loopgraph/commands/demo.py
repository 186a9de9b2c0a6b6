"""``loopgraph demo``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from loopgraph.commands.terminal import plainly
from loopgraph.settings import Settings


@plainly
def demo(
    keep: Annotated[bool, typer.Option(help="Keep serving until Ctrl-C, to look further.")] = False,
    show: Annotated[bool, typer.Option("--open", help="With --keep: show it in a browser.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on standard output, progress on standard error.")
    ] = False,
    runs_per_arm: Annotated[
        int,
        typer.Option(min=10, max=10_000, help="Measured runs that each arm of an experiment needs; 10 are the least."),
    ] = 30,
    graph_url: Annotated[
        str | None,
        typer.Option(
            envvar="LOOPGRAPH_GRAPH_URL", help="Graph to use; default an embedded engine in a temporary folder."
        ),
    ] = None,
) -> None:
    """Take a first look at sample sessions, then let the improvement loop choose between two ways of doing real work.

    It takes some minutes on a busy machine. In a graph that is named, what it writes stays.
    """
    from loopgraph.demo.command import run_demo

    if graph_url is not None:
        Settings(graph_url=graph_url)  # says what is wrong with it before anything starts
    if show and not keep:
        raise typer.BadParameter("needs --keep: without it there is nothing to show at the end", param_hint="--open")
    asyncio.run(run_demo(graph_url, runs_per_arm=runs_per_arm, keep=keep, as_json=as_json, show=show))
