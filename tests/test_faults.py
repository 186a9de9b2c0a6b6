"""The fault matrix: every kind of failure of driver and engine, at every consumer.

The whole service runs on the embedded engine; failures that it cannot be made to have are put in where the driver commits.
``tests/test_outages.py`` has those that a real engine can be made to have.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest

from conftest import settings_for
from loopgraph.api.services import Services
from loopgraph.building import build_recorder
from loopgraph.contracts.loop.feedback import FeedbackRun
from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.errors import judge
from loopgraph.effects.graph.group_commit import LARGEST
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.traces.dead_letters import DeadLetters
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import Blame, ServiceError, Unprocessable
from loopgraph.orchestrators.archive.housekeeping import Housekeeping
from loopgraph.orchestrators.loop.worker import TRIES
from loopgraph.orchestrators.recording.recorder import Recorder
from support.engines import EngineUnderTest
from support.engines.processes import free_port
from support.faults import Faults, each, put_into
from support.feedback import TESTER, make_subject
from support.otlp import logs, protobuf
from support.service import Service, serving
from support.traces import statement
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

EXPORT = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

EVERY, THE_EVENTS, THE_GRAPHS = each(*Blame), each(Blame.EVENT), each(Blame.GRAPH)


@dataclass(frozen=True)
class Bench:
    """A running service whose graph can be made to fail."""

    service: Service
    faults: Faults
    letters: DeadLetters

    @property
    def parts(self) -> Services:
        return self.service.parts

    def recorder(self) -> Recorder:
        """A recorder that has stored nothing yet."""
        return build_recorder(self.parts.settings, self.parts.graph, self.letters)

    async def hooks(self, trace: str) -> set[str]:
        parts = await self.parts.traces.parts([trace], None)
        return {hook.execution_id for hook in parts[trace].hooks} if trace in parts else set()

    async def has_failed_twice(self) -> bool:
        return self.faults.attempts >= 2

    def buried(self) -> list[str]:
        lines = self.letters.path.read_text().splitlines() if self.letters.path.exists() else []
        return [json.loads(line)["event"]["execution_id"] for line in lines]


@pytest.fixture(scope="module")
async def bench(embedded_engine: EngineUnderTest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    folder = tmp_path_factory.mktemp("dead")
    changes = {"loop_poll_ms": 3_600_000, "dead_letter_folder": folder, "otlp_grpc_port": free_port()}
    patch = pytest.MonkeyPatch()
    patch.setattr("loopgraph.effects.graph.client.RETRY_S", 0.01)
    patch.setattr("loopgraph.effects.graph.client._RACES", 2)
    patch.setattr("loopgraph.orchestrators.recording.recorder._FIRST_PAUSE_S", 0.01)
    async with serving(settings_for(embedded_engine).model_copy(update=changes)) as service:
        yield Bench(service, put_into(service.parts.graph), DeadLetters(folder))
    patch.undo()


@pytest.fixture(autouse=True)
def nothing_is_put_aside_unless_a_test_says_so(bench: Bench, request: pytest.FixtureRequest) -> Iterator[None]:
    bench.letters.path.unlink(missing_ok=True)
    yield
    if "poison" not in request.node.name:
        assert bench.buried() == []


def hook(trace: str, name: str | None = None, **more: Any) -> HookExecuted:
    return HookExecuted(correlation_id=trace, execution_id=name or new_id(), hook_type="T", success=True, **more)


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await check():  # noqa: ASYNC110 - what is waited for is in the graph
            await asyncio.sleep(0.02)


@EVERY
async def test_recorder_those_who_wait_are_told_to_come_again(bench: Bench, error: BaseException) -> None:
    recorder, trace = bench.recorder(), new_id()
    events = [hook(trace) for _ in range(40)]
    with bench.faults.failing(error):
        told = await asyncio.gather(
            recorder.record(events), recorder.record([hook(trace)]), recorder.record(events[:2]), return_exceptions=True
        )
    assert all(isinstance(each, ServiceError) and each.blame is Blame.GRAPH for each in told), told
    assert await bench.hooks(trace) == set()
    assert all(isinstance(outcome, Recorded) for outcome in await recorder.record(events))


@EVERY
async def test_recorder_what_is_queued_stays_and_is_recorded_when_the_graph_can(
    bench: Bench, error: BaseException
) -> None:
    recorder, trace = bench.recorder(), new_id()
    events = [hook(trace) for _ in range(3)]
    with bench.faults.failing(error):
        await recorder.record(events, wait=False)
        await recorder.record([hook(trace, events[0].execution_id)], wait=False)
        await eventually(bench.has_failed_twice)

    async def there() -> bool:
        return await bench.hooks(trace) == {event.execution_id for event in events}

    await eventually(there)
    await recorder.close(5)


@THE_EVENTS
async def test_recorder_poison_is_put_aside_and_everything_else_is_recorded(bench: Bench, error: BaseException) -> None:
    recorder, trace = bench.recorder(), new_id()
    names = [f"{trace}-{n}" for n in range(20)]
    names[7] = names[19] = f"poison-{trace}"
    names[19] += "-last"
    with bench.faults.failing(error, lambda sent: f"poison-{trace}" in repr(sent)):
        outcomes = await recorder.record([hook(trace, name) for name in names])
        [alone] = await recorder.record([hook(trace, f"poison-{trace}-alone")])
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Unprocessable)] == [7, 19]
    assert isinstance(alone, Unprocessable)
    assert str(alone).endswith("it was put aside")
    assert await bench.hooks(trace) == {name for name in names if "poison" not in name}
    assert sorted(bench.buried()) == sorted([names[7], names[19], f"poison-{trace}-alone"])


@THE_GRAPHS
async def test_recorder_what_blames_the_graph_is_never_held_against_an_event(
    bench: Bench, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails for one event only, time after time, while others are stored: that one waits behind the others."""
    recorder, trace = bench.recorder(), new_id()
    odd = f"odd-{trace}"
    events = [hook(trace, odd), *(hook(trace) for _ in range(5))]
    sound = {event.execution_id for event in events} - {odd}
    with bench.faults.failing(error, lambda sent: odd in repr(sent)):
        with monkeypatch.context() as impatient:
            impatient.setattr("loopgraph.orchestrators.recording.recorder.PATIENCE_S", 0.1)
            with pytest.raises(ServiceError):
                await recorder.record([hook(trace, odd)])
        await recorder.record(events, wait=False)

        async def others() -> bool:
            return await bench.hooks(trace) == sound

        await eventually(others)
        assert all(isinstance(outcome, Recorded) for outcome in await recorder.record([hook(f"{trace}-more")]))

    async def there() -> bool:
        return odd in await bench.hooks(trace)

    await eventually(there)


