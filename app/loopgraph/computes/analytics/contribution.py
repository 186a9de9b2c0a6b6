"""What one trace adds to the buckets: which executions count for which subject, in which hour, and as what.

An execution counts in the hour in which it began, as well as that is known. What it says of itself counts when it is over; tokens
and costs count at once. The calls of models within each other count once, and what they cost is shared out as
``analytics/model_usage`` does it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from loopgraph.computes.analytics.course import began_at
from loopgraph.computes.analytics.course import duration_us as _duration_us
from loopgraph.computes.analytics.model_costs import ModelCall, model_calls
from loopgraph.contracts.analytics.counting import (
    CallFacts,
    Contribution,
    Counts,
    Facts,
    Part,
    StepFacts,
    TraceFacts,
    UseFacts,
)
from loopgraph.contracts.analytics.counts import (
    COST,
    DURATION,
    ERROR,
    EXECUTIONS,
    FAILURES,
    GRADE,
    QUALITY,
    STATUS,
    SUCCESSES,
    TIMED,
    add_to,
    measure_keys,
)
from loopgraph.contracts.analytics.subjects import EVERYTHING, Dimension, Subject, SubjectKind
from loopgraph.contracts.analytics.sums import GRADES, MICRO, NANO_PER_USD
from loopgraph.contracts.traces.events import OF_PATTERN, TraceStatus

MEASURES: Final = (
    "memory_usage_mb", "cpu_usage_percent", "http_calls", "database_queries", "cache_hits", "cache_misses",
)  # fmt: skip
"""The numbers that executions report of themselves, in their context."""

_IN_PROGRESS: Final = TraceStatus.IN_PROGRESS.value
_SUCCESS: Final = TraceStatus.SUCCESS.value
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_LARGEST_MEASURE: Final = 1e12


@dataclass(frozen=True)
class Contributions:
    """What traces add. ``index_of`` is that of the histogram, for microseconds; ``attributes`` are names in the context of a
    trace by which executions are told apart, too."""

    index_of: Callable[[int], int]
    attributes: tuple[str, ...] = ()

    def of(self, facts: Facts) -> Contribution:
        """The parts that a trace adds, in a fixed order: the same facts give the same parts."""
        trace = facts.trace
        calls = model_calls(facts.calls, facts.payers)
        found = _Found()
        where = self._place(trace)
        models = sorted({call.facts.model for call in calls if call.facts.model})
        found.add(_hour(trace), _subjects(trace), self._trace(trace, calls), {**where, Dimension.MODEL.value: models})
        within = defaultdict[str, list[ModelCall]](list)
        for call in calls:
            if call.facts.hook_execution_id:
                within[call.facts.hook_execution_id].append(call)
        tools, endpoints, models_called = (
            _Alike(kind) for kind in (SubjectKind.TOOL, SubjectKind.ENDPOINT, SubjectKind.MODEL)
        )
        for step in facts.steps:
            if _is_plain(step) and step.execution_id not in within:
                tools.add(step.tool_name, step.hook_type, step)
                continue
            if step.hook_type != OF_PATTERN:
                tool = Subject(SubjectKind.TOOL, step.tool_name or "", step.hook_type or "")
                found.add(_hour(step), (tool,), self._step(step, within.get(step.execution_id, ())), _of_steps(where))
            if version := facts.versions.get(step.node_id or ""):
                versions = (
                    Subject(SubjectKind.PATTERN_TYPE, version.pattern_type),
                    Subject(SubjectKind.PATTERN, version.pattern_id),
                    Subject(SubjectKind.PATTERN_VERSION, step.node_id or ""),
                )
                use = facts.uses.get(step.execution_id) if step.is_use else None
                counts = self._use(step, use) if use else self._step(step, within.get(step.execution_id, ()))
                unit = [step.unit] if step.unit else []
                told = {**where, Dimension.UNIT.value: unit, Dimension.MODEL.value: models}
                found.add(_hour(step), versions, counts, told)
        for each in facts.calls:
            endpoints.add(each.endpoint_path, each.service_name, each, retries=each.retry_count)
        for call in calls:
            models_called.add(call.facts.model, None, call.facts, retries=call.facts.retry_count, call=call)
        few = _of_steps(where)
        for alike, dimensions in ((tools, few), (endpoints, few), (models_called, where)):
            for group in alike.groups.values():
                counts = self._ended(group.status, group.error_type, group.durations, by_status=True)
                add_to(counts, {"retries": group.retries, **_used(group.calls)})
                found.add(group.hour, (group.subject,), counts, dimensions)
        return found.parts()

    def _place(self, trace: TraceFacts) -> dict[str, list[str]]:
        """By what all executions of a trace are told apart."""
        context = _json(trace.context) if trace.context else {}
        names = {Dimension.CONTEXT.value: "context_type", **{name: name for name in self.attributes}}
        told = {dimension: _value(context.get(name)) for dimension, name in names.items()}
        return {
            Dimension.SESSION.value: [trace.session_id] if trace.session_id else [],
            Dimension.USER.value: [trace.user_id] if trace.user_id else [],
            Dimension.AGENT.value: [trace.agent] if trace.agent else [],
            Dimension.PROJECT.value: [trace.project] if trace.project else [],
            Dimension.TAG.value: sorted(set(trace.tags)),
            **{dimension: [value] for dimension, value in told.items() if value},
        }

    def _trace(self, trace: TraceFacts, calls: Sequence[ModelCall]) -> Counts:
        counts = self._course(trace, by_status=True)
        add_to(counts, _whole(_used(calls)))
        return counts

    def _step(self, step: StepFacts, calls: Iterable[ModelCall]) -> Counts:
        counts = self._course(step, by_status=True)
        add_to(counts, _reported(step))
        add_to(counts, _whole(_used(calls)))
        return counts

    def _use(self, step: StepFacts, use: UseFacts) -> Counts:
        counts = self._course(step, by_status=False)
        add_to(counts, _reported(step))
        known = use.cost_usd is not None
        used = {
            SUCCESSES: int(use.success is True),
            FAILURES: int(use.success is False),
            "in": use.input_tokens,
            "out": use.output_tokens,
            COST: _nano(use.cost_usd or 0.0),
            "priced": int(known),
            "unpriced": int(use.unpriced),
        }
        add_to(counts, used)
        return counts

    def _course(self, one: TraceFacts | StepFacts | CallFacts, *, by_status: bool) -> Counts:
        """That something began, and how it ended."""
        return self._ended(one.status, one.error_type, [_duration_us(one)], by_status=by_status)

    def _ended(
        self, status: str, error_type: str | None, durations: Sequence[int | None], *, by_status: bool
    ) -> Counts:
        """The same of several that ended alike, each after its duration (None: not known)."""
        count = len(durations)
        counts: Counts = {EXECUTIONS: count, STATUS + status: count}
        if status == _IN_PROGRESS:
            return counts
        if by_status:
            counts[SUCCESSES if status == _SUCCESS else FAILURES] = count
        if error_type:
            counts[ERROR + error_type] = count
        timed = [duration for duration in durations if duration is not None]
        sums = (len(timed), sum(timed), sum(duration * duration for duration in timed))
        counts |= {key: value for key, value in zip(TIMED, sums, strict=True) if value}
        for duration in timed:
            key = f"{DURATION}{self.index_of(duration)}"
            counts[key] = counts.get(key, 0) + 1
        return counts


@dataclass
class _Group:
    """Some that ended alike; a duration is None where it is not known."""

    hour: int
    subject: Subject
    status: str
    error_type: str | None
    durations: list[int | None] = field(default_factory=list)
    retries: int = 0
    calls: list[ModelCall] = field(default_factory=list)


class _Alike:
    """Steps or calls, put together where they count as the same: there are many of a few kinds."""

    def __init__(self, kind: SubjectKind) -> None:
        self._kind = kind
        self.groups: dict[tuple[Any, ...], _Group] = {}

    def add(
        self,
        name: str | None,
        part: str | None,
        one: StepFacts | CallFacts,
        retries: int | None = None,
        call: ModelCall | None = None,
    ) -> None:
        key = (_hour(one), name, part, one.status, one.error_type)
        group = self.groups.get(key)
        if group is None:
            subject = Subject(self._kind, name or "", part or "")
            group = self.groups[key] = _Group(key[0], subject, one.status, one.error_type)
        group.durations.append(_duration_us(one))
        if retries and one.status != _IN_PROGRESS:
            group.retries += retries
        if call is not None:
            group.calls.append(call)


def _is_plain(step: StepFacts) -> bool:
    """Whether all that counts of a step is how it ended."""
    nothing_else = step.quality_score is None and step.functions is None and step.gates is None and step.context is None
    return nothing_else and step.node_id is None and step.hook_type != OF_PATTERN


class _Found:
    """Parts that are being gathered: executions of the same hour and subjects, told apart by the same, are one part."""

    def __init__(self) -> None:
        self._parts: dict[tuple[Any, ...], Part] = {}

    def add(self, hour: int, subjects: tuple[Subject, ...], counts: Counts, told: Mapping[str, Sequence[str]]) -> None:
        key = (hour, subjects)
        if key not in self._parts:
            self._parts[key] = Part(hour, subjects, {}, {})
        part = self._parts[key]
        add_to(part.counts, counts)
        tally = [counts.get(name, 0) for name in (EXECUTIONS, SUCCESSES, FAILURES, TIMED[0], TIMED[1], COST)]
        for dimension, values in told.items():
            for value in values:
                known = part.tallies.setdefault(dimension, {})
                known[value] = [a + b for a, b in zip(known[value], tally, strict=True)] if value in known else tally

    def parts(self) -> Contribution:
        return tuple(self._parts[key] for key in sorted(self._parts))


_STEP_DIMENSIONS: Final = (Dimension.USER.value, Dimension.AGENT.value, Dimension.PROJECT.value)


def _of_steps(where: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Steps and calls are told apart by less: there are so many."""
    return {name: where[name] for name in _STEP_DIMENSIONS}


