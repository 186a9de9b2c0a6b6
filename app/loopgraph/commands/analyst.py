"""``loopgraph analyst``."""

from __future__ import annotations

from typing import Annotated

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.terminal import out, plainly
from loopgraph.errors import InvalidInput, SetupError


@plainly
def analyst(
    as_json: AsJson = False,
    as_environment: Annotated[
        bool, typer.Option("--env", help='Print lines for a shell: `eval "$(loopgraph analyst --env)"`.')
    ] = False,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
) -> None:
    """Print where the embedded engine of a running service can be read, and the password of a user who can write nothing."""
    from loopgraph.effects.engine.folder import EngineFolder
    from loopgraph.effects.engine.reader import reading_address

    if as_json and as_environment:
        raise InvalidInput("--env", "is another form than --json; give one of them")
    settings = graph_settings(graph_url)
    if settings.embedded_folder is None:
        raise SetupError(
            f"{settings.graph_url} is a server, whose users are made there: docs/analysts.md says how to make one who only reads"
        )
    address = reading_address(EngineFolder(settings.embedded_folder))
    told = {
        "url": address.url,
        "user": address.user,
        "password": address.password,
        "database": address.database,
    }
    if as_json:
        print_json(told)
    elif as_environment:
        for name, value in told.items():
            out.print(f"export LOOPGRAPH_GRAPH_{name.upper()}={value}", markup=False)
    else:
        for name, value in told.items():
            out.print(f"{name:<9} {value}", markup=False)
