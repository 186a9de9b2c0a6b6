"""One task, as an agent and its hooks do it: ask which version to run, run that, and report what was measured."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from loopgraph.demo.client import Client, Json
from loopgraph.demo.documents import ASSIGN_VARIANT
from loopgraph.demo.workloads import Way, Workload
from loopgraph.errors import ServiceError

PAUSE_S = 0.005
"""Before every run: who has slept gets the core at once and for a while, so that other load disturbs the measurement less."""


@dataclass(frozen=True)
class Task:
    """A task whose version has been assigned. ``unit`` is what it was assigned by, its trace's id, and the seed of its input.
    ``version`` is the number of what was assigned, and ``asked_ms`` how long that took. ``later``: its input is one of those that
    come later."""

    unit: str
    pattern_id: str
    workload: Workload
    way: Way
    node_id: str
    parameters: Mapping[str, Any]
    experiment_id: str | None
    arm: str | None
    version: int = 1
    asked_ms: float = 0.0
    later: bool = False


@dataclass(frozen=True)
class Execution:
    """A task that was run. ``error`` is what it raised."""

    task: Task
    started_at: datetime
    duration_ms: float
    error: Exception | None


async def begin(client: Client, pattern_id: str, workload: Workload, unit: str, *, later: bool = False) -> Task:
    """Asks for the version to run."""
    asked = time.perf_counter()
    assignment = (await client.query(ASSIGN_VARIANT, patternId=pattern_id, unit=unit))["assignVariant"]
    return Task(
        unit=unit,
        pattern_id=pattern_id,
        workload=workload,
        way=way_of(workload, assignment["templateCode"]),
        node_id=assignment["nodeId"],
        parameters=assignment["parameters"],
        experiment_id=assignment["experimentId"],
        arm=assignment["arm"],
        version=assignment["version"],
        asked_ms=(time.perf_counter() - asked) * 1000,
        later=later,
    )


def way_of(workload: Workload, template_code: str) -> Way:
    """The way whose source is the template. The demo runs only code that it has brought along."""
    for way in (workload.baseline, workload.candidate):
        if way.source == template_code:
            return way
    raise ServiceError(f"the service assigned a template for {workload.name} that this demo does not know")


def run_all(tasks: Sequence[Task]) -> list[Execution]:
    """Runs the tasks one after the other, with nothing else going on in this process. The collector waits, as in timeit."""
    gc.collect()
    gc.disable()
    try:
        return [_run(task) for task in tasks]
    finally:
        gc.enable()


def _run(task: Task) -> Execution:
    make = (task.workload.later_input if task.later else None) or task.workload.make_input
    made = make(Random(task.unit), task.workload.default_size)  # noqa: S311 - nothing secret
    time.sleep(PAUSE_S)
    result, error = None, None
    started_at, start = _now(), time.perf_counter()
    try:
        result = task.way.run(made, task.parameters)
    except Exception as raised:
        error = raised
    duration_ms = (time.perf_counter() - start) * 1000
    del result  # only now: giving its memory back is not part of the work
    return Execution(task, started_at, duration_ms, error)


async def finish(client: Client, execution: Execution) -> None:
    """Reports the task as a trace: that its version was asked for, and the execution as a hook.

    Its turn comes long after its version was asked for, together with those of all tasks of a round. The trace begins as if its
    turn had come at once, so that it lasts as long as what was done for it.
    """
    task, error = execution.task, execution.error
    request = f"{task.workload.title} ({task.workload.default_size} items)"
    begun = execution.started_at - timedelta(milliseconds=task.asked_ms)
    start = {
        "session_id": task.unit,  # of its own: what follows it there would be taken for asking again
        "timestamp": begun.isoformat(),
        "prompt_text": request,
        "context": {"items": task.workload.default_size, "seed": task.unit},
        "tags": ["demo", task.workload.name],
    }
    routing = {
        "timestamp": begun.isoformat(),
        "user_request": request,
        "selected_agent": task.workload.name,
        "selection_reason": f"version {task.version} was assigned",
        "routing_strategy": "assignVariant",
        "pattern_id": task.pattern_id,
        "routing_duration_ms": task.asked_ms,
    }
    completed_at = execution.started_at + timedelta(milliseconds=execution.duration_ms)
    outcome: Json = {"success": error is None, "timestamp": completed_at.isoformat()}
    if error is not None:
        outcome |= {"error_type": type(error).__name__, "error_message": str(error)}
    hook = outcome | {
        "hook_type": "PostToolUse",
        "tool_name": task.workload.name,
        "started_at": execution.started_at.isoformat(),
        "duration_ms": execution.duration_ms,
        "node_id": task.node_id,
        "experiment_id": task.experiment_id,
        "unit": task.unit,
    }
    await _report(client, "start", task.unit, start)
    await _report(client, "routing", task.unit, routing)
    await _report(client, "hook", task.unit, hook, execution_id=f"{task.unit}-run")
    await _report(client, "complete", task.unit, outcome)


async def _report(client: Client, event: str, unit: str, body: Json, execution_id: str | None = None) -> None:
    headers = {"X-Correlation-ID": unit, "X-Root-ID": unit}
    if execution_id is not None:
        headers["X-Execution-ID"] = execution_id
    await client.report(event, body, headers)


def _now() -> datetime:
    return datetime.now(UTC)
