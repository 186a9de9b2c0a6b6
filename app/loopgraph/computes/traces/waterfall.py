"""The waterfall of a tree of traces: when each span ran, how much of it was its own work, and what the end waited for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple

from loopgraph.computes.traces.tree import Node, R, Record
from loopgraph.contracts.assembly import SpanKind, WaterfallRow
from loopgraph.contracts.traces import EndpointCall, HookExecution, Trace

_MICROSECOND = timedelta(microseconds=1)

_FAR = 256
"""How many levels up the critical path looks for what holds or spawned a span: bounds the work for trees of absurd depth."""


@dataclass(eq=False, slots=True)
class _Span:
    """A bar; ``start`` and ``end`` are microseconds since the start of the whole, None unless both are known."""

    node: Node[Any]
    parent: _Span | None
    depth: int
    began: datetime | None
    start: int | None = None
    end: int | None = None


class Segment(NamedTuple):
    """A stretch of the critical path in microseconds since the start of the whole; ``id`` None: in no span."""

    id: str | None
    kind: SpanKind | None
    start: int
    end: int


class Bar(NamedTuple, Generic[R]):
    """What a row says that does not stand in the record alone; the times are milliseconds, None if they are not known."""

    node: Node[R]
    parent_id: str | None
    depth: int
    start_offset_ms: float | None
    self_ms: float | None
    critical: bool

    def row(self, record: Record) -> WaterfallRow:
        """The row, with the name that the whole record gives it."""
        span = self.node.record
        kind, id_ = self.node.key
        return WaterfallRow(
            id=id_,
            kind=kind,
            name=_name(record),
            parent_id=self.parent_id,
            depth=self.depth,
            start_offset_ms=self.start_offset_ms,
            duration_ms=span.duration_ms,
            self_ms=self.self_ms,
            critical=self.critical,
            status=span.status,
        )


class Waterfall(Generic[R]):
    """The bars of a trace, or of the prompts of an episode, with all that is under them; each is made when it is asked for.

    Offsets count from the earliest start of ``tops``, or if none is known, from the earliest instant that is. The self time
    of a span is its duration without the union of its children's intervals, clipped to its own; a child of unknown times
    stands for its own children. ``critical`` is what ``critical_path`` goes through.
    """

    def __init__(self, tops: Sequence[Node[R]]) -> None:
        spans = _spans(tops)
        self.nodes: list[Node[R]] = [span.node for span in spans]
        """What the bars stand for, in the order in which they are drawn."""
        self._spans = {span.node.key: span for span in spans}
        self._origin = _origin(spans)
        self._through = _critical(spans)[1]
        self._own = _self_times(spans)

    def bar(self, node: Node[R]) -> Bar[R]:
        """The bar of one of its nodes."""
        span = self._spans[node.key]
        known = span.began is not None and self._origin is not None
        return Bar(
            node=node,
            parent_id=span.parent.node.key[1] if span.parent else None,
            depth=span.depth,
            start_offset_ms=(span.began - self._origin) / timedelta(milliseconds=1) if known else None,  # type: ignore[operator]
            self_ms=self._own.get(id(span)),
            critical=id(span) in self._through,
        )


def critical_path(tops: Sequence[Node[R]]) -> tuple[Segment, ...]:
    """The chain of work that the end of the whole waited for, latest first; its segments adjoin and fill the whole.

    From the end of a span, the path goes back through that child which finished last, then, from where this child began,
    through the one which had finished last by then, and so on to the span's start; what lies between belongs to the span
    itself (CRISP: Critical Path Analysis of Large-Scale Microservice Architectures, USENIX ATC 2022, §3). Agents spawn work
    that nobody waits for at once: a child that outlives the span it is in counts as a child of the nearest span around it
    that does not end before it, and from its start the path goes on in whatever spawned it. Spans of unknown times, and what
    outlives the whole, are not on the path.
    """
    return tuple(_critical(_spans(tops))[0])


# Spans


def _spans(tops: Sequence[Node[Any]]) -> list[_Span]:
    """All spans, each before those in it, siblings in the order of time."""
    spans: list[_Span] = []
    drawn: dict[int, _Span] = {}
    for node in (node for top in tops for node in top.walk()):
        parent = drawn.get(id(node.parent))
        span = _Span(node, parent, parent.depth + 1 if parent else 0, node.record.started_at)
        drawn[id(node)] = span
        spans.append(span)
    origin = _origin(spans)
    for span in spans:
        duration = span.node.record.duration_ms
        if origin is not None and span.began is not None and duration is not None:
            span.start = (span.began - origin) // _MICROSECOND
            span.end = span.start + round(duration * 1000)
    return spans


def _name(record: Record) -> str:
    match record:
        case Trace():
            return record.agent_type or record.agent or record.source or "trace"
        case HookExecution():
            return record.tool_name or record.hook_type or "step"
        case EndpointCall():
            return record.model or f"{record.http_method} {record.service_name} {record.endpoint_path}"


def _origin(spans: Iterable[_Span]) -> datetime | None:
    heads = [span.began for span in spans if span.parent is None and span.began]
    return min(heads or [span.began for span in spans if span.began], default=None)


def _self_times(spans: Sequence[_Span]) -> dict[int, float]:
    """In milliseconds, of the spans of known times."""
    inside: dict[int, list[tuple[int, int]]] = {}
    own: dict[int, float] = {}
    for span in reversed(spans):  # children before their parents
        covered = inside.pop(id(span), [])
        if span.start is not None and span.end is not None:
            own[id(span)] = (span.end - span.start - _union(covered, span.start, span.end)) / 1000
            covered = [(span.start, span.end)]
        if span.parent is not None and covered:
            outer = inside.setdefault(id(span.parent), covered)
            if outer is not covered:
                outer += covered
    return own


def _union(intervals: Iterable[tuple[int, int]], low: int, high: int) -> int:
    """The length of what the intervals cover of ``[low, high]``."""
    covered, reached = 0, low
    for start, end in sorted(intervals):
        start, end = max(start, reached), min(end, high)
        if end > start:
            covered += end - start
            reached = end
    return covered


# The critical path


@dataclass
class _Frame:
    """How far back the path has come in a span: to ``cursor``; ``floor`` is where it leaves the span."""

    span: _Span | None
    cursor: int
    floor: int


def _critical(spans: Sequence[_Span]) -> tuple[list[Segment], set[int]]:
    known = [(span, span.start, span.end) for span in spans if span.start is not None and span.end is not None]
    heads = [(start, end) for span, start, end in known if span.parent is None] or [item[1:] for item in known]
    if not heads:
        return [], set()
    low, high = min(start for start, _ in heads), max(end for _, end in heads)
    holders = _holders(spans)
    waiting: dict[int, list[_Span]] = {}
    for span, _, end in sorted(known, key=lambda item: (item[2], item[1])):
        if end <= high:
            waiting.setdefault(id(holders[id(span)]), []).append(span)
    segments: list[Segment] = []
    through: set[int] = set()

    def leave(frame: _Frame, to: int) -> None:
        if frame.cursor > to:
            span = frame.span
            kind, id_ = span.node.key if span else (None, None)
            segments.append(Segment(id_, kind, to, frame.cursor))
        frame.cursor = min(frame.cursor, to)

    stack = [_Frame(None, high, low)]
    while stack:
        frame = stack[-1]
        candidates = waiting.get(id(frame.span), [])
        child = _last_finished(candidates, frame, through)
        if child is None:
            leave(frame, frame.floor)
            stack.pop()
            continue
        leave(frame, _known(child.end))
        chain = [_Frame(child, _known(child.end), max(_known(child.start), frame.floor))]
        while (spawner := _spawner(chain[-1], frame, through)) is not None:
            chain.append(spawner)
        through |= {id(item.span) for item in chain}
        frame.cursor = chain[-1].floor
        stack += reversed(chain)
    return segments, through


def _known(instant: int | None) -> int:
    assert instant is not None, "only spans of known times are on the path"
    return instant


def _holders(spans: Iterable[_Span]) -> dict[int, _Span | None]:
    """The nearest span around each one that does not end before it; around one of unknown times, the nearest known one."""
    holders: dict[int, _Span | None] = {}
    for span in spans:
        outer = span.parent
        for _ in range(_FAR):
            if outer is None or (outer.end is not None and (span.end is None or outer.end >= span.end)):
                break
            outer = holders[id(outer)]  # what lies between ends before the span, too
        else:
            outer = None
        holders[id(span)] = outer
    return holders


def _last_finished(candidates: list[_Span], frame: _Frame, through: set[int]) -> _Span | None:
    """Takes the candidate that finished last by the frame's cursor; those that finished later are dropped."""
    while candidates:
        span = candidates.pop()
        end = _known(span.end)
        if end < frame.floor:
            candidates.clear()
        elif end <= frame.cursor and id(span) not in through:
            return span
    return None


def _spawner(part: _Frame, frame: _Frame, through: set[int]) -> _Frame | None:
    """The innermost span between a part of the path and the frame's span that was running when the part began."""
    outer = part.span.parent if part.span else None
    for _ in range(_FAR):
        if outer is None or outer is frame.span:
            break
        known = outer.start is not None and outer.end is not None and id(outer) not in through
        if known and _known(outer.start) <= part.floor <= _known(outer.end):
            return _Frame(outer, part.floor, max(_known(outer.start), frame.floor))
        outer = outer.parent
    return None
