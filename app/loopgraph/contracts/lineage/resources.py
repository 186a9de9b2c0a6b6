"""What lies beside a skill's ``SKILL.md``: its scripts, references and other files, known by one digest.

A version of a skill is one of its ``SKILL.md``, as ``git log --follow`` tells it. What it does can change with the other files,
too; so while a version stands, its folder has states, each from an instant on. What is hidden, and what programs leave
behind, is no part of it, nor is another skill in a folder below.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from loopgraph.contracts.base import Contract, Instant, Name

SKILL_FILE: Final = "SKILL.md"
MOST_FILES: Final = 500
"""A folder with more has no digest: it is no skill's own."""
MOST_STATES: Final = 100
"""So many states are kept of one version, the last."""

_LEFT_BEHIND: Final = frozenset({"__pycache__", "node_modules", "venv"})


class ResourceState(Contract):
    """What lay beside a skill's ``SKILL.md`` from an instant on; ``digest`` is None where there was nothing, or too much.
    ``label`` is that of the commit, None for what no commit has."""

    digest: str | None
    since: Instant
    label: Name | None = None


def is_left_out(name: str) -> bool:
    """Whether a file or folder of this name is no part of a skill."""
    return name.startswith(".") or name in _LEFT_BEHIND or name.endswith((".pyc", ".bak", "~"))


def resources_digest(blobs: Iterable[tuple[str, str]]) -> str | None:
    """``sha256:<hex>`` over paths in the folder and git's ids of what they hold, in the order of the paths; None for nothing."""
    lines = sorted(f"{path}\0{blob}\n" for path, blob in blobs)
    return f"sha256:{hashlib.sha256(''.join(lines).encode('utf-8', 'surrogatepass')).hexdigest()}" if lines else None


def blob_id(content: bytes, algorithm: str = "sha1") -> str:
    """The id that git gives this content."""
    made = hashlib.new(algorithm, usedforsecurity=False)
    made.update(b"blob %d\0" % len(content))
    made.update(content)
    return made.hexdigest()


def joined_states(before: Sequence[ResourceState], now_known: Sequence[ResourceState]) -> tuple[ResourceState, ...]:
    """The states of a version, in order. One that is as the one before it is that one; a commit of what was seen before it names
    it. The same states come to the same, told once or again."""
    known: dict[tuple[str | None, str | None, datetime | None], ResourceState] = {}
    for state in (*before, *now_known):
        key = state.label, state.digest, None if state.label else state.since
        if key not in known or state.since < known[key].since:
            known[key] = state
    states: list[ResourceState] = []
    for state in sorted(known.values(), key=_since):
        if not states or states[-1].digest != state.digest:
            states.append(state)
        elif states[-1].label is None and state.label:
            states[-1] = states[-1].model_copy(update={"label": state.label})
    return tuple(states[-MOST_STATES:])


def _since(state: ResourceState) -> datetime:
    return state.since


def state_at(states: Sequence[ResourceState], at: datetime) -> ResourceState | None:
    """The one that was in force, if any was."""
    return next((state for state in reversed(states) if state.since <= at), None)
