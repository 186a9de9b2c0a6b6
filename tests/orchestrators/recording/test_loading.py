"""What is loaded in bulk is what any other door would have made of it, bucket for bucket, however often it is cut off."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from bench.analytics import generate
from loopgraph.api.http.recorded_lines import recordable_of
from loopgraph.api.services import Services
from loopgraph.building import build_services
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.traces.loading import Line, Loaded, Refusal
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.effects.traces.lines import lines_of
from loopgraph.effects.usage.rounds import Rounds
from loopgraph.errors import UserError
from loopgraph.orchestrators.analytics.rebuilding import Rebuilding
from loopgraph.orchestrators.recording.loading import Loading
from loopgraph.settings import Settings
from support.own_engine import OwnEngine, own_embedded
from support.traces import statement

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
EXECUTIONS = 250


@pytest.fixture(scope="module")
def own_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    """An engine with a database for each way of loading, because all of the buckets are compared."""
    with own_embedded(tmp_path_factory.mktemp("engine") / "graph") as engine:
        yield engine


@asynccontextmanager
async def services_on(settings: Settings) -> AsyncIterator[Services]:
    """The parts of a service on an empty database, with the patterns that the events are of."""
    async with Graph.open(settings) as graph:
        await schema.prepare(graph)
        services = build_services(settings, graph)
        used = {event["node_id"] for event in EVENTS if "node_id" in event}

        async def make(pattern: generate.Pattern) -> None:
            if versions := [version for version in pattern.versions if version.node_id in used]:
                new = NewPattern(pattern_id=pattern.pattern_id, name=pattern.name, pattern_type=pattern.pattern_type)
                first, *rest = (NewVersion(node_id=version.node_id) for version in versions)
                await services.lineage.create_pattern(new, first, Origin())
                for version in rest:
                    await services.lineage.add_version(pattern.pattern_id, version, Origin())

        await asyncio.gather(*map(make, generate.patterns()))
        yield services


EVENTS = list(generate.events(EXECUTIONS, BEGIN))


def text(events: Sequence[Any]) -> bytes:
    return b"".join(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events)


def lines(data: bytes) -> Iterator[Line]:
    return lines_of(io.BytesIO(data), 100_000)


async def load(services: Services, data: bytes, after: int = 0) -> tuple[Loaded, list[Refusal]]:
    refused: list[Refusal] = []
    loading = Loading(services.recorder, services.rolling, recordable_of, at_once=40, refuse=refused.append)
    return await loading.run(lines(data), after), refused


async def everything(graph: Graph) -> dict[str, list[dict[str, Any]]]:
    """All that is counted, and all that was recorded but for when that arrived."""
    found = {}
    for label, key in (
        ("UsageBucket", "bucket_key"),
        ("UsageBreakdown", "bucket_key"),
        ("CountedTrace", "correlation_id"),
        ("Trace", "correlation_id"),
        ("HookExecution", "execution_id"),
        ("EndpointCall", "call_id"),
        ("Session", "session_id"),
    ):
        rows = await statement(graph, f"MATCH (n:{label}) RETURN properties(n) AS n ORDER BY n.{key}")
        found[label] = [
            {name: value for name, value in row["n"].items() if name not in ("created_at", "turn")} for row in rows
        ]
    [found["UsageMark"]] = [await statement(graph, "MATCH (m:UsageMark) RETURN m.key AS key")]
    return found


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_what_is_loaded_is_what_the_ordinary_door_makes_and_a_rebuild_finds_nothing_to_mend(
    own_engine: OwnEngine,
) -> None:
    async with services_on(own_engine.with_new_database(prepared=True)) as ordinary:
        for start in range(0, len(EVENTS), 60):
            events = [recordable_of(orjson.dumps(event)) for event in EVENTS[start : start + 60]]
            assert not [one for one in await ordinary.recorder.record(events) if isinstance(one, UserError)]
            await ordinary.rolling.caught_up()
        expected = await everything(ordinary.graph)
    async with services_on(own_engine.with_new_database(prepared=True)) as services:
        done, refused = await load(services, text(EVENTS))
        assert (done, refused) == (Loaded(len(EVENTS), len(text(EVENTS)), len(EVENTS), 0, 0), [])
        found = await everything(services.graph)
        assert len(found["HookExecution"]) == EXECUTIONS
        assert found["UsageMark"] == []
        assert found == expected
        *_, rebuilt = [one async for one in Rebuilding(Rounds(services.graph), services.rolling).run()]
        assert (rebuilt.recounted, rebuilt.mended) == (0, 0)
        assert await everything(services.graph) == expected

        again, refused = await load(services, text(EVENTS))
        assert (again.recorded, again.known, refused) == (0, len(EVENTS), [])
        assert await everything(services.graph) == expected


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_cut_off_and_begun_again_it_comes_to_the_same(own_engine: OwnEngine) -> None:
    data = text(EVENTS)
    async with services_on(own_engine.with_new_database(prepared=True)) as services:
        await load(services, data)
        expected = await everything(services.graph)
    settings = own_engine.with_new_database(prepared=True)
    reached = Loaded()
    async with services_on(settings) as services:
        some = asyncio.Event()

        def report(latest: Loaded) -> None:
            nonlocal reached
            reached = latest
            some.set()

        loading = Loading(services.recorder, services.rolling, recordable_of, at_once=40, report=report)
        run = asyncio.create_task(loading.run(lines(data)))
        await some.wait()
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await services.recorder.close(60)
    assert 0 < reached.lines < len(EVENTS)
    async with Graph.open(settings) as graph:
        services = build_services(settings, graph)
        done, refused = await load(services, data, reached.lines)
        assert (done.lines, done.bytes, refused) == (len(EVENTS), len(data), [])
        assert done.recorded + done.known == len(EVENTS) - reached.lines
        assert await everything(graph) == expected


@pytest.mark.lengthy
async def test_lines_that_are_wrong_are_told_by_their_numbers_and_lose_no_other(own_engine: OwnEngine) -> None:
    sound = [event for event in EVENTS if event.get("correlation_id", "") == EVENTS[1]["correlation_id"]]
    step = next(event for event in sound if event["kind"] == "hook")
    wrong: dict[int, tuple[bytes, str]] = {
        2: (b"{", "body: is not JSON"),
        4: (orjson.dumps([1]), "line: must be a JSON object"),
        5: (orjson.dumps({**step, "kind": "dance"}), "kind: must be one of start, routing, hook, endpoint, complete"),
        6: (orjson.dumps({**step, "execution_id": None}), "execution_id: is required in a file"),
        7: (orjson.dumps({**step, "execution_id": "other", "node_id": "nowhere"}), "nowhere"),
        9: (orjson.dumps({**step, "duration_ms": -1}), "duration_ms: must be greater than or equal to 0"),
        10: (b'"' + b"x" * 200_000 + b'"', "line: is too long"),
        11: (orjson.dumps({"event": {"kind": "session"}, "source": "x"}), "event.session_id: is required"),
        15: (orjson.dumps({**step, "duration_ms": 1.5}), "was recorded with other content"),
    }
    rows = [orjson.dumps(event) for event in sound]
    for number in sorted({*wrong, 3}):
        rows.insert(number - 1, wrong[number][0] if number in wrong else b"  ")
    async with services_on(own_engine.with_new_database(prepared=True)) as services:
        done, refused = await load(services, b"\n".join(rows))  # the last without an end
        assert [one.line for one in refused] == list(wrong)
        for one in refused:
            assert wrong[one.line][1] in str(one.error)
        assert (done.lines, done.recorded, done.refused) == (len(rows), len(sound), len(wrong))
        assert await everything(services.graph) != {}
        [row] = await statement(services.graph, "MATCH (h:HookExecution) RETURN count(h) AS n")
        assert row["n"] == sum(event["kind"] == "hook" for event in sound)


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_the_generated_events_follow_from_the_seed_and_more_executions_fall_into_the_same_traces(
    tmp_path: Path,
) -> None:
    assert text(list(generate.events(EXECUTIONS, BEGIN))) == text(EVENTS)
    assert text(list(generate.events(EXECUTIONS, BEGIN, seed=7))) != text(EVENTS)
    few, many = (list(generate.traces(BEGIN, generate.sessions_for(count))) for count in (100_000, 1_000_000))
    assert few == many
    assert len(few) < 100_000  # each has a step, whichever there are
    assert {one.at.date() for one in few} == {one.at.date() for one in many}
    assert {version.node_id for one in few for version in [one.version]} > {EVENTS[3]["node_id"]}
