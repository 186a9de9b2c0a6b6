"""The waterfall of a tree of traces: when each span ran, how much of it was its own work, and what the end waited for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple

from loopgraph.computes.traces.tree import Node, R, Record
from loopgraph.contracts.traces.assembly import Span, SpanKind, WaterfallRow
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, Trace

_FAR = 256
"""How many levels up the critical path looks for what holds or spawned a span: bounds the work for trees of absurd depth."""


@dataclass(eq=False, slots=True)
class _Span:
    """A bar; ``start`` and ``end`` are microseconds since the start of the whole, None unless both are known.

    The rest is what is noted on it on the way: by the critical path (``_hold``), and what its children cover.
    """

    node: Node[Any]
    parent: _Span | None
    depth: int
    began: datetime | None
    start: int | None = None
    end: int | None = None
    self_ms: float | None = None
    critical: bool = False
    holder: _Span | None = None
    holds: list[_Span] | None = None
    covered: list[tuple[int, int]] | None = None


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

    def row(self) -> WaterfallRow:
        """The row."""
        span: Record | Span = self.node.record
        kind, id_ = self.node.key
        return WaterfallRow(
            id=id_,
            kind=kind,
            name=_name(span),
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
        _note_critical(spans)
        _note_self_times(spans)

    def bar(self, node: Node[R]) -> Bar[R]:
        """The bar of one of its nodes."""
        span = self._spans[node.key]
        known = span.began is not None and self._origin is not None
        return Bar(
            node=node,
            parent_id=span.parent.node.key[1] if span.parent else None,
            depth=span.depth,
            start_offset_ms=(span.began - self._origin) / timedelta(milliseconds=1) if known else None,  # type: ignore[operator]
            self_ms=span.self_ms,
            critical=span.critical,
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
    segments: list[Segment] = []
    _note_critical(_spans(tops), segments)
    return tuple(segments)


# Spans


def _spans(tops: Sequence[Node[Any]]) -> list[_Span]:
    """All spans, each before those in it, siblings in the order of time."""
    spans: list[_Span] = []
    stack: list[tuple[Node[Any], _Span | None, int]] = [(top, None, 0) for top in reversed(tops)]
    while stack:
        node, parent, depth = stack.pop()
        span = _Span(node, parent, depth, node.record.started_at)
        spans.append(span)
        if node.children:
            stack += [(child, span, depth + 1) for child in reversed(node.children)]
    origin = _origin(spans)
    if origin is not None:
        for span in spans:
            duration = span.node.record.duration_ms
            if span.began is not None and duration is not None:
                since = span.began - origin  # its parts are exact, and a division of it costs as much as all else here
                span.start = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
                span.end = span.start + round(duration * 1000)
    return spans


def _name(record: Record | Span) -> str:
    """What a bar is called: the first of its names that is not empty, as the statements of skeletons have it."""
    match record:
        case Span():
            return record.name or ("trace" if record.kind is SpanKind.TRACE else "step")
        case Trace():
            return record.agent_type or record.agent or record.source or "trace"
        case HookExecution():
            return record.tool_name or record.hook_type or "step"
        case EndpointCall():
            return record.model or f"{record.http_method} {record.service_name} {record.endpoint_path}"


def _origin(spans: Iterable[_Span]) -> datetime | None:
    heads = [span.began for span in spans if span.parent is None and span.began]
    return min(heads or [span.began for span in spans if span.began], default=None)


def _note_self_times(spans: Sequence[_Span]) -> None:
    """In milliseconds, on the spans of known times."""
    for span in reversed(spans):  # children before their parents
        covered, span.covered = span.covered, None
        if span.start is not None and span.end is not None:
            own = span.end - span.start
            span.self_ms = (own - _union(covered, span.start, span.end) if covered else own) / 1000
            covered = [(span.start, span.end)]
        parent = span.parent
        if parent is not None and covered:
            if parent.covered is None:
                parent.covered = covered
            else:
                parent.covered += covered


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


@dataclass(slots=True)
class _Frame:
    """How far back the path has come in a span: to ``cursor``; ``floor`` is where it leaves the span."""

    span: _Span | None
    cursor: int
    floor: int


def _note_critical(spans: Sequence[_Span], segments: list[Segment] | None = None) -> None:
    """On the spans that the path goes through; its segments are added to a list, if there is one."""
    known = [span for span in spans if span.end is not None]
    heads = [span for span in known if span.parent is None] or known
    if not heads:
        return
    low, high = min(_known(span.start) for span in heads), max(_known(span.end) for span in heads)
    unheld = _hold(spans, known, high)

    def leave(frame: _Frame, to: int) -> None:
        if segments is not None and frame.cursor > to:
            kind, id_ = frame.span.node.key if frame.span else (None, None)
            segments.append(Segment(id_, kind, to, frame.cursor))

    stack = [_Frame(None, high, low)]
    while stack:
        frame = stack[-1]
        candidates = unheld if frame.span is None else frame.span.holds
        child = _last_finished(candidates, frame) if candidates else None
        if child is None:
            leave(frame, frame.floor)
            stack.pop()
            continue
        start, end = child.start, child.end
        assert start is not None
        assert end is not None
        leave(frame, end)
        chain = [_Frame(child, end, max(start, frame.floor))]
        while (spawner := _spawner(chain[-1], frame)) is not None:
            chain.append(spawner)
        for link in chain:
            if link.span is not None:
                link.span.critical = True
        frame.cursor = chain[-1].floor
        stack += reversed(chain)
    for span in spans:
        span.holder = span.holds = None  # spans that hold each other would stay until Python looks for such circles


def _known(instant: int | None) -> int:
    assert instant is not None, "only spans of known times are on the path"
    return instant


def _hold(spans: Iterable[_Span], known: Iterable[_Span], high: int) -> list[_Span]:
    """Notes on every span what holds it, and what it holds of what ends by ``high``, the last to end last.

    A span is held by the nearest one around it that does not end before it; around one of unknown times, by the nearest known
    one. Answers with those that nothing holds.
    """
    for span in spans:
        outer, end = span.parent, span.end
        for _ in range(_FAR):
            if outer is None or (outer.end is not None and (end is None or outer.end >= end)):
                break
            outer = outer.holder  # what lies between ends before the span, too
        else:
            outer = None
        span.holder = outer
    unheld: list[_Span] = []
    for span in sorted(known, key=_ending):
        if span.end is not None and span.end <= high:
            holder = span.holder
            if holder is None:
                unheld.append(span)
            elif holder.holds is None:
                holder.holds = [span]
            else:
                holder.holds.append(span)
    return unheld


def _ending(span: _Span) -> tuple[int, int]:
    end, start = span.end, span.start
    assert end is not None
    assert start is not None
    return end, start


def _last_finished(candidates: list[_Span], frame: _Frame) -> _Span | None:
    """Takes the candidate that finished last by the frame's cursor; those that finished later are dropped."""
    while candidates:
        span = candidates.pop()
        end = span.end
        assert end is not None
        if end < frame.floor:
            candidates.clear()
        elif end <= frame.cursor and not span.critical:
            return span
    return None


def _spawner(part: _Frame, frame: _Frame) -> _Frame | None:
    """The innermost span between a part of the path and the frame's span that was running when the part began."""
    outer = part.span.parent if part.span else None
    for _ in range(_FAR):
        if outer is None or outer is frame.span:
            break
        start, end = outer.start, outer.end
        if start is not None and end is not None and not outer.critical and start <= part.floor <= end:
            return _Frame(outer, part.floor, max(start, frame.floor))
        outer = outer.parent
    return None
