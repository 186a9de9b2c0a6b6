"""Rollouts of Codex that belong together, by their names."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from loopgraph.effects.transcripts.files import COMPRESSED, found
from loopgraph.effects.transcripts.forms import lines_of

_FOLDERS: Final = ("sessions", "archived_sessions")


def of_thread(path: Path, thread_id: str) -> list[Path]:
    """The rollouts of a thread, by one of them."""
    name = f"rollout-*{thread_id}*.jsonl"
    home = next((parent.parent for parent in path.parents if parent.name in _FOLDERS), None)
    places = [home / folder for folder in _FOLDERS] if home else [path.parent]
    there = {file for place in places for end in ("", COMPRESSED) for file in place.rglob(name + end)}
    return sorted(file for file in there if file.suffix != COMPRESSED or file.with_suffix("") not in there)


def contents(path: Path, longest: int) -> Iterator[bytes | None]:
    """The lines of a rollout, as far as it can be read; None for one of more than ``longest`` bytes."""
    file = found("codex", path)
    if file is not None:
        with contextlib.suppress(OSError):  # it is told of when its own lines are read
            yield from (line.content for line in lines_of(file, longest).lines())
