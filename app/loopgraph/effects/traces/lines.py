"""Lines of a file or a pipe, each bounded in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from loopgraph.contracts.traces.loading import Line

_PIECE: Final = 1024 * 1024


def lines_of(file: BinaryIO, most_bytes: int) -> Iterator[Line]:
    """The lines of a file, in their order; one of more than ``most_bytes`` is passed over, a piece at a time, and has no text."""
    number = 0
    while piece := file.readline(most_bytes + 1):
        number += 1
        if len(piece) <= most_bytes or piece.endswith(b"\n"):
            yield Line(number, piece.rstrip(b"\r\n"), len(piece))
            continue
        size = len(piece)
        while piece and not piece.endswith(b"\n"):
            piece = file.readline(_PIECE)
            size += len(piece)
        yield Line(number, None, size)
