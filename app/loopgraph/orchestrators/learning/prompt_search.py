"""Which model answers: that of the settings, an earlier one while that one embeds what there is, or letters where there is
none."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

from loopgraph.computes.learning.requests.calibration import Scale, scale_of, texts
from loopgraph.computes.learning.requests.lexical import Lexical
from loopgraph.contracts.learning.embeddings import Embedder, ModelId, NoEmbedding, Vectors
from loopgraph.effects.learning.index import Hit
from loopgraph.effects.learning.prompts import ALL_PROMPTS, PromptReads
from loopgraph.errors import Blame, blame_of
from loopgraph.orchestrators.learning.prompt_index import PromptIndex

logger = logging.getLogger(__name__)

T = TypeVar("T")

FRESH_S: Final = 0.25
"""What was committed before that, by any process, is found."""
PATIENCE_S: Final = 2.0
"""So long who asks waits until all prompts are read; then they are compared with those that are."""
EVERY_S: Final = 1.0
RETRY_S: Final = 30.0
"""A model that failed is left in peace for so long."""


class Searched(NamedTuple):
    """What a search found, with what; ``semantic_of`` makes a cosine a part of a score."""

    hits: list[Hit]
    by: PromptIndex
    note: str | None

    def semantic_of(self, hit: Hit) -> float:
        """How near a hit is, 0..1."""
        return self.by.scale.part(hit.cosine)


class Compared(NamedTuple):
    """Vectors of one model, and the scale of its cosines."""

    vectors: Vectors
    scale: Scale


class Rested:
    """A model that is left in peace for ``RETRY_S`` after it has failed: who asks meanwhile is told so at once, and waits for
    nothing. May be used by several threads."""

    def __init__(self, embedder: Embedder) -> None:
        self.semantic = embedder.semantic
        self._embedder = embedder
        self._loading = threading.Lock()
        self._failed: NoEmbedding | None = None
        self._retry_at = 0.0

    def load(self) -> ModelId:
        """Which model it is. Raises NoEmbedding."""
        with self._loading:  # those that waited for a failure do not ask again
            return self._asked(self._embedder.load)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts. Raises NoEmbedding."""
        return self._asked(lambda: self._embedder.embed(texts))

    def _asked(self, ask: Callable[[], T]) -> T:
        if self._failed is not None and time.monotonic() < self._retry_at:
            raise NoEmbedding(str(self._failed))
        try:
            answer = ask()
        except NoEmbedding as error:
            self._failed, self._retry_at = error, time.monotonic() + RETRY_S
            raise
        self._failed = None
        return answer


