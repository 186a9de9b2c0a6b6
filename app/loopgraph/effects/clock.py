"""The clock and the source of ids. Both are I/O: pure rooms get their values passed in."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from loopgraph.errors import InvalidInput

_lock = threading.Lock()
_last_ms = 0
_sequence = 0


def now() -> datetime:
    """The current instant in UTC, to the microsecond (what every engine keeps)."""
    return datetime.now(UTC)


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): sorts by creation, strictly so within one process."""
    global _last_ms, _sequence
    with _lock:
        millis = time.time_ns() // 1_000_000
        if millis > _last_ms:
            _last_ms, _sequence = millis, int.from_bytes(os.urandom(2)) & 0x3FF
        else:
            _sequence += 1
            if _sequence > 0xFFF:  # the millisecond is used up: borrow from the next
                _last_ms, _sequence = _last_ms + 1, 0
        millis, sequence = _last_ms, _sequence
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return str(UUID(int=millis << 80 | 0x7 << 76 | sequence << 64 | 0b10 << 62 | random))


def time_key(instant: datetime, id_: str) -> str:
    """A text that sorts by instant and then by id: 16 digits of microseconds since 1970, ``|``, the id."""
    micros = int(instant.timestamp()) * 1_000_000 + instant.microsecond
    return f"{max(micros, 0):016d}|{id_}"


def time_zone(name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database (``Europe/Berlin``). Raises InvalidInput if there is none of this name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: of what is a folder there, or too long for a file
        raise InvalidInput(
            "timeZone", f"there is no time zone {name[:100]!r}; give a name such as Europe/Berlin"
        ) from error
