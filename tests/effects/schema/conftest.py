"""Databases of a test's own: what an older program left is loaded into an empty one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from conftest import ENGINES
from loopgraph.effects.graph.client import Graph
from loopgraph.settings import Engine, Settings
from support.engines.plan import NEO4J
from support.old_databases import make_empty
from support.own_engine import OwnEngine, own_engine_of


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, id=name, marks=pytest.mark.engine(name)) for name in ENGINES.asked_for if name != NEO4J],
)
def own_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    """An engine that may be emptied; so never a server that runs already."""
    with own_engine_of(request.param, tmp_path_factory.mktemp("engine")) as engine:
        yield engine


@pytest.fixture
def own_settings(own_engine: OwnEngine) -> Settings:
    """The settings of a service on a database of the test's own."""
    return own_engine.with_new_database()


@pytest.fixture
async def empty(own_settings: Settings) -> AsyncIterator[Graph]:
    """A graph without nodes, constraints and indexes, open."""
    async with Graph.open(own_settings) as graph:
        if graph.server.engine is Engine.MEMGRAPH:
            pytest.skip("what a Memgraph has is not listed in Neo4j's way")
        if graph.server.engine is Engine.NEO4J:
            await make_empty(graph)
        yield graph
