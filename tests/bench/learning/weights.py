"""Do weights of a match that are learned from real runs do better than the seed's, on tasks that they were not learned from?

    PYTHONPATH=tests python -m bench.learning.weights gpt-4o-airline.json [more.json …]

The runs are those of the study (``study.py``, ``trajectories.py``). All of them are recorded into an empty graph, in an order
by a fixed seed, each as a trace in the project of its file, and learned from by slices of 20 as they come; then ``Weighing``
goes through them as ``loopgraph learning weights`` does. Attempts at one task are not independent, so the task stands in the
place of the session: no task is both learned from and asked, and intervals draw tasks.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.learning.study import SEED
from bench.learning.trajectories import Run, runs_in
from loopgraph.computes.learning.weighing.validation import weigh
from loopgraph.contracts.learning.matching import SEED_WEIGHTS
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceEvent, TraceStarted, TraceStatus
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offline_model import OfflineModel
from loopgraph.effects.learning.past import PastReads
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.effects.schema import schema
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from loopgraph.orchestrators.learning.weighing import Weighing
from loopgraph.settings import Settings
from support.learning import learn, learner

SLICE = 20


def events_of(run: Run, project: str, at: datetime) -> list[TraceEvent]:
    """A run as a trace of its own session."""
    id_ = f"{project}-{run.id}"
    events: list[TraceEvent] = [
        TraceStarted(
            correlation_id=id_, session_id=f"session-{id_}", prompt_text=run.prompt, project=project, timestamp=at
        )
    ]
    for place, call in enumerate(run.calls):
        events.append(
            HookExecuted(
                correlation_id=id_, execution_id=f"{id_}-{place}", hook_type="ToolUse", tool_name=call.name,
                tool_input=dict(call.given), success=call.succeeded, started_at=at + timedelta(milliseconds=place + 1),
                duration_ms=1.0,
            )
        )  # fmt: skip
    status = TraceStatus.SUCCESS if run.succeeded else TraceStatus.ERROR
    end = at + timedelta(milliseconds=len(run.calls) + 2)
    return [*events, TraceCompleted(correlation_id=id_, status=status, timestamp=end)]


async def study(files: Sequence[Path]) -> None:
    told = [(f"{file.stem}-{run.task}", file.stem, run) for file in files for run in runs_in(file)]
    random.Random(SEED).shuffle(told)
    began = datetime.now(UTC) - timedelta(hours=6)
    with tempfile.TemporaryDirectory() as folder:
        async with Graph.open(Settings(graph_url=f"embedded:{folder}/graph")) as graph:
            await schema.prepare(graph)
            reads = PromptReads(graph)
            search = PromptSearch(reads, OfflineModel())
            learning = learner(graph, closest=Matching(search, reads))
            tasks: dict[str, str] = {}
            for begin in range(0, len(told), SLICE):
                some = told[begin : begin + SLICE]
                for number, (task, project, run) in enumerate(some):
                    events = events_of(run, project, began + timedelta(seconds=begin + number))
                    await TraceWrites(graph).record(events, received_at=events[0].timestamp or began)
                    tasks[events[0].correlation_id] = task
                await learn(learning, [f"{project}-{run.id}" for _, project, run in some])
            past, pairs = await Weighing(PastReads(graph), search, SEED_WEIGHTS).pairs()
    by_task = [pair._replace(session=tasks[pair.trace]) for pair in pairs]
    found = weigh(by_task, SEED_WEIGHTS)
    patterns = {one.pattern_id for one in past if one.pattern_id}
    print(f"{len(told)} runs of {len(set(tasks.values()))} tasks, {len(past)} learned from, {len(patterns)} patterns")
    print(found.model_dump_json(indent=2))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="runs in the format of tau-bench's historical trajectories")
    asyncio.run(study(parser.parse_args().runs))
