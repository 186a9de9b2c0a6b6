"""The ``loopgraph`` command."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.table import Table

from loopgraph import __version__
from loopgraph.contracts.git import ImportForm, ImportProgress
from loopgraph.errors import InvalidInput
from loopgraph.hooks_commands import hooks
from loopgraph.settings import Settings
from loopgraph.terminal import err, out, plainly
from loopgraph.traces_commands import traces

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Traces, lineage, measurement and controlled improvement of AI agent patterns. "
    "Settings are environment variables: LOOPGRAPH_GRAPH_URL and others, see the README.",
)
imports = typer.Typer(no_args_is_help=True, help="Import recorded history as lineage.")
app.add_typer(imports, name="import")
app.add_typer(hooks, name="hooks")
app.add_typer(traces, name="traces")


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine; Ctrl-C ends it in order."""
    return asyncio.run(work)


def configure_logging(level: str) -> None:
    """Log lines on standard error."""
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr
    )
    # The driver warns of every conflict that it retries; those that it gives up reach us as errors.
    logging.getLogger("neo4j").setLevel(logging.ERROR)


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


@app.command()
@plainly
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default LOOPGRAPH_HOST or 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default LOOPGRAPH_PORT or 8053.")] = None,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
) -> None:
    """Serve GraphQL and ingest on one process."""
    import uvicorn

    from loopgraph.api.startup import PlainStart
    from loopgraph.main import create_app

    given: dict[str, Any] = {"host": host, "port": port, "graph_url": graph_url}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    configure_logging(settings.log_level)
    config = uvicorn.Config(
        PlainStart(create_app(settings)),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=settings.log_level.lower() == "debug",
        timeout_graceful_shutdown=10,
        ws_max_size=settings.max_body_bytes,
    )
    server = uvicorn.Server(config)
    server.run()
    if not server.started:
        raise typer.Exit(1)


@app.command()
@plainly
def demo(
    keep: Annotated[bool, typer.Option(help="Keep serving until Ctrl-C, to look further.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on standard output, progress on standard error.")
    ] = False,
    runs_per_arm: Annotated[
        int, typer.Option(min=2, max=10_000, help="Measured runs that each arm of an experiment needs.")
    ] = 30,
    graph_url: Annotated[
        str | None,
        typer.Option(
            envvar="LOOPGRAPH_GRAPH_URL", help="Graph to use; default an embedded engine in a temporary folder."
        ),
    ] = None,
) -> None:
    """Let the improvement loop choose between two ways of doing real work, by measuring them. Under two minutes."""
    from loopgraph.demo.command import run_demo

    if graph_url is not None:
        Settings(graph_url=graph_url)  # says what is wrong with it before anything starts
    wait_for(run_demo(graph_url, runs_per_arm=runs_per_arm, keep=keep, as_json=as_json))


@app.command()
@plainly
def doctor() -> None:
    """Say how the graph is: engine, version, schema, latency, counts, and what is wrong in plain words."""
    from loopgraph.effects.diagnosis import diagnose

    settings = Settings()
    configure_logging("warning")
    diagnosis = wait_for(diagnose(settings))
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in diagnosis.lines():
        table.add_row(name, value)
    out.print(table)
    for problem in diagnosis.problems:
        err.print(f"✗ {problem}", markup=False, style="red")
    if diagnosis.problems:
        raise typer.Exit(1)
    out.print("✓ healthy", style="green")


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
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Import the history of a git repository.

    It can be stopped and repeated at any time: what was imported before is left as it is.
    """
    if glob is not None and form is ImportForm.COMMITS:
        raise InvalidInput("--glob", "chooses files; use it with --as files")
    settings = Settings() if graph_url is None else Settings(graph_url=graph_url)
    configure_logging("error")  # stopped by Ctrl-C, asyncio warns of the git process that got it, too
    if form is ImportForm.FILES and glob is None:
        glob = "**"
    progress = ImportProgress()

    def keep(latest: ImportProgress) -> None:
        nonlocal progress
        progress = latest

    try:
        seconds, identity = wait_for(_import_git(settings, str(path), ref, glob, keep, quiet=quiet))
    except KeyboardInterrupt as stop:
        err.print(f"stopped after {progress.versions:,} new versions; the same command goes on")
        raise typer.Exit(130) from stop
    if quiet:
        return
    out.print(
        f"commits {progress.commits:,} · versions {progress.versions:,} new, {progress.known:,} known · "
        f"edges {progress.edges:,} new · patterns {progress.patterns:,} new · {seconds:.1f} s · "
        f"{progress.versions / seconds:,.0f} versions/s"
    )
    out.print(f"pattern git:{identity}" if glob is None else f"patterns git:{identity}:…")
    if progress.kept:
        out.print(f"{progress.kept:,} patterns stay with a version in use that no import has made")


async def _import_git(
    settings: Settings, path: str, ref: str, glob: str | None, keep: Callable[[ImportProgress], None], *, quiet: bool
) -> tuple[float, str]:
    """Seconds that the import took, without the start of the engine, and the identity of the repository."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from loopgraph.contracts.events import ActorType, Origin
    from loopgraph.effects.clock import new_id
    from loopgraph.effects.git import GitRepository
    from loopgraph.effects.lineage_import import LineageImport
    from loopgraph.main import open_services
    from loopgraph.orchestrators.git_import import GitImport

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    bar = Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal)
    origin = Origin(actor_type=ActorType.AUTOMATION, actor_id="loopgraph import git", correlation_id=new_id())
    async with GitRepository(path) as repository:
        await repository.resolve(ref)  # a wrong path or ref is told before an engine is started
        with bar:
            task = bar.add_task("opening the graph", total=None)

            def report(latest: ImportProgress) -> None:
                keep(latest)
                bar.update(task, description="commits", total=latest.total, completed=latest.commits)

            async with open_services(settings) as services:
                history = LineageImport(services.graph)
                run = GitImport(repository, history, services.lineage_reads, origin, report)
                began = time.perf_counter()
                await (run.commits(ref) if glob is None else run.files(ref, glob))
                return time.perf_counter() - began, await repository.identity(ref)


@app.command()
@plainly
def schema(
    write: Annotated[bool, typer.Option(help="Write graphql/schema.graphql of this checkout.")] = False,
    check: Annotated[bool, typer.Option(help="Fail if graphql/schema.graphql differs.")] = False,
) -> None:
    """Print the GraphQL schema, or write it, or check the exported one."""
    from loopgraph.api.schema import build_schema
    from loopgraph.assets import asset

    text = build_schema(Settings()).as_str().rstrip() + "\n"
    exported = asset("graphql", "schema.graphql")
    if write:
        exported.write_text(text, encoding="utf-8")
        out.print(f"wrote {exported.name}")
    elif check:
        if not exported.is_file() or exported.read_text(encoding="utf-8") != text:
            err.print("graphql/schema.graphql is not what the code says: run `make schema`", style="red")
            raise typer.Exit(1)
        out.print("graphql/schema.graphql is up to date")
    else:
        sys.stdout.write(text)


def main() -> None:
    """Entry point."""
    app()
