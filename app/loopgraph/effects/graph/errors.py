"""What the driver and the engines raise, as errors of ours: one table, of which the first row that fits counts.

A row says what the error means, whether running the transaction again can help, and whether the connection is to be made anew.
Whom it blames is said by the class it becomes (``loopgraph.errors``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from neo4j import exceptions as failures

from loopgraph.errors import (
    EngineFailure,
    GraphContended,
    GraphFault,
    GraphFull,
    GraphReadOnly,
    GraphRefused,
    GraphTimeout,
    GraphUnavailable,
    LoopgraphError,
    ServiceError,
    SetupError,
)

RETRY_S: Final = 10.0
"""So long a transaction is run again after what passes by itself: conflicts, a restart, the election of a leader."""

_BRIEFLY_S: Final = 1.0
"""So long after what passes at once or not at all, such as a read of a record that another process is just writing."""


class LostRace(Exception):
    """Raised by the function of a transaction: what it had read was changed by another. It is run again as a whole."""


@dataclass(frozen=True)
class Row:
    """What one kind of error means.

    It fits an error of ``kinds`` whose code and message hold the patterns. ``sentence`` may hold ``{code}`` and ``{message}``.
    ``retry_s``: how long the transaction is run again; ``race``: it is at once, and a number of times. ``lost``: the
    connection has gone, or leads to an engine that goes.
    """

    name: str
    kinds: tuple[type[BaseException], ...]
    makes: type[ServiceError]
    sentence: str
    code: str = ""
    message: str = ""
    retry_s: float = 0.0
    race: bool = False
    lost: bool = False

    def fits(self, error: BaseException) -> bool:
        if not isinstance(error, self.kinds):
            return False
        return bool(
            (not self.code or re.search(self.code, code_of(error)))
            and (not self.message or re.search(self.message, _whole_message(error), re.IGNORECASE))
        )

    def told(self, error: BaseException) -> ServiceError:
        """The error as one of ours."""
        return self.makes(self.sentence.format(code=code_of(error) or type(error).__name__, message=message_of(error)))


_SERVER: Final = (failures.Neo4jError,)
# UnsupportedServerProduct is no DriverError before version 6 of the driver.
_ANY: Final = (failures.Neo4jError, failures.DriverError, failures.UnsupportedServerProduct, OSError, EOFError)

TABLE: Final[tuple[Row, ...]] = (
    Row(
        "no space",
        _ANY,
        GraphFull,
        "no space left for the graph ({message})",
        message=r"no space left|disk quota exceeded|not enough (disk )?space|disk (is )?full",
    ),
    Row(
        "authorization expired",
        _SERVER,
        GraphUnavailable,
        "the graph wants the authorization renewed ({message}); try again",
        code=r"Security\.AuthorizationExpired",
        retry_s=RETRY_S,
    ),
    Row(
        "read-only",
        (failures.ForbiddenOnReadOnlyDatabase,),
        GraphReadOnly,
        "the graph takes no writes now ({message}); try again",
        retry_s=RETRY_S,
    ),
    Row(
        "read-only, by code",
        _SERVER,
        GraphReadOnly,
        "the graph takes no writes now ({message}); try again",
        code=r"\.General\.(ReadOnly|WriteOnReadOnly|ForbiddenOnReadOnly)",
        retry_s=_BRIEFLY_S,
    ),
    Row(
        "read-only, in words",
        _SERVER,
        GraphReadOnly,
        "the graph takes no writes now ({message}); try again",
        message=r"forbidden on (the )?replica|(database|instance|server|node) is (in )?read.?only|read.?only mode",
        retry_s=_BRIEFLY_S,
    ),
    Row(
        "no such database",
        _SERVER,
        GraphRefused,
        "the graph has no such database ({message}); check LOOPGRAPH_GRAPH_DATABASE",
        code="DatabaseNotFound",
    ),
    Row(
        "no such database, in words",
        _SERVER,
        GraphRefused,
        "the graph has no such database ({message}); check LOOPGRAPH_GRAPH_DATABASE",
        message="database does not exist",
    ),
    Row(
        "wrong credentials",
        (failures.AuthError,),
        GraphRefused,
        "the graph refused the credentials ({message}); check LOOPGRAPH_GRAPH_USER and LOOPGRAPH_GRAPH_PASSWORD",
    ),
    Row(
        "forbidden",
        (failures.Forbidden,),
        GraphRefused,
        "the graph does not allow this user what it needs ({message})",
    ),
    Row("refused", _SERVER, GraphRefused, "the graph refused this user ({message})", code=r"\.Security\."),
    Row(
        "no leader",
        (failures.NotALeader, failures.WriteServiceUnavailable),
        GraphReadOnly,
        "the cluster has no leader that takes writes now ({message}); try again",
        retry_s=RETRY_S,
    ),
    Row(
        "cluster",
        _SERVER,
        GraphUnavailable,
        "the cluster is not in order now ({message}); try again",
        code=r"\.Cluster\.",
        retry_s=RETRY_S,
    ),
    Row(
        "no memory",
        _SERVER,
        GraphUnavailable,
        "the graph has no memory left for this transaction ({message}); try again",
        code="OutOfMemory|MemoryLimit|MemoryPool",
        retry_s=_BRIEFLY_S,
    ),
    Row(
        "no memory, in words",
        _SERVER,
        GraphUnavailable,
        "the graph has no memory left for this transaction ({message}); try again",
        message=r"out of memory|memory (limit|pool)|heap space|limit of allocations",
        retry_s=_BRIEFLY_S,
    ),
    Row(
        "all connections busy",
        (failures.ConnectionPoolError,) if hasattr(failures, "ConnectionPoolError") else (failures.ClientError,),
        GraphUnavailable,
        "all connections to the graph are busy ({message}); try again",
        message="" if hasattr(failures, "ConnectionPoolError") else "from the pool",
    ),
    Row(
        "database away",
        (failures.DatabaseUnavailable,),
        GraphUnavailable,
        "the database is not available ({message}); try again",
        retry_s=RETRY_S,
    ),
    Row(
        "commit unanswered",
        (failures.IncompleteCommit,),
        GraphUnavailable,
        "the connection was lost during the commit, whose outcome is not known ({message}); try again",
        lost=True,
    ),
    Row(
        "connection lost",
        (failures.ServiceUnavailable, failures.SessionExpired),
        GraphUnavailable,
        "the graph does not answer ({message}); try again",
        retry_s=RETRY_S,
        lost=True,
    ),
    Row("our time limit", (TimeoutError,), GraphTimeout, "the graph did not answer in time ({message})"),
    Row(
        "time limit",
        _SERVER,
        GraphTimeout,
        "the statement ran longer than it may ({message})",
        code="TimedOut|Timeout",
    ),
    Row(
        "time limit, in words",
        _SERVER,
        GraphTimeout,
        "the statement ran longer than it may ({message})",
        message=r"time.?out|timed out|time limit",
    ),
    Row(
        "network",
        (OSError, EOFError),
        GraphUnavailable,
        "the graph does not answer ({message}); try again",
        retry_s=RETRY_S,
        lost=True,
    ),
    Row(
        "race for a key",
        (failures.ConstraintError,),
        GraphContended,
        "a transaction lost every race: {message}",
        race=True,
    ),
    Row(
        "race for a node",
        _SERVER,
        GraphContended,
        "a transaction lost every race: {message}",
        code="EntityNotFound",
        race=True,
    ),
    Row(
        "changed meanwhile",
        (LostRace,),
        GraphContended,
        "a transaction lost every race: others kept changing what it needs ({message})",
        race=True,
    ),
    Row(
        "conflict",
        (failures.TransientError,),
        GraphContended,
        "the graph is too busy: the transaction gave way to others again and again ({message})",
        retry_s=RETRY_S,
    ),
    Row(
        "transaction gone",
        _SERVER,
        EngineFailure,
        "the graph gave up the transaction ({code}: {message})",
        code=r"\.Transaction\.",
        retry_s=_BRIEFLY_S,  # so the embedded engine calls a commit that met another process's, too
    ),
    Row(
        "engine failure",
        (failures.DatabaseError,),
        EngineFailure,
        "the graph failed ({code}: {message})",
        retry_s=_BRIEFLY_S,
    ),
    Row(
        "wrong configuration",
        (failures.ConfigurationError, failures.UnsupportedServerProduct),
        GraphRefused,
        "the graph URL does not fit the server ({message})",
    ),
    Row(
        "cannot start",
        (SetupError,),
        GraphUnavailable,
        "{message}",
    ),
    Row("not taken", (failures.ClientError,), GraphFault, "the graph does not take this ({code}: {message})"),
    Row(
        "driver",
        (failures.SessionError, failures.TransactionError, failures.ResultError, failures.BrokenRecordError),
        GraphFault,
        "the driver could not go on ({code}: {message})",
    ),
)

UNFORESEEN: Final = Row("unforeseen", (BaseException,), GraphFault, "the graph answered {code}: {message}")

UNFINISHED_READ: Final = Row(
    "read unfinished",
    (failures.IncompleteCommit,),
    GraphUnavailable,
    "the graph does not answer ({message}); try again",
    retry_s=RETRY_S,
    lost=True,
)
"""The connection was lost at the end of a transaction that only reads: nothing hangs on its outcome."""

OWN_PASSWORD_REFUSED: Final = Row(
    "own password refused",
    (failures.Neo4jError,),
    GraphUnavailable,
    "the embedded engine refused its own password, as it can while it stops ({message}); try again",
    retry_s=_BRIEFLY_S,
    lost=True,
)
"""In place of a row that makes GraphRefused, where the engine is our own."""

DRIVER_FAILURES: Final = _ANY
"""What the driver raises."""

FAILURES: Final = (*DRIVER_FAILURES, LostRace, SetupError)
"""What a transaction can fail with that is for the table; all else is of the transaction's function."""


