"""What became of a recorder's events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RecorderStats:
    """Counts since the recorder was made. ``emitted`` = accepted + rejected + dropped + still buffered."""

    emitted: int = 0
    accepted: int = 0
    """In the graph; a repeated event counts, too."""
    rejected: int = 0
    """Refused for good: by the service, which took others, or because they cannot be written as JSON."""
    dropped: int = 0
    """Lost: the buffer was full, or the time to close was over before the service answered."""
    retries: int = 0
    """Attempts at which the service took nothing and could later: it was away, busy, failed, or took nothing from here."""
    last_error: str | None = None
    """The latest reason for a rejection, a drop or a retry."""
