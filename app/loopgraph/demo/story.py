"""The steps of the demo: everyday work on one side, the improvement loop on the other, and only the public API between."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

from loopgraph.demo import documents
from loopgraph.demo.client import Client, Json
from loopgraph.demo.tasks import Execution, Task, begin, finish, run_all
from loopgraph.demo.workloads import WORKLOADS, Workload
from loopgraph.errors import ServiceError

ORDINARY_RUNS = 10
"""Runs of version 1 before anybody proposes anything: what the loop collects and analyses."""

ROUND = 20
"""Most tasks of one workload between two reports, so that all workloads and arms share the good and the bad moments."""

LOOP_TIMEOUT_S = 300.0
"""How long the loop may take to start an experiment, and to decide it once it has its samples. It takes about a second; on a
machine with much other work some requests may have to be sent again before."""

LATER_ROUND = 12
"""Tasks of a kind that has changed between two looks at what came of it."""

LATER_RUNS = 10 * LATER_ROUND
"""So many at most. A regression like the one that is shown is found in the first twelve."""

WATCH_POLL_S = 0.1

ACTOR = {"type": "AGENT", "id": "loopgraph-demo"}


@dataclass(eq=False)
class Case:
    """A workload, the pattern that it became, and how far its improvement is. Each task is a unit of its own.

    ``reported`` counts the units of each arm, ``run`` is the feedback run as last seen, ``watch`` the watch on the version that
    was applied, ``result`` what came of it all.
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
    watch: Json = field(default_factory=dict)
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
        """Status of the improvement: APPLIED, REJECTED, ROLLED_BACK, VALIDATED (it waits for review), or not decided."""
        return str(self.result["improvement"]["status"])


class Audience(Protocol):
    """Whoever watches."""

    def begins(self, what: str) -> None:
        """A step begins, which may take long."""

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
        self.cases = [Case(workload, f"{demo_id}-{workload.name}", runs_per_arm) for workload in WORKLOADS]
        self.timings: dict[str, float] = {}

    async def tell(self) -> None:
        """Goes through all steps. Raises ServiceError where the service does not do its part."""
        steps = {
            "patterns": (self._create_patterns, "patterns are created"),
            "ordinary_work": (self._work_as_ever, "ordinary tasks are run and recorded"),
            "proposals": (self._propose_improvements, "other ways are proposed"),
            "experiments": (self._experiment, "the experiments go on"),
            "later_work": (self._work_later, "changed tasks are run with what was applied, and watched"),
            "results": (self._fetch_results, "the results are fetched"),
        }
        for name, (step, what) in steps.items():
            self._audience.begins(what)
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
            nodeId=f"{case.pattern_id}-v1",
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
            improvementId=f"{case.pattern_id}-other-way",
            templateCode=candidate.source,
            description=candidate.change_summary,
            improvementType="PERFORMANCE",
        )
        case.improvement_id = proposed["improvement"]["improvementId"]
        started = await self._client.mutate(
            documents.START_FEEDBACK_LOOP,
            actor=ACTOR,
            patternId=case.pattern_id,
            runId=f"{case.pattern_id}-run",
            feedbackType="PERFORMANCE",
            timeWindowDays=1,
            minSampleSize=case.runs_per_arm,
            design={"horizon": "FIXED"},  # how many tasks are run was fixed before, so one look says most
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
            await _all(self._until_waiting(case, updates[case]) for case in self.cases)
            while unfinished := [case for case in self.cases if case.missing]:
                await self._fill_arms(unfinished)
            await _all(self._until_ended(case, updates[case]) for case in self.cases)
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

    async def _work_later(self) -> None:
        """What was applied is used, on work that has changed, until the service has seen enough of it; then a little more."""
        changed = [case for case in self.cases if case.workload.later_input and case.run.get("improvementsApplied")]
        for case in changed:
            await self._watched(case, units=0)
            while case.watch["status"] == "WATCHING" and case.watch["units"] < LATER_RUNS:
                await self._work({case: LATER_ROUND}, later=True)
                await self._watched(case, units=case.watch["units"] + LATER_ROUND)
            self._audience.done(
                f"{case.watch['units']} more tasks of {case.workload.name}, which have changed since, with what was applied"
            )
            version = await self._work_with_what_is_in_use(case)
            self._audience.done(f"{LATER_ROUND} more of the changed tasks, with v{version}, which is in use then")

    async def _work_with_what_is_in_use(self, case: Case) -> int:
        executions = await self._work({case: LATER_ROUND}, later=True)
        return max(execution.task.version for execution in executions)

    async def _watched(self, case: Case, units: int) -> None:
        """Waits until the service watches what was applied, and the watch has seen so many units or has ended."""
        try:
            async with asyncio.timeout(LOOP_TIMEOUT_S):
                while True:
                    edges = (await self._client.query(documents.WATCH, patternId=case.pattern_id))["watches"]["edges"]
                    watch = edges[0]["node"] if edges else None
                    if watch and (watch["units"] >= units or watch["status"] != "WATCHING"):
                        case.watch = watch
                        return
                    await asyncio.sleep(WATCH_POLL_S)
        except TimeoutError as error:
            raise ServiceError(f"what was applied of {case.workload.name} is not watched") from error

    async def _work(self, wanted: Mapping[Case, int], *, later: bool = False) -> list[Execution]:
        """Runs so many new tasks of each. While they run nothing is sent or received, so that nothing disturbs the measurement.

        The workloads take turns, and which arm a task belongs to is random: a burst of other load hits all alike.
        """
        turns = (case for turn in range(max(wanted.values())) for case in wanted if turn < wanted[case])
        tasks = await asyncio.gather(*(self._begin(case, later=later) for case in turns))
        executions = run_all(tasks)
        await asyncio.gather(*(finish(self._client, execution) for execution in executions))
        return executions

    def _begin(self, case: Case, *, later: bool) -> Awaitable[Task]:
        case.tasks += 1
        unit = f"{case.pattern_id}-{case.tasks:04}"
        return begin(self._client, case.pattern_id, case.workload, unit, later=later)

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


async def _all(followed: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Waits for all. When one fails the others end before its error is raised: what they read can be closed then."""
    tasks = [asyncio.ensure_future(one) for one in followed]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
