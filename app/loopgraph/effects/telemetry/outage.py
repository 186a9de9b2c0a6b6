"""What the log has of a receiver that takes nothing."""

from __future__ import annotations

import logging
import time
from typing import Final

AGAIN_S: Final = 3_600.0
"""So long an outage lasts until the log says so again."""


class Outage:
    """Says in the log that something is not taken: when that begins, then at most every hour, whatever the reasons are by then,
    and once when it is over. ``what`` begins the sentence (``"the service's metrics"``), ``url`` is where it is sent."""

    def __init__(self, logger: logging.Logger, what: str, url: str) -> None:
        self._logger = logger
        self._what = what
        self._url = url
        self._told_at: float | None = None

    def is_so(self, why: str = "") -> None:
        """They were not taken just now."""
        if self._told_at is None or time.monotonic() - self._told_at >= AGAIN_S:
            so = "are not" if self._told_at is None else "are still not"
            reason = f" ({why})" if why else ""
            self._logger.warning("%s %s taken at %s%s: they are lost until they are", self._what, so, self._url, reason)
            self._told_at = time.monotonic()

    def is_over(self) -> None:
        """They were taken just now."""
        if self._told_at is not None:
            self._logger.info("%s are taken at %s again", self._what, self._url)
            self._told_at = None
