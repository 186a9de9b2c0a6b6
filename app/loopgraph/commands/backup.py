"""``loopgraph backup`` and ``loopgraph restore``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.terminal import configure_logging, out, plainly
from loopgraph.settings import Settings


@plainly
def backup(
    file: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    as_json: AsJson = False,
) -> None:
    """Back up the graph of the embedded engine to one file, also while the service runs."""
    from loopgraph.orchestrators.archive.backups import back_up

    configure_logging("warning")
    size = asyncio.run(back_up(Settings(), file))
    if as_json:
        print_json({"file": file, "bytes": size})
    else:
        out.print(f"{file}: {size:,} bytes, checked", markup=False)


@plainly
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `loopgraph backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put a graph that is there already aside, into a folder beside it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup to the folder that LOOPGRAPH_GRAPH_URL names, once it has been checked. The service must not run."""
    from loopgraph.orchestrators.archive.backups import restore as restored

    configure_logging("warning")
    result = asyncio.run(restored(Settings(), file, replace=replace))
    if as_json:
        print_json({"folder": result.folder, "replaced": result.replaced})
        return
    out.print(f"the graph is restored to {result.folder}", markup=False)
    if result.replaced:
        out.print(f"the graph that was there is in {result.replaced}; remove it when you do not need it", markup=False)
