"""``loopgraph traces load``: what was recorded elsewhere, a line for each event, in bulk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.exit_codes import ExitCode
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.progress import bar
from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.contracts.traces.loading import Loaded, Refusal
from loopgraph.errors import InvalidInput, SetupError
from loopgraph.settings import Settings

MOST_TOLD = 20
"""So many lines that were refused are told of one by one."""


@plainly
def load(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Lines of JSON, an event each; - for standard input.", allow_dash=True),
    ],
    after: Annotated[
        int, typer.Option(min=0, help="Go on behind this line: what an earlier run said it had reached.")
    ] = 0,
    as_json: AsJson = False,
    progress: Annotated[bool, typer.Option("--progress/--no-progress", help="Show how far it is.")] = True,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
) -> None:
    """Load events that were recorded elsewhere, in bulk, and count them along the way.

    A line is what POST /api/traces/batch takes. One that is wrong is told by its number, and loses no other. It can be stopped
    and repeated at any time: what is there already stays as it is. Exit code 1 if there is no event, or one was refused.
    """
    settings = graph_settings(graph_url)
    configure_logging("error")
    reached = Loaded(lines=after)

    def keep(latest: Loaded) -> None:
        nonlocal reached
        reached = latest

    began = time.monotonic()
    try:
        with _opened(file) as source:
            asyncio.run(_load(settings, source, after, keep, is_shown=progress))
    except KeyboardInterrupt as stop:
        err.print(f"stopped; the first {counted(reached.lines, 'line')} are loaded: --after {reached.lines} goes on")
        raise typer.Exit(130) from stop
    except InvalidInput as error:
        if error.field != "after":
            raise
        raise InvalidInput("--after", error.problem) from error
    except BaseException:
        if reached.lines > after:
            err.print(f"the first {counted(reached.lines, 'line')} are loaded: --after {reached.lines} goes on")
        raise
    seconds = max(time.monotonic() - began, 0.001)
    told = f"events {reached.recorded:,} new, {reached.known:,} known, {reached.refused:,} refused"
    if as_json:
        print_json({**reached._asdict(), "seconds": round(seconds, 3)})
    else:
        out.print(
            f"{counted(reached.lines, 'line')} · {told} · {seconds:,.1f} s · {reached.events / seconds:,.0f} events/s",
            markup=False,
        )
    if not after + reached.events + reached.refused:
        raise SetupError(f"there is nothing to load: {'standard input' if str(file) == '-' else file} has no event")
    if reached.refused:
        raise typer.Exit(ExitCode.FAILED)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, or standard input. Raises InvalidInput."""
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        file = path.expanduser().open("rb")
    except OSError as error:
        raise InvalidInput("FILE", f"{path} cannot be read: {error.strerror or error}") from error
    with file:
        yield file


async def _load(
    settings: Settings, source: BinaryIO, after: int, keep: Callable[[Loaded], None], *, is_shown: bool
) -> None:
    from rich.progress import DownloadColumn

    from loopgraph.api.http.recorded_lines import recordable_of
    from loopgraph.effects.memory import collect_seldom
    from loopgraph.effects.traces.lines import lines_of
    from loopgraph.main import open_services
    from loopgraph.orchestrators.recording.loading import AT_ONCE, Loading

    if "ingest_batch_events" not in settings.model_fields_set:
        settings = settings.model_copy(update={"ingest_batch_events": AT_ONCE})
    refused = 0

    def refuse(refusal: Refusal) -> None:
        nonlocal refused
        refused += 1
        if refused <= MOST_TOLD:
            err.print(f"line {refusal.line:,}: {refusal.error}", markup=False)
        elif refused == MOST_TOLD + 1:
            err.print("more lines are refused, which are only counted")

    async with open_services(settings) as services:
        collect_seldom()
        total, began = _size(source), time.monotonic()
        with bar(err, DownloadColumn(), quiet=not is_shown) as tell:

            def report(latest: Loaded) -> None:
                keep(latest)
                rate = latest.events / max(time.monotonic() - began, 0.001)
                tell(f"{counted(latest.events, 'event')} · {rate:,.0f}/s", latest.bytes, total)

            loading = Loading(
                services.recorder,
                services.rolling,
                recordable_of,
                at_once=settings.ingest_batch_events,
                report=report,
                refuse=refuse,
            )
            try:
                await loading.run(lines_of(source, settings.max_transcript_line_bytes), after)
            finally:
                await services.recorder.close(settings.ingest_drain_ms / 1000)


def _size(source: BinaryIO) -> int | None:
    """The bytes of a file; of a pipe they are not known."""
    try:
        status = os.fstat(source.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
