"""Feedback in the graph: written once, and read from what it is about, and from the versions that were used there."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from loopgraph.assets import Query, query
from loopgraph.contracts.audit import LineageEvent
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.loop.user_feedback import Feedback, FeedbackPage, SaidAlike, Sentiment
from loopgraph.contracts.traces.retention import KEYS
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.lineage.audit import record
from loopgraph.effects.lineage.mapping import Properties, only_fields
from loopgraph.effects.traces.reading.reads import reader_of
from loopgraph.errors import Conflict, NotFound

_BY_ID = query("user_feedback/by_id")
_CREATE = query("user_feedback/create")
_OF_NODES = query("user_feedback/of_nodes")
_OF_STEPS = query("user_feedback/of_steps")
_OF_USES = query("user_feedback/of_uses")
_OF_USING_TRACES = query("user_feedback/of_using_traces")
_COUNTS_OF_VERSIONS = query("user_feedback/counts_of_versions")
_COUNTS_OF_USES = query("user_feedback/counts_of_uses")
_COUNTS_OF_USING_TRACES = query("user_feedback/counts_of_using_traces")
_RATINGS_OF_EXECUTIONS = query("user_feedback/ratings_of_executions")
_RATINGS_OF_THEIR_TRACES = query("user_feedback/ratings_of_their_traces")
_VERSIONS_OF_PATTERNS = query("user_feedback/versions_of_patterns")

_LAST: Final = "~"


def key_of(feedback: Feedback) -> str:
    """Its place in lists of feedback, which have the newest first; what ``Page.after`` takes."""
    return time_key(feedback.created_at, feedback.feedback_id)


class UserFeedbackWrites:
    """Keeps feedback."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def known(self, feedback_id: str, request_hash: str) -> Feedback | None:
        """What is kept under this id, if the same asked for it. Raises Conflict if other content has the id."""
        rows = await self._graph.read(_BY_ID, feedback_ids=[feedback_id], reader=None)
        return _same(rows, feedback_id, request_hash)

    async def add(
        self, label: str, feedback: Feedback, request_hash: str, event: LineageEvent
    ) -> tuple[Feedback, bool]:
        """The feedback as it is kept, and whether it had been there already. Writes its event.

        ``label`` is that of what it is about. Raises NotFound if that is not there, Conflict if the id is taken by other content.
        """
        key = getattr(feedback, KEYS[label])
        properties = _properties(feedback, request_hash)

        async def work(tx: Transaction) -> tuple[Feedback, bool]:
            rows = await tx.run(_BY_ID, feedback_ids=[feedback.feedback_id], reader=None)
            if earlier := _same(rows, feedback.feedback_id, request_hash):
                return earlier, True
            if not await tx.run(_CREATE.choose(NODE_LABEL=label, NODE_KEY=KEYS[label]), key=key, feedback=properties):
                raise NotFound(label, key)
            await record(tx, event)
            return feedback, False

        return await self._graph.transaction(work)


