"""``loopgraph traces …``: traces seen, loaded in bulk, old ones moved into an archive, and brought back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.load_traces import load
from loopgraph.commands.looking.traces import list_traces, show_trace, tail_traces
from loopgraph.commands.progress import shown
from loopgraph.commands.terminal import err, out, plainly
from loopgraph.computes.traces.retention import duration
from loopgraph.contracts.counted import counted
from loopgraph.contracts.traces.retention import Progress, PruneReport, RestoreReport
from loopgraph.settings import default_data_folder

traces = typer.Typer(
    no_args_is_help=True, help="See traces; load them, move old ones into an archive, and bring them back."
)
for name, command in (("list", list_traces), ("show", show_trace), ("tail", tail_traces), ("load", load)):
    traces.command(name)(command)

_GraphUrl = Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")]


@traces.command()
@plainly
def prune(
    older_than: Annotated[str, typer.Option(help="Age by the last sign of life: 90d, 12h, 2w, 30m.")],
    archive: Annotated[
        Path | None,
        typer.Option(
            help="Folder that the traces are archived in before they are deleted; default LOOPGRAPH_ARCHIVE_FOLDER."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go, and what would stay.")] = False,
    as_json: AsJson = False,
    graph_url: _GraphUrl = None,
) -> None:
    """Archive old traces, and delete what is archived. Stopped at any time, the same command goes on.

    What an experiment rests on stays, and what is still in progress.
    """
    age = duration(older_than, "--older-than")
    settings = graph_settings(graph_url)
    folder = archive.expanduser() if archive else settings.archive_folder or default_data_folder() / "archive"

    async def work() -> PruneReport:
        from loopgraph.effects.archive.retention import Retention
        from loopgraph.effects.archive.segments import Archive
        from loopgraph.effects.clock import now
        from loopgraph.effects.memory import collect_seldom
        from loopgraph.main import open_services
        from loopgraph.orchestrators.archive.pruning import Pruning

        async with open_services(settings, create=not dry_run) as services:
            collect_seldom()
            with shown(err) as show:

                def tell(latest: Progress) -> None:
                    show(
                        f"archived {counted(latest.read, 'node')} · deleted {latest.moved:,}, {latest.traces:,} of them traces",
                        latest.traces,
                        "traces",
                    )

                pruning = Pruning(
                    Retention(services.graph), Archive(folder), now() - age, tell, services.rolling.count_all
                )
                return await (pruning.rehearse() if dry_run else pruning.run())

    report = asyncio.run(work())
    if as_json:
        print_json({**report.model_dump(mode="json"), "folder": folder})
        return
    out.print(f"older than {report.older_than:%Y-%m-%d %H:%M:%S} UTC", markup=False)
    _tell("would be archived and deleted" if dry_run else "archived", report.archived)
    if not any(report.archived.values()):
        out.print("nothing of that age is to be archived")
    elif dry_run:
        out.print("and the sessions of which then nothing would be left")
    if not dry_run:
        _tell("deleted", report.deleted)
    for reason, count in sorted(report.kept.items()):
        out.print(f"kept {count:,}: {reason.value}", markup=False)
    for segment in report.segments:
        out.print(f"segment {folder / segment}", markup=False)


@traces.command()
@plainly
def restore(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Folders of an archive, or segments of one.")],
    as_json: AsJson = False,
    graph_url: _GraphUrl = None,
) -> None:
    """Bring archived traces back. What is in the graph stays, and gets what it lacks; so it can be repeated."""
    settings = graph_settings(graph_url)

    async def work() -> RestoreReport:
        from loopgraph.effects.archive.retention import Retention
        from loopgraph.effects.archive.segments import segments_of
        from loopgraph.effects.memory import collect_seldom
        from loopgraph.main import open_services
        from loopgraph.orchestrators.archive.restoration import restore as bring_back

        segments = segments_of(path.expanduser() for path in paths)  # a wrong path is told before an engine is started
        async with open_services(settings) as services:
            collect_seldom()
            with shown(err) as show:

                def tell(latest: Progress) -> None:
                    show(
                        f"restored {latest.moved:,} of {latest.total:,} nodes and relationships",
                        latest.moved,
                        "of them",
                    )

                return await bring_back(Retention(services.graph), segments, tell)

    report = asyncio.run(work())
    if as_json:
        print_json(report)
        return
    out.print(f"{counted(len(report.segments), 'segment')} read, all whole", markup=False)
    _tell("restored", report.made)
    _tell("there already", report.known)
    _tell("of them completed from the archive", report.completed)
    _tell("relationships in place", report.relationships)
    _tell("relationships without one of their ends, not drawn", report.loose)


def _tell(what: str, counts: Mapping[str, int]) -> None:
    listed = " · ".join(f"{name} {count:,}" for name, count in sorted(counts.items()) if count)
    if listed:
        out.print(f"{what}: {listed}", markup=False)
