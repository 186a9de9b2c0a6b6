"""The error tree. Everything the package raises on purpose is one of these, and each says whom it blames.

LoopgraphError
├── UserError                        REQUEST  the caller can mend it; shown as it is, on every door
│   ├── InvalidInput                 REQUEST  a value is wrong; names the field and what would be right
│   │   └── CycleRefused             REQUEST  an ancestry edge would close a cycle; carries the path
│   ├── NotFound                     REQUEST  nothing has this id
│   ├── Conflict                     REQUEST  the id or key is taken by other content
│   ├── InvalidTransition            REQUEST  the lifecycle does not allow this step; names both states
│   ├── Unprocessable                EVENT    the graph cannot store this event, though it stores others
│   ├── Forbidden                    REQUEST  the principal may not do this
│   └── Unauthenticated              REQUEST  nobody is told who asks: no token, or one that is none
├── ServiceError                     GRAPH    the service cannot answer now; never the caller's fault
│   ├── Overloaded                   GRAPH    more waits to be recorded than is taken in; says when to come again
│   │   └── RateLimited              GRAPH    who asks has asked more often than it may; says when to come again
│   ├── ShuttingDown                 GRAPH    the service takes nothing more in
│   ├── ProviderUnavailable          GRAPH    the identity provider does not answer, so it is not known who asks
│   ├── DeadLettersUnwritable        GRAPH    an event should be put aside, and cannot be
│   ├── BrokerUnavailable            GRAPH    the broker of Kafka does not answer, or refuses what it is asked
│   ├── GraphUnavailable             GRAPH    the graph engine does not answer, or not now
│   │   ├── GraphFull                GRAPH    there is no space left for the graph
│   │   ├── GraphReadOnly            GRAPH    the graph takes no writes now: read-only, a follower, no leader
│   │   ├── GraphContended           GRAPH    a transaction gave way to others again and again
│   │   └── EngineFailure            GRAPH    the engine failed at its own work
│   ├── GraphTimeout                 GRAPH    a statement ran longer than it may
│   ├── GraphRefused                 GRAPH    the engine refused the credentials or the database
│   └── GraphFault                   EVENT    the engine did not take what it was given, or answered what nobody foresaw
└── SetupError                       GRAPH    found at start; the process does not go on
    ├── InvalidSetting               GRAPH    a setting is wrong, or names what there is not; the sentence says which
    ├── AssetError                   GRAPH    a query file is wrong; names the file and the line
    ├── EngineStartError             GRAPH    the embedded engine did not start; says where its log is
    └── ForeignData                  GRAPH    the folder or the database belongs to something else

``Blame`` is what whoever meets an error goes by: see there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum, StrEnum
from typing import ClassVar, Self


class Blame(StrEnum):
    """Whose fault a failure is, and so what is to be done about it."""

    EVENT = "event"
    """What was being stored, perhaps. A suspicion, not a verdict: it is put aside only if it fails again after something else
    was stored, and until then it is treated as the graph's fault."""
    REQUEST = "request"
    """What was asked. Final: the same request fails again."""
    GRAPH = "graph"
    """The graph or the service as a whole. Whoever asked is told to come again, and nothing is held against what was sent."""


def in_our_words(told: str) -> str:
    """What the library that checks values says of one, in the words of this tree: what would be right."""
    return re.sub(r"^(?:Input|String) should\b", "must", told.removeprefix("Value error, "))


def blame_of(error: BaseException) -> Blame:
    """Whom any error blames. Of those that are not ours, what the machine lacks is nobody's event; all others may be one's."""
    if isinstance(error, LoopgraphError):
        return error.blame
    return Blame.GRAPH if isinstance(error, OSError | EOFError | MemoryError) else Blame.EVENT


class Spelled(str):
    """A text that tells values of enums: itself where clients write those by their values, ``by_name`` where they write them by
    their names, as in GraphQL. ``tell`` makes the text, given how to spell one.
    """

    by_name: str

    def __new__(cls, tell: Callable[[Callable[[Enum], str]], str]) -> Self:
        text = super().__new__(cls, tell(lambda one: str(one.value)))
        text.by_name = tell(lambda one: one.name)
        return text

    def removeprefix(self, prefix: str, /) -> Self:
        """The rest of both spellings."""
        rest = str.__new__(type(self), super().removeprefix(prefix))
        rest.by_name = self.by_name.removeprefix(prefix)
        return rest


def spelled_by_name(text: str) -> str:
    """A text with its enum values spelled by their names."""
    return text.by_name if isinstance(text, Spelled) else text


class LoopgraphError(Exception):
    """Root of the tree. ``str(error)`` is one plain sentence for people, ``code`` its name for programs."""

    blame: ClassVar[Blame]
    code: ClassVar[str]

    @property
    def by_name(self) -> str:
        """The sentence for people who write values of enums by their names."""
        text = self.args[0] if self.args else ""
        return text.by_name if isinstance(text, Spelled) else str(self)


class UserError(LoopgraphError):
    """The caller can mend it."""

    blame = Blame.REQUEST
    code = "USER_ERROR"


