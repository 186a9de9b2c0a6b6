"""How many runs an hour, and where the time of one goes: ``PYTHONPATH=tests python -m bench.loop --executions 1000 100000``.

Prints Markdown tables. Runs that need not wait: a pattern with some executions, of which nothing is to be improved; two workers
are two processes' workers on one graph, in one process here, each with connections of its own. Then one run over a version with
many recorded executions, from the start to its end, and the time of each of its stages as the run itself tells it.
The engine is the embedded one, in a folder that is new.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from loopgraph.contracts.loop.feedback import FeedbackRun, RunStatus
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from loopgraph.orchestrators.loop.worker import LoopWorker
from support.feedback import Subject, make_subject
from support.own_engine import own_embedded
from support.traces import Traces

NEVER_MS = 3_600_000
EXECUTIONS_EACH = 20
BATCH = 1_000
HOUR_S = 3_600


async def record(subject: Subject, executions: int) -> None:
    """Executions of the version in use, over the last hours; one in a hundred failed."""
    rng, begin = random.Random(7), now() - timedelta(hours=6)
    for start in range(0, executions, BATCH):
        events = [
            HookExecuted(
                correlation_id=f"{subject.pattern_id}-{number // 50}", execution_id=f"{subject.pattern_id}.{number}",
                hook_type="PostToolUse", node_id=subject.node_id, started_at=begin + timedelta(milliseconds=100 * number),
                duration_ms=rng.lognormvariate(5, 0.3), success=number % 100 > 0, quality_score=0.95,
            )
            for number in range(start, min(start + BATCH, executions))
        ]  # fmt: skip
        await Traces(subject.graph).record(events, received_at=now())


class Counted:
    """How many steps are computed."""

    def __init__(self) -> None:
        self.steps = 0
        step = FeedbackLoop.step

        async def counted(loop: FeedbackLoop, run: FeedbackRun) -> FeedbackRun:
            self.steps += 1
            return await step(loop, run)

        FeedbackLoop.step = counted  # type: ignore[method-assign]


async def throughput(graphs: Sequence[Graph], runs: int, counted: Counted) -> str:
    """A row: runs from their start to their end, by the workers of so many processes."""
    graph = graphs[0]
    subjects = [await make_subject(graph) for _ in range(runs)]
    for subject in subjects:
        await record(subject, EXECUTIONS_EACH)
    before, statements = counted.steps, sum(one.statements for one in graphs)
    begun = time.perf_counter()
    started = [await subject.start() for subject in subjects]
    workers, ids = [LoopWorker(one, NEVER_MS) for one in graphs], [run.run_id for run in started]
    ended = await subjects[0].reads.runs(ids)
    while {run.status for run in ended.values()} != {
        RunStatus.COMPLETED
    }:  # a step that gave way to others is tried again
        await asyncio.gather(*(worker.look() for worker in workers))
        ended = await subjects[0].reads.runs(ids)
    took = time.perf_counter() - begun
    needed = sum(run.revision - 1 for run in ended.values())
    computed, asked = counted.steps - before, sum(one.statements for one in graphs) - statements
    return f"| {len(graphs)} | {runs} | {took:.1f} s | {runs / took * HOUR_S:,.0f} | {needed} | {computed} | {asked / runs:.1f} |"


async def stages(graph: Graph, executions: int) -> str:
    """A row: one run over so many executions."""
    subject = await make_subject(graph)
    await record(subject, executions)
    begun = time.perf_counter()
    run = await subject.start()
    await LoopWorker(graph, NEVER_MS).look()
    took = time.perf_counter() - begun
    ended = await subject.reads.run(run.run_id)
    assert ended.status is RunStatus.COMPLETED, ended
    parts = ", ".join(f"{item.stage.value} {item.work_ms:.0f}" for item in ended.stage_times)
    return f"| {executions:,} | {ended.feedback_collected:,} | {took * 1000:.0f} ms | {parts} |"


async def main(runs: int, sizes: Sequence[int]) -> None:
    """Prints the tables."""
    counted = Counted()
    with tempfile.TemporaryDirectory() as folder, own_embedded(Path(folder)) as engine:
        settings = engine.with_new_database()
        async with Graph.open(settings) as graph, Graph.open(settings) as other:
            await schema.prepare(graph)
            await throughput([graph], 20, counted)  # the first ones warm up
            print("| workers | runs | took | runs an hour | steps needed | steps computed | statements of a run |")
            print("| --- | --- | --- | --- | --- | --- | --- |")
            for graphs in ([graph], [graph, other]):
                print(await throughput(graphs, runs, counted), flush=True)
            print("\n| executions | analysed | one run | work of its stages, ms |\n| --- | --- | --- | --- |")
            for size in sizes:
                print(await stages(graph, size), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--executions", type=int, nargs="*", default=[1_000, 100_000])
    given = parser.parse_args()
    asyncio.run(main(given.runs, given.executions))
