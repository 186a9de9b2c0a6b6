"""The commands: ``run``, ``list``, ``show`` and ``cancel``. They ask a running service."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import uuid4

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.exit_codes import ExitCode
from loopgraph.commands.loop.report import OVER, WAITING, FailOn, failures_of, improvements_of, junit_of, report_of
from loopgraph.commands.loop.service import LoopService
from loopgraph.commands.service_options import TokenEnv, Url
from loopgraph.commands.tables import Column, print_table
from loopgraph.commands.terminal import err, out, plainly, shown
from loopgraph.contracts.loop.feedback import FeedbackType, RunStatus
from loopgraph.errors import SetupError

loop = typer.Typer(
    no_args_is_help=True, help="Run the improvement loop over a pattern, and see what its runs have found."
)

FAILED: Final = ExitCode.CONDITION
"""Exit code where a condition of ``--fail-on`` is met."""
ENDED_EARLY: Final = ExitCode.ENDED_EARLY
"""Exit code of a run that was cancelled, or that failed."""
NOT_ENDED: Final = ExitCode.NOT_ENDED
"""Exit code where patience was over before the run was."""

Wait = Annotated[bool, typer.Option("--wait", help="Wait until the run has ended.")]
TimeoutMinutes = Annotated[
    float, typer.Option(min=0, help="How long to wait; then the exit code is 5, and the run goes on.")
]
FailOns = Annotated[
    list[FailOn] | None,
    typer.Option(
        help="Exit with 3 if a candidate turned out so: regression (significantly worse than what is in use), rejected, "
        "review (it waits for one), applied. May be given several times."
    ),
]
JUnit = Annotated[Path | None, typer.Option("--junit", help="Write the run as a JUnit report to this file, too.")]


@loop.command()
@plainly
def run(
    pattern: Annotated[str, typer.Option("--pattern", help="Id of the pattern.")],
    wait: Wait = False,
    timeout_minutes: TimeoutMinutes = 30,
    fail_on: FailOns = None,
    as_json: AsJson = False,
    junit: JUnit = None,
    feedback_type: Annotated[
        FeedbackType, typer.Option(help="What to improve: performance, quality, usage, or all.")
    ] = FeedbackType.ALL,
    time_window_days: Annotated[
        int, typer.Option(min=1, max=3650, help="Analyse executions of the last so many days.")
    ] = 7,
    min_sample_size: Annotated[
        int, typer.Option(min=10, max=10_000, help="Units that each arm of an experiment is planned to have.")
    ] = 30,
    no_experiments: Annotated[
        bool, typer.Option("--no-experiments", help="Leave every improvement for review instead of testing it.")
    ] = False,
    run_id: Annotated[
        str | None,
        typer.Option(help="An id of your own: the same command again follows the same run. Default: a new one."),
    ] = None,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """Start a run of the loop over a pattern, and with --wait see it to its end.

    Exit codes: 0 if all is well, 1 if it could not be asked or started, 3 if --fail-on says so, 4 if the run was cancelled or
    failed, 5 if it has not ended in time.
    """
    service = LoopService(url, token_env)
    started = service.start(
        {
            "patternId": pattern,
            "runId": run_id or str(uuid4()),
            "feedbackType": feedback_type.name,
            "timeWindowDays": time_window_days,
            "minSampleSize": min_sample_size,
            "enableAbTesting": not no_experiments,
        }
    )
    _see(service, started, wait, timeout_minutes, fail_on or [], as_json, junit)


@loop.command()
@plainly
def show(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")],
    wait: Wait = False,
    timeout_minutes: TimeoutMinutes = 30,
    fail_on: FailOns = None,
    as_json: AsJson = False,
    junit: JUnit = None,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """Show a run: its stages with their times, and what became of its improvements. Exit codes as those of run."""
    service = LoopService(url, token_env)
    _see(service, service.run(run_id), wait, timeout_minutes, fail_on or [], as_json, junit)


@loop.command("list")
@plainly
def list_runs(
    pattern: Annotated[str | None, typer.Option("--pattern", help="Only runs over this pattern.")] = None,
    status: Annotated[
        RunStatus | None, typer.Option(help="Only runs that are so: running, waiting, completed, cancelled, failed.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """List runs, the newest first."""
    runs = LoopService(url, token_env).runs(limit, pattern, status.name if status else None)
    if as_json:
        print_json(runs)
        return
    if not runs:
        out.print("there are no such runs" if pattern or status else "there are no runs")
        return
    print_table(
        out,
        [
            Column("run", [shown(one["runId"]) for one in runs], left=True),
            Column("status", [one["status"].lower() for one in runs], left=True),
            Column("stage", [one["stage"].lower() for one in runs], rank=1, left=True),
            Column("pattern", [shown(one["patternId"]) for one in runs], left=True),
            Column("name", [_named(one) if one["pattern"] else "" for one in runs], rank=2, left=True),
        ],
    )


@loop.command()
@plainly
def cancel(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")],
    as_json: AsJson = False,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """End a run; what it has not decided stays proposed."""
    ended = LoopService(url, token_env).cancel(run_id)
    if as_json:
        print_json(ended)
    else:
        out.print(f"{ended['runId']} is cancelled", markup=False)


def _see(
    service: LoopService,
    run: dict[str, Any],
    wait: bool,
    timeout_minutes: float,
    fail_on: Collection[FailOn],
    as_json: bool,
    junit: Path | None,
) -> None:
    """Tells of a run, when it has ended if that is asked for, and exits with the code that it deserves."""
    if wait:
        run = service.ended(run, timeout_minutes * 60, _tell_progress)
    if junit is not None:
        _write(junit, junit_of(run, fail_on))
    if as_json:
        print_json(report_of(run, fail_on))
    else:
        _tell(run)
    failed = failures_of(run, fail_on)
    for sentence in failed:
        err.print(f"loopgraph: {shown(sentence)}", markup=False, style="red")
    code = _code(run, wait, failed=bool(failed))
    if code:
        raise typer.Exit(code)


def _code(run: dict[str, Any], waited: bool, *, failed: bool) -> int:
    if failed:
        return FAILED
    if run["status"] in ("CANCELLED", "FAILED"):
        return ENDED_EARLY
    return NOT_ENDED if waited and run["status"] not in OVER else 0


def _tell_progress(run: dict[str, Any]) -> None:
    """On stderr: what is printed stays the report."""
    message = f": {shown(run['message'])}" if run["message"] else ""
    err.print(f"{run['runId']}: {run['stage'].lower()}, {run['status'].lower()}{message}", markup=False, soft_wrap=True)


def _tell(run: dict[str, Any]) -> None:
    out.print(f"{run['runId']} over {_named(run)}: {run['status'].lower()}", markup=False)
    if run["message"]:
        out.print(f"  {shown(run['message'])}", markup=False)
    for stage in run["stages"]:
        took = (
            ""
            if stage["durationMs"] is None
            else f"  {stage['durationMs']:,.0f} ms, {stage['workMs']:,.0f} of them work"
        )
        out.print(f"  {stage['stage'].lower():8}  {stage['status'].lower():9}{took}".rstrip(), markup=False)
    best = run["bestDecision"]
    if best is not None:
        result = best["result"]
        out.print(
            f"  gain {result['performanceDelta']:+.1%} of {result['metric'].lower()}, p = {result['pValue']:.3g}",
            markup=False,
        )
    for improvement in improvements_of(run):
        what = improvement["description"] or improvement["improvementId"]
        reason = f", {improvement['reason'].lower()}" if improvement["reason"] else ""
        waits = " (waits for your review)" if improvement["status"] in WAITING else ""
        out.print(f"  {improvement['status'].lower()}{reason}{waits}: {shown(what)}", markup=False)


def _named(run: dict[str, Any]) -> str:
    return shown(run["pattern"]["name"]) if run["pattern"] else str(run["patternId"])


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"the report could not be written to {file}: {error.strerror or error}") from error
