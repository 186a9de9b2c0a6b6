"""Folding events in memory: every order of arrival, however it is cut into batches, makes the same nodes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.loop.feedback import Arm
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.nodes import piece
from loopgraph.errors import Conflict, InvalidInput, NotFound, UserError
from support.traces import NOON, at, story

EXPERIMENTS = {"x": {"v": Arm.CONTROL, "w": Arm.TREATMENT}}


class Memory:
    """Stands where the graph stands: what one batch stores, the next one finds."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Any]] = {"traces": {}, "hooks": {}, "calls": {}, "decisions": {}}
        self.usage: dict[str, dict[str, Any]] = {}
        self.drawn: list[tuple[str, ...]] = []

    def record(self, *events: TraceEvent) -> list[Recorded | UserError]:
        stored = {kind: nodes.values() for kind, nodes in self.nodes.items()}
        batch = Batch(NOON, **stored, versions=("v", "w"), experiments=EXPERIMENTS)
        outcomes = [self._fold(batch, event) for event in events]
        for kind, nodes in self.nodes.items():
            made = getattr(batch, kind)
            key = made.key
            for node in made.new():
                assert node[key] not in nodes
                nodes[node[key]] = node
            for row in made.changes():
                nodes[row["id"]] = {**nodes[row["id"]], **row["changes"]}
        for stub in batch.stubs():
            self.nodes["traces"].setdefault(stub["correlation_id"], stub)
        self.drawn += [("SPAWNED", node["correlation_id"]) for node in batch.traces.learned("parent_id")]
        self.drawn += [("HAS_TRACE", node["correlation_id"]) for node in batch.traces.learned("session_id")]
        used = [*(hook for hook in batch.hooks.new() if hook.get("node_id")), *batch.newly_used()]
        self.drawn += [("USED", hook["execution_id"]) for hook in used]
        for row in batch.usage():
            grown = self.usage.setdefault(row["node_id"], {})
            for name in ("usage_count", "success_count", "timed_count", "total_execution_time_ms"):
                grown[name] = grown.get(name, 0) + row[name]
            for name, choose in (("first_used_at", min), ("last_used_at", max)):
                grown[name] = choose(row[name], grown.get(name, row[name]))
        return outcomes

    def _fold(self, batch: Batch, event: TraceEvent) -> Recorded | UserError:
        try:
            return batch.fold(piece(event, NOON))
        except UserError as error:
            return error

    def everything(self) -> Any:
        return self.nodes, self.usage, sorted(self.drawn)


EVENTS = [
    *story("t", "v"),
    TraceStarted(correlation_id="t-parent", timestamp=at(-1), session_id="s"),
    TraceCompleted(correlation_id="t-child", success=True, timestamp=at(20)),
    HookExecuted(
        correlation_id="t", execution_id="begun", hook_type="T", node_id="w", experiment_id="x", started_at=at(1)
    ),
    HookExecuted(correlation_id="t", execution_id="begun", hook_type="T", success=False, completed_at=at(3)),
    HookExecuted(correlation_id="t", execution_id="timed", hook_type="T", node_id="v", timestamp=at(4)),
    HookExecuted(correlation_id="t", execution_id="timed", hook_type="T", node_id="v", timestamp=at(6), success=True),
]
IN_ORDER = Memory()
IN_ORDER.record(*EVENTS)


@pytest.mark.lengthy
@given(st.permutations(EVENTS * 2), st.lists(st.integers(0, 2 * len(EVENTS)), max_size=10))
def test_every_order_and_every_cut(events: list[TraceEvent], cuts: list[int]) -> None:
    memory = Memory()
    repeated = 0
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(events)], strict=True):
        for outcome in memory.record(*events[start:end]):
            assert isinstance(outcome, Recorded)
            repeated += outcome.repeated
    assert memory.everything() == IN_ORDER.everything()
    assert repeated == len(EVENTS)


