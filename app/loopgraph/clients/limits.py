"""How long the commands that an agent waits for may take, and how much they may keep on disk: what variables say.

A value that is none costs no event: the default counts then. Standard library only: they start fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

TIMEOUT = "LOOPGRAPH_HOOK_TIMEOUT"
SPOOL_BYTES = "LOOPGRAPH_HOOK_SPOOL_BYTES"
DEFAULT_SPOOL_BYTES = 64 * 1024 * 1024
_MOST_S = 3600.0


def seconds(environ: Mapping[str, str], default: float) -> float:
    """What ``LOOPGRAPH_HOOK_TIMEOUT`` says; the default where it says no time above zero and up to an hour."""
    said = _seconds(environ.get(TIMEOUT, ""))
    return default if said is None else said


def spool_bytes(environ: Mapping[str, str]) -> int:
    """What ``LOOPGRAPH_HOOK_SPOOL_BYTES`` says; the default where it says no whole number from zero on."""
    said = _bytes(environ.get(SPOOL_BYTES, ""))
    return DEFAULT_SPOOL_BYTES if said is None else said


def mistakes(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each of these variables whose value is none."""
    found = []
    if (said := environ.get(TIMEOUT)) and _seconds(said) is None:
        found.append(f"{TIMEOUT}={said!r} is no number of seconds above 0 and up to {_MOST_S:.0f}: the default counts")
    if (said := environ.get(SPOOL_BYTES)) and _bytes(said) is None:
        found.append(f"{SPOOL_BYTES}={said!r} is no number of bytes: the default, {DEFAULT_SPOOL_BYTES:,}, counts")
    return found


def _seconds(text: str) -> float | None:
    with suppress(ValueError):
        if 0 < (said := float(text)) <= _MOST_S:
            return said
    return None


def _bytes(text: str) -> int | None:
    with suppress(ValueError):
        if (said := int(text)) >= 0:
            return said
    return None
