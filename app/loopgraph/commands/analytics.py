"""``loopgraph analytics …``: what was counted of all that happened."""

from __future__ import annotations

import asyncio

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.progress import shown
from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.settings import Settings

analytics = typer.Typer(no_args_is_help=True, help="See how far what happens is counted, and count it anew.")


@analytics.command()
@plainly
def status(as_json: AsJson = False) -> None:
    """Say how many buckets there are, how many traces were counted, and how much is still to be counted. Changes nothing."""
    settings = Settings()
    configure_logging("warning")
    asyncio.run(_status(settings, as_json=as_json))


async def _status(settings: Settings, *, as_json: bool) -> None:
    from loopgraph.configured import success_criteria
    from loopgraph.effects.usage.rounds import Rounds
    from loopgraph.main import open_services
    from loopgraph.orchestrators.analytics.criteria import criteria_problem

    async with open_services(settings, create=False) as services:
        rounds = Rounds(services.graph)
        totals, turn = await rounds.totals(), await rounds.current()
    if as_json:
        told = {"buckets": "UsageBucket", "traces_counted": "CountedTrace", "marks_pending": "UsageMark"}
        problem = criteria_problem(turn, success_criteria(settings))
        print_json({name: totals.get(label, 0) for name, label in told.items()} | {"problem": problem})
        return
    for name, label in (("buckets", "UsageBucket"), ("traces counted", "CountedTrace"), ("marks pending", "UsageMark")):
        out.print(f"{name:<15} {totals.get(label, 0):>12,}", markup=False)
    if problem := criteria_problem(turn, success_criteria(settings)):
        err.print(f"✗ {problem}", markup=False, style="red")


@analytics.command()
@plainly
def rebuild(as_json: AsJson = False) -> None:
    """Count all traces again, and mend the buckets that hold something else than what all of them come to.

    What traces have contributed that were pruned stays. It can be stopped and repeated at any time, beside running services.
    """
    settings = Settings()
    configure_logging("warning")
    asyncio.run(_rebuild(settings, as_json=as_json))


async def _rebuild(settings: Settings, *, as_json: bool) -> None:
    from loopgraph.effects.usage.rounds import Rounds
    from loopgraph.main import open_services
    from loopgraph.orchestrators.analytics.rebuilding import Rebuilding, Rebuilt

    done = Rebuilt()
    async with open_services(settings, create=False) as services:
        with shown(err) as tell:
            async for done in Rebuilding(Rounds(services.graph), services.rolling).run():
                tell(f"{counted(done.traces, 'trace')} · {counted(done.buckets, 'bucket')}", done.traces, "traces")
    if as_json:
        print_json(done)
        return
    out.print(
        f"{counted(done.traces, 'trace')} counted again, {done.recounted:,} of them otherwise than before; "
        f"{counted(done.buckets, 'bucket')} compared, {done.mended:,} of them mended",
        markup=False,
    )