def _subjects(trace: TraceFacts) -> tuple[Subject, ...]:
    named = ((SubjectKind.AGENT, trace.agent), (SubjectKind.PROJECT, trace.project), (SubjectKind.USER, trace.user_id))
    return (EVERYTHING, *(Subject(kind, name) for kind, name in named if name))


def _hour(one: TraceFacts | StepFacts | CallFacts) -> int:
    return (began_at(one) - _EPOCH) // _HOUR


def _reported(step: StepFacts) -> Counts:
    """What a step that is over says of itself."""
    if step.status == _IN_PROGRESS:
        return {}
    counts: Counts = {"gates": step.gates or 0, "functions": step.functions or 0}
    if step.quality_score is not None:
        quality = round(step.quality_score * MICRO)
        counts |= dict(zip(QUALITY, (1, quality, quality * quality), strict=True))
        counts[f"{GRADE}{quality * GRADES // MICRO}"] = 1
    for name, value in _measures(step.context):
        counts |= dict(zip(measure_keys(name), (1, value, value * value), strict=True))
    return counts


def _measures(context: str | None) -> list[tuple[str, int]]:
    told = _json(context) if context else {}
    found = []
    for name in MEASURES:
        value = told.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LARGEST_MEASURE:
            found.append((name, round(value * MICRO)))
    return found