@EVERY
async def test_shared_commits_fail_together(bench: Bench, error: BaseException) -> None:
    graph, ran = bench.parts.graph, 0

    async def work(tx: Transaction) -> None:
        nonlocal ran
        ran += 1

    with bench.faults.failing(error):
        told = await asyncio.gather(*(graph.transaction(work) for _ in range(2 * LARGEST)), return_exceptions=True)
        attempts = bench.faults.attempts
    assert all(isinstance(each, ServiceError) for each in told)
    if judge(error).makes.blame is Blame.GRAPH:
        assert {type(each) for each in told} == {judge(error).makes}
        assert attempts <= 6, "nobody waits for a failure of his own"


@EVERY
async def test_loop_worker_no_run_ends_for_it(bench: Bench, error: BaseException, open_run: FeedbackRun) -> None:
    worker = bench.parts.worker
    for writes_only in (True, False):
        with bench.faults.failing(error, writes_only=writes_only), contextlib.suppress(ServiceError):
            for _ in range(TRIES + 1):
                await worker.look()
    assert (await bench.parts.feedback.run(open_run.run_id)).status.open


@pytest.fixture
async def open_run(bench: Bench) -> AsyncIterator[FeedbackRun]:
    """A run that a look has something to write for."""
    subject = await make_subject(bench.parts.graph)
    await subject.propose()
    run = await subject.start()
    yield run
    await subject.loop.cancel(run.run_id, TESTER)


