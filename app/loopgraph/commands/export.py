"""``loopgraph export …``: tables, time series and graphs of the lineage, on standard output or in a file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.exit_codes import ExitCode
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.progress import shown as progress
from loopgraph.commands.projects import project_named
from loopgraph.commands.tables import Column, print_table
from loopgraph.commands.terminal import configure_logging, err, let_go_of_output, out, plainly
from loopgraph.computes.traces.moments import moment
from loopgraph.contracts.analytics.figures import SeriesMetric, TimeInterval
from loopgraph.contracts.analytics.subjects import Dimension, SubjectKind
from loopgraph.contracts.analytics.windows import Grain
from loopgraph.contracts.counted import counted
from loopgraph.contracts.exports.formats import Formulas, GraphFormat, TableFormat
from loopgraph.contracts.exports.requests import LineageQuery, LineageRequest, SeriesRequest, TableRequest
from loopgraph.contracts.exports.tables import TABLES, TableName
from loopgraph.contracts.lineage.patterns import PathMetric
from loopgraph.effects.clock import now
from loopgraph.errors import InvalidInput, SetupError

if TYPE_CHECKING:
    from loopgraph.orchestrators.exporting.exports import Exports
    from loopgraph.orchestrators.exporting.streams import Export

export = typer.Typer(no_args_is_help=True, help="Write tables, time series and graphs of the lineage for other tools.")

BROKEN_PIPE: Final = ExitCode.BROKEN_PIPE
"""The exit code of what wrote to somebody who reads no more, as shells have it."""

_Output = Annotated[Path | None, typer.Option("--output", "-o", help="File to write; default: standard output.")]
_Columns = Annotated[str | None, typer.Option(help="Only these columns, separated by commas.")]
_Formulas = Annotated[Formulas, typer.Option(help="Texts in CSV that a spreadsheet would run: escape or keep.")]
_GraphUrl = Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")]
_Format = Annotated[TableFormat, typer.Option(help="The format.")]
_Since = Annotated[str | None, typer.Option(help="From when: 30d or 12h back, a day of UTC, an instant of RFC 3339.")]
_Until = Annotated[str | None, typer.Option(help="Until when, written as --since; a day is counted in.")]


@export.command()
@plainly
def tables(name: Annotated[TableName | None, typer.Argument(help="A table.")] = None, as_json: AsJson = False) -> None:
    """List the tables, or the columns of one."""
    if as_json:
        print_json(_described(name))
        return
    if name is None:
        print_table(
            out,
            [
                Column("table", [each.value for each in TABLES], left=True),
                Column("rows", [table.description for table in TABLES.values()], left=True),
                Column(
                    "filters", [", ".join(map(_option, sorted(table.filters))) for table in TABLES.values()], left=True
                ),
            ],
        )
        return
    columns = TABLES[name].columns
    print_table(
        out,
        [
            Column("column", [column.name for column in columns], left=True),
            Column("type", [column.type.value for column in columns], left=True),
            Column("unit", [column.unit or "" for column in columns], left=True),
            Column("what it is", [column.description for column in columns], left=True),
        ],
    )


def _described(name: TableName | None) -> list[dict[str, Any]]:
    """The tables, or the columns of one, for programs."""
    if name is None:
        return [
            {"table": each.value, "rows": table.description, "filters": [*map(_option, sorted(table.filters))]}
            for each, table in TABLES.items()
        ]
    return [
        {"column": column.name, "type": column.type.value, "unit": column.unit, "description": column.description}
        for column in TABLES[name].columns
    ]


@export.command()
@plainly
def table(
    name: Annotated[TableName, typer.Argument(help="The table.")],
    format: _Format = TableFormat.CSV,
    output: _Output = None,
    since: _Since = None,
    until: _Until = None,
    session: Annotated[str | None, typer.Option(help="Only what is in this session.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only traces of this agent or type of subagent.")] = None,
    project: Annotated[str | None, typer.Option(help="Only this project: a folder, or its name.")] = None,
    pattern: Annotated[str | None, typer.Option(help="Only what is of the pattern with this id.")] = None,
    experiment: Annotated[str | None, typer.Option(help="Only executions of this experiment.")] = None,
    kind: Annotated[SubjectKind | None, typer.Option(help="Only usage of this kind of subject.")] = None,
    grain: Annotated[Grain | None, typer.Option(help="Usage by hour or by day.")] = None,
    columns: _Columns = None,
    formulas: _Formulas = Formulas.ESCAPE,
    graph_url: _GraphUrl = None,
) -> None:
    """Write the rows of a table."""
    at = now()
    asked = _checked(
        TableRequest,
        format=format, formulas=formulas, columns=columns, session_id=session, agent=agent, pattern_id=pattern,
        experiment_id=experiment, kind=kind, grain=grain,
        since=since and moment(since, "--since", at), until=until and moment(until, "--until", at, ends=True),
        project=project and project_named(project),
    )  # fmt: skip
    rows = 0

    def make(exports: Exports, tell: Callable[[int], None]) -> Awaitable[Export]:
        def more(written: int) -> None:
            nonlocal rows
            rows += written
            tell(rows)

        return exports.table(name, asked, None, more)

    _run(make, output, graph_url, binary=format is TableFormat.PARQUET)


@export.command()
@plainly
def series(
    metric: Annotated[SeriesMetric, typer.Argument(help="What the values are of.")],
    since: Annotated[
        str, typer.Option(help="From when: 30d or 12h back, a day of UTC, an instant of RFC 3339.")
    ] = "30d",
    until: _Until = None,
    kind: Annotated[SubjectKind, typer.Option(help="The kind of the subject.")] = SubjectKind.ALL,
    name: Annotated[str, typer.Option(help="The subject's id, path, or what it is called.")] = "",
    part: Annotated[str, typer.Option(help="The type of step of a tool, the service of an endpoint.")] = "",
    interval: Annotated[TimeInterval, typer.Option(help="How long an interval is.")] = TimeInterval.DAY,
    time_zone: Annotated[str, typer.Option(help="In the calendar of which time zone.")] = "UTC",
    group_by: Annotated[Dimension | None, typer.Option(help="A line for each value of this dimension.")] = None,
    first: Annotated[int, typer.Option(min=1, max=20, help="How many values have a line of their own.")] = 10,
    format: _Format = TableFormat.CSV,
    output: _Output = None,
    columns: _Columns = None,
    formulas: _Formulas = Formulas.ESCAPE,
    graph_url: _GraphUrl = None,
) -> None:
    """Write a metric of one subject over time."""
    at = now()
    asked = _checked(
        SeriesRequest,
        format=format, formulas=formulas, columns=columns, metric=metric, kind=kind, name=name, part=part,
        since=moment(since, "--since", at), until=moment(until, "--until", at, ends=True) if until else at,
        interval=interval, time_zone=time_zone, group_by=group_by, first=first,
    )  # fmt: skip
    _run(lambda exports, _: exports.series(asked, None), output, graph_url, binary=format is TableFormat.PARQUET)


@export.command()
@plainly
def lineage(
    query: Annotated[LineageQuery, typer.Argument(help="What the graph is of.")],
    node: Annotated[str | None, typer.Option(help="The version whose ancestors, descendants or neighbourhood.")] = None,
    pattern: Annotated[str | None, typer.Option(help="The pattern whose lineage.")] = None,
    source: Annotated[str | None, typer.Option(help="The version at which a path begins.")] = None,
    target: Annotated[str | None, typer.Option(help="The version at which a path ends.")] = None,
    metric: Annotated[PathMetric | None, typer.Option(help="What a path minimises.")] = None,
    types: Annotated[
        str | None, typer.Option(help="Types of edges, separated by commas; default: all ancestry.")
    ] = None,
    statuses: Annotated[str | None, typer.Option(help="Only versions of these statuses, separated by commas.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Edges as they were then: written as --since elsewhere.")] = None,
    max_depth: Annotated[int | None, typer.Option(min=1, help="Most edges from a start.")] = None,
    max_nodes: Annotated[int | None, typer.Option(min=1, help="Most versions.")] = None,
    format: Annotated[GraphFormat, typer.Option(help="The format.")] = GraphFormat.GRAPHML,
    output: _Output = None,
    graph_url: _GraphUrl = None,
) -> None:
    """Write a graph of the lineage."""
    given: dict[str, Any] = {
        "query": query, "format": format, "node_id": node, "pattern_id": pattern, "source_node_id": source,
        "target_node_id": target, "metric": metric, "relationship_types": types, "statuses": statuses,
        "as_of": as_of and moment(as_of, "--as-of", now()), "max_depth": max_depth, "max_nodes": max_nodes,
    }  # fmt: skip
    asked = _checked(LineageRequest, **{name: value for name, value in given.items() if value is not None})
    _run(lambda exports, _: exports.lineage(asked), output, graph_url)


_OPTIONS: Final = {
    "session_id": "--session", "pattern_id": "--pattern", "experiment_id": "--experiment", "node_id": "--node",
    "source_node_id": "--source", "target_node_id": "--target", "relationship_types": "--types",
}  # fmt: skip


def _option(field: str) -> str:
    return _OPTIONS.get(field, f"--{field.replace('_', '-')}")


def _checked(contract: Any, **values: Any) -> Any:
    """What is asked for. Raises InvalidInput that names the option."""
    from pydantic import ValidationError

    from loopgraph.api.errors import invalid_input

    try:
        return contract.model_validate(values)
    except ValidationError as error:
        raise _of_option(invalid_input(error, contract)) from error


def _of_option(error: InvalidInput) -> InvalidInput:
    problem = error.problem
    if error.field != "columns":  # its problem names columns, some of which are called as parameters are
        for field, option in _OPTIONS.items():
            problem = re.sub(rf"\b{field}\b", option, problem)
    return InvalidInput(_option(error.field), problem)


def _run(
    make: Callable[[Exports, Callable[[int], None]], Awaitable[Export]],
    output: Path | None,
    graph_url: str | None,
    *,
    binary: bool = False,
) -> None:
    """Writes an export where it is to go. Raises InvalidInput for bytes that a terminal would be shown."""
    if binary and output is None and sys.stdout.isatty():
        raise InvalidInput("--output", "must be given, or standard output be no terminal: Parquet is no text")
    settings = graph_settings(graph_url)
    configure_logging("error")
    watched = output is not None or not (
        err.is_terminal and sys.stdout.isatty()
    )  # what is printed there is not torn apart

    async def work(file: IO[bytes]) -> Export:
        from loopgraph.main import open_services

        async with open_services(settings, create=False) as services:
            with progress(err) if watched else contextlib.nullcontext(lambda *_: None) as show:
                made = await make(services.exports, lambda rows: show(f"{rows:,} rows", rows, "rows"))
                async with aclosing(made.chunks) as chunks:
                    async for chunk in chunks:
                        await asyncio.to_thread(file.write, chunk)
                return made

    try:
        with _standard_output() if output is None else _whole_file(output.expanduser()) as file:
            made = asyncio.run(work(file))
    except BrokenPipeError:
        let_go_of_output()
        raise typer.Exit(BROKEN_PIPE) from None
    except InvalidInput as error:
        raise _of_option(error) from error
    if made.truncated:
        err.print("there is more than the graph shows: it is truncated", markup=False, style="yellow")
    if made.pending:
        err.print(f"{counted(made.pending, 'trace')} not counted yet", markup=False, style="yellow")


@contextlib.contextmanager
def _standard_output() -> Iterator[IO[bytes]]:
    """Raises SetupError where it cannot be written, BrokenPipeError where nobody reads it any more."""
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        let_go_of_output()
        raise SetupError(f"standard output cannot be written: {error.strerror}") from error


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that has its name when it is whole, and does not exist before; what had the name stays until then.

    Raises SetupError where it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe or a device: nothing to put in its place
            with path.open("wb") as file:
                yield file
            return
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from error
    name = None
    with _raised(signal.SIGTERM, signal.SIGHUP):
        try:
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(path)
        except OSError as error:
            raise SetupError(f"{path} cannot be written: {error.strerror}") from error
        finally:
            if name is not None:
                Path(name).unlink(missing_ok=True)


@contextlib.contextmanager
def _raised(*numbers: signal.Signals) -> Iterator[None]:
    """The first of these signals ends the block by SystemExit, so that what is half done is removed; the next one at once."""

    def end(number: int, _: object) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_DFL)
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():  # no other one has signals
        yield
        return
    before = [(number, signal.signal(number, end)) for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