def _used(calls: Iterable[ModelCall]) -> Counts:
    """What calls of models used and cost."""
    counts: Counts = {}
    for call in calls:
        facts, known = call.facts, call.cost_usd is not None
        used = (
            facts.input_tokens, facts.cache_read_tokens, facts.cache_write_tokens, facts.output_tokens, facts.reasoning_tokens,
            _nano(call.cost_usd or 0.0), _nano(call.told_usd or 0.0), known, not known and call.uses_tokens,
        )  # fmt: skip
        for name, value in zip(_USED, used, strict=True):
            if value:
                counts[name] = counts.get(name, 0) + int(value)
    return counts


_USED: Final = ("in", "in_read", "in_written", "out", "out_reasoning", COST, "cost_told", "priced", "unpriced")


def _whole(used: Counts) -> Counts:
    """The same of the one execution that made these calls."""
    return {**used, **{name: 1 for name in ("priced", "unpriced") if used.get(name)}}


def _nano(usd: float) -> int:
    return round(usd * NANO_PER_USD)


def _json(text: str) -> Mapping[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _value(value: Any) -> str:
    """What stands for a value of the context; "" for none, and for what is no plain value."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)[:_LONGEST_VALUE] if isinstance(value, str | int | float) else ""


_LONGEST_VALUE: Final = 200
