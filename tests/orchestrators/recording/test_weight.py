"""What is gone through in a thread, and that nobody waits for it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.recording.weight import HEAVY, weight_of


def step(**more: Any) -> HookExecuted:
    return HookExecuted(correlation_id=new_id(), execution_id=new_id(), hook_type="T", success=True, **more)


@pytest.mark.parametrize(
    ("more", "heavy"),
    [
        ({}, False),
        ({"tool_input": {"command": "x" * 10_000, "items": list(range(1_000))}}, False),
        ({"tool_input": {"command": "x" * HEAVY}}, True),
        ({"error_message": "x" * HEAVY}, True),
        ({"context": {"a": {"b": [1] * HEAVY}}}, True),
        ({"context": {"a": [{"b": 1}] * (HEAVY // 20)}}, True),
        ({"context": {f"{i}": i for i in range(HEAVY // 10)}}, True),
        ({"context": {"x" * HEAVY: 1}}, True),
    ],
)
def test_weight(more: dict[str, Any], heavy: bool) -> None:
    assert (weight_of(step(**more)) >= HEAVY) is heavy


def test_what_an_event_was_not_given_weighs_nothing() -> None:
    bare, full = step(), step(tool_name="T" * 100)
    assert weight_of(full) - weight_of(bare) == 100 + 16
    assert weight_of(bare.model_copy(update={"error_message": "x" * 1_000})) - weight_of(bare) >= 1_000


def test_looking_at_a_heavy_event_takes_no_time() -> None:
    event = step(context={"a": [[1] * 1_000_000] * 10})
    began = time.thread_time()
    assert weight_of(event) >= HEAVY
    assert time.thread_time() - began < 0.1


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_others_get_their_turn_while_a_heavy_event_is_gone_through(graph: Graph) -> None:
    recorder = Recorder(TraceWrites(graph), Privacy())
    event = step(context={"items": [{"a": "b c", "n": 1.5}] * 300_000})
    began = time.thread_time()
    Privacy().clean(event)
    alone_s = time.thread_time() - began
    turns, recording = 0, asyncio.create_task(recorder.record([event, step(), step(context={"token": "x" * HEAVY})]))
    while not recording.done():
        await asyncio.sleep(0.01)
        turns += 1
    # Without a thread there would be one turn for all of it.
    assert turns > alone_s / 0.01 / 20
    assert not [outcome for outcome in recording.result() if isinstance(outcome, Exception)]
    await recorder.close(10)


async def test_a_heavy_event_that_is_refused_loses_no_other(graph: Graph) -> None:
    nested: Any = "x" * HEAVY
    for _ in range(250):
        nested = [nested]
    recorder = Recorder(TraceWrites(graph), Privacy())
    first, second, third = await recorder.record([step(), step(context={"deep": nested}), step()])
    assert isinstance(second, InvalidInput)
    assert not isinstance(first, Exception)
    assert not isinstance(third, Exception)
    await recorder.close(10)
