"""The ``traceparent`` header of W3C Trace Context (Recommendation, level 1; flags of level 2 are kept)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)
_TRACE_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


@dataclass(frozen=True, slots=True)
class TraceParent:
    """``trace_id`` has 32 lower-case hex digits, ``parent_id`` 16; neither is all zero. Bit 0 of ``flags``: sampled."""

    trace_id: str
    parent_id: str
    flags: int = 1

    def __str__(self) -> str:
        """The header's value, in version 00."""
        return f"00-{self.trace_id}-{self.parent_id}-{self.flags:02x}"

    @classmethod
    def parse(cls, header: str) -> TraceParent | None:
        """The header's content; None for one that the Recommendation has us ignore.

        Version ``ff`` is invalid, and version 00 has nothing after its flags. A higher version is read as 00 is, may go on
        after a dash, and only its sampled flag is known (§ 3.2.4, Versioning of traceparent).
        """
        match = _HEADER.fullmatch(header)
        if match is None:
            return None
        version, trace_id, parent_id, flags, more = match.groups()
        if version == "ff" or trace_id == _NO_TRACE or parent_id == _NO_SPAN or (version == "00" and more is not None):
            return None
        return cls(trace_id, parent_id, int(flags, 16) & (0xFF if version == "00" else 0x01))


def trace_id_of(id_: str) -> str:
    """The W3C trace id for one of our ids: the id itself (a UUID's without its dashes), or its digest."""
    digits = id_.lower().replace("-", "")
    if _TRACE_ID.fullmatch(digits) and digits != _NO_TRACE:
        return digits
    return hashlib.blake2b(id_.encode(), digest_size=16).hexdigest()


def span_id_of(id_: str) -> str:
    """The W3C span id for one of our ids: its digest."""
    return hashlib.blake2b(id_.encode(), digest_size=8).hexdigest()
