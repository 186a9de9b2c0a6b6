"""How one part of the work with the broker stands, in words."""

from __future__ import annotations

import logging
from typing import Final

from prometheus_client import Gauge

logger = logging.getLogger(__name__)

WORKING: Final = "ok"
STARTING: Final = "starting"
AWAY: Final = "away"
ELSEWHERE: Final = "elsewhere"


class Standing:
    """Of a ``part``: ``consumer`` or ``producer``. A change is logged, once; ``up`` shows it."""

    def __init__(self, part: str, up: Gauge) -> None:
        self._part = part
        self._up = up.labels(part)
        self.status = STARTING
        self.message = "it is being connected"

    def works(self, message: str) -> None:
        """It does what it is for."""
        self._is(WORKING, message, logging.INFO)

    def rests(self, message: str) -> None:
        """Another process does that."""
        self._is(ELSEWHERE, message, logging.INFO)

    def waits(self, message: str) -> None:
        """Something is away; nothing is lost meanwhile."""
        self._is(AWAY, message, logging.WARNING)

    @property
    def told(self) -> dict[str, str]:
        """For ``/readyz``."""
        return {"status": self.status, "message": self.message}

    def _is(self, status: str, message: str, level: int) -> None:
        if (status, message) != (self.status, self.message):
            logger.log(level, "Kafka %s: %s", self._part, message)
        self.status, self.message = status, message
        self._up.set(status != AWAY)
