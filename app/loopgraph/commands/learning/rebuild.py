"""``loopgraph learning status`` and ``rebuild``: how far the learner is, and all traces once more."""

from __future__ import annotations

import asyncio

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.progress import shown
from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.settings import Settings

_PAUSE_S = 0.2


@plainly
def status(as_json: AsJson = False) -> None:
    """Show how far the learner is, and what it has learned."""
    configure_logging("warning")
    asyncio.run(_status(Settings(), as_json=as_json))


@plainly
def rebuild(as_json: AsJson = False) -> None:
    """Look at all traces once more: what they taught is made to be what they teach now.

    A running service learns by itself, from what was there before, too. This is for doing it now, and after a change of the
    criteria of success. It can be stopped and repeated at any time, beside a service that learns.
    """
    configure_logging("warning")
    asyncio.run(_rebuild(Settings(), as_json=as_json))


async def _status(settings: Settings, *, as_json: bool) -> None:
    from loopgraph.main import open_services

    async with open_services(settings, create=False) as services:
        health = await services.learned.health()
    if as_json:
        print_json(health)
        return
    out.print(
        f"{counted(health.patterns, 'learned pattern')}, {health.active_patterns:,} of them matched, of "
        f"{counted(health.successes, 'successful trace')} and {health.failures:,} failed; "
        f"{health.waiting:,} failed ones wait for the first success of their kind",
        markup=False,
    )
    last = (
        f"last learned at {health.learned_at:%Y-%m-%d %H:%M:%S} UTC" if health.learned_at else "nothing was learned yet"
    )
    left = "; what was there before is still gone through" if health.looks_back else ""
    out.print(f"{counted(health.backlog, 'trace')} to be looked at{left}; {last}", markup=False)


async def _rebuild(settings: Settings, *, as_json: bool) -> None:
    from loopgraph.building import build_learner
    from loopgraph.effects.learning.rounds import LearningRounds
    from loopgraph.main import open_services

    async with open_services(settings, create=False) as services:
        learner, rounds = build_learner(services), LearningRounds(services.graph)
        await rounds.look_back()
        while await learner.look():  # what has ended meanwhile comes first
            pass
        with shown(err) as tell:
            while not await learner.has_looked_back():
                if await learner.look_back():
                    tell(f"{counted(learner.looked_at, 'trace')} looked at", learner.looked_at, "traces")
                else:
                    await asyncio.sleep(_PAUSE_S)  # another process is at it
        health = await services.learned.health()
    if as_json:
        print_json(health)
        return
    out.print(
        f"{counted(health.patterns, 'learned pattern')} of {counted(health.successes, 'successful trace')} and "
        f"{health.failures:,} failed",
        markup=False,
    )
