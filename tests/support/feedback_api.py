"""The improvement loop as clients drive it: all by GraphQL, every execution recorded as a step of a trace."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from loopgraph.contracts.loop.feedback import Arm
from loopgraph.effects.clock import new_id
from support.feedback import unit_of
from support.service import Json, Service, nodes
from support.waiting import PATIENCE_S

CREATE_PATTERN = """
mutation($input: CreatePatternInput!) {
  createPattern(input: $input) { ... on VersionPayload { version { nodeId patternId } } }
}
"""

ENOUGH = 10
"""Units that an arm needs. Of 60 units an arm gets fewer in three of 10⁸ experiments."""

UNITS = 60


@dataclass(frozen=True)
class Client:
    """A client that works with one pattern, whose version 1 is in use."""

    service: Service
    pattern_id: str
    node_id: str

    async def propose(self, **fields: Any) -> Json:
        """The answer to a proposal of another template."""
        input_ = {"patternId": self.pattern_id, "templateCode": "print('better')", **fields}
        answer: Json = await self.service.execute("feedback_propose_improvement", input=input_)
        return answer

    async def candidate(self, **fields: Any) -> Json:
        """A registered improvement."""
        improvement: Json = (await self.propose(**fields))["improvement"]
        return improvement

    async def start(self, **fields: Any) -> Json:
        """The answer to the start of a run."""
        input_ = {"patternId": self.pattern_id, "minSampleSize": ENOUGH, **fields}
        answer: Json = await self.service.execute("feedback_start_loop", input=input_)
        return answer

    async def waiting(self, **fields: Any) -> str:
        """The id of a run that waits for executions."""
        run_id: str = (await self.start(**fields))["run"]["runId"]
        assert (await self.settled(run_id))["status"] == "WAITING"
        return run_id

    async def run(self, run_id: str) -> Json:
        """A run with all its figures."""
        run: Json = await self.service.execute("feedback_run", id=run_id)
        return run

    async def settled(self, run_id: str, *, until: Sequence[str] = ("WAITING", "COMPLETED", "FAILED")) -> Json:
        """The run as soon as it has one of these statuses."""
        async with asyncio.timeout(PATIENCE_S):
            while (run := await self.run(run_id))["status"] not in until:  # noqa: ASYNC110 - the service is elsewhere
                await asyncio.sleep(0.02)
        return run

    async def ended(self, run_id: str) -> Json:
        """The run as soon as it has ended by itself."""
        return await self.settled(run_id, until=("COMPLETED", "FAILED"))

    async def assigned(self, unit: str) -> Json:
        """What a unit of work is to run."""
        variant: Json = await self.service.execute("feedback_assign_variant", patternId=self.pattern_id, unit=unit)
        return variant

    async def record(self, node_id: str, duration_ms: float, **fields: Any) -> str:
        """The id of a recorded execution of a version, which took so long."""
        input_ = {"correlationId": f"{self.pattern_id}-work", "hookType": "PostToolUse", "nodeId": node_id}
        step = {"executionId": new_id(), "durationMs": duration_ms, "success": True, **fields}
        answer = await self.service.execute("traces_record_hook", input={**input_, **step})
        assert answer["__typename"] == "RecordPayload", answer
        return str(answer["executionId"])

    async def work(self, means: dict[str, float]) -> list[str]:
        """Runs what units of work are assigned to and records it; ``means`` are the durations by node id.

        Returns the ids of the executions that name an experiment: none do once it has been concluded.
        """

        async def one(unit: int) -> tuple[str, bool]:
            variant = await self.assigned(f"unit-{unit}")
            duration = random.Random(unit).gauss(means[variant["nodeId"]], 5.0)
            experiment_id = variant["experimentId"]
            named = {"experimentId": experiment_id, "unit": f"unit-{unit}"}
            return await self.record(variant["nodeId"], duration, **named), experiment_id is not None

        done = await asyncio.gather(*(one(unit) for unit in range(UNITS)))
        return [execution_id for execution_id, named in done if named]

    async def supply(self, run_id: str, means: dict[str, float]) -> None:
        """Records executions of as many units of each arm as the experiment of a run needs."""
        improvements = nodes((await self.run(run_id))["improvements"])
        tested = next(item for item in improvements if item["status"] == "TESTING")
        experiment_id = nodes(tested["experiments"])[-1]["experimentId"]
        arms = dict.fromkeys(means, Arm.CONTROL) | {tested["candidateNodeId"]: Arm.TREATMENT}
        work = [
            self.record(
                node_id,
                random.Random(number).gauss(mean, 5.0),
                experimentId=experiment_id,
                unit=unit_of(experiment_id, arms[node_id]),
            )
            for node_id, mean in means.items()
            for number in range(ENOUGH)
        ]
        await asyncio.gather(*work)

    async def current(self) -> str:
        """The node id of the version in use."""
        document = "query($id: ID!) { pattern(patternId: $id) { currentVersion { nodeId } } }"
        pattern = (await self.service.query(document, id=self.pattern_id))["pattern"]
        return str(pattern["currentVersion"]["nodeId"])


async def make_client(service: Service) -> Client:
    """A client of a new pattern, whose version 1 is in use."""
    created = await service.query(CREATE_PATTERN, input={"name": "greet", "templateCode": "print('good')"})
    version = created["createPattern"]["version"]
    return Client(service, version["patternId"], version["nodeId"])
