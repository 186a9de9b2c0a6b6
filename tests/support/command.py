"""The ``loopgraph`` command in this process: one of its own takes two seconds to start, and proves no more of what is printed."""

from __future__ import annotations

import asyncio
import re
from functools import cache
from pathlib import Path

from typer import testing
from typer.main import get_command
from typer.testing import CliRunner

from loopgraph.commands.app import app
from loopgraph.commands.terminal import err, out
from support.engines import EngineUnderTest

testing._get_command = cache(get_command)  # all commands take a tenth of a second to be put together


def settings_of(engine: EngineUnderTest) -> dict[str, str]:
    """The environment of a command that works on this engine."""
    database = {} if engine.database is None else {"LOOPGRAPH_GRAPH_DATABASE": engine.database}
    return {
        "LOOPGRAPH_GRAPH_URL": engine.url,
        "LOOPGRAPH_GRAPH_USER": engine.user,
        "LOOPGRAPH_GRAPH_PASSWORD": engine.password,
    } | database


async def command(*arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error; what the command does not expect is raised."""
    for console in (out, err):
        console.width = 200
    result = await asyncio.to_thread(CliRunner(env=environment).invoke, app, [*map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def without_progress(complaints: str) -> str:
    """What a command printed on standard error, without the lines that tell now and then how far it is."""
    return re.sub(r"^.* · [\d,]+ s(?: · [\d,]+ \w+/s)?\n", "", complaints, flags=re.MULTILINE)
