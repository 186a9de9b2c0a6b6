"""``loopgraph demo``: the service, the story and the report put together."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from rich.markup import escape

from loopgraph.demo.client import Client
from loopgraph.demo.first_look import first_look
from loopgraph.demo.heartbeat import Heartbeat
from loopgraph.demo.report import (
    FIRST_LOOK,
    LOOP,
    Display,
    demo_console,
    json_document,
    show_command,
    show_results,
    show_what_stays,
    show_where_to_look,
)
from loopgraph.demo.service import running_service
from loopgraph.demo.story import Case, Story
from loopgraph.errors import LoopgraphError, ServiceError


async def run_demo(graph_url: str | None, *, runs_per_arm: int, keep: bool, as_json: bool, show: bool = False) -> None:
    """Runs the demo and shows it, in a browser too if ``show``. ``graph_url`` None: on an embedded engine, whose
    data go with the demo.

    Raises LoopgraphError if the service does not do its part, or if the measurements do not show what the demo is there to
    show: a better way that is applied, one that is no better and is rejected, and one that is applied, gets worse and is rolled
    back.
    """
    with _ended_by(signal.SIGTERM, signal.SIGHUP):
        await _run_demo(graph_url, runs_per_arm, keep, as_json, show)


async def _run_demo(graph_url: str | None, runs_per_arm: int, keep: bool, as_json: bool, show: bool) -> None:
    started = time.monotonic()
    console = demo_console(as_json=as_json)
    heartbeat = Heartbeat(console)
    display = Display(console, heartbeat)
    demo_id = f"demo-{secrets.token_hex(3)}"
    where = "" if graph_url is None else f", in {_shown(graph_url)}: what it writes there stays"
    console.print(f"[bold]Loopgraph demo[/bold]{escape(where)}")
    display.begins("the service starts")
    async with heartbeat.beating(), running_service(graph_url, heartbeat.trouble) as service:
        display.done(f"service ready on {service.engine} after {service.ready_s:.1f} s")
        looked = None
        timings = {"service": service.ready_s}
        if graph_url is None:  # in a graph that stays, the samples would stay, too
            began = time.monotonic()
            console.print(FIRST_LOOK)
            columns = console.width if console.is_terminal else None
            looked = await first_look(service, display.begins, partial(show_command, console), columns, as_json=as_json)
            timings["first_look"] = time.monotonic() - began
        console.print(LOOP)
        async with Client(service.url, demo_id, heartbeat.trouble) as client:
            story = Story(client, display, demo_id, runs_per_arm)
            await story.tell()
        timings |= {**story.timings, "total": time.monotonic() - started}
        show_results(console, story.cases)
        if as_json:
            sys.stdout.write(json.dumps(json_document(service, demo_id, looked, story.cases, timings)) + "\n")
            sys.stdout.flush()
        require_all_outcomes(story.cases)
        display.begins("")  # from here on it is silent until it is told to stop
        if keep:
            show_where_to_look(console, service, story.cases)
            if show:
                await asyncio.to_thread(webbrowser.open, f"{service.url}/")
            await _until_told_to_stop()
        else:
            show_what_stays(console, demo_id, embedded=graph_url is None)


def require_all_outcomes(cases: list[Case]) -> None:
    """Raises ServiceError unless at least one candidate was applied, one rejected, and one rolled back."""
    outcomes = {case.outcome for case in cases}
    for wanted, in_words in {"APPLIED": "applied", "REJECTED": "rejected", "ROLLED_BACK": "rolled back"}.items():
        if wanted not in outcomes:
            raise ServiceError(
                f"none of {len(cases)} candidates was {in_words}, so the demo did not show what it is there to show. "
                "With other work on this machine measurements may be too noisy: try more --runs-per-arm"
            )


def _shown(graph_url: str) -> str:
    """The address of a graph without who asks it, should somebody have written that."""
    scheme, _, rest = graph_url.rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if scheme else graph_url


@contextmanager
def _ended_by(*numbers: signal.Signals) -> Iterator[None]:
    """These signals end the block as Ctrl-C does: the service stops, its data are removed. Raises LoopgraphError then."""
    told: list[signal.Signals] = []
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def end(number: signal.Signals) -> None:
        told.append(number)
        task.cancel()

    for number in numbers:
        loop.add_signal_handler(number, end, number)
    try:
        yield
    except asyncio.CancelledError:
        if not told:
            raise
        raise LoopgraphError(f"the demo was ended by {told[0].name}") from None


async def _until_told_to_stop() -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()
