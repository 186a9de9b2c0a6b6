"""Speaking to a server that may still be starting."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import neo4j
from neo4j.exceptions import DriverError, TransientError

from support.waiting import PATIENCE_S

T = TypeVar("T")
STARTING_S = PATIENCE_S


def ask(
    url: str, user: str, password: str, database: str | None, statement: str, **parameters: str
) -> neo4j.EagerResult:
    """The answer to one statement, over a connection of its own."""
    # Without the driver's own retry, whose pauses grow to seconds: the caller asks again at an even pace.
    with neo4j.GraphDatabase.driver(
        url, auth=(user, password), connection_timeout=5.0, max_transaction_retry_time=0.0
    ) as driver:
        return driver.execute_query(statement, parameters, database_=database)


def agent_of(url: str, user: str, password: str, database: str | None = None) -> str:
    """The agent string of a server that has just answered a query."""
    return ask(url, user, password, database, "RETURN 1").summary.server.agent


def once_it_answers(question: Callable[[], T], alive: Callable[[], bool] = lambda: True) -> T:
    """The answer, as soon as the server gives one; the driver's error when the server is dead or the time is over."""
    deadline = time.monotonic() + STARTING_S
    while True:
        try:
            return question()
        except (DriverError, TransientError):
            if not alive() or time.monotonic() > deadline:
                raise
        time.sleep(0.2)
