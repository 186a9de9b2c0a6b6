"""Faults that no engine can be made to have on demand, put in at the one seam between the service and the driver.

``EXAMPLES`` has at least one error for every row of the table of errors, as the driver raises it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from neo4j import exceptions as failures

from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.errors import LostRace, judge
from loopgraph.errors import Blame, EngineStartError, ForeignData
from support.quick import first_quick


def answered(code: str, message: str) -> failures.Neo4jError:
    """What the driver makes of a server's answer."""
    error: failures.Neo4jError = failures.Neo4jError._hydrate_neo4j(code=code, message=message)
    return error


def raised(kind: type[Exception], message: str = "it went wrong") -> Exception:
    """An error of the driver's own, whatever its constructor takes."""
    error = kind.__new__(kind)
    error.args = (message,)
    return error


_NEO = "Neo.ClientError."

# The driver has classes of its own for this since version 6.
_BUSY: tuple[tuple[str, BaseException], ...] = (
    (
        ("all connections busy", raised(failures.ConnectionAcquisitionTimeoutError, "failed to obtain a connection")),
        ("all connections busy", raised(failures.ConnectionPoolError)),
    )
    if hasattr(failures, "ConnectionPoolError")
    else (
        (
            "all connections busy",
            failures.ClientError("failed to obtain a connection from the pool within 30.0s (timeout)"),
        ),
    )
)

EXAMPLES: tuple[tuple[str, BaseException], ...] = (
    ("no space", OSError(28, "No space left on device")),
    ("no space", answered("Neo.DatabaseError.General.UnknownError", "java.io.IOException: No space left on device")),
    ("no space", answered("Neo.DatabaseError.Transaction.TransactionCommitFailed", "write: Disk quota exceeded")),
    ("authorization expired", answered(f"{_NEO}Security.AuthorizationExpired", "expired")),
    ("no such database", answered(f"{_NEO}Database.DatabaseNotFound", "graph x")),
    ("no such database, in words", answered(f"{_NEO}Statement.ArgumentError", "Database does not exist: x")),
    ("wrong credentials", answered(f"{_NEO}Security.Unauthorized", "unauthorized")),
    ("wrong credentials", answered(f"{_NEO}Security.TokenExpired", "expired")),
    ("forbidden", answered(f"{_NEO}Security.Forbidden", "no writes for you")),
    ("refused", answered(f"{_NEO}Security.AuthenticationRateLimit", "too many")),
    ("no leader", answered(f"{_NEO}Cluster.NotALeader", "not the leader")),
    ("no leader", failures.WriteServiceUnavailable("no write server")),
    ("cluster", answered("Neo.TransientError.Cluster.ReplicationFailure", "no quorum")),
    ("read-only", answered(f"{_NEO}General.ForbiddenOnReadOnlyDatabase", "read replica")),
    ("read-only, by code", answered(f"{_NEO}General.ReadOnly", "no")),
    ("read-only, in words", answered(f"{_NEO}Statement.AccessMode", "The database is in read-only mode")),
    ("no memory", answered("Neo.TransientError.General.MemoryPoolOutOfMemoryError", "limit reached")),
    ("no memory", answered(f"{_NEO}General.TransactionOutOfMemoryError", "limit reached")),
    ("no memory, in words", answered("Memgraph.TransientError.MemgraphError.MemgraphError", "Memory limit exceeded!")),
    ("no memory, in words", answered("Neo.DatabaseError.General.UnknownError", "Java heap space")),
    *_BUSY,
    ("database away", answered("Neo.TransientError.General.DatabaseUnavailable", "it starts")),
    ("commit unanswered", failures.IncompleteCommit("connection lost during the commit")),
    ("connection lost", failures.ServiceUnavailable("Couldn't connect")),
    ("connection lost", failures.RoutingServiceUnavailable("no routing table")),
    ("connection lost", failures.ReadServiceUnavailable("no reader")),
    ("connection lost", raised(failures.SessionExpired)),
    ("our time limit", TimeoutError()),
    ("time limit", answered(f"{_NEO}Transaction.TransactionTimedOut", "it ran too long")),
    ("time limit", answered("Neo.TransientError.Transaction.LockAcquisitionTimeout", "locked")),
    ("time limit, in words", answered("Neo.DatabaseError.General.UnknownError", "Timeout on executing the query")),
    ("network", ConnectionRefusedError(111, "Connection refused")),
    ("network", EOFError("closed")),
    ("race for a key", answered(f"{_NEO}Schema.ConstraintValidationFailed", "exists already")),
    ("race for a node", answered(f"{_NEO}Statement.EntityNotFound", "deleted in this transaction")),
    ("changed meanwhile", LostRace("traces/change_hooks")),
    ("conflict", answered("Neo.TransientError.Transaction.DeadlockDetected", "deadlock")),
    ("conflict", answered("Memgraph.TransientError.MemgraphError.MemgraphError", "Cannot resolve conflicting")),
    ("transaction gone", answered(f"{_NEO}Transaction.TransactionNotFound", "Transaction error on commit")),
    ("transaction gone", answered(f"{_NEO}Transaction.Terminated", "by an administrator")),
    ("engine failure", answered("Neo.DatabaseError.General.UnknownError", "Error executing Cypher command: chunk")),
    ("engine failure", answered("Neo.DatabaseError.Statement.ExecutionFailed", "index is broken")),
    ("engine failure", answered("something new", "of which nobody has heard")),
    ("wrong configuration", failures.ConfigurationError("no routing here")),
    ("wrong configuration", failures.AuthConfigurationError("no such scheme")),
    ("wrong configuration", failures.CertificateConfigurationError("no certificate")),
    ("wrong configuration", raised(failures.UnsupportedServerProduct)),
    ("cannot start", EngineStartError("the embedded engine did not start")),
    ("cannot start", ForeignData("the folder belongs to something else")),
    ("not taken", answered(f"{_NEO}Statement.SyntaxError", "wrong")),
    ("not taken", answered(f"{_NEO}Statement.TypeError", "not a number")),
    ("not taken", answered(f"{_NEO}Statement.ArgumentError", "key too large")),
    ("driver", raised(failures.SessionError)),
    ("driver", raised(failures.TransactionError)),
    ("driver", raised(failures.TransactionNestingError)),
    ("driver", raised(failures.ResultError)),
    ("driver", raised(failures.ResultFailedError)),
    ("driver", raised(failures.ResultConsumedError)),
    ("driver", raised(failures.ResultNotSingleError)),
    ("driver", raised(failures.BrokenRecordError)),
)

