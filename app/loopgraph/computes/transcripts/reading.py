"""What all readers of transcripts have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from loopgraph.contracts.observations import Observation


@dataclass(frozen=True)
class TranscriptFile:
    """A file of a client's transcripts: its path, and what stands about it in a file beside it."""

    path: str
    about: Mapping[str, Any] = field(default_factory=dict)


class TranscriptReader(Protocol):
    """Reads one transcript, line by line from its first; keeps what later lines need of earlier ones."""

    def read(self, line: bytes) -> Sequence[Observation]:
        """What a whole line says, without its end. Lines and fields that are not known say nothing, and never fail."""
        ...
