from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, SpawnRule
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.joining import RANKS, joined
from loopgraph.effects.traces.recording.nodes import piece
from loopgraph.effects.traces.recording.observations import observed
from loopgraph.errors import Conflict
from support.traces import NOON, at

HOOK: dict[str, Any] = {"correlation_id": "t", "execution_id": "e", "hook_type": "ToolUse"}

instants = st.none() | st.integers(0, 3).map(lambda seconds: at(seconds))
steps = st.fixed_dictionaries(
    {},
    optional={
        "tool_name": st.sampled_from(["Bash", "Read"]),
        "tool_use_id": st.sampled_from(["u1", "u2"]),
        "tool_input": st.sampled_from([{"a": 1}, {"b": 2}]),
        "context": st.sampled_from([{"x": 1}, {"x": 2}, {}]),
        "timestamp": instants,
        "error_message": st.sampled_from(["one", "two"]),
    },
)
outcomes = st.sampled_from([{}, {"status": TraceStatus.IN_PROGRESS}, {"success": True}, {"success": False}])


@st.composite
def reports(draw: st.DrawFn) -> Observation:
    event = HookExecuted(
        **{**HOOK, "correlation_id": draw(st.sampled_from(["t", "u"]))}, **draw(steps), **draw(outcomes)
    )
    ranks = {name: draw(st.integers(0, 2)) for name in ("rank", "clock", "place")}
    return Observation(event=event, source=draw(st.sampled_from(["hook.Pre", "hook.Post"])), **ranks)


def join(*given: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for properties in given:
        result = joined(result, properties)
    return {name: value for name, value in result.items() if value is not None}  # what is taken away is None


@pytest.mark.lengthy
@given(st.lists(reports(), min_size=1, max_size=4))
def test_the_join_is_the_same_in_every_order_and_however_often(items: list[Observation]) -> None:
    given = [observed(item) for item in items]
    whole = join(*given)
    assert all(join(*order) == whole for order in permutations(given))
    assert join(*given, *given) == whole
    halves = join(join(*given[:2]), join(*given[2:]))
    assert halves == whole


def test_the_better_report_wins_and_then_the_later() -> None:
    def report(error_message: str, rank: int, seconds: float) -> dict[str, Any]:
        event = HookExecuted(**HOOK, success=False, error_message=error_message, timestamp=at(seconds))
        return observed(Observation(event=event, source="s", rank=rank))

    assert join(report("weak", 1, 9), report("strong", 2, 1))["error_message"] == "strong"
    assert join(report("earlier", 2, 1), report("later", 2, 2))["error_message"] == "later"


def test_an_end_beats_a_beginning_of_any_rank() -> None:
    began = Observation(event=HookExecuted(**HOOK, status=TraceStatus.IN_PROGRESS), source="a", rank=9)
    ended = Observation(event=HookExecuted(**HOOK, success=False), source="b", rank=0)
    assert join(observed(began), observed(ended))["status"] == "error"
    assert join(observed(ended), observed(began))["status"] == "error"


def test_what_is_left_at_its_default_says_nothing() -> None:
    given = observed(Observation(event=TraceStarted(correlation_id="t"), source="s"))
    assert set(given) == {"correlation_id", RANKS}
    said = observed(Observation(event=TraceStarted(correlation_id="t", source="user_prompt"), source="s"))
    assert said["source"] == "user_prompt"


def test_times_are_only_those_that_were_told() -> None:
    silent = observed(Observation(event=TraceCompleted(correlation_id="t", success=True), source="s"))
    assert "completed_at" not in silent
    told = observed(Observation(event=TraceCompleted(correlation_id="t", success=True, timestamp=NOON), source="s"))
    assert told["completed_at"] == NOON
    place = observed(Observation(event=HookExecuted(**HOOK, timestamp=NOON), source="s"))
    assert not {"started_at", "completed_at", "status"} & set(place), "it says nothing of the step's course"


def test_what_several_say_beside_their_fields_is_kept_by_source() -> None:
    reports = [
        Observation(event=HookExecuted(**HOOK, context={"effort": effort}), source=source)
        for source, effort in (("hook.Pre", "low"), ("hook.Post", "high"))
    ]
    assert join(*map(observed, reports))["context"] == '{"hook.Post":{"effort":"high"},"hook.Pre":{"effort":"low"}}'


def test_evidence_is_kept_under_its_rule() -> None:
    event = TraceStarted(correlation_id="t", agent_id="a", spawned_by="e")
    given = observed(
        Observation(event=event, source="s", spawn_rule=SpawnRule.TOOL_RESPONSE, parent_span_ids=("b", "a"))
    )
    assert given["spawned_by_tool_response"] == "e"
    assert "spawned_by" not in given
    assert given["parent_span_ids"] == ["a", "b"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_a_client_says_of_its_own_work_outweighs_every_report(order: tuple[int, int]) -> None:
    own = HookExecuted(**{**HOOK, "tool_name": "Mine"}, success=True, timestamp=NOON)
    report = Observation(
        event=HookExecuted(**{**HOOK, "tool_name": "Theirs"}, success=False, tool_use_id="u"), source="s", rank=9
    )
    batch = Batch(datetime(2026, 1, 1, tzinfo=UTC))
    for i in order:
        batch.fold(piece([own, report][i], NOON))
    node = batch.hooks.get("e")
    assert node is not None
    assert (node["tool_name"], node["status"], node["tool_use_id"]) == ("Mine", "success", "u")
    with pytest.raises(Conflict):
        batch.fold(piece(own.model_copy(update={"tool_name": "Other"}), NOON + timedelta(seconds=1)))