class PromptSearch:
    """Searches the prompts of learned patterns. ``earlier`` are other models at hand, whose vectors may be there still."""

    def __init__(self, reads: PromptReads, wanted: Embedder, earlier: Sequence[Embedder] = ()) -> None:
        self._reads = reads
        self._wanted = Rested(wanted)
        self._letters = Lexical()
        self._earlier = tuple(map(Rested, earlier))
        self._indexes: dict[str, PromptIndex] = {}
        self._choosing = asyncio.Lock()
        self._chosen: PromptIndex | None = None
        self._note: str | None = None
        self._retry_at = 0.0

    @property
    def nbytes(self) -> int:
        """The bytes of all vectors that are held."""
        return sum(index.nbytes for index in self._indexes.values())

    async def search(self, text: str, action: str, most: int) -> Searched:
        """The ``most`` patterns whose prompts are nearest to a text."""
        index = await self._current()
        try:
            return await self._searched(index, text, action, most, self._note)
        except NoEmbedding as error:
            note = f"{error}; until it answers, prompts are compared by their letters"
            return await self._searched(await self._made(self._letters), text, action, most, note)

    async def _searched(self, index: PromptIndex, text: str, action: str, most: int, note: str | None) -> Searched:
        if await index.loaded(PATIENCE_S):
            await index.look(FRESH_S)
        else:
            reading = f"the prompts are being read; {len(index):,} are compared yet"
            note = f"{note}; {reading}" if note else reading
        return Searched(await index.search(text, action, most), index, note)

    async def prepare(self, prompts: Sequence[str]) -> None:
        """Embeds texts that will be searched for, together."""
        index = await self._current()
        try:
            await index.vectors(prompts)
        except NoEmbedding as error:
            logger.debug("texts could not be embedded beforehand: %s", error)

    async def likeness(self, prompts: Sequence[str]) -> Vectors:
        """How near texts are to each other: for each a row of semantic parts, 0..1."""
        vectors, scale = await self.placed(prompts, keep=True)
        return scale.parts(vectors @ vectors.T)

    async def placed(self, prompts: Sequence[str], *, keep: bool = False) -> Compared:
        """The vectors of some texts by what answers now: a model, or letters where none does."""
        index = await self._current()
        try:
            return Compared(await index.vectors(prompts, keep=keep), index.scale)
        except NoEmbedding:
            index = await self._made(self._letters)
            return Compared(await index.vectors(prompts, keep=keep), index.scale)

    async def compared(self, prompts: Sequence[str]) -> Compared | None:
        """The vectors of some texts, to be compared with each other; None where no model compares meanings now."""
        index = await self._current()
        try:
            return Compared(await index.vectors(prompts, keep=False), index.scale) if index.semantic else None
        except NoEmbedding as error:
            logger.debug("texts could not be compared: %s", error)
            return None

    async def look(self) -> None:
        """Sees what has been committed up to now."""
        index = await self._current()
        try:
            await index.loaded()
            await index.look()
        except NoEmbedding as error:
            logger.debug("new prompts could not be embedded: %s", error)

    async def embed_all(
        self, tell: Callable[[int, int], None] = lambda looked_at, embedded: None
    ) -> tuple[ModelId, int]:
        """Embeds with the model of the settings what it has not embedded; the model and how many prompts that were.
        Raises NoEmbedding."""
        index = await self._made(self._wanted)
        embedded = await index.embed_rest(tell)
        return index.model, embedded

    async def run_forever(self) -> None:
        """Keeps the index fresh, and embeds what is not embedded, until it is cancelled."""
        while True:
            try:
                await self._keep()
            except NoEmbedding as error:
                logger.warning("prompts are embedded when the model answers: %s", error)
                await asyncio.sleep(RETRY_S)
            except Exception as error:
                if blame_of(error) is Blame.GRAPH:
                    logger.debug("prompts are embedded when the graph can: %s", error)
                else:
                    logger.exception("prompts could not be embedded; trying again")
                    await asyncio.sleep(RETRY_S)
            await asyncio.sleep(EVERY_S)

    async def _keep(self) -> None:
        if self._chosen is None and not (await self._reads.counts()).get(ALL_PROMPTS):
            return  # nothing was learned yet: no model is loaded for that
        index = await self._current()
        await index.loaded()
        await index.look(FRESH_S)
        if index.semantic and not index.complete:
            await index.embed_rest()
        if self._note is not None and time.monotonic() >= self._retry_at:
            await self._change_over()

    async def _change_over(self) -> None:
        """Makes the model of the settings the one that answers, once it has embedded all."""
        wanted = await self._made(self._wanted)
        if wanted is self._chosen:
            return
        embedded = await wanted.embed_rest()
        await wanted.loaded()
        earlier, self._chosen, self._note = self._chosen, wanted, None
        self._indexes = {key: index for key, index in self._indexes.items() if index is not earlier}
        logger.info("prompts are compared by %s now; %d were embedded", wanted.model.key, embedded)

    async def _current(self) -> PromptIndex:
        if self._chosen is None or (not self._chosen.semantic and time.monotonic() >= self._retry_at):
            async with self._choosing:
                if self._chosen is None or (not self._chosen.semantic and time.monotonic() >= self._retry_at):
                    self._chosen = await self._choose()
        return self._chosen

    async def _choose(self) -> PromptIndex:
        try:
            wanted = await self._made(self._wanted)
        except NoEmbedding as error:
            self._note, self._retry_at = f"{error}; prompts are compared by their letters", time.monotonic() + RETRY_S
            return await self._made(self._letters)
        self._note = None if wanted.semantic else "the settings want no model: prompts are compared by their letters"
        self._retry_at = float("inf") if not wanted.semantic else 0.0
        counts = await self._reads.counts()
        if wanted.semantic and counts.get(wanted.model.key, 0) < counts[ALL_PROMPTS]:
            for embedder in self._earlier:
                with_others = counts.keys() - {ALL_PROMPTS, wanted.model.key}
                if not with_others:
                    break
                try:
                    other = await self._made(embedder)
                except NoEmbedding:
                    continue
                if counts.get(other.model.key, 0) > counts.get(wanted.model.key, 0):
                    self._note = (
                        f"{wanted.model.key} is embedding what there is; until it has, {other.model.key} answers"
                    )
                    return other
        return wanted

    async def _made(self, embedder: Embedder) -> PromptIndex:
        """The index of a model, which may be empty still. Raises NoEmbedding."""
        model = await asyncio.to_thread(embedder.load)
        if model.key not in self._indexes:
            scale = scale_of(await asyncio.to_thread(embedder.embed, texts()))
            self._indexes.setdefault(
                model.key, PromptIndex(self._reads, embedder, model, scale, stored=embedder.semantic)
            )
        return self._indexes[model.key]
