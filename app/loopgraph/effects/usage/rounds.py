"""Rounds of counting: what is marked, what was counted, and the change of buckets, one at a time over all processes.

What a round goes by is read first, without locks; its one transaction then begins with the number of the round. If somebody else
has changed buckets meanwhile, that number has passed, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.analytics.counting import Mark
from loopgraph.effects.clock import new_id, now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import chunks
from loopgraph.effects.graph.marks import MARK
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.usage.changed_days import changed_text

_ROUND = query("usage/round")
_MARKS = query("usage/marks")
_COUNT_MARKS = query("usage/count_marks")
_TRACES_OF_MARKS = query("usage/traces_of_marks")
_COUNTED = query("usage/counted_traces")
_BUCKETS = query("usage/series")
_CLAIM = query("usage/claim_round")
_HOLD = query("usage/hold")
_TRACE_IDS = query("usage/trace_ids")
_TRACES_SINCE = query("usage/traces_since")
_COUNTED_PAGE = query("usage/counted_page")
_BUCKET_KEYS = query("usage/bucket_keys")
_TOTALS = query("usage/totals")
_MARKED_KEYS = query("usage/marked_keys")
_SET_BUCKETS = query("usage/set_buckets")
_SET_BREAKDOWNS = query("usage/set_breakdowns")
_DELETE_BUCKETS = query("usage/delete_buckets")
_SET_COUNTED = query("usage/set_counted")
_DELETE_COUNTED = query("usage/delete_counted")
_DELETE_MARKS = query("usage/delete_marks")
_MARK_DUE = query("learning/mark_due")
_MARK_GONE = query("learning/mark_gone")

NAME: Final = "usage"
_EVER_MS: Final = 2**53


OF_TRACES: Final = frozenset({"Trace", "Gone", "Relative"})
"""The labels of marks that have the id of a trace."""

RELATIVE: Final = "Relative"
"""The label of marks of traces that are counted anew because others were, and not because anything in them has changed."""


class Marked(NamedTuple):
    """What is to be counted: traces, the marks that are then done, those among the traces that were removed for good, and those
    that are only relatives of what was changed. ``left`` are other traces that the marks are of, too, which are to be marked
    themselves because they are left for another round. ``sizes``: steps and calls, as far as they were looked up."""

    traces: frozenset[str]
    marks: tuple[str, ...] = ()
    gone: frozenset[str] = frozenset()
    relatives: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    sizes: Mapping[str, int] = {}


class Turn(NamedTuple):
    """The number of the next round; ``is_held``: somebody else has the buckets to himself. ``criteria`` is the digest of those by
    which successes are counted (None: those that are built in), ``challenger`` that of those by which somebody would rather
    count, ``marked_to`` the last trace that is marked because earlier criteria judged it (None: all are)."""

    round: int
    is_held: bool
    criteria: str | None = None
    challenger: str | None = None
    marked_to: str | None = None


class Counted(NamedTuple):
    """What a trace has contributed, as text, and where it stood in its session, if it is a prompt; ``pruned`` is what of it was
    contributed before the trace was pruned, if it was."""

    contribution: str | None = None
    prompt_key: str | None = None
    pruned: str | None = None


class Stored(NamedTuple):
    """What a bucket holds, as texts."""

    sums: str | None = None
    breakdown: str | None = None


@dataclass
class Change:
    """What a round writes. Rows of buckets have all their properties, those of breakdowns their text; ``left`` are rows of
    marks. ``ended`` are traces that are over, and ``gone`` those that were removed for good: whoever learns from traces has to
    look at them."""

    buckets: list[Row] = field(default_factory=list)
    breakdowns: list[Row] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    counted: dict[str, Counted] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    marks: Sequence[str] = ()
    left: list[Row] = field(default_factory=list)
    ended: Sequence[str] = ()
    gone: Sequence[str] = ()

    def keys(self) -> list[str]:
        """The keys of the buckets that it changes, some of them twice."""
        return [*(row["bucket_key"] for row in (*self.buckets, *self.breakdowns)), *self.empty]


class Rounds:
    """Reads what a round goes by, and writes what it comes to."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._owner = new_id()

    async def current(self) -> Turn:
        """The number of the next round, and whether somebody else has the buckets to himself now."""
        rows = await self._graph.read(_ROUND, name=NAME)
        if not rows:
            return Turn(0, is_held=False)
        [row] = rows
        is_held = row["owner"] not in (None, self._owner) and row["until"] is not None and row["until"] > now()
        return Turn(row["round"], is_held, row["criteria"], row["challenger"], row["marked_to"])

    async def hold(self, round: int, lasting: timedelta | None) -> bool:
        """Has the buckets to itself for this long, unless it is renewed; None gives them back. Whether nobody else has them."""
        at, turn = now(), new_id()
        until = None if lasting is None else at + lasting
        values = {"name": NAME, "round": round, "owner": self._owner, "until": until, "now": at, "turn": turn}
        [row] = await self._graph.write(_HOLD, **values, changed=changed_text(round, turn))
        return bool(row["claimed"])

    async def pending(self) -> int:
        """How many marks there are."""
        return sum([row["marks"] for row in await self._graph.read(_COUNT_MARKS)])

    async def marks(self, limit: int, until_ms: int | None = None) -> list[Mark]:
        """What is marked, or was until a time: some of it, if there are more marks than ``limit``."""
        rows = await self._graph.read(_MARKS, limit=limit, until=_EVER_MS if until_ms is None else until_ms)
        return [Mark(row["label"], row["key"], tuple(row["ids"]), row["first"], row["last"]) for row in rows]

    async def traces_with(self, marks: Iterable[Mark]) -> set[str]:
        """The traces in which there is what was marked, where that are steps, calls or sessions."""
        keys: dict[str, set[str]] = {label: set() for label in ("HookExecution", "EndpointCall", "Session")}
        for mark in marks:
            keys[mark.label].add(mark.key)
        if not any(keys.values()):
            return set()
        rows = await self._graph.read(
            _TRACES_OF_MARKS,
            execution_ids=sorted(keys["HookExecution"]),
            call_ids=sorted(keys["EndpointCall"]),
            session_ids=sorted(keys["Session"]),
        )
        return {row["correlation_id"] for row in rows}

    async def counted(self, correlation_ids: Collection[str]) -> dict[str, Counted]:
        """What traces have contributed; those that were never counted are absent."""
        found: dict[str, Counted] = {}
        for ids in chunks(sorted(correlation_ids)):
            for row in await self._graph.read(_COUNTED, correlation_ids=ids):
                found[row["correlation_id"]] = Counted(row["contribution"], row["prompt_key"], row["pruned"])
        return found

    async def trace_ids(self, after: str, limit: int) -> list[str]:
        """The ids of traces after this one, in their order."""
        rows = await self._graph.read(_TRACE_IDS, after=after, limit=limit)
        return [row["correlation_id"] for row in rows]

    async def traces_since(self, at: datetime, limit: int) -> list[str]:
        """The ids of traces that began after an instant, in the order of time."""
        rows = await self._graph.read(_TRACES_SINCE, after=time_key(at, ""), limit=limit)
        return [row["correlation_id"] for row in rows]

    async def contributions(self, after: str, limit: int) -> list[tuple[str, str]]:
        """The ids of traces after this one, in their order, and what they have contributed, as text."""
        rows = await self._graph.read(_COUNTED_PAGE, after=after, limit=limit)
        return [(row["correlation_id"], row["contribution"]) for row in rows]

    async def bucket_keys(self, after: str, limit: int) -> list[str]:
        """The keys of buckets after this one, in their order."""
        return [row["key"] for row in await self._graph.read(_BUCKET_KEYS, after=after, limit=limit)]

    async def marked_among(self, keys: Collection[str]) -> set[str]:
        """Those of these keys that are marked."""
        found: set[str] = set()
        for some in chunks(sorted(keys)):
            found |= {row["key"] for row in await self._graph.read(_MARKED_KEYS, keys=some)}
        return found

    async def totals(self) -> dict[str, int]:
        """How many nodes there are, by label."""
        return {row["label"]: row["count"] for row in await self._graph.read(_TOTALS)}

    async def buckets(self, keys: Collection[str]) -> dict[str, Stored]:
        """What buckets hold; those that are not there are absent."""
        found: dict[str, Stored] = {}
        for some in chunks(sorted(keys)):
            for row in await self._graph.read(_BUCKETS, keys=some):
                found |= {key: Stored(sums, breakdown) for key, sums, breakdown in row["found"]}
        return found

    async def write(self, round: int, change: Change) -> bool:
        """Writes a round, all or nothing; whether it was its turn."""
        turn = new_id()
        changed = changed_text(round, turn, change.keys())

        async def work(tx: Transaction) -> bool:
            [row] = await tx.run(_CLAIM, name=NAME, round=round, turn=turn, changed=changed)
            if not row["claimed"]:
                return False
            await tx.write(_SET_BUCKETS, change.buckets)
            await tx.write(_SET_BREAKDOWNS, change.breakdowns)
            await tx.write(_DELETE_BUCKETS, change.empty, into="keys")
            counted = [{"correlation_id": id_, **one._asdict()} for id_, one in sorted(change.counted.items())]
            await tx.write(_SET_COUNTED, counted)
            await tx.write(_DELETE_COUNTED, change.forgotten, into="correlation_ids")
            await tx.write(_DELETE_MARKS, change.marks, into="marks")
            await tx.write(MARK, change.left, at=0)
            await tx.write(_MARK_DUE, due_rows(change.ended))
            await tx.write(_MARK_GONE, due_rows(change.gone))
            return True

        return await self._graph.transaction(work)


def due_rows(correlation_ids: Iterable[str]) -> list[Row]:
    """Rows that say that traces are to be learned from, in their order; each is another, so that whoever takes one away takes no
    later one."""
    return [{"correlation_id": id_, "due_key": new_id()} for id_ in correlation_ids]
