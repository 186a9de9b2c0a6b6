"""What all readers of transcripts have in common."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import ValidationError

from loopgraph.computes.transcripts.lines import record_of
from loopgraph.contracts.traces.observations import Observation
from loopgraph.errors import InvalidInput


@dataclass(frozen=True)
class TranscriptFile:
    """A file of a client's transcripts: its path, and what stands about it in a file beside it.

    ``repeated`` are the ids of those of its lines that stand in another file, too, and are read there. ``output`` gives the text
    of a large output that the client has put into a file of its own, by the path that the transcript names; None if there is
    none.
    """

    path: str
    about: Mapping[str, Any] = field(default_factory=dict)
    repeated: Container[str] = frozenset()
    output: Callable[[str], str | None] = lambda path: None


class TranscriptReader(Protocol):
    """Reads one transcript, line by line from its first; keeps what later lines need of earlier ones."""

    def read(self, line: bytes) -> Sequence[Observation]:
        """What a whole line says, without its end. Lines and fields that are not known say nothing, and never fail."""
        ...

    def close(self) -> Sequence[Observation]:
        """What follows from nothing more coming: what has not ended is over. Nothing is read afterwards."""
        ...


def understood(told: Iterable[Observation]) -> list[Observation]:
    """What is told until something does not fit: an id that cannot be one, a value that contradicts another."""
    kept: list[Observation] = []
    try:
        for observation in told:
            kept.append(observation)
    except (ValidationError, InvalidInput):
        pass
    return kept


def read_with(read: Callable[[dict[str, Any]], Iterable[Observation]], line: bytes) -> Sequence[Observation]:
    """What a line says, by a function that reads its object. Lines and fields that are not known say nothing, and never fail."""
    record = record_of(line)
    return understood(read(record)) if record is not None else ()
