"""Records dead letters again. What is recorded leaves the file of dead letters, what is not stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from loopgraph.contracts.traces.observations import Recordable
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.traces.dead_letters import DeadLetters, Letter
from loopgraph.errors import ServiceError
from loopgraph.orchestrators.recording.recorder import Recorder

_AT_ONCE: Final = 500


@dataclass
class ReplayReport:
    """What became of each letter, by its id: why it was not recorded. ``repeated`` were in the graph already."""

    recorded: int = 0
    repeated: int = 0
    left: dict[str, str] = field(default_factory=dict)
    stopped: ServiceError | None = None
    """Why it was not gone on: the graph takes nothing now. What comes after stays as it was."""


async def replay(letters: Sequence[Letter], dead_letters: DeadLetters, recorder: Recorder) -> ReplayReport:
    """Records letters on the way of all events; ``recorder`` is one without dead letters of its own.

    Each event is dated by when it was put aside, if it brings no time. Stopped at any time, nothing is lost: a letter goes after
    its event is committed, and recording it once more changes nothing. Raises OSError if the file cannot be changed.
    """
    report = ReplayReport()
    events: dict[str, Recordable] = {}
    for letter in letters:
        try:
            events[letter.letter_id] = letter.recordable()
        except ValueError as error:
            report.left[letter.letter_id] = str(error)
    sound = [letter for letter in letters if letter.letter_id in events]
    for at, together in groupby(sound, key=lambda letter: letter.at):
        group = list(together)
        for start in range(0, len(group), _AT_ONCE):
            part = group[start : start + _AT_ONCE]
            try:
                outcomes = await recorder.record([events[letter.letter_id] for letter in part], received_at=at)
            except ServiceError as error:
                report.stopped = error
                return report
            done = []
            for letter, outcome in zip(part, outcomes, strict=True):
                if isinstance(outcome, Recorded):
                    done.append(letter.letter_id)
                    report.recorded += not outcome.repeated
                    report.repeated += outcome.repeated
                else:
                    report.left[letter.letter_id] = str(outcome)
            await dead_letters.remove(done)
    return report
