"""What the parts of the service tell of what they are at, for OpenTelemetry; nobody listens where no setting asks for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Protocol, TypeVar

MARK: Final = "x-loopgraph-telemetry"
"""The header of what a Loopgraph tells of itself; its value is the instance that does."""

Attributes = Mapping[str, str | int | float | bool]
Work = TypeVar("Work", bound=Callable[..., Awaitable[Any]])


class Span(Protocol):
    """Something that goes on."""

    def called(self, name: str) -> None:
        """Gives it another name: that of the route, once it is known."""

    def told(self, attributes: Attributes) -> None:
        """Says more of it."""

    def failed(self, why: str) -> None:
        """It came to nothing: the code of the error."""


class Spans(Protocol):
    """Who is told. A place (``here``) is what later work can be told to belong to; None is no place."""

    def request(
        self, name: str, headers: Sequence[tuple[bytes, bytes]], attributes: Attributes
    ) -> AbstractContextManager[Span]:
        """A request, until the end of the block: under that of its sender, where the headers name one."""

    def stage(self, name: str, attributes: Attributes) -> AbstractContextManager[Span]:
        """Work of its own, until the end of the block."""

    def together(self, name: str, places: Sequence[object], attributes: Attributes) -> AbstractContextManager[Span]:
        """Work for several at once, until the end of the block; for nobody where none of them has a place."""

    def ended(self, name: str, seconds: float, attributes: Attributes, *, alone: bool = False) -> None:
        """Something has just ended. It is told if what it belongs to is, and if it stands ``alone`` in any case."""

    def here(self) -> object | None:
        """The place of what goes on."""

    def bound(self, work: Work) -> Work:
        """Work that others may carry out, as belonging here."""


class _Nothing:
    def called(self, name: str) -> None: ...

    def told(self, attributes: Attributes) -> None: ...

    def failed(self, why: str) -> None: ...


_NOTHING: Final = nullcontext(_Nothing())


class NoSpans:
    """Nobody is told anything, which costs next to nothing."""

    def request(
        self, name: str, headers: Sequence[tuple[bytes, bytes]], attributes: Attributes
    ) -> AbstractContextManager[Span]:
        """Nothing."""
        return _NOTHING

    def stage(self, name: str, attributes: Attributes) -> AbstractContextManager[Span]:
        """Nothing."""
        return _NOTHING

    def together(self, name: str, places: Sequence[object], attributes: Attributes) -> AbstractContextManager[Span]:
        """Nothing."""
        return _NOTHING

    def ended(self, name: str, seconds: float, attributes: Attributes, *, alone: bool = False) -> None:
        """Nothing."""

    def here(self) -> object | None:
        """Nowhere."""
        return None

    def bound(self, work: Work) -> Work:
        """The work itself."""
        return work


NO_SPANS: Final[Spans] = NoSpans()
