"""The steps of the demo: everyday work on one side, the improvement loop on the other, and only the public API between."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import Protocol

from loopgraph.demo import documents
from loopgraph.demo.client import Client, Json
from loopgraph.demo.tasks import Execution, Task, begin, finish, run_all
from loopgraph.demo.workloads import WORKLOADS, Workload
from loopgraph.errors import ServiceError

ORDINARY_RUNS = 10
"""Runs of version 1 before anybody proposes anything: what the loop collects and analyses."""

ROUND = 20
"""Most tasks of one workload between two reports, so that all workloads and arms share the good and the bad moments."""

LOOP_TIMEOUT_S = 60.0
"""How long the loop may take to start an experiment, and to decide it once it has its samples. It takes about a second."""

ACTOR = {"type": "AGENT", "id": "loopgraph-demo"}


@dataclass(eq=False)
class Case:
    """A workload, the pattern that it became, and how far its improvement is. Each task is a unit of its own.

    ``reported`` counts the units of each arm, ``run`` is the feedback run as last seen, ``result`` what came of it all.
    """

    workload: Workload
    pattern_id: str
    runs_per_arm: int
    improvement_id: str = ""
    run_id: str = ""
    tasks: int = 0
    reported: Counter[str] = field(default_factory=Counter)
    over: bool = False
    run: Json = field(default_factory=dict)
    result: Json = field(default_factory=dict)

    @property
    def missing(self) -> int:
        """Units that the shorter arm still lacks."""
        shorter = min(self.reported["CONTROL"], self.reported["TREATMENT"])
        return 0 if self.over else max(0, self.runs_per_arm - shorter)

    @property
    def waiting(self) -> bool:
        """Whether the experiment waits for executions."""
        return self.run.get("status") == "WAITING"

    @property
    def ended(self) -> bool:
        """Whether the run has come to its end."""
        return self.run.get("status") in ("COMPLETED", "CANCELLED", "FAILED")

    @property
    def outcome(self) -> str:
        """Status of the improvement: APPLIED, REJECTED, VALIDATED (it waits for review), or not decided."""
        return str(self.result["improvement"]["status"])


class Audience(Protocol):
    """Whoever watches."""

    def done(self, sentence: str) -> None:
        """A step is done."""

    def watch(self, cases: Sequence[Case]) -> AbstractContextManager[None]:
        """The experiments of these cases go on for the length of the block."""

    def moved(self) -> None:
        """Some experiment has moved."""


class Story:
    """The demo against one running service. ``timings`` are the seconds that each step took."""

    def __init__(self, client: Client, audience: Audience, demo_id: str, runs_per_arm: int) -> None:
        self._client = client
        self._audience = audience
        self._demo_id = demo_id
        self.cases = [Case(workload, f"{demo_id}-{workload.name}", runs_per_arm) for workload in WORKLOADS]
        self.timings: dict[str, float] = {}

    async def tell(self) -> None:
        """Goes through all steps. Raises ServiceError where the service does not do its part."""
        steps = {
            "patterns": self._create_patterns,
            "ordinary_work": self._work_as_ever,
            "proposals": self._propose_improvements,
            "experiments": self._experiment,
            "results": self._fetch_results,
        }
        for name, step in steps.items():
            started = time.monotonic()
            await step()
            self.timings[name] = time.monotonic() - started

    async def _create_patterns(self) -> None:
        await asyncio.gather(*map(self._create_pattern, self.cases))
        self._audience.done(f"{len(self.cases)} patterns created; their version 1 is the source code of the way in use")

    async def _create_pattern(self, case: Case) -> None:
        workload = case.workload
        await self._client.mutate(
            documents.CREATE_PATTERN,
            actor=ACTOR,
            patternId=case.pattern_id,
            name=workload.name,
            description=workload.description,
            patternType="code",
            tags=["demo"],
            templateCode=workload.baseline.source,
            parameters=workload.parameters,
            changeSummary=workload.baseline.change_summary,
            activate=True,
        )

    async def _work_as_ever(self) -> None:
        executions = await self._work(dict.fromkeys(self.cases, ORDINARY_RUNS))
        self._audience.done(f"{len(executions)} ordinary tasks run, measured and recorded as traces")

    async def _propose_improvements(self) -> None:
        await asyncio.gather(*map(self._propose_improvement, self.cases))
        self._audience.done(f"{len(self.cases)} other ways proposed; the loop tests each in an experiment")

    async def _propose_improvement(self, case: Case) -> None:
        candidate = case.workload.candidate
        proposed = await self._client.mutate(
            documents.PROPOSE_IMPROVEMENT,
            actor=ACTOR,
            patternId=case.pattern_id,
            templateCode=candidate.source,
            description=candidate.change_summary,
            improvementType="PERFORMANCE",
        )
        case.improvement_id = proposed["improvement"]["improvementId"]
        started = await self._client.mutate(
            documents.START_FEEDBACK_LOOP,
            actor=ACTOR,
            patternId=case.pattern_id,
            feedbackType="PERFORMANCE",
            timeWindowDays=1,
            minSampleSize=case.runs_per_arm,
        )
        case.run_id = started["run"]["runId"]

    async def _experiment(self) -> None:
        async with AsyncExitStack() as stack:
            stack.enter_context(self._audience.watch(self.cases))
            updates = {
                case: await stack.enter_async_context(
                    aclosing(self._client.subscribe(documents.FOLLOW_RUN, id=case.run_id))
                )
                for case in self.cases
            }
            await asyncio.gather(*(self._until_waiting(case, updates[case]) for case in self.cases))
            while unfinished := [case for case in self.cases if case.missing]:
                await self._fill_arms(unfinished)
            await asyncio.gather(*(self._until_ended(case, updates[case]) for case in self.cases))
        tasks = sum(case.reported.total() for case in self.cases)
        self._audience.done(f"{tasks} tasks run in the version that they were assigned, measured and reported")

    async def _fill_arms(self, cases: Sequence[Case]) -> None:
        """One round. Arms fill at random: twice what the shorter one lacks is what fills it on average."""
        executions = await self._work({case: min(ROUND, 2 * case.missing + 2) for case in cases})
        by_pattern = {case.pattern_id: case for case in cases}
        for task in (execution.task for execution in executions):
            case = by_pattern[task.pattern_id]
            if task.arm is None:
                case.over = True
            else:
                case.reported[task.arm] += 1
        self._audience.moved()

    async def _work(self, wanted: Mapping[Case, int]) -> list[Execution]:
        """Runs so many new tasks of each. While they run nothing is sent or received, so that nothing disturbs the measurement.

        The workloads take turns, and which arm a task belongs to is random: a burst of other load hits all alike.
        """
        turns = (case for turn in range(max(wanted.values())) for case in wanted if turn < wanted[case])
        tasks = await asyncio.gather(*map(self._begin, turns))
        executions = run_all(tasks)
        await asyncio.gather(*(finish(self._client, execution) for execution in executions))
        return executions

    def _begin(self, case: Case) -> Awaitable[Task]:
        case.tasks += 1
        unit = f"{case.pattern_id}-{case.tasks:04}"
        return begin(self._client, self._demo_id, case.pattern_id, case.workload, unit)

    async def _until_waiting(self, case: Case, updates: AsyncIterator[Json]) -> None:
        await self._follow(case, updates, lambda: case.waiting or case.ended)
        case.over = case.ended

    async def _until_ended(self, case: Case, updates: AsyncIterator[Json]) -> None:
        await self._follow(case, updates, lambda: case.ended)

    async def _follow(self, case: Case, updates: AsyncIterator[Json], enough: Callable[[], bool]) -> None:
        """Takes the run's live updates until the condition holds."""
        try:
            async with asyncio.timeout(LOOP_TIMEOUT_S):
                while not enough():
                    case.run = (await anext(updates))["feedbackRun"]
                    self._audience.moved()
        except (TimeoutError, StopAsyncIteration) as error:
            state = f"{case.run.get('status')} at {case.run.get('stage')}: {case.run.get('message')}"
            raise ServiceError(f"the run {case.run_id} of {case.workload.name} stands still, {state}") from error

    async def _fetch_results(self) -> None:
        await asyncio.gather(*map(self._fetch_result, self.cases))

    async def _fetch_result(self, case: Case) -> None:
        case.result = await self._client.query(
            documents.RESULT, patternId=case.pattern_id, improvementId=case.improvement_id, runId=case.run_id
        )
        if case.run["status"] != "COMPLETED":
            raise ServiceError(
                f"the run {case.run_id} of {case.workload.name} is {case.run['status']}: {case.run['message']}"
            )
