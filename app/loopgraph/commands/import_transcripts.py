"""``loopgraph import claude-code`` and its like: what agent clients have written of their sessions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.exit_codes import ExitCode
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.progress import bar
from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.contracts.traces.transcripts import TranscriptProgress
from loopgraph.errors import SetupError
from loopgraph.settings import Settings

CLIENTS = {"claude-code": "Claude Code", "codex": "Codex", "gemini": "Gemini CLI", "opencode": "OpenCode"}
"""The clients whose transcripts can be imported, and what people call them."""

BATCH = 2_000
"""So many events go into one transaction where no setting says how many: nobody waits for one here, and many share its reads."""


def import_command(name: str, title: str) -> Callable[..., None]:
    """The command that imports the transcripts of one client."""

    @plainly
    def import_transcripts(
        path: Annotated[
            Path | None,
            typer.Argument(help="A folder of transcripts, or one transcript; default: the client's own folder."),
        ] = None,
        as_json: AsJson = False,
        graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
        quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    ) -> None:
        settings = graph_settings(graph_url, quiet=quiet)
        configure_logging("error")
        progress = TranscriptProgress()

        def keep(latest: TranscriptProgress) -> None:
            nonlocal progress
            progress = latest

        try:
            seconds = asyncio.run(_import(settings, name, path, keep, quiet=quiet))
        except KeyboardInterrupt as stop:
            err.print(f"stopped after {counted(progress.recorded, 'new event')}; the same command goes on")
            raise typer.Exit(ExitCode.INTERRUPTED) from stop
        is_any = bool(progress.files + progress.unchanged + progress.failed)
        if as_json and not quiet:
            print_json({**progress.model_dump(), "seconds": round(seconds, 3)})
        elif is_any and not quiet:
            for line in summary(progress, seconds):
                out.print(line)
        if not is_any:
            raise SetupError(_none(name, path))
        if progress.files and not progress.unchanged + progress.recorded + progress.known + progress.refused:
            raise SetupError(f"what was read tells of no session: are these transcripts of {title}?")
        if progress.failed + progress.refused + progress.too_large:
            raise typer.Exit(ExitCode.FAILED)

    import_transcripts.__doc__ = f"""Import the sessions that {title} has recorded on this machine.

    It can be stopped and repeated at any time: what was read before and has not changed is not read again. Exit code 1 if
    there is nothing to import, or if something of it was not taken.
    """
    return import_transcripts


def _none(name: str, path: Path | None) -> str:
    """That there are no transcripts: what was looked for, where, and what to do."""
    from loopgraph.orchestrators.transcripts.clients import CLIENTS as READERS

    client = READERS[name]
    if path is not None:
        others = ", ".join(other for other in READERS if other != name)
        hint = (
            f"name {client.title}'s own folder or one below it; those of others are imported by their names ({others})"
        )
        return f"there are no transcripts of {client.title} at {path}: looked for {client.files} from there; {hint}"
    where = " or ".join(map(str, client.homes() or client.places()))
    looked = f"looked for {client.files} in {where}" if client.homes() else f"there is no {where}"
    hint = (
        f"where {client.variable} is set for it, set it here, too, or name its folder: `loopgraph import {name} PATH`"
    )
    return f"there are no transcripts of {client.title} on this machine: {looked}. Has it worked here? If so, {hint}"


def summary(progress: TranscriptProgress, seconds: float) -> list[str]:
    """What an import came to."""
    read = f"{counted(progress.files, 'file')} read, {progress.unchanged:,} unchanged"
    told = " · ".join(
        counted(count, one)
        for count, one in (
            (progress.sessions, "session"),
            (progress.prompts, "prompt"),
            (progress.subagents, "subagent"),
            (progress.model_calls, "model call"),
            (progress.tool_calls, "tool call"),
        )
    )
    events = f"events {progress.recorded:,} new, {progress.known:,} known"
    if progress.refused:
        events += f", {progress.refused:,} refused"
    rate = (progress.recorded + progress.known) / seconds
    if progress.failed:
        read += f", {progress.failed:,} could not be read"
    if progress.too_large:
        read += f", {counted(progress.too_large, 'line')} too large"
    lines = [f"{read} · {progress.bytes / 1e6:,.1f} MB"]
    if progress.files or progress.bytes:
        lines += [
            told,
            f"{events} · {seconds:.1f} s · {_speed(progress.bytes / seconds)} · {rate:,.0f} events/s",
        ]
    return lines


def _speed(bytes_per_s: float) -> str:
    return f"{bytes_per_s / 1e6:,.1f} MB/s" if bytes_per_s >= 1e5 else f"{bytes_per_s / 1e3:.0f} kB/s"


async def _import(
    settings: Settings, name: str, path: Path | None, keep: Callable[[TranscriptProgress], None], *, quiet: bool
) -> float:
    """Seconds that the import took, without the start of the engine; none where there is nothing to be imported."""
    from loopgraph.orchestrators.transcripts.clients import CLIENTS as READERS

    client = READERS[name]
    paths = [path] if path is not None else client.homes()
    if not paths:
        raise SetupError(_none(name, None))
    if not [found for given in paths for found in client.transcripts(given)]:  # a wrong path is told here, too
        return 0.0

    from datetime import timedelta

    from rich.progress import DownloadColumn

    from loopgraph.effects.memory import collect_seldom
    from loopgraph.effects.transcripts.positions import Positions
    from loopgraph.main import open_services
    from loopgraph.orchestrators.transcripts.importing import TranscriptImport

    minutes = settings.trace_timeout_minutes
    if "ingest_batch_events" not in settings.model_fields_set:
        settings = settings.model_copy(update={"ingest_batch_events": BATCH})
    with bar(err, DownloadColumn(), quiet=quiet) as tell:

        def report(latest: TranscriptProgress) -> None:
            keep(latest)
            told = f"{counted(latest.files, 'file')}, {counted(latest.recorded + latest.known, 'event')}"
            tell(told, latest.bytes, latest.total_bytes)

        async with open_services(settings) as services:
            collect_seldom()
            run = TranscriptImport(
                client,
                services.recorder,
                Positions(services.graph),
                quiet_for=timedelta(minutes=minutes) if minutes else None,
                line_bytes=settings.max_transcript_line_bytes,
                at_once=settings.ingest_batch_events,
                report=report,
            )
            began = time.perf_counter()
            try:
                await run.run(paths)
            finally:
                await services.recorder.close(settings.ingest_drain_ms / 1000)
            return time.perf_counter() - began
