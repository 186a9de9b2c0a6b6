"""Aligns the trees of two traces, and finds where they begin to differ.

The roots correspond. What is nested in two steps that correspond is aligned as two sequences: as many equal steps as possible
(the same name and input) keep their order, then as many of the same name; earlier steps are preferred. What has no
counterpart stands alone, with all that is nested in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from loopgraph.computes.traces.tree import Node, Record
from loopgraph.computes.traces.usage import told_once
from loopgraph.contracts.traces.diff import (
    ChangedField,
    DiffRow,
    DiffStep,
    Divergence,
    RowKind,
    StepKind,
    TraceDiff,
    TraceTotals,
)
from loopgraph.contracts.traces.events import FAILED
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, Trace

Numbers = np.ndarray[Any, np.dtype[np.int32]]

_UUID = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"


def compare(a: Node[Record], b: Node[Record]) -> TraceDiff:
    """The difference of two trees. Time and memory grow with the product of the numbers of their steps."""
    rows: list[DiffRow] = []
    first: Divergence | None = None
    stack: list[tuple[tuple[str, ...], _Pair | _Gap]] = [
        ((), _Pair(_Side(a, _normaliser(a)), _Side(b, _normaliser(b))))
    ]
    while stack:
        path, item = stack.pop()
        if isinstance(item, _Pair):
            row = _pair_row(path, item)
            rows.append(row)
            inside = (*path, item.a.name)
            stack.extend((inside, found) for found in reversed(_align(item.a.children(), item.b.children())))
            diverged = row.kind is not RowKind.SAME
            sides = row.a, row.b
        else:
            rows.extend(row for side in item.a for row in _lone_rows(path, side, RowKind.ONLY_A))
            rows.extend(row for side in item.b for row in _lone_rows(path, side, RowKind.ONLY_B))
            row, diverged = rows[-1], True
            sides = item.a[0].step() if item.a else None, item.b[0].step() if item.b else None
        if diverged and first is None:
            first = Divergence(path=path, a=sides[0], b=sides[1], changed=row.changed)
    totals_a, totals_b = totals(a), totals(b)
    return TraceDiff(
        rows=tuple(rows), first_divergence=first, a=totals_a, b=totals_b, difference=_minus(totals_b, totals_a)
    )


def totals(root: Node[Record]) -> TraceTotals:
    """The sums over a tree; steps are those of the work, and endpoint calls."""
    steps = [node.record for node in root.walk() if not isinstance(node.record, Trace)]
    counted = [step for step in steps if isinstance(step, EndpointCall) or step.is_step]
    calls = told_once(
        (step for step in steps if isinstance(step, HookExecution)),
        (step for step in steps if isinstance(step, EndpointCall)),
    )

    def total(values: Iterator[Any]) -> Any:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    return TraceTotals(
        steps=len(counted),
        failures=sum(step.status in FAILED for step in counted),
        duration_ms=root.record.duration_ms,
        input_tokens=total(call.input_tokens for call in calls),
        output_tokens=total(call.output_tokens for call in calls),
        cost_usd=total(call.cost_usd for call in calls),
    )


class Normaliser:
    """Turns values into texts that are the same for values that mean the same: whatever the order of keys, the white space, and
    the ids that every run makes anew (UUIDs, and ``own_ids`` of at least 8 characters)."""

    def __init__(self, own_ids: Iterable[str] = ()) -> None:
        distinctive = sorted((id_ for id_ in own_ids if len(id_) >= 8), key=len, reverse=True)
        self._id = re.compile(rf"\b(?:{'|'.join([*map(re.escape, distinctive), _UUID])})\b")

    def __call__(self, value: Any) -> str:
        return orjson.dumps(self._plain(value), option=orjson.OPT_SORT_KEYS, default=str).decode()

    def _plain(self, value: Any) -> Any:
        match value:
            case str():
                return self._id.sub("ID", " ".join(value.split()))
            case dict():
                return {str(key): self._plain(item) for key, item in value.items()}
            case list() | tuple():
                return [self._plain(item) for item in value]
            case _:
                return value


def _normaliser(root: Node[Record]) -> Normaliser:
    """With the ids of the tree's sessions, traces and subagents."""
    traces = {id(node.trace): node.trace for node in root.walk()}.values()
    ids = {id_ for trace in traces for id_ in (trace.session_id, trace.correlation_id, trace.agent_id) if id_}
    return Normaliser(ids)


class _Side:
    """A node as one side of a comparison."""

    def __init__(self, node: Node[Record], normalised: Normaliser) -> None:
        self.node, self.normalised = node, normalised
        record = node.record
        self.model = self.node_id = None
        self.kind, self.id, self.input, self.output = StepKind.HOOK, "", None, None
        match record:
            case Trace():
                self.kind, self.id = StepKind.TRACE, record.correlation_id
                self.name = record.agent_type or "trace"
                self.input, self.output = record.prompt_text, record.response_text
            case HookExecution():
                self.id, self.node_id = record.execution_id, record.node_id
                self.name = record.tool_name or record.hook_type or "step"
                self.input, self.output = record.tool_input, record.tool_response
            case EndpointCall():
                self.kind, self.id, self.model = StepKind.ENDPOINT, record.call_id, record.model
                self.name = f"{record.http_method} {record.service_name}{record.endpoint_path}"
                self.input, self.output = record.request_body, record.response_body
        self.key = f"{self.kind.value} {self.name}", normalised(self.input)

    def children(self) -> list[_Side]:
        return [_Side(child, self.normalised) for child in self.node.children]

    def step(self) -> DiffStep:
        record = self.node.record
        return DiffStep(
            kind=self.kind,
            step_id=self.id,
            correlation_id=record.correlation_id,
            name=self.name,
            status=record.status,
            started_at=record.started_at,
            duration_ms=record.duration_ms,
            input=self.input,
            output=self.output,
            error_type=record.error_type,
            error_message=record.error_message,
            model=self.model,
            node_id=self.node_id,
        )


