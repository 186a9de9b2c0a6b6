"""``loopgraph learning embed``: prompts get their vectors by the model of the settings."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.progress import shown
from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.settings import Settings

ForgetOthers = Annotated[
    bool, typer.Option("--forget-others", help="Then take away the vectors that other models have made.")
]


@plainly
def embed(forget_others: ForgetOthers = False, as_json: AsJson = False) -> None:
    """Embed the prompts of learned patterns that the model of the settings has not embedded.

    A running service does it by itself, and answers with the model from before until then; this is for doing it now, before a
    change of LOOPGRAPH_EMBEDDING, and for seeing how far it is. It can be stopped and repeated at any time.
    """
    settings = Settings()
    configure_logging("warning")
    asyncio.run(_embed(settings, forget_others=forget_others, as_json=as_json))


async def _embed(settings: Settings, *, forget_others: bool, as_json: bool) -> None:
    from loopgraph.contracts.learning.embeddings import NoEmbedding
    from loopgraph.effects.learning.prompts import ALL_PROMPTS, PromptReads
    from loopgraph.errors import SetupError
    from loopgraph.main import open_services

    async with open_services(settings, create=False) as services:
        reads = PromptReads(services.graph)
        prompts = (await reads.counts()).get(ALL_PROMPTS, 0)
        with shown(err) as tell:
            try:
                model, embedded = await services.prompt_search.embed_all(
                    lambda seen, made: tell(
                        f"{seen:,} of {counted(prompts, 'prompt')} · {made:,} embedded", seen, "prompts"
                    )
                )
            except NoEmbedding as error:
                raise SetupError(str(error)) from error
        forgotten = await reads.forget_others(model) if forget_others else 0
    if as_json:
        print_json({"model": model.key, "prompts": prompts, "embedded": embedded, "forgotten": forgotten})
        return
    out.print(f"{counted(embedded, 'prompt')} embedded with {model.key}; there are {prompts:,}", markup=False)
    if forget_others:
        out.print(f"{counted(forgotten, 'vector')} of other models taken away", markup=False)
