"""The recorder against a service that is slow, busy, strict, down, or back again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loopgraph.clients import Recorder, SyncRecorder
from loopgraph.clients.delivery import PATH, delay_s
from support.breaking import breaking
from support.quick import first_quick
from support.service import listening
from support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.slow

Json = dict[str, Any]


class Scripted:
    """A door for batches which takes everything, after it has given the answers it was told to give."""

    def __init__(self, *answers: Callable[[list[Json]], Response]) -> None:
        self.answers = list(answers)
        self.batches: list[list[Json]] = []
        self.arrivals: list[float] = []
        self.headers: list[dict[str, str]] = []

    async def door(self, request: Request) -> Response:
        events = [json.loads(line) for line in (await request.body()).splitlines()]
        self.batches.append(events)
        self.arrivals.append(time.monotonic())
        self.headers.append(dict(request.headers))
        return self.answers.pop(0)(events) if self.answers else results(events)

    @contextlib.asynccontextmanager
    async def at(self) -> AsyncIterator[str]:
        async with listening(Starlette(routes=[Route(PATH, self.door, methods=["POST"])])) as url:
            yield url


def results(events: list[Json], errors: dict[int, Json] | None = None) -> Response:
    """The answer of the service, with these items refused."""
    return JSONResponse(
        {
            "results": [
                {"index": index, "error": errors[index]}
                if errors and index in errors
                else {"index": index, "kind": event["kind"], "correlation_id": event["correlation_id"]}
                for index, event in enumerate(events)
            ]
        }
    )


def hook(recorder: Recorder, number: int) -> str:
    return recorder.record_hook(f"Step{number}", correlation_id="t", success=True)


async def test_events_arrive_in_order_in_batches_with_the_token() -> None:
    script = Scripted()
    async with script.at() as url, Recorder(url, token="secret", max_batch=50, linger_s=5) as recorder:
        ids = [hook(recorder, number) for number in range(120)]
        assert await recorder.flush(PATIENCE_S)
        assert recorder.stats.accepted == 120
    assert [event["execution_id"] for batch in script.batches for event in batch] == ids
    assert [len(batch) for batch in script.batches] == [50, 50, 20]
    assert {headers["authorization"] for headers in script.headers} == {"Bearer secret"}


async def test_what_is_emitted_before_and_at_the_end_of_the_block_is_sent_too() -> None:
    script = Scripted()
    async with script.at() as url:
        recorder = Recorder(url, linger_s=60)
        hook(recorder, 1)
        async with recorder:
            hook(recorder, 2)
    assert [event["hook_type"] for batch in script.batches for event in batch] == ["Step1", "Step2"]
    assert (recorder.stats.emitted, recorder.stats.accepted, recorder.stats.dropped) == (2, 2, 0)


async def test_a_service_that_is_busy_is_waited_for_and_gets_the_same_events_again() -> None:
    script = Scripted(
        lambda _: Response(status_code=429, headers={"retry-after": "1"}),
        lambda _: Response("not now", status_code=503),
    )
    async with script.at() as url, Recorder(url, linger_s=0) as recorder:
        hook(recorder, 1)
        hook(recorder, 2)
        assert await recorder.flush(PATIENCE_S)
    first, second, third = script.batches
    assert first == second == third
    assert script.arrivals[1] - script.arrivals[0] >= 1, "Retry-After is honoured"
    assert (recorder.stats.accepted, recorder.stats.retries, recorder.stats.rejected) == (2, 2, 0)


async def test_a_refused_event_does_not_take_the_others_with_it(caplog: pytest.LogCaptureFixture) -> None:
    refusal = {"code": "INVALID_INPUT", "field": "quality_score", "message": "must be at most 1"}
    script = Scripted(lambda events: results(events, {1: refusal}))
    with caplog.at_level(logging.WARNING, "loopgraph.clients"):
        async with script.at() as url, Recorder(url) as recorder:
            for number in range(3):
                hook(recorder, number)
            recorder.emit({"kind": "hook", "correlation_id": "t", "size": 2**70})
    assert (recorder.stats.emitted, recorder.stats.accepted, recorder.stats.rejected) == (4, 2, 2)
    assert len(script.batches) == 1
    assert len(caplog.records) == 1, "losses are told once in a while, not one by one"
    assert "events are lost (1 rejected" in caplog.text


async def test_a_batch_that_is_too_large_goes_in_halves() -> None:
    def strict(events: list[Json]) -> Response:
        return Response(status_code=413) if len(events) > 2 else results(events)

    script = Scripted(*[strict] * 7)
    async with script.at() as url, Recorder(url, linger_s=0.01) as recorder:
        for number in range(8):
            hook(recorder, number)
        assert await recorder.flush(PATIENCE_S)
        assert recorder.stats.accepted == 8
    assert sorted(event["hook_type"] for batch in script.batches if len(batch) <= 2 for event in batch) == [
        f"Step{number}" for number in range(8)
    ]


@pytest.mark.parametrize("status", first_quick([301, 401, 403, 404, 405], 2))
async def test_who_may_not_send_keeps_the_events_and_is_told_once(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The token or the address is wrong, and no event is: until that is mended they wait."""
    script = Scripted()
    script.answers = [lambda _: Response("who are you?", status_code=status)] * 10_000
    async with script.at() as url, Recorder(url, linger_s=0.01, capacity=30) as recorder:
        for number in range(20):
            hook(recorder, number)
        await until(lambda: len(script.batches) >= 6)
        more = [recorder.emit({"kind": "hook", "correlation_id": "t"}) for _ in range(60)]
        assert not all(more), "bounded as ever"
        assert recorder.stats.rejected == 0
        assert recorder.stats.last_error == f"HTTP {status}: who are you?" or "buffer" in str(recorder.stats.last_error)
        told = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert len(told) == 1
        assert f"takes no events from here (HTTP {status}" in told[0].getMessage()
        script.answers.clear()
        assert await recorder.flush(PATIENCE_S)
        assert recorder.stats.accepted == 20 + sum(more)
    assert "takes events again" in caplog.text