def judge(error: BaseException) -> Row:
    """The row that an error falls under."""
    return next((row for row in TABLE if row.fits(error)), UNFORESEEN)


def translate(error: BaseException) -> LoopgraphError:
    """The error as one of ours."""
    return judge(error).told(error)


def code_of(error: BaseException) -> str:
    """The server's code, such as ``Neo.ClientError.Statement.SyntaxError``; empty if it has none."""
    code: Any = getattr(error, "code", None)
    return code if isinstance(code, str) else ""


def message_of(error: BaseException) -> str:
    """The first line of what an error says."""
    text = _whole_message(error).strip() or type(error).__name__
    for said, sentence in _IN_WORDS:
        if found := said.search(text):
            return sentence.format(**found.groupdict())[:500]
    return text.splitlines()[0][:500]


_IN_WORDS: Final = (
    (
        re.compile(r"^Couldn't connect to (?P<at>\S+) .*(?:Connect call failed|Connection refused)", re.DOTALL),
        "nothing listens at {at}",
    ),
    (
        re.compile(r"^Couldn't connect to (?P<at>\S+) .*\[Errno -?\d+\] (?P<why>[\w ]+)", re.DOTALL),
        "{at} cannot be reached: {why}",
    ),
    (re.compile(r"^Couldn't connect to (?P<at>\S+) .*[Tt]imed out", re.DOTALL), "{at} does not answer in time"),
    (re.compile(r"^Failed to DNS resolve address (?P<at>\S+?):?\s"), "no machine is known by the name of {at}"),
    (re.compile(r"^Unable to retrieve routing information"), "no server of a cluster is found at its address"),
)
"""What the driver says of connections that do not come about, and how it is told to people."""


def _whole_message(error: BaseException) -> str:
    # Version 5 of the driver has a ``message`` for its own errors, too, which is that of a general GQLSTATUS.
    said: object = error.message if isinstance(error, failures.Neo4jError) else None
    return str(said or error)