@dataclass(frozen=True)
class _Pair:
    a: _Side
    b: _Side


@dataclass(frozen=True)
class _Gap:
    """A place where steps of either side have no counterpart."""

    a: list[_Side]
    b: list[_Side]


def _align(a: Sequence[_Side], b: Sequence[_Side]) -> list[_Pair | _Gap]:
    """The longest common subsequence, in which an equal pair outweighs any number of pairs of the same name."""
    if [side.key for side in b] < [side.key for side in a]:  # ties fall the same way whichever side comes first
        swapped = _align(b, a)
        return [_Pair(one.b, one.a) if isinstance(one, _Pair) else _Gap(one.b, one.a) for one in swapped]
    weights = _weights(a, b)
    best = np.zeros((len(a) + 1, len(b) + 1), dtype=np.int32)  # best[i, j]: what a[i:] and b[j:] can weigh together
    for i in reversed(range(len(a))):
        paired_or_without_a = np.maximum(best[i + 1, :-1], best[i + 1, 1:] + weights[i])
        best[i, :-1] = np.maximum.accumulate(paired_or_without_a[::-1])[::-1]
    found: list[_Pair | _Gap] = []
    lone_a, lone_b, i, j = list[_Side](), list[_Side](), 0, 0
    while i < len(a) and j < len(b):
        if weights[i, j] and best[i, j] == best[i + 1, j + 1] + weights[i, j]:
            if lone_a or lone_b:
                found.append(_Gap(lone_a, lone_b))
                lone_a, lone_b = [], []
            found.append(_Pair(a[i], b[j]))
            i, j = i + 1, j + 1
        elif best[i, j] == best[i + 1, j]:
            lone_a.append(a[i])
            i += 1
        else:
            lone_b.append(b[j])
            j += 1
    lone_a += a[i:]
    lone_b += b[j:]
    return [*found, _Gap(lone_a, lone_b)] if lone_a or lone_b else found


def _weights(a: Sequence[_Side], b: Sequence[_Side]) -> Numbers:
    """What each pair weighs: 0 if the names differ, 1 if the inputs do, and else more than all pairs of the same name."""
    numbers: dict[Any, int] = {}

    def coded(keys: list[Any]) -> Numbers:
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int32)

    same_name = np.equal.outer(coded([side.key[0] for side in a]), coded([side.key[0] for side in b]))
    equal = np.equal.outer(coded([side.key for side in a]), coded([side.key for side in b]))
    return same_name.astype(np.int32) + equal.astype(np.int32) * min(len(a), len(b))


def _pair_row(path: tuple[str, ...], pair: _Pair) -> DiffRow:
    a, b = pair.a, pair.b
    one, other = a.node.record, b.node.record
    differs = {
        ChangedField.STATUS: one.status is not other.status,
        ChangedField.INPUT: a.key[1] != b.key[1],
        ChangedField.OUTPUT: a.normalised(a.output) != b.normalised(b.output),
        ChangedField.ERROR: a.normalised([one.error_type, one.error_message])
        != b.normalised([other.error_type, other.error_message]),
        ChangedField.MODEL: a.model != b.model,
        ChangedField.VERSION: a.node_id != b.node_id,
    }
    changed = tuple(field for field, differ in differs.items() if differ)
    known = one.duration_ms and other.duration_ms is not None
    return DiffRow(
        kind=RowKind.CHANGED if changed else RowKind.SAME,
        path=path,
        a=a.step(),
        b=b.step(),
        changed=changed,
        duration_ratio=other.duration_ms / one.duration_ms if known else None,  # type: ignore[operator]
    )


def _lone_rows(path: tuple[str, ...], top: _Side, kind: RowKind) -> Iterator[DiffRow]:
    """The row of a step without counterpart, and those of all that is nested in it."""
    stack = [(path, top)]
    while stack:
        path, side = stack.pop()
        step = side.step()
        on_a = kind is RowKind.ONLY_A
        yield DiffRow(
            kind=kind,
            path=path,
            a=step if on_a else None,
            b=None if on_a else step,
            changed=(),
            duration_ratio=None,
        )
        stack.extend(((*path, side.name), child) for child in reversed(side.children()))


def _minus(b: TraceTotals, a: TraceTotals) -> TraceTotals:
    """The difference of each total that both know."""

    def difference(name: str) -> Any:
        left, right = getattr(b, name), getattr(a, name)
        return None if left is None or right is None else left - right

    return TraceTotals(**{name: difference(name) for name in TraceTotals.model_fields})
