"""The clock and the source of ids. Both are I/O: pure rooms get their values passed in."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

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


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MORE_DIGITS: Final = 10**16


def time_key(instant: datetime, id_: str) -> str:
    """A text that sorts by instant and then by id: 16 digits of microseconds since 1970, ``|``, the id.

    Of instants after 2286 there are more digits, behind a colon, which sorts after every digit.
    """
    micros = max(int(instant.timestamp()) * 1_000_000 + instant.microsecond, 0)
    return f"{micros:016d}|{id_}" if micros < _MORE_DIGITS else f":{micros:018d}|{id_}"


def instant_of_key(key: str) -> datetime:
    """The instant that a ``time_key`` begins with."""
    return _EPOCH + timedelta(microseconds=int(key.partition("|")[0].removeprefix(":")))


_NO_ZONES: Final = frozenset({"Factory", "localtime", "posixrules"})
"""Files beside those of the zones: for a machine that was not set up, for how this one was, and the rules of old texts."""


@cache
def time_zones() -> frozenset[str]:
    """The names of the time zones of the IANA database. Which zone this machine is set to is nobody else's."""
    return frozenset(available_timezones() - _NO_ZONES)


def time_zone(name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database (``Europe/Berlin``). Raises InvalidInput if there is none of this name."""
    if name not in time_zones():
        spelled = {zone.lower(): zone for zone in time_zones()}
        meant = get_close_matches(name[:_LONGEST_ZONE].lower(), spelled, n=1, cutoff=0.8)
        right = f"did you mean {spelled[meant[0]]}?" if meant else "give a name such as Europe/Berlin"
        raise InvalidInput("timeZone", f"there is no time zone {name[:_LONGEST_ZONE]!r} in the IANA database; {right}")
    return ZoneInfo(name)


_LONGEST_ZONE: Final = 100
"""So many characters of a name that is none are told again."""
