"""``loopgraph hooks flush`` and ``drop-refused``: what the shim has kept while the service was away."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Annotated

import typer

from loopgraph.clients.hook_shim import Door, split_address
from loopgraph.clients.hook_spool import TRIES, Outcome, Spool, default_root
from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.service_options import TokenEnv, address_option, health_of, token_option
from loopgraph.commands.terminal import err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.installer.settings_file import Json

MEND = "the token or the address is wrong"
_MOST_REASONS = 10


@plainly
def flush(
    url: Annotated[
        str | None, typer.Option(help="Send all to this service; default: each to the one it was for.")
    ] = None,
    token_env: TokenEnv = None,
    refused: Annotated[
        bool, typer.Option("--refused", help="Also send what was set aside because the service refused it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send what the shim has kept while the service was away. Ends with exit code 1 if not all is taken.

    An event that the service refuses is set aside when it takes others, or when it answers /healthz and says in its own words
    what is wrong with the event.
    """
    token = token_option(token_env)
    left, told = 0, list[Json]()
    spools = list(Spool.all(default_root()))
    if not spools and not as_json:
        out.print("nothing waits to be sent")
    for spool in spools:
        service, client = split_address(spool.url)
        door = Door(address_option(url) if url else service, token, timeout_s=30, client=client)
        sent, aside, reasons = _flush(spool, door, refused)
        waiting = spool.waiting()[0]
        left += waiting + aside
        told.append({"url": door.address, "sent": sent, "refused": aside, "waiting": waiting, "reasons": dict(reasons)})
        if as_json:
            continue
        out.print(
            f"{door.address}: {sent:,} sent, {aside:,} refused, {counted(waiting, 'still waits', 'still wait')}",
            markup=False,
        )
        for reason, count in reasons.most_common(_MOST_REASONS):
            err.print(f"✗ {counted(count, 'event')}: {reason}", markup=False, style="red")
    if as_json:
        print_json(told)
    if left:
        raise typer.Exit(1)


@plainly
def drop_refused(as_json: AsJson = False) -> None:
    """Drop the events that were set aside because the service refused them; they cannot be brought back. What waits stays."""
    dropped = sum(spool.drop_refused() for spool in Spool.all(default_root()))
    if as_json:
        print_json({"dropped": dropped})
    else:
        out.print(f"dropped {counted(dropped, 'event')}")


def _flush(spool: Spool, door: Door, refused: bool) -> tuple[int, int, Counter[str]]:
    """How many events were sent, how many were set aside or, if they already were, stay so, and why events were not taken."""
    sent, rounds, reasons = 0, 0, dict[str, str]()
    healthy = cache(lambda: not health_of(door.url))

    def post(at_ns: int, execution_id: str, event: bytes) -> Outcome:
        nonlocal sent
        answer = door.post(at_ns, execution_id, event)
        if answer.outcome is Outcome.ACCEPTED:
            sent += 1
            spool.tell_taken()
            reasons.pop(execution_id, None)
        else:
            reasons[execution_id] = answer.reason
            if answer.blames_the_event and healthy():
                return Outcome.WRONG
        return answer.outcome

    before = spool.refused()[0]
    # Again for what fails, which may do so by chance: until it is known to be the event's fault.
    while spool.send(post, accepts=sent > 0) or (sent and reasons and rounds < TRIES):
        rounds += 1
    set_aside = spool.refused()[0] - before
    if refused:
        spool.send_refused(post)
        set_aside = spool.refused()[0]
    return sent, set_aside, Counter(reasons.values())


def tell_spool(spool: Spool, conclusion: str) -> None:
    """Prints what waits in a spool and what was refused, but for what a conclusion said already."""
    count, size = spool.waiting()
    drops = "".join(f", {number:,} dropped ({reason})" for reason, number in sorted(spool.drops().items()))
    out.print(
        f"spool for {spool.url}: {counted(count, 'event waits', 'events wait')}, {counted(size, 'byte')}{drops}",
        markup=False,
    )
    if (barred := spool.barred()) and f"({barred})" not in conclusion:
        out.print(f"  the service takes no event from here ({barred}): {MEND}", markup=False)
    refused, size = spool.refused()
    if refused:
        out.print(
            f"  {counted(refused, 'event was', 'events were')} refused, {counted(size, 'byte')}: {spool.refused_folder}; "
            "`loopgraph hooks flush --refused` sends them again, `loopgraph hooks drop-refused` drops them",
            markup=False,
        )
