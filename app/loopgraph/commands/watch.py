"""``loopgraph watch``: the transcripts of agent clients, as they are written."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.import_transcripts import summary
from loopgraph.commands.terminal import configure_logging, err, out, plainly, shown
from loopgraph.contracts.counted import counted
from loopgraph.contracts.traces.transcripts import TranscriptNews, TranscriptProgress
from loopgraph.settings import Settings


@plainly
def watch(
    clients: Annotated[
        list[str] | None, typer.Argument(help="Agent clients, such as claude-code; default: all that can be read.")
    ] = None,
    as_json: AsJson = False,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Follow the sessions of agent clients on this machine, without any hook: what is there is imported first.

    It runs until Ctrl-C. `loopgraph serve` does the same with LOOPGRAPH_WATCH=all.
    """
    settings = graph_settings(graph_url, quiet=quiet)
    configure_logging("warning")
    try:
        asyncio.run(_watch(settings, clients or ["all"], quiet=quiet, as_json=as_json))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


async def _watch(settings: Settings, names: list[str], *, quiet: bool, as_json: bool) -> None:
    from datetime import datetime, timedelta

    from loopgraph.effects.transcripts.positions import Positions
    from loopgraph.main import open_services
    from loopgraph.orchestrators.transcripts.clients import TranscriptClient, clients_named
    from loopgraph.orchestrators.transcripts.following import TranscriptFollower

    clients = clients_named(names)
    began = time.perf_counter()
    seen: set[str] = set()

    def news(client: TranscriptClient, news: TranscriptNews) -> None:
        if as_json and not quiet:
            print_json({"client": client.name, **news.model_dump(mode="json")}, line=True)
        elif client.name in seen and not quiet:
            at = datetime.now().astimezone()
            out.print(f"{at:%H:%M:%S} {client.title} {shown(news.name)}: {_news(news)}", markup=False)

    def told(client: TranscriptClient, progress: TranscriptProgress) -> None:
        if client.name in seen or quiet or as_json:
            return
        seen.add(client.name)  # what was there is told as one
        first, *more = summary(progress, time.perf_counter() - began)
        for line in (f"{client.title}: {first}", *more):
            out.print(line, markup=False)

    minutes = settings.trace_timeout_minutes
    async with open_services(settings) as services:
        began = time.perf_counter()
        follower = TranscriptFollower(
            clients,
            services.recorder,
            Positions(services.graph),
            quiet_for=timedelta(minutes=minutes) if minutes else None,
            line_bytes=settings.max_transcript_line_bytes,
            told=told,
            news=news,
        )
        if not quiet:
            err.print(f"following {', '.join(client.title for client in clients)}; Ctrl-C ends it", markup=False)
        try:
            await follower.run_forever()
        finally:
            await services.recorder.close(settings.ingest_drain_ms / 1000)


def _news(news: TranscriptNews) -> str:
    parts = (
        (news.prompts, "prompt"),
        (news.subagents, "subagent"),
        (news.model_calls, "model call"),
        (news.tool_calls, "tool call"),
        (news.events, "event"),
    )
    return " · ".join(counted(count, one) for count, one in parts if count)