@EVERY
async def test_housekeeping_goes_on_with_the_rest_and_later(
    bench: Bench, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopgraph.orchestrators.archive.housekeeping._EVERY_S", 0.02)
    graph, trace, begun = bench.parts.graph, new_id(), now() - timedelta(days=9_000)
    await TraceWrites(graph).record([TraceStarted(correlation_id=trace, timestamp=begun)], received_at=begun)
    day = timedelta(days=1)
    keeper = Housekeeping(graph, timeout=8_999 * day, retention=None, archive=tmp_path, prune_every=day)
    with bench.faults.failing(error):
        task = asyncio.create_task(keeper.run_forever())
        await eventually(bench.has_failed_twice)
        assert not task.done()

    async def closed() -> bool:
        try:
            [row] = await statement(graph, "MATCH (t:Trace {correlation_id: $id}) RETURN t.closed_by AS by", id=trace)
        except ServiceError:  # it waited behind the last transaction that failed
            return False
        return bool(row["by"] == "timeout")

    await eventually(closed)
    task.cancel()


@EVERY
async def test_http_doors_answer_503_and_when_to_come_again(bench: Bench, error: BaseException) -> None:
    http, trace = bench.service.http, new_id()
    event = {"kind": "hook", "correlation_id": trace, "execution_id": new_id(), "hook_type": "T", "success": True}
    claude = {"hook_event_name": "PostToolUse", "session_id": trace, "tool_name": "Bash", "tool_use_id": uuid4().hex}
    line = logs({"body": {"stringValue": "x"}, "timeUnixNano": "1772366400000000000"})
    bodies = {
        "/api/traces/hook": event,
        "/api/traces/batch": [event],
        "/api/hooks/claude-code": claude,
        "/v1/logs": line,
    }
    with bench.faults.failing(error):
        answers = {path: await http.post(path, json=body) for path, body in bodies.items()}
        ready = await http.get("/readyz")
    for path, answer in answers.items():
        assert answer.status_code == 503, (path, answer.text)
        assert int(answer.headers["retry-after"]) >= 1
    assert (ready.status_code, "retry-after" in ready.headers) == (503, True), ready.text
    for path, body in bodies.items():
        assert (await http.post(path, json=body)).status_code == 200
    assert (await http.get("/readyz")).status_code == 200


@EVERY
async def test_otlp_over_grpc_is_unavailable(bench: Bench, error: BaseException) -> None:
    body = protobuf("/v1/logs", logs({"body": {"stringValue": "x"}, "timeUnixNano": "1772366400000000000"}))
    address = f"127.0.0.1:{bench.parts.settings.otlp_grpc_port}"
    async with grpc.aio.insecure_channel(address) as channel:
        with bench.faults.failing(error), pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary(EXPORT)(body, timeout=PATIENCE_S)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        await channel.unary_unary(EXPORT)(body, timeout=PATIENCE_S)


@EVERY
async def test_graphql_says_what_is_wrong_and_masks_nothing(bench: Bench, error: BaseException) -> None:
    documents = {
        True: 'mutation { createPattern(input: {name: "n"}) { __typename } }',
        False: '{ pattern(patternId: "none") { name } }',
    }
    for writes_only, document in documents.items():
        with bench.faults.failing(error, writes_only=writes_only):
            [told] = await bench.service.errors(document)
        assert told["extensions"]["code"] == judge(error).makes.code
        assert ("retryAfterS" in told["extensions"]) == (judge(error).makes.blame is Blame.GRAPH)
