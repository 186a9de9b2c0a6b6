"""Where each engine can be had, in the order of looking."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support.engines import plan
from support.engines.bolt import agent_of
from support.engines.containers import in_container
from support.engines.model import EngineUnderTest, Source, Unavailable
from support.engines.neo4j_jars import Neo4jRelease, from_jars


@contextlib.contextmanager
def embedded(folder: Path) -> Iterator[EngineUnderTest]:
    """The product's own embedded engine."""
    from loopgraph.effects.engine.embedded import EmbeddedEngine  # tests of the pure rooms do without it
    from loopgraph.settings import Settings
    from support.prepared import prepared

    # The start cache is made once per machine; of several processes that come at one time one makes it.
    subprocess.run([sys.executable, "-m", "loopgraph.effects.schema.rehearsal"], check=False)
    engine = EmbeddedEngine.configured(prepared(folder), Settings())
    try:
        address = engine.ensure_running()
        login = (address.url, address.user, address.password, address.database)
        yield EngineUnderTest(plan.EMBEDDED, *login, agent_of(*login))
    finally:
        engine.close()


def at_url(name: str, variable: str) -> Source:
    """A server that runs already. One that is named but does not answer is a failure, not an absence."""

    @contextlib.contextmanager
    def run(_folder: Path) -> Iterator[EngineUnderTest]:
        url = os.environ.get(variable)
        if not url:
            raise Unavailable(f"{variable} is not set")
        prefix = variable.removesuffix("_URL")
        user = os.environ.get(f"{prefix}_USER", "neo4j" if name == plan.NEO4J else "")
        password = os.environ.get(f"{prefix}_PASSWORD", "")
        database = os.environ.get(f"{prefix}_DATABASE") or None
        yield EngineUnderTest(name, url, user, password, database, agent_of(url, user, password, database))

    return run


def _neo4j(release: Neo4jRelease) -> tuple[Source, ...]:
    password = "loopgraph-tests"
    image = f"neo4j:{release.version}"
    return (
        in_container(release.name, image, "neo4j", password, NEO4J_AUTH=f"neo4j/{password}"),
        from_jars(release),
    )


RELEASE_5 = Neo4jRelease(
    plan.NEO4J_5, "5.26.30", "org.neo4j.server.CommunityEntryPoint", oldest_java=17, newest_java=21
)
RELEASE_2026 = Neo4jRelease(plan.NEO4J_2026, "2026.08.1", "org.neo4j.server.Neo4jCommunity", oldest_java=21)

SOURCES: dict[str, tuple[Source, ...]] = {
    plan.EMBEDDED: (embedded,),
    plan.NEO4J: (at_url(plan.NEO4J, plan.NEO4J_URL),),
    plan.NEO4J_5: _neo4j(RELEASE_5),
    plan.NEO4J_2026: _neo4j(RELEASE_2026),
    plan.MEMGRAPH: (
        at_url(plan.MEMGRAPH, plan.MEMGRAPH_URL),
        in_container(plan.MEMGRAPH, "memgraph/memgraph:3.13.1"),
    ),
}
