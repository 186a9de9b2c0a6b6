"""The first look: what agents did already, by transcripts of theirs and the project that they worked in.

The transcripts are samples that come with the package. What is shown is what the commands print that a user would type.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

from loopgraph.demo.client import Json
from loopgraph.demo.service import RunningService, stopped_with
from loopgraph.errors import ServiceError

SAMPLES = Path(__file__).with_name("samples")
PROJECT = "shop"
"""Name of the project's folder."""
_TIME = ("--since", "2026-11-28", "--until", "2026-11-29")
"""Of the samples: what a report shows without it, the last thirty days, has nothing of them any more."""
IMPORT = ("import", "claude-code", "sessions")
SCAN = ("patterns", "scan", "--no-user", PROJECT)
REPORT = ("report", *_TIME)
REPORT_BY_SKILL = (*REPORT, "--by", "skill")
COMMANDS = (IMPORT, SCAN, REPORT, REPORT_BY_SKILL)

_PROGRAM = "loopgraph.commands.in_turn"
_MOST_PRINTED = 2**20
_NOBODY = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
           (("NAME", "dev"), ("EMAIL", "dev@example.org"))}  # fmt: skip
_GIT = {**_NOBODY, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
"""Nobody's settings: the commits, and so their names, are the same everywhere."""

Run = Callable[[tuple[str, ...]], Awaitable[str]]


async def first_look(
    service: RunningService,
    begins: Callable[[str], None],
    show: Callable[[str, str], None],
    columns: int | None,
    *,
    as_json: bool,
) -> Json | None:
    """Lays out the samples, and runs the commands on the service's graph. ``begins`` is told of each before,
    ``show`` gets it as it is typed, and what it printed.

    ``columns``: of the terminal; None where there is none. The reports, if they are wanted as JSON. Raises ServiceError.
    """
    folder = service.folder / "first-look"
    begins("the samples are laid out")
    await asyncio.to_thread(lay_out, folder)
    async with _commands(folder, service, columns) as run:
        for command in COMMANDS:
            begins(f"loopgraph {' '.join(command)} runs")
            show(f"loopgraph {' '.join(command)}", await run(command))
        if not as_json:
            return None
        begins("the reports are made once more, as JSON")
        return {
            "report": json.loads(await run((*REPORT, "--json"))),
            "bySkill": json.loads(await run((*REPORT_BY_SKILL, "--json"))),
        }


def lay_out(folder: Path) -> None:
    """Puts the transcripts and the project into a new folder: with its history where there is git, else as it came to be."""
    shutil.copytree(SAMPLES / "sessions", folder / "sessions")
    for _ in history(folder / PROJECT):
        pass


def history(project: Path) -> Iterator[int]:
    """Makes the project in a new folder, commit by commit; the number of the one that was made."""
    git = shutil.which("git")
    project.mkdir()
    if git:
        _run(git, project, "init", "--quiet")
    commits = tomllib.loads((SAMPLES / "project.toml").read_text(encoding="utf-8"))["commit"]
    for number, commit in enumerate(commits):
        for name, text in commit["files"].items():
            file = project / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        if git:
            at = commit["at"].astimezone(UTC).isoformat()
            _run(git, project, "add", "--", *commit["files"])
            _run(git, project, "commit", "--quiet", "--message", commit["message"], at=at)
        yield number


def _run(git: str, folder: Path, *arguments: str, at: str = "") -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _GIT
    if at:
        environment |= {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    done = subprocess.run([git, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServiceError(f"git {arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")


@asynccontextmanager
async def _commands(folder: Path, service: RunningService, columns: int | None) -> AsyncIterator[Run]:
    """A function that runs a command in the folder on the service's graph; what it printed."""
    environment = os.environ | {"LOOPGRAPH_GRAPH_URL": service.graph_url}
    if columns is not None:
        environment |= {"FORCE_COLOR": "1", "COLUMNS": str(columns)}  # its output is shown on a terminal
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", _PROGRAM),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=environment,
        limit=_MOST_PRINTED,
        start_new_session=True,
        preexec_fn=stopped_with(os.getpid()),
    )
    typed, told, complained = process.stdin, process.stdout, process.stderr
    assert typed is not None
    assert told is not None
    assert complained is not None
    complaints = asyncio.create_task(complained.read())

    async def run(command: tuple[str, ...]) -> str:
        typed.write(json.dumps(command).encode() + b"\n")
        answer = json.loads(await told.readline() or '{"code": "no answer"}')
        if answer["code"]:
            process.kill()
            said = (await complaints).decode(errors="replace").strip()
            raise ServiceError(f"loopgraph {' '.join(command)} ended with {answer['code']}: {said[-2_000:]}")
        printed: str = answer["printed"]
        return printed

    try:
        yield run
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        complaints.cancel()
