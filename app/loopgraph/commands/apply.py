"""``loopgraph apply``: an improvement becomes a change of the file in which its pattern is written."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.terminal import configure_logging, err, out, plainly, shown
from loopgraph.errors import InvalidInput
from loopgraph.settings import Settings, default_data_folder

if TYPE_CHECKING:
    from loopgraph.orchestrators.loop.applying import Change


@plainly
def apply(
    improvement: Annotated[str, typer.Argument(help="Id of an improvement.")],
    patch: Annotated[
        bool, typer.Option("--patch", help="Print a patch for `git apply`; nothing is changed. Default.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="Change the file; a copy of what it was is kept.")] = False,
    branch: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Commit it on a new branch, with the proof in its message; nothing else is touched."
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="The file, where it is not found by what is known of the pattern.")
    ] = None,
    as_json: AsJson = False,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
) -> None:
    """Carry an improvement to the file in which its pattern is written: a skill, a command, a subagent, memory, a prompt.

    The file must be what the improved version was. Ends of lines, mode and byte order mark stay. Only what is applied is written
    or committed; what waits for review can be looked at as a patch.
    """
    if sum((patch, write, branch is not None)) > 1:
        raise InvalidInput("--write", "is one way to apply it, --patch and --branch are others")
    settings = graph_settings(graph_url)
    configure_logging("error")
    change, done = asyncio.run(_apply(settings, improvement, file, write=write, branch=branch))
    if as_json:
        told = {"file": change.file, "version": change.candidate.version, "changed": change.before != change.after}
        came = {"commit": done, "branch": branch} if branch is not None else {"backup": done or None} if write else {}
        print_json(told | came | {"patch": change.patch})
    elif change.before == change.after and branch is None:
        err.print(f"{shown(str(change.file))} says that already", markup=False, soft_wrap=True)
    elif branch is not None:
        out.print(f"{branch}: {done} changes {shown(change.path)}", markup=False, soft_wrap=True)
    elif write:
        out.print(f"{shown(str(change.file))} is version {change.candidate.version} now", markup=False, soft_wrap=True)
        out.print(f"as it was: {done}", markup=False, soft_wrap=True)
    else:
        _print_patch(change.patch, terminal=sys.stdout.isatty())


def _print_patch(patch: str, *, terminal: bool) -> None:
    """The patch as it is, for a terminal's width has no say in it; but what would move a terminal's cursor is escaped there."""
    if terminal:
        patch = "\n".join("\t".join(map(shown, line.split("\t"))) for line in patch.split("\n"))
    sys.stdout.buffer.write(patch.encode())
    sys.stdout.buffer.flush()


async def _apply(
    settings: Settings, improvement: str, file: Path | None, *, write: bool, branch: str | None
) -> tuple[Change, str]:
    """The change, and what came of it: a commit, the copy of a file, or nothing."""
    from loopgraph.effects.definitions.backups import Backups
    from loopgraph.main import open_services
    from loopgraph.orchestrators.loop.applying import Applying

    async with open_services(settings, create=False) as services:
        applying = Applying(services.lineage_reads, services.feedback)
        change = await applying.change(improvement, Path.cwd(), file)
        if branch is not None:
            return change, (await applying.commit(change, branch))[:12]
        if write and change.before != change.after:
            return change, str(await applying.write(change, Backups(default_data_folder() / "backups")))
        return change, ""