def test_what_the_orders_agree_on() -> None:
    assert IN_ORDER.usage["w"] == {
        "usage_count": 1,
        "success_count": 0,
        "timed_count": 1,
        "total_execution_time_ms": 2000.0,
        "first_used_at": at(3),
        "last_used_at": at(3),
    }
    counted = IN_ORDER.usage["v"]
    assert (counted["usage_count"], counted["timed_count"], counted["total_execution_time_ms"]) == (2, 2, 7000.0)
    assert IN_ORDER.nodes["hooks"]["begun"]["arm"] == "treatment"
    assert sorted(IN_ORDER.drawn) == [
        ("HAS_TRACE", "t"), ("HAS_TRACE", "t-parent"), ("SPAWNED", "t"), ("SPAWNED", "t-child"),
        ("USED", "begun"), ("USED", "t-hook"), ("USED", "timed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (HookExecuted(correlation_id="new", execution_id="n", hook_type="T", node_id="unknown"), NotFound),
        (
            HookExecuted(correlation_id="new", execution_id="n", hook_type="T", node_id="v", experiment_id="y"),
            InvalidInput,
        ),
        (HookExecuted(correlation_id="new", execution_id="t-hook", hook_type="ToolUse", success=True), Conflict),
        (HookExecuted(correlation_id="t", execution_id="t-hook", hook_type="ToolUse", success=False), Conflict),
        (
            EndpointCalled(
                correlation_id="new", call_id="n", hook_execution_id="t-hook", service_name="s", endpoint_path="/p"
            ),
            Conflict,
        ),
        (TraceCompleted(correlation_id="t", success=True), Conflict),
        (TraceStarted(correlation_id="t", prompt_text="another"), Conflict),
    ],
)
def test_an_event_that_is_refused_leaves_nothing(event: TraceEvent, error: type[UserError]) -> None:
    memory = Memory()
    memory.record(*EVENTS)
    assert [type(outcome) for outcome in memory.record(event)] == [error]
    assert memory.everything() == IN_ORDER.everything()


def test_an_end_before_its_start_has_no_duration() -> None:
    memory = Memory()
    memory.record(
        HookExecuted(correlation_id="t", execution_id="h", hook_type="T", node_id="v", timestamp=at(5)),
        HookExecuted(correlation_id="t", execution_id="h", hook_type="T", success=True, timestamp=at(4)),
    )
    hook = mapping.hook(memory.nodes["hooks"]["h"])
    assert (hook.started_at, hook.completed_at, hook.duration_ms) == (at(5), at(4), None)
    assert memory.usage["v"]["timed_count"] == 0


@pytest.mark.parametrize("milliseconds", [0.0, 0.001, 3.2e12])
def test_a_start_is_as_far_before_the_end_as_the_duration_says(milliseconds: float) -> None:
    event = HookExecuted(
        correlation_id="t", execution_id="h", hook_type="T", success=True, duration_ms=milliseconds, completed_at=at(0)
    )
    started = mapping.times(mapping.given(event, NOON)).started_at
    assert started is not None
    assert (at(0) - started).total_seconds() * 1000 == pytest.approx(milliseconds)


def test_a_start_before_the_year_one_is_not_known() -> None:
    event = HookExecuted(
        correlation_id="t", execution_id="h", hook_type="T", success=True, duration_ms=1e12,
        completed_at=NOON.replace(year=2),
    )  # fmt: skip
    assert mapping.times(mapping.given(event, NOON)).started_at is None


def test_clients_without_a_clock_get_ours() -> None:
    begun = mapping.given(HookExecuted(correlation_id="t", execution_id="h", hook_type="T"), NOON)
    ended = mapping.given(HookExecuted(correlation_id="t", execution_id="h", hook_type="T", success=True), NOON)
    assert (begun["started_at"], ended["completed_at"]) == (NOON, NOON)
    measured = mapping.given(
        HookExecuted(
            correlation_id="t", execution_id="h", hook_type="T", success=True, started_at=at(1), duration_ms=500
        ),
        NOON,
    )
    assert measured["completed_at"] == at(1.5)
