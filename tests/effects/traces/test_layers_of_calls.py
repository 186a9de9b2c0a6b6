"""Layers that tell of one call of a model again: every sum has it once, with the cost that whichever of them tells."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from loopgraph.computes.otel.json import read_spans
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.computes.traces.branches import Branches
from loopgraph.computes.traces.tree import plant
from loopgraph.computes.traces.usage import told_once
from loopgraph.contracts.analytics.views import TimeRange, UsageDimension
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.assembly import SpanKind
from loopgraph.contracts.traces.pricing import CostSource
from loopgraph.contracts.traces.records import is_of_model
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.analytics import Analytics
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.effects.traces.reading.use_figures import UseReads
from loopgraph.effects.traces.recording.writes import TraceWrites
from support.otlp import START_NS, Json, span, traces
from support.quick import first_quick
from support.traces import NOON, skeleton, statement

PRICES = {"cheap": 0.25, "dear": 0.75}


class Call(NamedTuple):
    """A span: below which other one it is; its model, tokens and cost, if it is a call of one, or the work of an agent."""

    below: str
    model: str | None = None
    tokens: int | None = None
    cost: float | None = None
    agent: bool = False


class Sums(NamedTuple):
    """Figures of some calls: dollars are None where nobody knows any."""

    calls: int
    tokens: int
    cost: float | None
    reported: float | None
    unpriced: tuple[str, ...] = ()


STEP = Call("root")

STORIES: dict[str, tuple[dict[str, Call], Sums]] = {
    "a proxy tells the cost": (
        {"proxy": Call("root", "m", None, 0.03), "client": Call("proxy", "m", 100)},
        Sums(1, 100, 0.03, 0.03),
    ),
    "a proxy tells both": (
        {"proxy": Call("root", "m", 100, 0.03), "client": Call("proxy", "cheap", 100)},
        Sums(1, 100, 0.03, 0.03),
    ),
    "a proxy by another name, and a step between": (
        {"proxy": Call("root", "alias", 100, 0.03), "step": Call("proxy"), "client": Call("step", "m", 100)},
        Sums(1, 100, 0.03, 0.03),
    ),
    "the inner of two layers": (
        {"a": Call("root", "m", 9, 0.09), "b": Call("a", "m", 9, 0.05), "c": Call("b", "m", 9)},
        Sums(1, 9, 0.05, 0.05),
    ),
    "the inner tells its own": (
        {"a": Call("root", "m", 9, 0.09), "b": Call("a", "m", 9, 0.04)},
        Sums(1, 9, 0.04, 0.04),
    ),
    "an agent tells what two calls cost": (
        {"a": Call("root", "m", 400, 0.10), "b": Call("a", "m", 300), "c": Call("a", "n", 100)},
        Sums(2, 400, 0.10, 0.10),
    ),
    "an agent tells what two calls cost, of which one tells its own": (
        {"a": Call("root", "m", None, 0.10), "b": Call("a", "m", 300), "c": Call("a", "n", 100, 0.03)},
        Sums(2, 400, 0.10, 0.10),
    ),
    "less than is told within it": (
        {"a": Call("root", "m", None, 0.02), "b": Call("a", "cheap", 300), "c": Call("a", "n", 100, 0.03)},
        Sums(2, 400, 0.28, 0.03),
    ),
    "an agent in an agent": (
        {
            "a": Call("root", "m", None, 0.10),
            "b": Call("a", "m", None, 0.05), "c": Call("b", "n", 100, 0.03), "d": Call("b", "n", 100), "e": Call("a", "n", 1),
        },
        Sums(3, 201, 0.10, 0.10),
    ),
    "the step of an agent tells what its calls cost": (
        {"a": Call("root", None, None, 0.10, True), "b": Call("a", "m", 300), "c": Call("a", "cheap", 100)},
        Sums(2, 400, 0.10, 0.10),
    ),
    "the step of an agent, whose calls tell their own": (
        {"a": Call("root", None, 9, 0.10, True), "step": Call("a"), "b": Call("step", "m", 300, 0.04)},
        Sums(1, 300, 0.04, 0.04),
    ),
    "the step of an agent, of which nothing else is told": (
        {"a": Call("root", "m", 50, 0.10, True), "step": Call("a")},
        Sums(1, 50, 0.10, 0.10),
    ),
    "the step of an agent tells tokens alone": (
        {"a": Call("root", "cheap", 50, None, True), "step": Call("a")},
        Sums(1, 50, 0.25, None),
    ),
    "an agent tells tokens, and so does an agent in it": (
        {"a": Call("root", "m", 50, None, True), "b": Call("a", "m", 20, None, True)},
        Sums(1, 20, None, None, ("m",)),
    ),
    "an agent tells tokens, and so do its calls": (
        {"a": Call("root", "dear", 400, None, True), "step": Call("a"), "b": Call("step", "cheap", 300)},
        Sums(1, 300, 0.25, None),
    ),
    "an agent tells tokens, and its calls tell none": (
        {"a": Call("root", "dear", 400, None, True), "b": Call("a", "cheap")},
        Sums(1, 400, 0.75, None),
    ),
    "the inner tells a cost alone": (
        {"a": Call("root", "cheap", 9), "step": Call("a"), "b": Call("step", "m", None, 0.04)},
        Sums(1, 9, 0.04, 0.04),
    ),
    "what is within tells costs alone, and so does a layer around": (
        {
            "a": Call("root", "m", None, 0.30),
            "b": Call("a", "cheap", 9), "c": Call("b", "m", None, 0.04), "d": Call("b", "m", 0, 0.02),
            "e": Call("d", "m", 0, 0.02), "f": Call("a", "m", 1),
        },
        Sums(2, 10, 0.30, 0.30),
    ),
    "a cost of nothing is none": (
        {"a": Call("root", "m", 9, 0.10), "b": Call("a", "cheap", 9, 0.0)},
        Sums(1, 9, 0.10, 0.10),
    ),
    "but for who says nothing else": (
        {"a": Call("root", "m", 9), "b": Call("a", "cheap", 9, 0.0)},
        Sums(1, 9, 0.0, 0.0),
    ),
    "no tokens are none": (
        {"a": Call("root", "m", 9, 0.10), "b": Call("a", "m", 0)},
        Sums(1, 9, 0.10, 0.10),
    ),
    "nobody tells tokens": (
        {"a": Call("root", "m", None, 0.10), "b": Call("a", "m")},
        Sums(1, 0, 0.10, 0.10),
    ),
    "nobody tells a cost": (
        {"a": Call("root", "cheap", 9), "b": Call("a", "dear", 9), "c": Call("root", "m", 1)},
        Sums(2, 10, 0.75, None, ("m",)),
    ),
}  # fmt: skip


class Told:
    """A trace with its spans under ids of its own."""

    def __init__(self, start: datetime, calls: dict[str, Call]) -> None:
        self.trace, self.session, self.start = new_id().replace("-", ""), new_id(), start
        self.prompt = f"prompt-{self.trace}"
        numbers = {name: number + 1 for number, name in enumerate(["root", *calls])}
        about = {"session.id": self.session, "langfuse.observation.prompt.name": self.prompt, "user.id": "ada"}
        self.spans = [span(1, None, "root", **about)]
        self.spans += [span(numbers[name], numbers[call.below], name, **_said(call)) for name, call in calls.items()]
        late = (start - datetime.fromtimestamp(START_NS / 1e9, UTC)) // timedelta(microseconds=1) * 1_000
        for one in self.spans:
            one["traceId"] = self.trace
            for at in ("startTimeUnixNano", "endTimeUnixNano"):
                one[at] = str(int(one[at]) + late)

    async def tell(self, graph: Graph, exports: Iterable[Sequence[Json]]) -> None:
        writes = TraceWrites(graph, lambda usage: PRICES.get(usage.model))
        for spans in exports:
            report = observe_spans(read_spans(traces(*spans)))
            assert not report.refused
            await writes.record(report.observations, received_at=NOON)

    async def sums(self, graph: Graph) -> dict[str, Sums]:
        """The figures of every view."""
        found = {}
        analytics, range = Analytics(graph), TimeRange(since=self.start, until=self.start + timedelta(seconds=1))
        for by in ((), (UsageDimension.MODEL,), tuple(UsageDimension)):
            rows = await analytics.model_usage(range, by, None, 100)
            found[f"by {len(by)}"] = _summed(rows)
        [row] = (await analytics.model_usage_of_sessions([self.session], None)).values()
        found["session"] = _summed([row])
        parts = (await TraceReads(graph).parts([self.trace], None))[self.trace]
        calls = told_once(parts.hooks, parts.endpoints)
        told = [call for call in calls if is_of_model(call)]
        reported = [call.cost_usd for call in told if call.cost_source is CostSource.REPORTED]
        found["trace"] = Sums(
            len(told),
            sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in told),
            _rounded([call.cost_usd for call in told]),
            _rounded(reported),
            tuple(sorted({call.unpriced for call in told if call.unpriced})),
        )
        reads = TraceReads(graph)
        [top] = plant((await skeleton(reads, [self.trace], None)).spans).tops
        branch = Branches(list(top.walk()), await reads.usage_of_calls([self.trace])).of((SpanKind.TRACE, self.trace))
        found["branch"] = _summed([branch.whole])
        [use] = await statement(
            graph, "MATCH (h:HookExecution {tool_name: $prompt}) RETURN h.execution_id AS id", prompt=self.prompt
        )
        admin = Principal(subject="somebody", roles=("admin",))
        [figures] = (await UseReads(graph).figures([use["id"]], admin)).values()
        known = found["trace"]
        assert figures.unpriced_calls == sum(call.unpriced is not None for call in told)
        found["use"] = known._replace(
            calls=figures.model_calls,
            tokens=figures.input_tokens + figures.output_tokens,
            cost=_rounded([figures.cost_usd]) if known.cost is not None or figures.cost_usd else None,
        )
        return found


def _said(call: Call) -> Json:
    known = {
        "gen_ai.request.model": call.model, "gen_ai.usage.input_tokens": call.tokens, "gen_ai.usage.cost": call.cost,
        "gen_ai.operation.name": "invoke_agent" if call.agent else None,
    }  # fmt: skip
    return {name: value for name, value in known.items() if value is not None}


def _summed(rows: Sequence[Any]) -> Sums:
    return Sums(
        sum(row.calls for row in rows),
        sum(row.input_tokens + row.output_tokens for row in rows),
        _rounded([row.cost_usd for row in rows]),
        _rounded([row.reported_cost_usd for row in rows]),
        tuple(sorted({name for row in rows for name in row.unpriced_models})),
    )


def _rounded(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return round(sum(known), 9) if known else None


@pytest.fixture(scope="module")
def start() -> Any:
    """Seconds that no other trace is of."""
    first = NOON + timedelta(days=5_000 + random.SystemRandom().randrange(10**5))
    return iter(first + timedelta(minutes=number) for number in range(10**4))


@pytest.mark.lengthy
@pytest.mark.parametrize("story", first_quick(STORIES, 2))
async def test_every_sum_has_each_call_once_and_with_its_cost(graph: Graph, start: Any, story: str) -> None:
    calls, expected = STORIES[story]
    for exports in ("at once", "inner first", "outer first"):
        told = Told(next(start), calls)
        spans = told.spans if exports == "outer first" else told.spans[::-1]
        await told.tell(graph, [spans] if exports == "at once" else [[one] for one in spans])
        assert await told.sums(graph) == dict.fromkeys(
            ("by 0", "by 1", "by 8", "session", "trace", "branch", "use"), expected
        ), exports


async def test_calls_share_a_cost_by_their_prices_or_else_by_their_tokens(graph: Graph, start: Any) -> None:
    for inner, expected in (
        ({"b": Call("a", "cheap", 300), "c": Call("a", "dear", 1)}, {"cheap": 0.1, "dear": 0.3}),
        ({"b": Call("a", "cheap", 300), "c": Call("a", "m", 100)}, {"cheap": 0.3, "m": 0.1}),
        ({"b": Call("a", "m"), "c": Call("a", "n")}, {"m": 0.2, "n": 0.2}),
    ):
        told = Told(next(start), {"a": Call("root", "all", None, 0.4), **inner})
        await told.tell(graph, [told.spans])
        range = TimeRange(since=told.start, until=told.start + timedelta(seconds=1))
        rows = await Analytics(graph).model_usage(range, (UsageDimension.MODEL,), None, 10)
        assert {row.model: round(row.reported_cost_usd or 0, 9) for row in rows} == expected
        parts = (await TraceReads(graph).parts([told.trace], None))[told.trace]
        calls = told_once(parts.hooks, parts.endpoints)
        assert {call.model: round(call.cost_usd or 0, 9) for call in calls} == expected


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_all_views_agree_on_any_layers(graph: Graph, start: Any) -> None:
    chance = random.Random(9)
    for _ in range(12):
        names = [f"s{number}" for number in range(chance.randrange(2, 9))]
        calls = {}
        for number, name in enumerate(names):
            below = chance.choice(["root", *names[:number], *names[:number]])
            cost, tokens = chance.choice([None, None, 0.0, 0.01, 0.5]), chance.choice([None, 0, 10, 70])
            calls[name] = Call(below, chance.choice(["cheap", "dear", "m"]), tokens, cost)
        told = Told(next(start), calls)
        spans = chance.sample(told.spans, len(told.spans))
        cut = chance.randrange(len(spans))
        await told.tell(graph, [some for some in (spans[:cut], spans[cut:]) if some])
        found = await told.sums(graph)
        assert len(set(found.values())) == 1, (calls, found)


@pytest.mark.lengthy
@pytest.mark.parametrize(
    "story",
    [
        "a proxy tells both",
        "the inner of two layers",
        "an agent tells what two calls cost",
        "the inner tells a cost alone",
    ],
)
async def test_what_a_layer_tells_later_counts_as_if_it_had_been_told_at_once(
    graph: Graph, start: Any, story: str
) -> None:
    """A span is told of again, as its messages are that log records bring: first without what it used and cost."""
    calls, expected = STORIES[story]
    for name in calls:
        told = Told(next(start), {**calls, name: calls[name]._replace(tokens=None, cost=None)})
        whole = Told(told.start, calls)
        whole.trace, whole.session, whole.prompt = told.trace, told.session, told.prompt
        await told.tell(graph, [told.spans])
        again = [{**one, "traceId": told.trace} for one in whole.spans if one["name"] == name]
        await told.tell(graph, [again])
        assert set((await told.sums(graph)).values()) == {expected}, name
