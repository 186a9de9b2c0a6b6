"""``loopgraph letters …``: events that could not be recorded and were put aside."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.effects.traces.dead_letters import DeadLetters, Letter
from loopgraph.errors import InvalidInput, NotFound, SetupError
from loopgraph.settings import Settings

if TYPE_CHECKING:
    from loopgraph.orchestrators.recording.replay import ReplayReport

letters = typer.Typer(
    no_args_is_help=True, help="Look at the events that were put aside, record them again, drop them."
)

_Ids = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Ids as `list` shows them.")]
_All = Annotated[bool, typer.Option("--all", help="All of them.")]
_GraphUrl = Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")]


@letters.command("list")
@plainly
def list_(as_json: AsJson = False) -> None:
    """List the letters: id, when each was put aside, what it failed with, and what it is."""
    store = _store(Settings())
    found = _read(store)
    if as_json:
        told = [
            {
                "id": one.letter_id,
                "at": one.at.isoformat(),
                "type": one.type,
                "event": _named(one),
                "error": one.error.model_dump(),
            }
            for one in found
        ]
        print_json(told)
        return
    if found:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("id", "put aside", "type", "event", "error"):
            table.add_column(name, no_wrap=True)
        for letter in found:
            error = " ".join(f"{letter.error.type}: {letter.error.message}".split())
            table.add_row(letter.letter_id, f"{letter.at:%Y-%m-%d %H:%M:%S}", letter.type, _named(letter), error)
        out.print(table, markup=False)
    out.print(f"{counted(len(found), 'letter')} in {store.path}", markup=False)


@letters.command()
@plainly
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="Id as `list` shows it.")], as_json: AsJson = True
) -> None:
    """Show one letter whole, as JSON."""
    [letter] = _chosen(_read(_store(Settings())), [letter_id])
    print_json({"id": letter.letter_id, **json.loads(letter.line)})


@letters.command()
@plainly
def replay(letter_ids: _Ids = None, as_json: AsJson = False, graph_url: _GraphUrl = None) -> None:
    """Record letters again, all or those named. What is recorded goes, what is not stays, with the reason.

    It can be stopped and repeated at any time, beside running services.
    """
    settings = graph_settings(graph_url)
    configure_logging("critical")  # what cannot be recorded is told below
    store = _store(settings)
    found = _chosen(_read(store), letter_ids) if letter_ids else _read(store)
    if not found:
        if as_json:
            print_json({"recorded": 0, "repeated": 0, "left": {}})
        else:
            out.print("there are no letters")
        return

    async def work() -> ReplayReport:
        from loopgraph.building import build_recorder
        from loopgraph.main import open_services
        from loopgraph.orchestrators.recording.replay import replay as record_again

        async with open_services(settings) as services:
            return await record_again(found, store, build_recorder(settings, services.graph))

    try:
        report = asyncio.run(work())
    except OSError as error:
        raise SetupError(f"{store.path} cannot be changed: {error}") from error
    if as_json:
        print_json({"recorded": report.recorded, "repeated": report.repeated, "left": dict(report.left)})
    else:
        out.print(f"recorded {report.recorded:,} · there already {report.repeated:,} · left {_left(found, report):,}")
        for letter_id, reason in report.left.items():
            err.print(f"{letter_id}  {reason}", markup=False)
    if report.stopped is not None:
        raise report.stopped
    if report.left:
        raise typer.Exit(1)


@letters.command()
@plainly
def drop(letter_ids: _Ids = None, everything: _All = False, as_json: AsJson = False) -> None:
    """Drop letters: those named, or all. They cannot be brought back."""
    if bool(letter_ids) == everything:
        raise InvalidInput("ID", "name letters, or use --all")
    store = _store(Settings())
    found = _read(store)
    chosen = found if everything else _chosen(found, letter_ids or [])
    try:
        dropped = asyncio.run(store.remove([letter.letter_id for letter in chosen]))
    except OSError as error:
        raise SetupError(f"{store.path} cannot be changed: {error}") from error
    if as_json:
        print_json({"dropped": dropped})
    else:
        out.print(f"dropped {dropped:,}")


def _store(settings: Settings) -> DeadLetters:
    return DeadLetters(settings.dead_letters)


def _read(store: DeadLetters) -> list[Letter]:
    try:
        found, unreadable = asyncio.run(store.read())
    except OSError as error:
        raise SetupError(f"{store.path} cannot be read: {error}") from error
    if unreadable:
        err.print(f"{counted(unreadable, 'line')} of {store.path} cannot be read; left as found", markup=False)
    return found


def _chosen(found: list[Letter], letter_ids: list[str]) -> list[Letter]:
    """The letters of these ids. Raises NotFound for the first that there is not."""
    by_id = {letter.letter_id: letter for letter in found}
    for letter_id in letter_ids:
        if letter_id not in by_id:
            raise NotFound("letter", letter_id)
    return [by_id[letter_id] for letter_id in dict.fromkeys(letter_ids)]


def _named(letter: Letter) -> str:
    """What the event is about: its own id if it has one, else that of its trace."""
    event = letter.event.get("event", letter.event)
    names = ("execution_id", "call_id", "record_id", "point_id", "correlation_id", "session_id")
    return next((str(event[name]) for name in names if event.get(name)), "")


def _left(found: list[Letter], report: ReplayReport) -> int:
    return len(found) - report.recorded - report.repeated
