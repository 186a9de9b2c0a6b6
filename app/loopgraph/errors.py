"""The error tree. Everything the package raises on purpose is one of these.

LoopgraphError
├── UserError               the caller can mend it; shown as it is, on every door
│   ├── InvalidInput        a value is wrong; names the field and what would be right
│   │   └── CycleRefused    an ancestry edge would close a cycle; carries the path
│   ├── NotFound            nothing has this id
│   ├── Conflict            the id or key is taken by other content
│   ├── InvalidTransition   the lifecycle does not allow this step; names both states
│   ├── Unprocessable       the graph cannot store this event, though it stores others; it was put aside
│   └── Forbidden           the principal may not do this
├── ServiceError            the service cannot answer now; never the caller's fault
│   ├── Overloaded          more waits to be recorded than is taken in; says when to come again
│   ├── ShuttingDown        the service takes nothing more in
│   ├── GraphUnavailable    the graph engine does not answer
│   ├── GraphTimeout        a statement ran longer than it may
│   ├── GraphRefused        the engine refused the credentials or the database
│   └── GraphFault          the engine answered with an error we did not foresee
└── SetupError              found at start; the process does not go on
    ├── AssetError          a query file is wrong; names the file and the line
    ├── EngineStartError    the embedded engine did not start; says where its log is
    └── ForeignData         the folder or the database belongs to something else
"""

from __future__ import annotations

from collections.abc import Sequence


class LoopgraphError(Exception):
    """Root of the tree. ``str(error)`` is one plain sentence for people."""


class UserError(LoopgraphError):
    """The caller can mend it."""

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

    def __init__(self, kind: str, id_: str, current: str, wanted: str) -> None:
        super().__init__(f"{kind} {id_!r} is {current} and cannot become {wanted}")
        self.kind = kind
        self.id = id_
        self.current = current
        self.wanted = wanted


class Unprocessable(UserError):
    """The graph cannot store this event, though it stores others; it was put aside among the dead letters."""

    code = "UNPROCESSABLE"


class Forbidden(UserError):
    """The principal may not do this."""

    code = "FORBIDDEN"


class ServiceError(LoopgraphError):
    """The service cannot answer now."""

    code = "SERVICE_ERROR"


class Overloaded(ServiceError):
    """More events wait to be recorded than the service takes in. ``retry_after_s``: when there should be room again."""

    code = "OVERLOADED"

    def __init__(self, problem: str, retry_after_s: int = 1) -> None:
        super().__init__(f"{problem}; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class ShuttingDown(ServiceError):
    """The service takes nothing more in; one that is started again will."""

    code = "SHUTTING_DOWN"


class GraphUnavailable(ServiceError):
    """The graph engine does not answer; a retry later can succeed."""

    code = "GRAPH_UNAVAILABLE"


class GraphTimeout(ServiceError):
    """A statement ran longer than it may."""

    code = "GRAPH_TIMEOUT"


class GraphRefused(ServiceError):
    """The engine refused the credentials or the database."""

    code = "GRAPH_REFUSED"


class GraphFault(ServiceError):
    """The engine answered with an error that was not foreseen."""

    code = "GRAPH_FAULT"


class SetupError(LoopgraphError):
    """Found at start; the process does not go on."""


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
