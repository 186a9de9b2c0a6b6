"""The ``loopgraph`` command."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from loopgraph import __version__
from loopgraph.errors import LoopgraphError
from loopgraph.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Traces, lineage, measurement and controlled improvement of AI agent patterns. "
    "Settings are environment variables: LOOPGRAPH_GRAPH_URL and others, see the README.",
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def plainly(command: Callable[P, T]) -> Callable[P, T]:
    """An expected error ends the command with one plain sentence and exit code 1, not with a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except LoopgraphError as error:
            err.print(f"loopgraph: {error}", markup=False, style="red")
            raise typer.Exit(1) from error
        except ValidationError as error:
            for problem in error.errors():
                name = f"LOOPGRAPH_{'_'.join(map(str, problem['loc']))}".upper()
                err.print(
                    f"loopgraph: {name}: {problem['msg'].removeprefix('Value error, ')}", markup=False, style="red"
                )
            raise typer.Exit(2) from error

    return run


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

    from loopgraph.main import create_app

    given: dict[str, Any] = {"host": host, "port": port, "graph_url": graph_url}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    configure_logging(settings.log_level)
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=settings.log_level.lower() == "debug",
        timeout_graceful_shutdown=10,
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
