"""What learning makes of real runs that no one here wrote: a study by held-out runs.

    PYTHONPATH=tests python -m bench.learning.study gpt-4o-airline.json [--others retail-few-shot.jsonl] [--whole] [--folds 5]

The data are not part of this repository; their format, where they are published and under which licence says
``trajectories.py``. What is done, for each of five folds:

- Tasks are dealt out to the folds by a fixed seed. The tasks of the fold are *unseen*: no run of theirs is learned from. Of all
  other tasks one attempt (another one in each fold) is held out, and *seen*: the others are learned from. So no run is both, and
  runs are held out whole. Where a held-out prompt is word for word one of those that were learned from (case and punctuation
  aside), it is *verbatim*; the tables tell such runs apart, or leave them out.
- A service of its own begins with an empty graph. What is learned from goes to it as any program's traces do: by the recorder,
  in the order of tasks and attempts. A trace succeeded if the benchmark's reward is 1. The files tell no times: instants keep the
  order and nothing else, and nothing here is of durations of runs.
- Then the service is asked by GraphQL for what fits each held-out prompt, with the default settings.
- Then held-out runs are told one by one, and how long it takes until each has taught is measured.

A match is *right by task* if a run of the same task taught the pattern, and *right by work* if most runs that taught it are of
tasks whose right runs make the same changes (the same calls but for those that only look). Chance is what a pattern drawn with
the number of its runs as weight would come to. Intervals are at 95 %, by drawing tasks, not runs, again (2,000 times, seed 7).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bench.learning.held_out import Asked, Candidate, report
from bench.learning.trajectories import Run, others_in, plainly, runs_in
from loopgraph.clients.recorder import Recorder
from support.service import operation

SEED = 15
PROJECT = "airline"
PATIENCE_S = 7_200.0
"""So long it is waited at most."""
_STEPS = """
query Steps($patternId: ID!) { learnedPattern(patternId: $patternId) { plan { steps { name } } } }
"""
_TAUGHT = """
query Taught($patternId: ID!, $after: String) {
  learnedPattern(patternId: $patternId) {
    learnedFrom(first: 500, after: $after) { edges { node { correlationId } } pageInfo { hasNextPage endCursor } }
  }
}
"""


@dataclass
class Client:
    """A service that is asked over HTTP."""

    http: httpx.AsyncClient
    took_ms: list[float] = field(default_factory=list)
    last_ms: float = 0.0

    async def ask(self, document: str, **variables: Any) -> Any:
        """What the one field of a document answers; it is asked again while the graph is too slow for the service's patience."""
        while True:
            began = time.perf_counter()
            answer = (await self.http.post("/graphql", json={"query": document, "variables": variables})).json()
            self.last_ms = (time.perf_counter() - began) * 1000
            codes = {error.get("extensions", {}).get("code") for error in answer.get("errors", ())}
            if not codes or codes - {"GRAPH_UNAVAILABLE", "OPERATION_TIMEOUT"}:
                break
            await asyncio.sleep(1)
        if codes:
            raise RuntimeError(answer["errors"])
        (value,) = answer["data"].values()
        return value

    async def taught(self, *, settled: bool = False) -> int:
        """How many traces have taught so far, or wait for the first success of their kind; with ``settled``, -1 as long as there
        are others to be looked at again."""
        health = await self.ask(operation("learning_health"))
        if settled and health["backlog"]:
            return -1
        return int(health["successes"] + health["failures"] + health["waiting"])

    async def patterns(self) -> dict[str, dict[str, Any]]:
        """The learned patterns by id, each with the ``steps`` of its plan, those that are ``handed`` out, and the runs that
        ``taught`` it."""
        found, after = {}, None
        while True:
            page = await self.ask(operation("learning_patterns"), first=100, after=after)
            for edge in page["edges"]:
                id_ = edge["node"]["patternId"]
                found[id_] = {
                    **edge["node"],
                    "steps": _names((await self.ask(_STEPS, patternId=id_))["plan"]),
                    "handed": _names(await self.ask(operation("learning_replay_plan"), patternId=id_)),
                    "taught": await self._taught_by(id_),
                }
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    async def _taught_by(self, pattern_id: str) -> list[str]:
        ids, after = [], None
        while True:
            page = (await self.ask(_TAUGHT, patternId=pattern_id, after=after))["learnedFrom"]
            ids += [edge["node"]["correlationId"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return ids
            after = page["pageInfo"]["endCursor"]

    async def match(self, prompt: str) -> tuple[list[Candidate], list[Candidate]]:
        """What is a match of a prompt as the service answers by default, and all that are candidates, whatever their score."""
        context = {"project": PROJECT}
        matched = await self.ask(operation("learning_match_patterns"), request=prompt, context=context)
        self.took_ms.append(self.last_ms)
        assert (matched["semantic"], matched["complete"]) == (True, True), matched
        every = await self.ask(
            operation("learning_match_patterns"), request=prompt, context=context, minConfidence=0.0, maxResults=25
        )
        return _candidates(matched), _candidates(every)


def _names(plan: dict[str, Any] | None) -> list[str]:
    return [step["name"] for step in plan["steps"]] if plan else []


def _candidates(answer: dict[str, Any]) -> list[Candidate]:
    return [
        Candidate(one["patternId"], one["score"]["total"], one["successRate"], one["expectedSuccess"])
        for one in answer["matches"]
    ]


@asynccontextmanager
async def service() -> AsyncIterator[tuple[str, Client]]:
    """A service with an empty graph, in a process of its own: its address, and a client of it."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {
            **os.environ, "LOOPGRAPH_GRAPH_URL": f"embedded:{folder}/graph", "LOOPGRAPH_LOG_LEVEL": "error"
        }  # fmt: skip
        command = [str(Path(sys.executable).parent / "loopgraph"), "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: ASYNC220
        url = f"http://127.0.0.1:{port}"
        try:
            async with httpx.AsyncClient(base_url=url, timeout=300, trust_env=False) as http:
                until = time.monotonic() + PATIENCE_S
                while not await _is_ready(http):
                    if process.poll() is not None or time.monotonic() > until:
                        raise RuntimeError("the service did not start")
                    await asyncio.sleep(0.2)
                yield url, Client(http)
        finally:
            process.terminate()
            process.wait(60)


async def _is_ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx.HTTPError:
        return False


def tell(recorder: Recorder, run: Run, at: datetime) -> None:
    """Records a run as a trace: its prompt, its calls as steps, whether it succeeded. Instants keep the order."""
    instants = (at + timedelta(milliseconds=number) for number in range(len(run.calls) + 2))
    recorder.start_trace(
        correlation_id=run.id, session_id=f"session-of-{run.id}", prompt_text=run.prompt, project=PROJECT,
        timestamp=next(instants),
    )  # fmt: skip
    for place, call in enumerate(run.calls):
        recorder.record_hook(
            "ToolUse", correlation_id=run.id, execution_id=f"{run.id}-{place}", tool_name=call.name,
            tool_input=dict(call.given), success=call.succeeded, started_at=next(instants),
        )  # fmt: skip
    recorder.complete_trace(correlation_id=run.id, success=run.succeeded, timestamp=next(instants))


async def learn(client: Client, recorder: Recorder, runs: Sequence[Run], at: datetime) -> None:
    """Tells runs, and waits until each has taught, or waits for the first success of its kind."""
    for number, run in enumerate(runs):
        tell(recorder, run, at + timedelta(seconds=number))
    assert await recorder.flush(PATIENCE_S)
    until = time.monotonic() + PATIENCE_S
    while (count := await client.taught(settled=True)) < len(runs):
        if time.monotonic() > until:
            raise RuntimeError(f"only {count} of {len(runs)} runs have taught")
        await asyncio.sleep(0.2)


async def delays(client: Client, recorder: Recorder, runs: Sequence[Run]) -> list[float]:
    """Seconds from the moment at which the service has a run until that run has taught, one run after another."""
    found = []
    for run in runs:
        before = await client.taught()
        tell(recorder, run, datetime.now(UTC))
        assert await recorder.flush(PATIENCE_S)
        began = time.perf_counter()
        while await client.taught() == before:  # noqa: ASYNC110 - the service is elsewhere
            await asyncio.sleep(0.05)
        found.append(time.perf_counter() - began)
    return found


async def fold(number: int, folds: int, runs: Sequence[Run], others: Sequence[str], told: int) -> dict[str, Any]:
    """One fold: what was asked with what came of it, and how long things took."""
    tasks = sorted({run.task for run in runs})
    random.Random(SEED).shuffle(tasks)
    unseen = set(tasks[number::folds])
    trials = sorted({run.trial for run in runs})
    out = trials[number % len(trials)]
    train = [run for run in runs if run.task not in unseen and run.trial != out]
    held = [run for run in runs if run.task in unseen or run.trial == out]
    by_id, known = {run.id: run for run in runs}, {plainly(run.prompt) for run in train}
    async with service() as (url, client), Recorder(url, capacity=100_000) as recorder:
        await learn(client, recorder, train, datetime.now(UTC) - timedelta(hours=2))
        patterns = await client.patterns()
        taught = {id_: [by_id[one] for one in pattern["taught"]] for id_, pattern in patterns.items()}
        steps = {id_: pattern["steps"] for id_, pattern in patterns.items()}
        await client.match("hello")  # the model is loaded by now
        client.took_ms.clear()
        asked = [
            Asked(run, run.prompt, *(await client.match(run.prompt)), train, taught, steps,
                  is_seen=run.task not in unseen, is_verbatim=plainly(run.prompt) in known)
            for run in held
        ]  # fmt: skip
        asked += [
            Asked(None, text, *(await client.match(text)), train, taught, steps) for text in others[number::folds]
        ]
        took = list(client.took_ms)
        waited = await delays(client, recorder, held[:told])
    active = sum(pattern["standing"] == "ACTIVE" for pattern in patterns.values())
    sizes = sorted((len(ids) for ids in taught.values()), reverse=True)
    print(f"fold {number + 1}: {len(train)} runs taught {len(patterns)} patterns ({active} matched), of {sizes} runs",
          file=sys.stderr, flush=True)  # fmt: skip
    return {"asked": asked, "took_ms": took, "delays_s": waited, "patterns": patterns, "active": active}


async def study(given: argparse.Namespace) -> None:
    runs = runs_in(given.runs, whole=given.whole)
    others = others_in(given.others) if given.others else []
    folds: list[dict[str, Any]] = []
    asked: list[Asked] = []
    for number in range(given.folds):
        folds.append(await fold(number, given.folds, runs, others, given.told))
        asked += folds[-1]["asked"]
        last = number == given.folds - 1
        print(report(runs, asked, folds), file=sys.stdout if last else sys.stderr, flush=True)
    if given.json:
        lines = [json.dumps(one.plain()) for one in asked]
        given.json.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="runs in the format of tau-bench's historical trajectories")
    parser.add_argument("--others", type=Path, help="requests from another field of work, which nothing should fit")
    parser.add_argument(
        "--whole", action="store_true", help="prompts are all messages of the person, not the first one"
    )
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--told", type=int, default=8, help="so many held-out runs of a fold are told one by one")
    parser.add_argument("--json", type=Path, help="also write each question with its matches there, a line each")
    asyncio.run(study(parser.parse_args()))