async def test_an_address_at_which_something_else_answers_loses_nothing_either() -> None:
    script = Scripted(*[lambda _: JSONResponse({"hello": "world"})] * 3)
    async with script.at() as url, Recorder(url, linger_s=0.01) as recorder:
        hook(recorder, 0)
        assert await recorder.flush(PATIENCE_S)
        assert (recorder.stats.accepted, recorder.stats.rejected, recorder.stats.retries) == (1, 0, 3)


@pytest.mark.parametrize("poison", first_quick([{0}, {299}, {17, 18, 200}]), ids=len)
async def test_events_with_which_the_service_is_always_busy_keep_no_other_waiting_and_are_kept(
    poison: set[int],
) -> None:
    script = Scripted()
    script.answers = [
        lambda events: Response("not now", status_code=503) if numbers(events) & poison else results(events)
    ] * 10_000
    async with script.at() as url, Recorder(url, linger_s=0.01, close_timeout_s=0.1) as recorder:
        for number in range(300):
            hook(recorder, number)
        await until(lambda: recorder.stats.accepted == 300 - len(poison))
        for number in range(300, 310):
            hook(recorder, number)
        await until(lambda: recorder.stats.accepted == 310 - len(poison))
        alone = [batch for batch in script.batches if len(batch) == 1 and numbers(batch) & poison]
        tried = len(alone)
        await until(lambda: len([batch for batch in script.batches if len(batch) == 1]) > tried)
        assert (recorder.stats.rejected, recorder.stats.dropped) == (0, 0), "they are tried again, and kept"
        poison = set()
        assert await recorder.flush(PATIENCE_S)
        assert (recorder.stats.accepted, recorder.stats.rejected) == (310, 0)


