"""What each engine is and can do, in one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from loopgraph.settings import Engine


@dataclass(frozen=True)
class Capabilities:
    """What differs between engines, but for the texts of statements (those are files of their own)."""

    oldest: tuple[int, ...] | None
    """The oldest version that works. None: not checked; the embedded engine comes with us, Memgraph names Neo4j's version."""
    writers_collide: bool
    """Whether transactions that change neighbouring nodes run into each other, so that one at a time is faster."""


CAPABILITIES: Final[Mapping[Engine, Capabilities]] = MappingProxyType(
    {
        Engine.EMBEDDED: Capabilities(oldest=None, writers_collide=True),
        Engine.NEO4J: Capabilities(oldest=(5, 26), writers_collide=False),
        Engine.MEMGRAPH: Capabilities(oldest=None, writers_collide=False),
    }
)


@dataclass(frozen=True)
class Server:
    """What answers behind the URL. ``version`` is None where the agent string names none."""

    engine: Engine
    agent: str
    version: tuple[int, ...] | None


def recognise(agent: str) -> Engine:
    lowered = agent.lower()
    if "arcadedb" in lowered:
        return Engine.EMBEDDED
    return Engine.MEMGRAPH if "memgraph" in lowered else Engine.NEO4J


def version_of(agent: str) -> tuple[int, ...] | None:
    pattern = r"ArcadeDB (\d[\d.]*)" if "arcadedb" in agent.lower() else r"/v?(\d[\d.]*)"
    match = re.search(pattern, agent)
    return tuple(int(part) for part in match[1].strip(".").split(".")) if match else None
