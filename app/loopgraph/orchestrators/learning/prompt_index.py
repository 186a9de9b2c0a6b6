"""The prompts of learned patterns under one model, in memory, kept as they are in the graph."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loopgraph.computes.learning.requests.actions import differ
from loopgraph.computes.learning.requests.calibration import Scale
from loopgraph.contracts.learning.embeddings import Embedder, ModelId, Vectors, unpacked
from loopgraph.effects.clock import now
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.learning.index import Entry, Hit, VectorIndex
from loopgraph.effects.learning.prompts import Changed, Prompt, PromptReads
from loopgraph.effects.memory import give_back

SLICE: Final = 500
"""So many prompts are read, or embedded, at once."""
OVERLAP: Final = timedelta(seconds=60)
"""Changes are read again for so long after their instants: a transaction commits later than it takes its instant."""
TURN: Final = timedelta(seconds=30)
"""So long other processes leave it to one that embeds what is not embedded. Where a slice takes longer, two do the same."""
WAIT_S: Final = 1.0
KEPT_VECTORS: Final = 1_000
"""So many vectors of the latest texts are kept: who matched a prompt learns from it soon after."""


class PromptIndex:
    """The index of one model. ``stored``: vectors are kept in the graph; else they are made whenever the index is loaded."""

    def __init__(self, reads: PromptReads, embedder: Embedder, model: ModelId, scale: Scale, *, stored: bool) -> None:
        self.model = model
        self.semantic = embedder.semantic
        self.scale = scale
        self._reads = reads
        self._embedder = embedder
        self._stored = stored
        self._index = VectorIndex(model.dimension)
        self._latest: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._looking = asyncio.Lock()
        self._loading: asyncio.Task[None] | None = None
        self._is_loaded = False
        self._looked_at = 0.0
        self._since = datetime.min.replace(tzinfo=UTC)
        self._seen: dict[str, Changed] = {}
        self._lacking: set[str] = set()

    def __len__(self) -> int:
        return len(self._index)

    @property
    def complete(self) -> bool:
        """Whether all prompts are read and embedded."""
        return self._is_loaded and not self._lacking

    @property
    def nbytes(self) -> int:
        """The bytes of its vectors."""
        return self._index.nbytes

    async def loaded(self, patience_s: float | None = None) -> bool:
        """Whether all that was there has been read, after so many seconds at most. It is read once, for whoever waits, and what
        has been read is found already."""
        if self._loading is None or (self._loading.done() and not self._is_loaded):
            # In a context of its own: the time of who asks first is no limit for what all wait for.
            self._loading = asyncio.create_task(self._load(), context=contextvars.Context())
            self._loading.add_done_callback(_retrieve)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._loading), patience_s)
        return self._is_loaded

    async def _load(self) -> None:
        """Reads all prompts, slice by slice."""
        self._since = now() - OVERLAP
        ids = await self._reads.ids()
        for begin in range(0, len(ids), SLICE):
            slice_ = ids[begin : begin + SLICE]
            prompts = await self._reads.by_id(slice_, self.model, texts=not self._stored, vectors=self._stored)
            active = [prompt for prompt in prompts if prompt.active]
            await self._put_stored([prompt for prompt in active if prompt.vector is not None])
            if self._stored:
                self._lacking.update(prompt.exemplar_id for prompt in active if prompt.vector is None)
            else:
                await self._put_embedded(active)
        self._is_loaded = True
        await self._arrange()
        await asyncio.to_thread(give_back)  # reading a hundred thousand leaves 65 MB behind

    async def _arrange(self) -> None:
        if self._index.wants_arranging:
            await asyncio.to_thread(self._index.arrange)

    async def look(self, newer_than_s: float = 0.0) -> None:
        """Sees what has been committed up to now, unless that was done in the last so many seconds, or is being done: where many
        prompts are new, whoever asks does not wait for all of them to be embedded."""
        if newer_than_s and self._looking.locked():
            return
        async with self._looking:
            if time.monotonic() - self._looked_at < newer_than_s:
                return
            began = time.monotonic()
            await self._take_in()
            self._looked_at = began
            if self._is_loaded:
                await self._arrange()

    async def _take_in(self) -> None:
        limit = SLICE
        while True:
            rows = await self._reads.changed(self._since - OVERLAP, limit)
            fresh = [row.pattern_id for row in rows if self._seen.get(row.pattern_id) != row]
            for begin in range(0, len(fresh), SLICE):
                await self._take(fresh[begin : begin + SLICE])
            self._seen.update((row.pattern_id, row) for row in rows)
            if rows:
                self._since = max(self._since, rows[-1].updated_at)
            if len(rows) < limit:
                break
            limit *= 2  # more than that changed in the time that is read again
        self._seen = {id_: row for id_, row in self._seen.items() if row.updated_at >= self._since - OVERLAP}

    async def _take(self, pattern_ids: Sequence[str]) -> None:
        """What is known of some patterns becomes what is in the graph."""
        for pattern_id, prompts in (await self._reads.of_patterns(pattern_ids, self.model)).items():
            active = [prompt for prompt in prompts if prompt.active]
            self._index.keep_only(pattern_id, (prompt.exemplar_id for prompt in active))
            await self._put_stored([prompt for prompt in active if prompt.vector is not None])
            await self._put_embedded([prompt for prompt in active if prompt.vector is None])

    async def _put_stored(self, prompts: Sequence[Prompt]) -> None:
        if prompts:
            vectors = await made_of(
                prompts, lambda: unpacked([prompt.vector or "" for prompt in prompts], self.model.dimension)
            )
            self._put(prompts, vectors)

    async def _put_embedded(self, prompts: Sequence[Prompt]) -> None:
        """Embeds prompts, keeps their vectors where they are to be stored, and takes them in."""
        if prompts:
            vectors = await self.vectors([prompt.text or "" for prompt in prompts])
            if self._stored:
                await self._reads.write([prompt.exemplar_id for prompt in prompts], vectors, self.model)
            self._put(prompts, vectors)

    def _put(self, prompts: Sequence[Prompt], vectors: Vectors) -> None:
        self._index.put([Entry(prompt.exemplar_id, prompt.pattern_id, prompt.action) for prompt in prompts], vectors)
        self._lacking.difference_update(prompt.exemplar_id for prompt in prompts)

    async def embed_rest(self, tell: Callable[[int, int], None] = lambda looked_at, embedded: None) -> int:
        """Embeds the prompts that the model has not embedded, slice by slice, and takes them in; how many that were. ``tell`` is
        told how many have been looked at and embedded. May be stopped and repeated. While another process does it, it is waited
        for, and what it embeds taken in. Raises NoEmbedding."""
        if not self._stored:
            self._lacking.clear()
            return 0
        while not await self._reads.take_turn(self.model, TURN):
            await self._take_in_embedded()
            if self.complete:
                return 0
            await asyncio.sleep(WAIT_S)
        try:
            return await self._embed_rest(tell)
        finally:
            await self._reads.take_turn(self.model, timedelta(0))

    async def _take_in_embedded(self) -> None:
        """Takes in what was embedded by others since this was loaded, and forgets what is gone."""
        for begin in range(0, len(lacking := sorted(self._lacking)), SLICE):
            ids = lacking[begin : begin + SLICE]
            prompts = await self._reads.by_id(ids, self.model, texts=False, vectors=True)
            await self._put_stored([prompt for prompt in prompts if prompt.active and prompt.vector is not None])
            self._lacking.difference_update(set(ids) - {prompt.exemplar_id for prompt in prompts if prompt.active})

    async def _embed_rest(self, tell: Callable[[int, int], None]) -> int:
        ids, embedded = await self._reads.ids(), 0
        for begin in range(0, len(ids), SLICE):
            if begin:
                await self._reads.take_turn(self.model, TURN)
            prompts = await self._reads.by_id(ids[begin : begin + SLICE], self.model, texts=False, vectors=False)
            lacking = [prompt for prompt in prompts if prompt.text is not None]
            vectors = await self.vectors([prompt.text or "" for prompt in lacking], keep=False)
            if lacking:
                await self._reads.write([prompt.exemplar_id for prompt in lacking], vectors, self.model)
                if self._loading is not None:  # else it is read with all others
                    active = [number for number, prompt in enumerate(lacking) if prompt.active]
                    self._put([lacking[number] for number in active], vectors[active])
            embedded += len(lacking)
            tell(min(begin + SLICE, len(ids)), embedded)
        await self._take_in_embedded()
        return embedded

    async def vectors(self, texts: Sequence[str], *, keep: bool = True) -> Vectors:
        """The vectors of texts, made together. Raises NoEmbedding."""
        lacking = [text for text in dict.fromkeys(texts) if text not in self._latest]
        made: dict[str, NDArray[np.float32]] = {}
        if lacking:
            made = dict(zip(lacking, await asyncio.to_thread(self._embedder.embed, lacking), strict=True))
        found = np.zeros((len(texts), self.model.dimension), dtype=np.float32)
        for row, text in zip(found, texts, strict=True):
            row[:] = made[text] if text in made else self._latest[text]
        if keep:
            self._latest.update(made)
            while len(self._latest) > KEPT_VECTORS:
                self._latest.popitem(last=False)
        return found

    async def search(self, text: str, action: str, most: int) -> list[Hit]:
        """The ``most`` patterns whose prompts are nearest to a text and ask for nothing else. Raises NoEmbedding."""
        [vector] = await self.vectors([text])
        return await made_of(
            len(self._index), lambda: self._index.search(vector, most, lambda other: not differ(action, other))
        )


def _retrieve(task: asyncio.Task[None]) -> None:
    """Whoever waits is told of its error; where nobody does any more, it is no news."""
    if not task.cancelled():
        task.exception()
