"""``loopgraph analytics …``: what was counted of all that happened."""

from __future__ import annotations

import asyncio

import typer

from loopgraph.commands.progress import shown
from loopgraph.commands.terminal import configure_logging, counted, err, out, plainly
from loopgraph.settings import Settings

analytics = typer.Typer(no_args_is_help=True, help="See how far what happens is counted, and count it anew.")


@analytics.command()
@plainly
def status() -> None:
    """Say how many buckets there are, how many traces were counted, and how much is still to be counted. Changes nothing."""
    settings = Settings()
    configure_logging("warning")
    asyncio.run(_status(settings))


async def _status(settings: Settings) -> None:
    from loopgraph.effects.usage.rounds import Rounds
    from loopgraph.main import open_services

    async with open_services(settings, create=False) as services:
        totals = await Rounds(services.graph).totals()
    for name, label in (("buckets", "UsageBucket"), ("traces counted", "CountedTrace"), ("marks pending", "UsageMark")):
        out.print(f"{name:<15} {totals.get(label, 0):>12,}", markup=False)


@analytics.command()
@plainly
def rebuild() -> None:
    """Count all traces again, and mend the buckets that hold something else than what all of them come to.

    What traces have contributed that were pruned stays. It can be stopped and repeated at any time, beside running services.
    """
    settings = Settings()
    configure_logging("warning")
    asyncio.run(_rebuild(settings))


async def _rebuild(settings: Settings) -> None:
    from loopgraph.effects.usage.rounds import Rounds
    from loopgraph.main import open_services
    from loopgraph.orchestrators.analytics.rebuilding import Rebuilding, Rebuilt

    done = Rebuilt()
    async with open_services(settings, create=False) as services:
        with shown(err) as tell:
            async for done in Rebuilding(Rounds(services.graph), services.rolling).run():
                tell(f"{counted(done.traces, 'trace')} · {counted(done.buckets, 'bucket')}", done.traces, "traces")
    out.print(
        f"{counted(done.traces, 'trace')} counted again, {done.recounted:,} of them otherwise than before; "
        f"{counted(done.buckets, 'bucket')} compared, {done.mended:,} of them mended",
        markup=False,
    )
