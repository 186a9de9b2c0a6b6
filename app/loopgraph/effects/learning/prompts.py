"""Reads the prompts that learned patterns were learned from, and keeps their vectors. Each method is one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.base import Principal
from loopgraph.contracts.learning.embeddings import ModelId, Vectors, packed
from loopgraph.contracts.learning.features import PromptFeatures
from loopgraph.contracts.learning.matching import Record
from loopgraph.contracts.learning.plans import LearnedPattern, Standing
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.index import Hit
from loopgraph.effects.traces.reading.reads import reader_of

_IDS = query("learning/prompt_ids")
_BY_ID = query("learning/prompts_by_id")
_CHANGED = query("learning/changed_patterns")
_OF_PATTERNS = query("learning/prompts_of_patterns")
_WRITE = query("learning/write_embeddings")
_FORGET = query("learning/forget_embeddings")
_COUNTS = query("learning/embedding_counts")
_MATCHED = query("learning/matched")
_OWN = query("learning/own_prompts")
_RECORDS = query("learning/records")
_ROUND = query("learning/round")
_CLAIM = query("learning/claim_round")

WAITS: Final = "waits|"
"""Before the key of the prompts for whose first success failed traces wait."""

_FORGOTTEN: Final = 2_000
ALL_PROMPTS: Final = None
"""In ``counts``: not of a model, but how many prompts there are."""


class Prompt(NamedTuple):
    """A prompt of a learned pattern. ``active``: the pattern is matched. ``text`` is None where a vector is known and no text
    was asked for, ``vector`` (packed) where the model has not embedded it."""

    exemplar_id: str
    pattern_id: str
    action: str
    active: bool
    text: str | None
    vector: str | None


class Changed(NamedTuple):
    """A learned pattern that was changed."""

    pattern_id: str
    updated_at: datetime
    revision: int


class Found(NamedTuple):
    """A learned pattern as it is committed, with the prompt of it that was nearest."""

    pattern: LearnedPattern
    exemplar_id: str
    features: PromptFeatures
    text: str


class PromptReads:
    """Reads and writes of the prompts of learned patterns and their vectors."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._owner = new_id()

    async def ids(self) -> list[str]:
        """The ids of all prompts, in their order."""
        return sorted(row["exemplar_id"] for row in await self._graph.read(_IDS))

    async def by_id(self, exemplar_ids: Sequence[str], model: ModelId, *, texts: bool, vectors: bool) -> list[Prompt]:
        """Prompts by their ids, in any order, without those that are gone: with their vectors, if these are wanted, and with
        their texts if these are, or where the model has not embedded them. A page of all in order would cost the sort of all."""
        rows = [{"exemplar_id": id_, "embedding_id": _embedding_id(id_, model)} for id_ in exemplar_ids]
        found = await self._graph.read(_BY_ID, rows=rows, texts=texts, vectors=vectors)
        return [Prompt(**row) for row in found]

    async def changed(self, since: datetime, limit: int) -> list[Changed]:
        """The patterns that were changed at an instant or later."""
        return [Changed(**row) for row in await self._graph.read(_CHANGED, since=since, limit=limit)]

    async def of_patterns(self, pattern_ids: Sequence[str], model: ModelId) -> dict[str, list[Prompt]]:
        """The prompts of patterns; none for one that has none or is none."""
        found: dict[str, list[Prompt]] = {id_: [] for id_ in pattern_ids}
        for row in await self._graph.read(_OF_PATTERNS, pattern_ids=list(pattern_ids), model_id=model.key):
            if row["exemplar_id"] is not None:
                found[row["pattern_id"]].append(Prompt(**row))
        return found

    async def write(self, exemplar_ids: Sequence[str], vectors: Vectors, model: ModelId) -> None:
        """Keeps vectors. Those of prompts that are gone are left out."""
        rows = [
            {
                "exemplar_id": exemplar_id,
                "embedding_id": _embedding_id(exemplar_id, model),
                "model_id": model.key,
                "dimension": model.dimension,
                "vector": packed(vector),
            }
            for exemplar_id, vector in zip(exemplar_ids, vectors, strict=True)
        ]
        await self._graph.write(_WRITE, rows=rows)

    async def take_turn(self, model: ModelId, lease: timedelta) -> bool:
        """Whether this process embeds for a while: others leave it to whoever has taken the turn last, until that is over. No
        time (``timedelta(0)``) gives it back."""
        name, at = f"embedding {model.key}", now()
        [turn] = await self._graph.read(_ROUND, name=name) or [{"round": 0, "owner": None, "until": None}]
        if turn["owner"] not in (None, self._owner) and turn["until"] > at:
            return False
        told = {"turn": new_id(), "owner": self._owner, "until": at + lease, "backfilled_to": None}
        [row] = await self._graph.write(_CLAIM, name=name, round=turn["round"], **told)
        return bool(row["claimed"])

    async def forget_others(self, model: ModelId) -> int:
        """Takes away the vectors of other models, a slice at a time; how many those were."""
        forgotten = 0
        while gone := (await self._graph.write(_FORGET, model_id=model.key, limit=_FORGOTTEN))[0]["gone"]:
            forgotten += gone
        return forgotten

    async def counts(self) -> dict[str | None, int]:
        """How many prompts there are (``ALL_PROMPTS``), and how many of them each model has embedded, by its key."""
        counted: dict[str | None, int] = {ALL_PROMPTS: 0}  # where there are none, no row says so
        for row in await self._graph.read(_COUNTS):
            counted[row["model_id"]] = row["prompts"]
        return counted

    async def records(self) -> tuple[list[Record], int]:
        """How many learned patterns have which record, and how many failed traces have none."""
        rows = await self._graph.read(_RECORDS, merged=Standing.MERGED.value, above=WAITS, below=WAITS[:-1] + "}")
        of_patterns = [Record(row["successes"], row["failures"], row["patterns"]) for row in rows if not row["waits"]]
        return of_patterns, sum(row["patterns"] for row in rows if row["waits"])

    async def found(self, hits: Iterable[Hit]) -> list[Found]:
        """What a search found as it is committed; left out is what is matched no more, or not by this prompt."""
        rows = [{"pattern_id": hit.pattern_id, "exemplar_id": hit.exemplar_id} for hit in hits]
        return [_found(row) for row in await self._graph.read(_MATCHED, rows=rows)] if rows else []

    async def readable(self, found: Sequence[Found], principal: Principal | None) -> set[str]:
        """The patterns among these whose prompt the principal may read: one that a trace had that the principal may see."""
        reader = reader_of(principal)
        if reader is None or not found:
            return {one.pattern.pattern_id for one in found}
        rows = [{"pattern_id": one.pattern.pattern_id, "text": one.text} for one in found]
        return {row["pattern_id"] for row in await self._graph.read(_OWN, rows=rows, reader=reader)}


def _embedding_id(exemplar_id: str, model: ModelId) -> str:
    return f"{exemplar_id}|{model.key}"


def _found(row: dict[str, Any]) -> Found:
    names = LearnedPattern.model_fields.keys() - {"node_id", "version"}
    fields = {name: value for name, value in row["learned"].items() if name in names}
    exemplar = row["exemplar"]
    features = PromptFeatures(
        action=exemplar["action"], intent=exemplar["intent"], keywords=tuple(exemplar["keywords"])
    )
    pattern = LearnedPattern(**fields, node_id=row["node_id"], version=row["version"])
    return Found(pattern, exemplar["exemplar_id"], features, exemplar["text"])