class InvalidInput(UserError):
    """A value is wrong.

    ``field`` is the path of the value in the input (``"input.parents.0.nodeId"``).
    """

    code = "INVALID_INPUT"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem

    @property
    def by_name(self) -> str:
        """The sentence for people who write values of enums by their names."""
        return f"{self.field}: {spelled_by_name(self.problem)}"


class CycleRefused(InvalidInput):
    """An ancestry edge would close a cycle. ``path`` are the node ids that it would close, first = last."""

    code = "INVALID_INPUT"

    def __init__(self, field: str, path: Sequence[str]) -> None:
        super().__init__(field, "this edge would close a cycle of ancestry: " + " → ".join(path))
        self.path = tuple(path)


class NotFound(UserError):
    """Nothing of this kind has this id."""

    code = "NOT_FOUND"

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(f"no {kind} has the id {id_!r}")
        self.kind = kind
        self.id = id_


class Conflict(UserError):
    """The id or key is taken by other content."""

    code = "CONFLICT"

    def __init__(self, kind: str, id_: str, problem: str) -> None:
        super().__init__(f"{kind} {id_!r}: {problem}")
        self.kind = kind
        self.id = id_


class InvalidTransition(UserError):
    """The lifecycle does not allow the step from ``current`` to ``wanted``."""

    code = "INVALID_TRANSITION"

    def __init__(self, kind: str, id_: str, current: Enum, wanted: Enum) -> None:
        super().__init__(Spelled(lambda spell: f"{kind} {id_!r} is {spell(current)} and cannot become {spell(wanted)}"))
        self.kind = kind
        self.id = id_
        self.current = current
        self.wanted = wanted


class Unprocessable(UserError):
    """The graph cannot store this event, though it stores others. ``str(error)`` says whether it was put aside."""

    blame = Blame.EVENT
    code = "UNPROCESSABLE"


class Forbidden(UserError):
    """The principal may not do this."""

    code = "FORBIDDEN"


class Unauthenticated(UserError):
    """It is not known who asks: no token was sent, or one that is not known, has expired or was revoked."""

    code = "UNAUTHENTICATED"


class ServiceError(LoopgraphError):
    """The service cannot answer now. ``retry_after_s``: when it may be able to, in seconds."""

    blame = Blame.GRAPH
    code = "SERVICE_ERROR"
    retry_after_s = 1


class Overloaded(ServiceError):
    """More events wait to be recorded than the service takes in. ``retry_after_s``: when there should be room again."""

    code = "OVERLOADED"

    def __init__(self, problem: str, retry_after_s: int = 1) -> None:
        super().__init__(f"{problem}; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class RateLimited(Overloaded):
    """Who asks has asked more often than it may. What was sent is not at fault and stays with its sender."""

    code = "RATE_LIMITED"


class ProviderUnavailable(ServiceError):
    """The identity provider does not answer, or not as one does: whether somebody is known cannot be told now."""

    code = "PROVIDER_UNAVAILABLE"
    retry_after_s = 5


class ShuttingDown(ServiceError):
    """The service takes nothing more in; one that is started again will."""

    code = "SHUTTING_DOWN"


class DeadLettersUnwritable(ServiceError):
    """The graph cannot store an event though it stores others, and it could not be put aside either."""

    code = "DEAD_LETTERS_UNWRITABLE"


class BrokerUnavailable(ServiceError):
    """The broker of Kafka does not answer, or not now, or refuses what the settings say. Nothing of the graph depends on it."""

    code = "BROKER_UNAVAILABLE"


class GraphUnavailable(ServiceError):
    """The graph engine does not answer, or not now; a retry later can succeed."""

    code = "GRAPH_UNAVAILABLE"


class GraphFull(GraphUnavailable):
    """There is no space left where the graph is stored. Reads go on."""

    code = "GRAPH_FULL"
    retry_after_s = 5


class GraphReadOnly(GraphUnavailable):
    """The graph takes no writes now: it is read-only, the server a follower, or the cluster without a leader."""

    code = "GRAPH_READ_ONLY"


class GraphContended(GraphUnavailable):
    """A transaction gave way to others again and again."""


class EngineFailure(GraphUnavailable):
    """The engine failed at its own work, for whatever reason; what it was given was not at fault as far as is known."""


class GraphTimeout(ServiceError):
    """A statement ran longer than it may."""

    code = "GRAPH_TIMEOUT"


class GraphRefused(ServiceError):
    """The engine refused the credentials or the database."""

    code = "GRAPH_REFUSED"


class GraphFault(ServiceError):
    """The engine did not take what it was given, or answered with an error that was not foreseen."""

    blame = Blame.EVENT
    code = "GRAPH_FAULT"


class SetupError(LoopgraphError):
    """Found at start; the process does not go on. One that is met later is the graph's to mend, and passes."""

    blame = Blame.GRAPH
    code = "SETUP_ERROR"


class InvalidSetting(SetupError):
    """A setting is wrong, or names what there is not: nothing was begun."""


class AssetError(SetupError):
    """A query file is wrong."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file = file
        self.line = line


class EngineStartError(SetupError):
    """The embedded engine did not start."""


class ForeignData(SetupError):
    """The folder or the database belongs to something else; nothing in it was changed."""
