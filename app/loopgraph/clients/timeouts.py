"""How long the commands that an agent waits for may take. Standard library only: they start fast."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

VARIABLE = "LOOPGRAPH_HOOK_TIMEOUT"
_MOST_S = 3600.0


def seconds(environ: Mapping[str, str], default: float) -> float:
    """What ``LOOPGRAPH_HOOK_TIMEOUT`` says; the default where it says no time above zero and up to an hour."""
    with suppress(ValueError):
        if 0 < (said := float(environ.get(VARIABLE, ""))) <= _MOST_S:
            return said
    return default