def numbers(events: list[Json]) -> set[int]:
    return {int(event["hook_type"].removeprefix("Step")) for event in events}


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (413, 1), (422, 3), (500, 3), (507, 3), (403, 3)])
@pytest.mark.parametrize("poison", first_quick([{0}, {299}, {17, 18, 19, 200}, set(range(0, 300, 10))]), ids=len)
async def test_events_that_the_service_does_not_take_are_found_and_rejected_and_the_rest_is_delivered(
    status: int, tries: int, poison: set[int], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopgraph.clients.outbox.delay_s", lambda failures: delay_s(failures) / 10)

    def strict(events: list[Json]) -> Response:
        return Response("no", status_code=status) if numbers(events) & poison else results(events)

    script = Scripted(*[strict] * 10_000)
    async with script.at() as url, Recorder(url, linger_s=0.01, close_timeout_s=0.1) as recorder:
        for number in range(300):
            hook(recorder, number)
        assert await recorder.flush(PATIENCE_S)
        stats = recorder.stats
        assert (stats.accepted, stats.rejected, stats.dropped) == (300 - len(poison), len(poison), 0)
        hook(recorder, 300)
        assert await recorder.flush(PATIENCE_S)
    alone = [numbers(batch) for batch in script.batches if len(batch) == 1 and numbers(batch) & poison]
    too_early = len(alone) - tries * len(poison)
    assert 0 <= too_early <= (status == 403), "bounded tries; what bars all may be the token, so that does not count"
    assert len(script.batches) <= len(poison) * (2 * 9 + tries) + 4
    assert f"HTTP {status}: no" in str(stats.last_error)
    assert "events are lost (" in caplog.text


async def test_an_event_at_which_the_connection_breaks_is_found_too() -> None:
    """As behind a proxy, or where the service's process dies of it: no answer at all."""

    def answer(body: bytes) -> bytes | None:
        events = [json.loads(line) for line in body.splitlines()]
        return None if 17 in numbers(events) else bytes(results(events).body)

    async with breaking(answer) as url, Recorder(url, linger_s=0.01, close_timeout_s=0.1) as recorder:
        for number in range(300):
            hook(recorder, number)
        assert await recorder.flush(PATIENCE_S)
    assert (recorder.stats.accepted, recorder.stats.rejected, recorder.stats.dropped) == (299, 1, 0)


async def test_an_event_at_which_the_service_fails_does_not_keep_new_ones_waiting() -> None:
    """Today's poison, alone at first: it is not rejected before another event has shown that the service is well."""
    door = [lambda events: Response(status_code=500) if 0 in numbers(events) else results(events)]
    script = Scripted(*door * 10_000)
    async with script.at() as url, Recorder(url, linger_s=0) as recorder:
        hook(recorder, 0)
        await until(lambda: len(script.batches) >= 3)
        assert not await recorder.flush(0.5)
        assert recorder.stats.rejected == 0
        before = len(script.batches)
        assert before < 12, "with a pause that grows"
        for number in range(1, 50):
            hook(recorder, number)
            await asyncio.sleep(0)
        assert await recorder.flush(PATIENCE_S)
        assert (recorder.stats.accepted, recorder.stats.rejected) == (49, 1)


@pytest.mark.exhaustive
async def test_a_service_that_fails_at_everything_is_not_asked_all_the_time_and_nothing_is_lost() -> None:
    script = Scripted()
    script.answers = [lambda _: Response(status_code=500)] * 10_000
    async with script.at() as url, Recorder(url, linger_s=0, close_timeout_s=30) as recorder:
        for number in range(400):
            hook(recorder, number)
        await until(lambda: len(script.batches) >= 24)
        assert not await recorder.flush(4)
        assert len(script.batches) < 60, "after a search it waits"
        assert recorder.stats.rejected == 0
        script.answers.clear()
        assert await recorder.flush(PATIENCE_S)
        assert (recorder.stats.accepted, recorder.stats.rejected, recorder.stats.dropped) == (400, 0, 0)


@pytest.mark.exhaustive
async def test_a_token_that_is_wrong_from_time_to_time_loses_nothing() -> None:
    right = True
    script = Scripted()
    script.answers = [lambda events: results(events) if right else Response(status_code=401)] * 10_000
    async with script.at() as url, Recorder(url, linger_s=0) as recorder:
        for number in range(4):
            right = False
            hook(recorder, number)
            asked = len(script.batches)
            await until(lambda asked=asked: len(script.batches) >= asked + 5)  # type: ignore[misc]
            right = True
            assert await recorder.flush(PATIENCE_S)
        assert (recorder.stats.accepted, recorder.stats.rejected, recorder.stats.dropped) == (4, 0, 0)


async def test_what_one_large_event_costs_does_not_depend_on_how_many_small_ones_it_is_with() -> None:
    def strict(events: list[Json]) -> Response:
        return Response(status_code=413) if len(json.dumps(events)) > 100_000 else results(events)

    script = Scripted(*[strict] * 100)
    async with script.at() as url, Recorder(url, linger_s=0.01) as recorder:
        for number in range(200):
            recorder.record_hook("Step1", correlation_id="t", success=True, error_type="x" * (90_000 * (number == 150)))
        assert await recorder.flush(PATIENCE_S)
        assert (recorder.stats.accepted, recorder.stats.rejected) == (200, 0)
    assert len(script.batches) <= 7, "parted by size"


async def test_flush_waits_for_events_in_doubt_too() -> None:
    failures = [lambda events: Response(status_code=500) if 0 in numbers(events) else results(events)] * 5
    script = Scripted(*failures)
    async with script.at() as url, Recorder(url, linger_s=0) as recorder:
        for number in range(4):
            hook(recorder, number)
        assert await recorder.flush(PATIENCE_S)
        assert recorder.stats.accepted + recorder.stats.rejected == 4


async def test_a_full_buffer_drops_and_counts_and_a_closed_one_does_not_wait_for_ever() -> None:
    recorder = Recorder("http://127.0.0.1:9", capacity=10, close_timeout_s=0.3)
    async with recorder:
        taken = [recorder.emit({"kind": "hook", "correlation_id": "t", "n": number}) for number in range(25)]
        assert taken == [True] * 10 + [False] * 15
        assert recorder.stats.dropped == 15
        await until(lambda: "ConnectError" in str(recorder.stats.last_error))
        began = time.monotonic()
    assert time.monotonic() - began < PATIENCE_S / 2
    assert (recorder.stats.emitted, recorder.stats.dropped, recorder.stats.accepted) == (25, 25, 0)
    assert "ConnectError" in str(recorder.stats.last_error)


async def test_a_buffer_is_bounded_by_bytes_too() -> None:
    recorder = Recorder("http://127.0.0.1:9", capacity_bytes=1_000)
    assert recorder.emit({"text": "x" * 900})
    assert not recorder.emit({"text": "x" * 900})
    assert recorder.emit({"n": 1})


async def test_an_event_is_taken_as_it_is_when_it_is_emitted() -> None:
    script, event = Scripted(), {"kind": "hook", "correlation_id": "t", "context": {"n": 1}}
    async with script.at() as url, Recorder(url) as recorder:
        recorder.emit(event)
        event["context"] = {"n": 2}
        recorder.emit({**event, "context": {"path": object, "when": {1, 2}}})
    first, second = script.batches[0]
    assert first["context"] == {"n": 1}
    assert second["context"] == {"path": "<class 'object'>", "when": "{1, 2}"}


async def test_many_threads_can_record_at_once() -> None:
    script = Scripted()
    async with script.at() as url, Recorder(url) as recorder:
        threads = [threading.Thread(target=lambda: [hook(recorder, number) for number in range(200)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
        assert await recorder.flush(PATIENCE_S)
    ids = [event["execution_id"] for batch in script.batches for event in batch]
    assert len(ids) == len(set(ids)) == recorder.stats.accepted == 1600


async def test_a_program_without_a_loop_records_by_a_thread() -> None:
    script = Scripted()

    def program(url: str) -> int:
        with SyncRecorder(url, linger_s=60) as recorder:
            with recorder.trace(prompt_text="sort"), recorder.step("Plan"):
                pass
            assert recorder.flush(PATIENCE_S)
            recorder.record_hook("Late", correlation_id="t", success=True)
        return recorder.stats.accepted

    async with script.at() as url:
        assert await asyncio.to_thread(program, url) == 4
    assert [event["kind"] for batch in script.batches for event in batch] == ["start", "hook", "complete", "hook"]