class UserFeedbackReads:
    """Reads feedback. Those that take many ids ask for all of them in as many statements as for one."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def by_id(self, feedback_ids: Collection[str], principal: Principal | None) -> dict[str, Feedback]:
        """Feedback by id; unknown and hidden ids are absent."""
        rows = await self._graph.read(_BY_ID, feedback_ids=list(feedback_ids), reader=reader_of(principal))
        return {row["feedback"]["feedback_id"]: _feedback(row["feedback"]) for row in rows}

    async def of_executions(self, execution_ids: Sequence[str], page: Page) -> dict[str, FeedbackPage]:
        """A page of what was said of each of some executions. ``page.after`` is a ``key_of``, as in all of these."""
        return await self._pages([(_of_label("HookExecution"), {})], execution_ids, page)

    async def of_traces(self, correlation_ids: Sequence[str], page: Page) -> dict[str, FeedbackPage]:
        """A page of what was said of each of some traces, or of steps of it."""
        return await self._pages([(_of_label("Trace"), {}), (_OF_STEPS, {})], correlation_ids, page)

    async def of_versions(
        self, node_ids: Sequence[str], page: Page, principal: Principal | None
    ) -> dict[str, FeedbackPage]:
        """A page of what was said of each of some versions, of uses of it, and of traces in which it was used."""
        seen = {"reader": reader_of(principal)}
        statements = [(_of_label("PatternVersion"), {}), (_OF_USES, seen), (_OF_USING_TRACES, seen)]
        return await self._pages(statements, node_ids, page)

    async def counts_of_versions(
        self, node_ids: Sequence[str], principal: Principal | None
    ) -> dict[str, list[SaidAlike]]:
        """How often the same was said of each of some versions, their uses, and traces in which they were used."""
        return await self._counts({node_id: [node_id] for node_id in node_ids}, principal)

    async def counts_of_patterns(
        self, pattern_ids: Sequence[str], principal: Principal | None
    ) -> dict[str, list[SaidAlike]]:
        """The same of patterns, by their versions: what was said of a trace that used several counts once."""
        rows = await self._graph.read(_VERSIONS_OF_PATTERNS, pattern_ids=list(pattern_ids))
        versions = {row["id"]: row["node_ids"] for row in rows}
        return await self._counts({id_: versions.get(id_, []) for id_ in pattern_ids}, principal)

    async def ratings(self, execution_ids: Sequence[str], before: datetime) -> dict[str, float]:
        """The mean of the ratings that were given of each of some executions before an instant, or else of its trace;
        executions of which there are none are absent."""
        asked = {"ids": list(execution_ids), "before": before}
        of_traces, own = await asyncio.gather(
            self._graph.read(_RATINGS_OF_THEIR_TRACES, **asked), self._graph.read(_RATINGS_OF_EXECUTIONS, **asked)
        )
        return {row["id"]: float(row["rating"]) for row in (*of_traces, *own)}

    async def _pages(
        self, statements: Sequence[tuple[Query, Mapping[str, Any]]], ids: Sequence[str], page: Page
    ) -> dict[str, FeedbackPage]:
        asked = {"ids": list(ids), "before": page.after or _LAST, "limit": page.first + 1}
        answers = await asyncio.gather(*(self._graph.read(one, **asked, **more) for one, more in statements))
        found: defaultdict[str, list[Feedback]] = defaultdict(list)
        for rows in answers:
            for row in rows:
                found[row["id"]].append(_feedback(row["feedback"]))
        pages = {}
        for id_ in ids:
            newest = sorted(found[id_], key=key_of, reverse=True)
            pages[id_] = FeedbackPage(tuple(newest[: page.first]), has_more=len(newest) > page.first)
        return pages

    async def _counts(
        self, groups: Mapping[str, Sequence[str]], principal: Principal | None
    ) -> dict[str, list[SaidAlike]]:
        asked = {"groups": [{"id": id_, "node_ids": list(node_ids)} for id_, node_ids in groups.items()]}
        seen = {**asked, "reader": reader_of(principal)}
        answers = await asyncio.gather(
            self._graph.read(_COUNTS_OF_VERSIONS, **asked),
            self._graph.read(_COUNTS_OF_USES, **seen),
            self._graph.read(_COUNTS_OF_USING_TRACES, **seen),
        )
        found: dict[str, list[SaidAlike]] = {id_: [] for id_ in groups}
        for rows in answers:
            for row in rows:
                found[row["id"]].append(_said(row))
        return found


def _of_label(label: str) -> Query:
    return _OF_NODES.choose(NODE_LABEL=label, NODE_KEY=KEYS[label])


def _same(rows: Sequence[Row], feedback_id: str, request_hash: str) -> Feedback | None:
    if rows and rows[0]["feedback"]["request_hash"] != request_hash:
        raise Conflict("Feedback", feedback_id, "the id is taken by other content")
    return _feedback(rows[0]["feedback"]) if rows else None


def _properties(feedback: Feedback, request_hash: str) -> Properties:
    values = {
        **feedback.model_dump(),
        "metadata": json_text(feedback.metadata),
        "request_hash": request_hash,
        "time_key": key_of(feedback),
    }
    return {name: value for name, value in values.items() if value is not None}


def _feedback(properties: Properties) -> Feedback:
    metadata = json_value(properties.get("metadata")) or {}
    return Feedback(**only_fields(Feedback, properties, "metadata"), metadata=metadata)


def _said(row: Row) -> SaidAlike:
    sentiment = Sentiment(row["sentiment"]) if row["sentiment"] else None
    return SaidAlike(row["rating"], sentiment, tuple(row["tags"] or ()), row["count"])
