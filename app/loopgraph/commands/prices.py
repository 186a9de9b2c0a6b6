"""``loopgraph prices …``: what calls of language models cost."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.progress import shown
from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.settings import Settings

prices = typer.Typer(no_args_is_help=True, help="See what models cost, and price the calls that are stored.")

_Service = Annotated[str | None, typer.Option(help="Who serves it, such as azure; left out, its maker.")]


_SHORT = 1_000
"""Tokens; the prices of some models depend on how long the prompt is."""


@prices.command()
@plainly
def show(
    model: Annotated[str, typer.Argument(help="The name of a model.")],
    service: _Service = None,
    as_json: AsJson = False,
) -> None:
    """Show what a million tokens of each kind cost today, in US dollars; where long prompts cost more, in a short one. What a
    call costs beside its tokens is told, too."""
    from loopgraph.computes.pricing.own import MILLION
    from loopgraph.computes.pricing.price_list import source
    from loopgraph.configured import price_list
    from loopgraph.contracts.traces.pricing import TOKENS, ModelUsage
    from loopgraph.effects.clock import now

    at, pricing, public = now(), price_list(Settings()), source(now().date())
    kinds = {
        "input": ("input_tokens",),
        "read from a cache": ("input_tokens", "cache_read_tokens"),
        "written to a cache": ("input_tokens", "cache_write_tokens"),
        "written to a cache for an hour": ("input_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
        "output": ("output_tokens",),
    }

    def of(counts: tuple[str, ...], tokens: int) -> float | None:
        return pricing(ModelUsage(model, service, at, *(tokens if count in counts else 0 for count in TOKENS)))

    fee = of((), 0) or 0.0

    def cost(counts: tuple[str, ...], tokens: int) -> float | None:
        return None if (one := of(counts, tokens)) is None else (one - fee) * MILLION / tokens

    short = {name: cost(counts, _SHORT) for name, counts in kinds.items()}
    if None in short.values():
        err.print(f"{model} has no price: not in {public.name}, and not in a file of yours", markup=False)
        raise typer.Exit(1)
    if as_json:
        told = {name.replace(" ", "_"): one for name, one in short.items()}
        print_json({"model": model, "usd_per_million_tokens": told, "usd_per_call": fee})
        return
    for name, one in short.items():
        out.print(f"{name:<30} {one:>12,.4f}", markup=False)
    if fee > 0:
        out.print(f"{'each call, whatever its tokens':<30} {fee:>12,.4f}", markup=False)
    if (long := cost(kinds["input"], MILLION)) is not None and long > 1.001 * (short["input"] or 0):
        out.print(f"a prompt of a million tokens costs {long:,.4f}: long ones have prices of their own", markup=False)
    by = (
        "your own prices"
        if pricing.has_own(model)
        else f"{public.name}, whose newest price holds since {public.newest}"
    )
    out.print(f"by {by}", markup=False)


@prices.command()
@plainly
def recompute(as_json: AsJson = False) -> None:
    """Price all stored calls again, by the prices of their time, as the list of prices has them now.

    For calls that were stored before their model had a price, or before you had prices of your own. What senders say that a call
    cost is not touched. It can be stopped and repeated at any time, beside running services.
    """
    settings = Settings()
    configure_logging("warning")
    asyncio.run(_recompute(settings, as_json=as_json))


async def _recompute(settings: Settings, *, as_json: bool) -> None:
    from loopgraph.effects.traces.recording.prices import Priced, TracePrices
    from loopgraph.main import open_services

    done = Priced(0, 0)
    async with open_services(settings, create=False) as services:
        with shown(err) as tell:
            async for done in TracePrices(services.graph, services.prices).recompute():
                tell(f"{counted(done.calls, 'call')}, {done.changed:,} priced anew", done.calls, "calls")
    if as_json:
        print_json({"calls": done.calls, "changed": done.changed})
        return
    out.print(f"{counted(done.calls, 'call')} of models, {done.changed:,} priced anew", markup=False)
