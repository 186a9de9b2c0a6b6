"""A service on an old database: it says that it upgrades, answers nothing by halves, and then has everything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
import websockets

from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.effects.schema.migrations import Migration, apply, migrations
from loopgraph.errors import GraphUnavailable, SetupError
from loopgraph.main import create_app
from loopgraph.orchestrators.archive import housekeeping
from loopgraph.settings import Migrate, Settings
from support import old_databases
from support.own_engine import OwnEngine, own_embedded
from support.service import PROTOCOL, Service, serving
from support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.slow

START = {"correlation_id": "t-new", "session_id": "s-new", "timestamp": "2026-02-01T00:00:00Z"}
SESSIONS = "{ sessions(first: 50) { edges { node { sessionId } } } }"
STATUS = "{ traces(first: 50, filter: {status: [IN_PROGRESS]}) { edges { node { correlationId } } } }"


@pytest.fixture(scope="module")
def own_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    with own_embedded(tmp_path_factory.mktemp("engine") / "graph") as engine:
        yield engine


@pytest.fixture
async def old(own_engine: OwnEngine) -> Settings:
    """The settings of a service on a database of schema 1."""
    settings = own_engine.with_new_database().model_copy(update={"loop_poll_ms": 3_600_000})
    async with Graph.open(settings) as graph:
        await old_databases.load(graph, 1)
    return settings


class Held:
    """Migrations that wait until they may go on; the first tries can be made to fail."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.failures: list[Exception] = []

    async def apply(self, graph: Graph, migration: Migration, tell: Callable[[int], None]) -> int:
        await self.go.wait()
        if self.failures:
            raise self.failures.pop()
        return await apply(graph, migration, tell)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    held = Held()
    monkeypatch.setattr(schema, "apply", held.apply)
    return held


async def ready(service: Service) -> None:
    async def answers() -> bool:
        return (await service.http.get("/readyz")).status_code == 200

    await until(answers)


async def ids(service: Service, document: str) -> set[str]:
    [(_, found)] = (await service.query(document)).items()
    return {next(iter(edge["node"].values())) for edge in found["edges"]}


async def test_doors_say_to_come_again_until_the_old_database_is_whole(old: Settings, held: Held) -> None:
    async with serving(old) as service:
        assert (await service.http.get("/healthz")).status_code == 200
        first = f"migration 1 of {len(migrations())}, {migrations()[0].name}: 0 rows written"

        async def has_begun() -> bool:
            return first in (await service.http.get("/readyz")).json()["message"]

        await until(has_begun)
        readyz = await service.http.get("/readyz")
        assert (readyz.status_code, readyz.json()["status"]) == (503, "upgrading")
        assert int(readyz.headers["retry-after"]) > 0

        for path, body in (("/api/traces/start", START), ("/graphql", {"query": SESSIONS}), ("/v1/traces", {})):
            refused = await service.http.post(path, json=body)
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "UPGRADING")
            assert int(refused.headers["retry-after"]) > 0
        with pytest.raises(websockets.InvalidStatus) as denied:
            await websockets.connect(
                f"ws{service.url.removeprefix('http')}/graphql", subprotocols=[PROTOCOL], open_timeout=PATIENCE_S
            )
        assert denied.value.response.status_code == 503

        held.go.set()
        await ready(service)
        known = {session["session_id"] for session in old_databases.nodes(1, "Session")}
        assert await ids(service, SESSIONS) == known
        assert (await service.http.post("/api/traces/start", json=START)).status_code < 300
        assert await ids(service, SESSIONS) == known | {"s-new"}


@pytest.mark.exhaustive
async def test_old_traces_are_closed_in_time(old: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the fixture gave their last sign of life when it was made: the first look of the housekeeping closes them."""
    monkeypatch.setattr(housekeeping, "_EVERY_S", 0.1)
    async with serving(old.model_copy(update={"trace_timeout_minutes": 1})) as service:
        await ready(service)

        async def all_are_closed() -> bool:
            return not await ids(service, STATUS)

        await until(all_are_closed)


@pytest.mark.exhaustive
async def test_an_upgrade_that_is_interrupted_says_why_and_goes_on(old: Settings, held: Held) -> None:
    held.failures.append(GraphUnavailable("the graph has gone for lunch"))
    held.go.set()
    async with serving(old) as service:

        async def complains() -> bool:
            return "gone for lunch" in (await service.http.get("/readyz")).text

        await until(complains)
        assert "it is tried again" in (await service.http.get("/readyz")).json()["message"]
        await ready(service)


async def test_by_setting_the_service_does_not_start(old: Settings) -> None:
    app = create_app(old.model_copy(update={"migrate": Migrate.MANUAL}))
    with pytest.raises(SetupError, match="run `loopgraph migrate`"):
        async with app.router.lifespan_context(app):
            pass


@pytest.mark.exhaustive
async def test_stopping_in_the_middle_of_an_upgrade_ends_well(old: Settings, held: Held) -> None:
    async with serving(old) as service:
        assert (await service.http.get("/readyz")).json()["status"] == "upgrading"
    held.go.set()
    async with serving(old) as service:
        await ready(service)
