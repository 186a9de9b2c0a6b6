"""What a test gets, and what a source of engines raises."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class EngineUnderTest:
    """A running engine that answers Bolt. ``database`` is None for the server's default one."""

    name: str
    url: str
    user: str
    password: str = field(repr=False)
    database: str | None
    agent: str
    """The server's agent string, such as ``Neo4j/5.26.30``."""


class Unavailable(Exception):
    """This source does not have the engine on this machine. ``str(reason)`` is shown at the end of the run.

    Anything else that a source raises is a failure of the tests that asked for the engine.
    """


Source = Callable[[Path], AbstractContextManager[EngineUnderTest]]
"""Runs an engine for the length of the block, with its data in the folder."""
