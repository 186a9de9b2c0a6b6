"""Nested blocks and concurrent tasks: what is recorded where."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

import pytest

from loopgraph.clients import current, headers
from loopgraph.clients.context import new_id
from loopgraph.clients.events import TraceEvents
from loopgraph.clients.traceparent import TraceParent


class Kept(TraceEvents):
    """Events in a list."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []

    def emit(self, event: Mapping[str, Any]) -> bool:
        self.events.append(event)
        return True

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]


def test_nested_blocks_nest() -> None:
    kept = Kept()
    with kept.trace(prompt_text="outer") as outer:
        with kept.step("Plan") as plan:
            with kept.step("Search") as search:
                call = kept.record_endpoint_call("search", "/q", success=True)
            with kept.trace(prompt_text="inner") as inner:
                kept.record_hook("Own", success=True)
        kept.record_hook("Last", success=True)
    assert current() is None
    hooks = {event["hook_type"]: event for event in kept.of("hook")}
    assert hooks["Search"]["parent_id"] == plan.parent_execution_id == hooks["Plan"]["execution_id"]
    assert "parent_id" not in hooks["Plan"]
    assert "parent_id" not in hooks["Last"]
    assert "parent_id" not in hooks["Own"], "a step of one trace has no parent in another"
    assert hooks["Own"]["correlation_id"] == inner.correlation_id
    [endpoint] = kept.of("endpoint")
    assert (endpoint["call_id"], endpoint["hook_execution_id"]) == (call, search.parent_execution_id)
    begun = {event["correlation_id"]: event for event in kept.of("start")}
    assert begun[inner.correlation_id]["parent_id"] == outer.correlation_id == begun[inner.correlation_id]["root_id"]
    assert [event["correlation_id"] for event in kept.of("complete")] == [inner.correlation_id, outer.correlation_id]


def test_an_exception_is_recorded_on_all_that_it_leaves_and_goes_on() -> None:
    kept = Kept()
    with pytest.raises(KeyError, match="gone"), kept.trace(), kept.step("Read"):
        raise KeyError("gone")
    assert [(event["kind"], event["success"], event["error_type"]) for event in kept.events[1:]] == [
        ("hook", False, "KeyError"),
        ("complete", False, "KeyError"),
    ]


async def test_concurrent_tasks_do_not_see_each_other() -> None:
    kept, gate = Kept(), asyncio.Barrier(8)

    async def one(number: int) -> None:
        with kept.trace(correlation_id=f"t{number}"):
            await gate.wait()
            with kept.step(f"Step{number}"):
                await gate.wait()
                await asyncio.to_thread(kept.record_hook, f"Thread{number}", success=True)

    await asyncio.gather(*(one(number) for number in range(8)))
    hooks = {event["hook_type"]: event for event in kept.of("hook")}
    for number in range(8):
        step, inside = hooks[f"Step{number}"], hooks[f"Thread{number}"]
        assert step["correlation_id"] == inside["correlation_id"] == f"t{number}"
        assert inside["parent_id"] == step["execution_id"]


def test_headers_tell_the_next_service_where_it_is() -> None:
    assert headers() == {}
    kept = Kept()
    with kept.trace() as trace:
        assert headers()["X-Parent-ID"] == headers()["X-Correlation-ID"] == trace.correlation_id
        with kept.step("Call") as step:
            told = headers()
            again = headers()
    assert told == again
    assert (told["X-Correlation-ID"], told["X-Root-ID"]) == (trace.correlation_id, trace.root_id)
    assert told["X-Parent-ID"] == step.parent_execution_id
    w3c = TraceParent.parse(told["traceparent"])
    assert w3c is not None
    assert w3c.trace_id == trace.correlation_id


def test_outside_of_a_trace_the_caller_is_told_what_is_missing() -> None:
    kept = Kept()
    for call in (lambda: kept.record_hook("Read"), lambda: kept.step("Read").__enter__(), kept.complete_trace):
        with pytest.raises(ValueError, match="no trace is running here: give correlation_id"):
            call()
    assert kept.record_hook("Read", correlation_id="t") == kept.events[0]["execution_id"]


@pytest.mark.lengthy
def test_a_forked_process_makes_ids_of_its_own() -> None:
    new_id()
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, new_id().encode())
        os._exit(0)
    os.wait()
    assert os.read(reader, 32).decode() != new_id()
    os.close(reader)
    os.close(writer)
