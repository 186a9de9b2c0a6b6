"""``loopgraph import …``: recorded history as lineage, and recorded sessions as traces."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.import_transcripts import CLIENTS, import_command
from loopgraph.commands.progress import bar
from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.contracts.lineage.git import ImportForm, ImportProgress
from loopgraph.contracts.loop.feedback import ImprovementType
from loopgraph.errors import InvalidInput
from loopgraph.settings import Settings

if TYPE_CHECKING:
    from loopgraph.contracts.lineage.optimizers import CandidateGraph
    from loopgraph.orchestrators.loop.candidates import ImportedCandidates

_LARGEST_RESULT: Final = 256 * 1024 * 1024

imports = typer.Typer(no_args_is_help=True, help="Import recorded history and recorded sessions.")

for _name, _title in CLIENTS.items():
    imports.command(_name)(import_command(_name, _title))


@imports.command("git")
@plainly
def import_git(
    path: Annotated[Path, typer.Argument(help="A git repository, or a folder in one.")],
    ref: Annotated[str, typer.Option(help="Branch, tag or commit whose history is imported.")] = "HEAD",
    form: Annotated[
        ImportForm | None,
        typer.Option(
            "--as",
            help="commits: each commit is a version of one pattern. files: each file is a pattern, each change of it a "
            "version. Default: files with --glob, else commits.",
        ),
    ] = None,
    glob: Annotated[
        str | None, typer.Option(help="Which files, as in 'prompts/**/*.md'. Default with --as files: all.")
    ] = None,
    as_json: AsJson = False,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Import the history of a git repository.

    It can be stopped and repeated at any time: what was imported before is left as it is.
    """
    if glob is not None and form is ImportForm.COMMITS:
        raise InvalidInput("--glob", "chooses files; use it with --as files")
    settings = graph_settings(graph_url, quiet=quiet)
    configure_logging("error")  # stopped by Ctrl-C, asyncio warns of the git process that got it, too
    if form is ImportForm.FILES and glob is None:
        glob = "**"
    progress = ImportProgress()

    def keep(latest: ImportProgress) -> None:
        nonlocal progress
        progress = latest

    try:
        seconds, identity = asyncio.run(_import_git(settings, str(path), ref, glob, keep, quiet=quiet))
    except KeyboardInterrupt as stop:
        err.print(f"stopped after {counted(progress.versions, 'new version')}; the same command goes on")
        raise typer.Exit(130) from stop
    if quiet:
        return
    if as_json:
        of = f"git:{identity}"
        print_json({"of": of, "files": glob is not None, **progress.model_dump(), "seconds": round(seconds, 3)})
        return
    out.print(
        f"commits {progress.commits:,} · versions {progress.versions:,} new, {progress.known:,} known · "
        f"edges {progress.edges:,} new · patterns {progress.patterns:,} new · {seconds:.1f} s · "
        f"{progress.versions / seconds:,.0f} versions/s"
    )
    out.print(f"pattern git:{identity}" if glob is None else f"patterns git:{identity}:…")
    if progress.kept:
        out.print(
            f"{counted(progress.kept, 'pattern stays', 'patterns stay')} with a version in use that no import has made"
        )


@imports.command("gepa")
@plainly
def import_gepa(
    file: Annotated[Path, typer.Argument(help="A result of GEPA: what `json.dump(result.to_dict(), file)` writes.")],
    pattern: Annotated[str, typer.Option(help="Id of the pattern whose texts they are.")],
    component: Annotated[
        str | None, typer.Option(help="Which text of a candidate is meant, where it has several.")
    ] = None,
    improvement_type: Annotated[
        ImprovementType, typer.Option("--type", help="What the candidates are meant to better.")
    ] = ImprovementType.QUALITY,
    candidates: Annotated[int, typer.Option(min=0, max=20, help="How many of the best are proposed.")] = 1,
    as_json: AsJson = False,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
) -> None:
    """Import what GEPA tried as drafts of a pattern, each with an edge from all that it was made of, and propose the best.

    The next run of the pattern tests what is proposed. An import may be repeated: what is there is left as it is.
    """
    from loopgraph.computes.lineage.optimizers import read_gepa

    settings = graph_settings(graph_url)
    configure_logging("error")
    graph = read_gepa(_json(file), component)
    found = asyncio.run(_import_candidates(settings, graph, pattern, improvement_type, candidates))
    if as_json:
        proposed = [one.improvement_id for one in found.improvements]
        made = found.made.model_dump() | {"candidates": len(graph.candidates)}
        print_json({**made, "proposed": proposed, "left_out": list(found.left_out)})
        return
    out.print(
        f"candidates {len(graph.candidates):,} · versions {found.made.versions:,} new · edges {found.made.edges:,} new"
    )
    for improvement in found.improvements:
        out.print(f"proposed {improvement.improvement_id}: {improvement.description}", markup=False, soft_wrap=True)
    for reason in found.left_out:
        out.print(f"not proposed: {reason}", markup=False, soft_wrap=True)
    if candidates and not found.improvements and not found.left_out:
        out.print("none did better than the first, so none is proposed")


def _json(file: Path) -> Any:
    try:
        if file.stat().st_size > _LARGEST_RESULT:
            raise InvalidInput(str(file), f"has more than {_LARGEST_RESULT:,} bytes")
        return json.loads(file.read_bytes())
    except OSError as error:
        raise InvalidInput(str(file), f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(str(file), "is no JSON") from error


async def _import_candidates(
    settings: Settings, graph: CandidateGraph, pattern_id: str, improvement_type: ImprovementType, count: int
) -> ImportedCandidates:
    from loopgraph.contracts.audit import ActorType, Origin
    from loopgraph.effects.clock import new_id
    from loopgraph.main import open_services
    from loopgraph.orchestrators.loop.candidates import CandidateImport

    origin = Origin(actor_type=ActorType.AUTOMATION, actor_id="loopgraph import gepa", correlation_id=new_id())
    async with open_services(settings, create=False) as services:
        return await CandidateImport(services.graph).add(graph, pattern_id, improvement_type, count, origin)


async def _import_git(
    settings: Settings, path: str, ref: str, glob: str | None, keep: Callable[[ImportProgress], None], *, quiet: bool
) -> tuple[float, str]:
    """Seconds that the import took, without the start of the engine, and the identity of the repository."""
    from rich.progress import TaskProgressColumn

    from loopgraph.contracts.audit import ActorType, Origin
    from loopgraph.effects.clock import new_id
    from loopgraph.effects.git.repository import GitRepository
    from loopgraph.effects.lineage.imports import LineageImport
    from loopgraph.main import open_services
    from loopgraph.orchestrators.lineage.git_import import GitImport

    origin = Origin(actor_type=ActorType.AUTOMATION, actor_id="loopgraph import git", correlation_id=new_id())
    async with GitRepository(path) as repository:
        await repository.resolve(ref)  # a wrong path or ref is told before an engine is started
        with bar(err, TaskProgressColumn(), quiet=quiet) as tell:

            def report(latest: ImportProgress) -> None:
                keep(latest)
                tell(f"{latest.commits:,} of {counted(latest.total, 'commit')}", latest.commits, latest.total)

            async with open_services(settings) as services:
                history = LineageImport(services.graph)
                run = GitImport(repository, history, services.lineage_reads, origin, report)
                began = time.perf_counter()
                await (run.commits(ref) if glob is None else run.files(ref, glob))
                return time.perf_counter() - began, await repository.identity(ref)