ROWS = tuple({row: (row, error) for row, error in reversed(EXAMPLES)}.values())[::-1]
"""One error for each row of the table; ``tests/effects/graph/test_errors.py`` has all of them."""

_OFTEN = 3


def each(*blames: Blame) -> pytest.MarkDecorator:
    """Runs a test with an error of each row that blames one of these: each time with the first three of each blame, in the
    exhaustive run with all others."""
    chosen = [[example for example in ROWS if judge(example[1]).makes.blame is blame] for blame in blames]
    errors = [error for of_one in chosen for error in first_quick([error for _, error in of_one], _OFTEN)]
    return pytest.mark.parametrize("error", errors, ids=[row for of_one in chosen for row, _ in of_one])


def name_of(example: tuple[str, BaseException]) -> str:
    """How a test calls an example."""
    row, error = example
    code = getattr(error, "code", None)
    return f"{row}: {code if isinstance(code, str) else type(error).__name__}"


@dataclass
class Faults:
    """What the driver of a graph raises in place of committing. ``attempts`` counts how often it did."""

    error: BaseException | None = None
    objects: Callable[[Any], bool] = lambda parameters: True
    writes_only: bool = True
    attempts: int = 0

    @contextlib.contextmanager
    def failing(
        self, error: BaseException, objects: Callable[[Any], bool] | None = None, *, writes_only: bool = True
    ) -> Iterator[None]:
        """Transactions fail in the block: all of them, or those that send parameters that something objects to."""
        self.error, self.writes_only, self.attempts = error, writes_only, 0
        self.objects = objects or (lambda parameters: True)
        try:
            yield
        finally:
            self.error = None

    def check(self, parameters: Any, access: str) -> None:
        if self.error is not None and (access == "WRITE" or not self.writes_only) and self.objects(_told(parameters)):
            self.attempts += 1
            raise self.error.with_traceback(None)


def _told(sent: Any) -> Any:
    """What is sent in lists that tell their content when they are written out; those of the service do not."""
    if isinstance(sent, dict):
        return {key: _told(value) for key, value in sent.items()}
    return [_told(value) for value in sent] if isinstance(sent, list) else sent


def put_into(graph: Graph) -> Faults:
    """Puts a driver that can be made to fail in the place of an open graph's driver."""
    faults = Faults()
    graph._driver = _Driver(graph._driver, faults)  # type: ignore[assignment]
    return faults


class _Driver:
    def __init__(self, driver: Any, faults: Faults) -> None:
        self._driver, self._faults = driver, faults

    def session(self, **config: Any) -> Any:
        return _Session(self._driver.session(**config), self._faults, config.get("default_access_mode", "READ"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)


class _Session:
    def __init__(self, session: Any, faults: Faults, access: str) -> None:
        self._session, self._faults, self._access = session, faults, access

    async def __aenter__(self) -> _Session:
        await self._session.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await self._session.__aexit__(*raised)

    async def run(self, text: Any, parameters: Any = None) -> Any:
        self._faults.check(parameters, self._access)
        return await self._session.run(text, parameters)

    async def begin_transaction(self, **config: Any) -> _Transaction:
        return _Transaction(await self._session.begin_transaction(**config), self._faults, self._access)


class _Transaction:
    def __init__(self, transaction: Any, faults: Faults, access: str) -> None:
        self._transaction, self._faults, self._access = transaction, faults, access
        self._sent: list[Any] = []

    async def __aenter__(self) -> _Transaction:
        await self._transaction.__aenter__()
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None:
                self._faults.check(self._sent, self._access)
        except BaseException as fault:
            await self._transaction.__aexit__(type(fault), fault, None)
            raise
        await self._transaction.__aexit__(kind, error, trace)

    async def run(self, text: Any, parameters: Any = None) -> Any:
        self._sent.append(parameters)
        return await self._transaction.run(text, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)
