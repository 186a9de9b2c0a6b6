"""``loopgraph copy``."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer
from pydantic import SecretStr, ValidationError

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.progress import shown
from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.errors import InvalidInput, in_our_words
from loopgraph.settings import Settings

_PATIENCE_MS = 600_000
"""To read the keys of millions of nodes, or to count them, takes longer than what a service waits for."""


@plainly
def copy(
    target: Annotated[
        str, typer.Argument(help="Where to: embedded:PATH, bolt://HOST:PORT or neo4j://HOST:PORT; empty.")
    ],
    user: Annotated[str, typer.Option("--user", help="The user there.")] = "neo4j",
    password_env: Annotated[
        str, typer.Option("--password-env", help="The environment variable that holds the password there.")
    ] = "",
    database: Annotated[
        str | None, typer.Option("--database", help="The database there; the server's own if unset.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the whole graph to another database, which is empty: to another engine, or to a new folder.

    Stop every service first. Both are counted afterwards.
    """
    settings = Settings()
    if password_env and password_env not in os.environ:
        raise InvalidInput("--password-env", f"names {password_env}, which is not set")
    try:
        url = Settings(graph_url=target).graph_url
    except ValidationError as error:
        raise InvalidInput("TARGET", in_our_words(error.errors()[0]["msg"])) from error
    patient = settings.model_copy(update={"query_timeout_ms": _PATIENCE_MS})
    there = patient.model_copy(
        update={
            "graph_url": url,
            "graph_user": user,
            "graph_password": SecretStr(os.environ[password_env] if password_env else ""),
            "graph_database": database,
            "graph_engine": None,
        }
    )
    if _place(there) == _place(settings):
        raise InvalidInput("TARGET", "is the graph that is to be copied: name another database")
    configure_logging("warning")
    asyncio.run(_copy(patient, there, as_json=as_json))


def _place(settings: Settings) -> tuple[str, str | None]:
    """Where a graph is: a folder is one however it is written, and has one database."""
    folder = settings.embedded_folder
    if folder is not None:
        return os.path.realpath(folder), None
    return settings.graph_url.rstrip("/").lower(), settings.graph_database


async def _copy(settings: Settings, there: Settings, *, as_json: bool) -> None:
    from loopgraph.effects.graph.client import Graph
    from loopgraph.orchestrators.archive.copying import copy as copied

    async with Graph.open(settings, create=False) as source, Graph.open(there) as target:
        with shown(err) as tell:
            done = await copied(
                source,
                target,
                lambda part, whole: tell(
                    f"{part:,} of {whole:,} nodes and relationships", part, "nodes and relationships"
                ),
            )
    if as_json:
        print_json({"target": there.graph_url, **done._asdict()})
        return
    out.print(
        f"{counted(done.nodes, 'node')} and {counted(done.relationships, 'relationship')} copied to {there.graph_url}",
        markup=False,
    )
