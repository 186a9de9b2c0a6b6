"""``loopgraph patterns …``: what people wrote, as patterns."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.exit_codes import ExitCode
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.progress import line
from loopgraph.commands.terminal import configure_logging, err, out, plainly, shown
from loopgraph.contracts.counted import counted
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.lineage.scans import ScannedPattern, ScannedSource, ScanState
from loopgraph.errors import SetupError
from loopgraph.settings import Settings

patterns = typer.Typer(no_args_is_help=True, help="Skills, commands, subagents and memory as patterns.")


@patterns.command()
@plainly
def scan(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Folders of projects; default: the current one.")
    ] = None,
    user: Annotated[
        bool, typer.Option("--user/--no-user", help="Also look in the user's own folders and installed plugins.")
    ] = True,
    fork: Annotated[
        str | None,
        typer.Option(
            help="Name of a fork: tells the repositories of these projects apart from others with the same first commit. "
            "`git config loopgraph.fork NAME` says it once and for all."
        ),
    ] = None,
    as_json: AsJson = False,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Find skills, commands, subagents and memory files, and record them with their history.

    It can be stopped and repeated at any time: what is known is left as it is. Exit code 1 if
    nothing was found, or something was refused.
    """
    settings = graph_settings(graph_url, quiet=quiet)
    configure_logging("error")
    try:
        found, seconds = asyncio.run(_scan(settings, paths or [Path()], fork, user=user, quiet=quiet))
    except KeyboardInterrupt as stop:
        err.print("stopped; the same command goes on")
        raise typer.Exit(130) from stop
    if as_json and not quiet:
        print_json([one.model_dump(mode="json") for one in found])
    elif not quiet:
        _tell(found, seconds)
    for source in found:
        if source.refused:
            err.print(shown(f"loopgraph: {source.title}: {source.refused}"), markup=False, style="red")
    if not any(source.patterns or source.notes or source.refused for source in found):
        where = [*(["your own folders"] if user else []), *(str(path.absolute()) for path in paths or [Path()])]
        raise SetupError(
            f"nothing was found: looked in {' and '.join(where)} for skills (SKILL.md), commands, subagents and memory files "
            "(CLAUDE.md, AGENTS.md, GEMINI.md); name the folder of a project that has some: `loopgraph patterns scan PATH`"
        )
    if any(source.refused for source in found):
        raise typer.Exit(ExitCode.FAILED)


async def _scan(
    settings: Settings, paths: Sequence[Path], fork: str | None, *, user: bool, quiet: bool
) -> tuple[list[ScannedSource], float]:
    """What was found, and the seconds that it took without the start of the engine."""
    from loopgraph.contracts.audit import ActorType, Origin
    from loopgraph.contracts.lineage.git import ImportProgress
    from loopgraph.effects.clock import new_id
    from loopgraph.effects.definitions.user_folders import UserFolders, login
    from loopgraph.effects.lineage.definitions import DefinitionReads
    from loopgraph.effects.lineage.imports import LineageImport
    from loopgraph.main import open_services
    from loopgraph.orchestrators.lineage.definition_scan import DefinitionScan
    from loopgraph.orchestrators.lineage.definition_sources import Sources

    sources = Sources(Path.home())
    if user:
        sources.add_user(UserFolders.of(os.environ, Path.home()), login())
    for path in paths:
        sources.add_project(path)
    origin = Origin(actor_type=ActorType.AUTOMATION, actor_id="loopgraph patterns scan", correlation_id=new_id())
    with line(err, quiet=quiet) as show:

        def report(title: str, progress: ImportProgress) -> None:
            show(f"{title}: {progress.commits:,} of {counted(progress.total, 'commit')}")

        async with open_services(settings) as services:
            graph, began = services.graph, time.perf_counter()
            run = DefinitionScan(
                LineageImport(graph),
                services.lineage_reads,
                DefinitionReads(graph),
                services.lineage,
                origin,
                report,
            )
            found = [source async for source in run.run(sources.found, fork)]
            await services.use_linker.look()  # what ran already is of these versions from now on
            return found, time.perf_counter() - began


def _tell(found: Iterable[ScannedSource], seconds: float) -> None:
    every: list[ScannedPattern] = []
    for source in found:
        if not (source.patterns or source.notes):
            continue
        history = f", {counted(source.commits, 'commit')}" if source.commits else ""
        out.print(shown(f"{source.title} ({source.folder}{history})"), markup=False)
        told = [one for one in source.patterns if not _is_past(one)]
        widest = min(max((len(shown(one.identity.name)) for one in told), default=0), 60)
        for one in told:
            out.print(f"  {one.identity.kind:<8} {shown(one.identity.name):<{widest}}  {_state(one)}", markup=False)
        if past := [one for one in source.patterns if _is_past(one)]:
            versions = counted(sum(one.versions for one in past), "version")
            out.print(f"  {counted(len(past), 'more is', 'more are')} gone, with {versions}", markup=False)
        for note in source.notes:
            out.print(f"  {shown(note)}", markup=False)
        every += source.patterns
    there = Counter(one.identity.kind for one in every if one.state is not ScanState.GONE)
    kinds = ", ".join(counted(there[kind], *_KINDS[kind]) for kind in DefinitionKind if there[kind])
    states = Counter(one.state for one in every)
    out.print(
        f"{kinds or 'nothing found'} · {counted(sum(one.new for one in every), 'new version')}, "
        f"{sum(one.versions for one in every):,} in all · patterns: {states[ScanState.NEW]:,} new, "
        f"{states[ScanState.CHANGED]:,} changed, {states[ScanState.GONE]:,} gone, "
        f"{states[ScanState.UNCHANGED]:,} unchanged · {seconds:.1f} s",
        markup=False,
    )


_KINDS = {
    DefinitionKind.SKILL: ("skill", "skills"),
    DefinitionKind.COMMAND: ("command", "commands"),
    DefinitionKind.SUBAGENT: ("subagent", "subagents"),
    DefinitionKind.MEMORY: ("memory file", "memory files"),
}


def _is_past(one: ScannedPattern) -> bool:
    """Whether it was gone before it was known."""
    return one.state is ScanState.GONE and one.new == one.versions


def _state(one: ScannedPattern) -> str:
    known = f"{counted(one.versions, 'version')}" + (f", {one.new:,} new" if one.new else "")
    uncommitted = ", not committed" if one.uncommitted else ""
    others = ", other files beside it" if one.other_files else ""
    return f"{one.state:<9}  {known}{uncommitted}{others}"
