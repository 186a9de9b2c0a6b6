"""What of a thread of Codex was taken back, by all of its files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from loopgraph.computes.transcripts.codex.rollouts import Rollout, not_kept, rollout_of, turns_from
from loopgraph.computes.transcripts.codex.threads import id_in, own_id_in
from loopgraph.effects.transcripts.codex import contents, of_thread

_LONGEST: Final = 1024 * 1024
"""Lines that begin a thread or a turn have fewer bytes."""


def taken_back(path: Path) -> list[str]:
    """The ids of the turns that a thread has left when it went on in this file, as far as its files can be read."""
    thread_id = id_in(str(path))
    if thread_id is None or thread_id == own_id_in(str(path)):
        return []  # it is the first of its thread
    rollouts: dict[Path, Rollout] = {}
    for file in {path, *of_thread(path, thread_id)}:
        if rollout := rollout_of(str(file), next(contents(file, _LONGEST), None) or b""):
            rollouts[file] = rollout
    gone = not_kept(rollouts[path], rollouts.values()) if path in rollouts else {}
    return [
        turn
        for file, rollout in rollouts.items()
        if rollout.id in gone
        for turn in turns_from(contents(file, _LONGEST), gone[rollout.id])
    ]
