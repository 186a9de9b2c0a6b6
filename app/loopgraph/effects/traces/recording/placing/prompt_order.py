"""Which tellings of the prompts of a session are of one prompt, and which prompt was at work when.

Some clients are told of on several ways that name their prompts differently, or not at all: the hooks of Codex name a turn and
its log records do not; of Gemini CLI it is the other way round, or neither does, and its transcript has names of its own. Two
tellings are of one prompt if

- they come by different ways (``Way``): no way tells of one prompt twice, so no two of one way are the same;
- their texts agree as far as both have one: they are equal, or one goes on in new lines (files that were named in it);
- they are no more than ``APART`` from each other, and nearer than any other two that could be one.

A prompt has the id of the telling that knows it best: one that names it for all, else that of a hook, a record, a transcript.
Everything that names no prompt is of the last that had begun before it. All of this follows from the tellings alone, so that they
may come in any order: each time one is added, what had been concluded without it is set right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from itertools import pairwise
from typing import Any, Final, NamedTuple

APART: Final = timedelta(seconds=30)
"""Hooks of other programs may take their time between two tellings of a prompt."""

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


class Way(IntEnum):
    """How a prompt was told of, the way that knows it best first."""

    NAMED = 0
    HOOK = 1
    RECORD = 2
    TRANSCRIPT = 3
    ALONE = 4
    """By a client that nobody else tells of."""


@dataclass(frozen=True)
class Telling:
    """That there was a prompt. ``given`` is what its report gave, as JSON; None of one that names it."""

    id: str
    at: datetime
    text: str | None
    way: Way
    given: dict[str, Any] | None = None

    def agrees_with(self, other: Telling) -> bool:
        """Whether both may be of one prompt by their texts."""
        if self.text is None or other.text is None or self.text == other.text:
            return True
        short, long = sorted((self.text, other.text), key=len)
        return bool(short) and long.startswith(f"{short}\n")


class Move(NamedTuple):
    """What goes by order in ``since <= at < until`` belongs to ``into``, and no longer to ``out_of``; these are ids of prompts,
    None is the session itself."""

    out_of: str | None
    into: str | None
    since: datetime
    until: datetime


class PromptOrder:
    """The prompts of one session, as far as they are told of."""

    def __init__(self, tellings: Iterable[Telling]) -> None:
        self.tellings = {telling.id: telling for telling in tellings}
        self.prompts = _prompts(list(self.tellings.values()))
        """The prompt that each telling is of."""
        begun: dict[str, datetime] = {}
        for id_, prompt in self.prompts.items():
            at = self.tellings[id_].at
            begun[prompt] = min(at, begun.get(prompt, at))
        self.begun = sorted((at, prompt) for prompt, at in begun.items())

    def at(self, instant: datetime | None) -> str | None:
        """The prompt that was at work then, or is the last; None before the first."""
        known = [prompt for at, prompt in self.begun if instant is None or at <= instant]
        return known[-1] if known else None

    def moves_to(self, later: PromptOrder) -> list[Move]:
        """What has to be moved when more is known."""
        instants = sorted({at for order in (self, later) for at, _ in order.begun})
        moves: list[Move] = []
        for since, until in pairwise([*instants, NEVER]):
            out_of, into = self.at(since), later.at(since)
            if out_of == into:
                continue
            if moves and moves[-1][:2] == (out_of, into) and moves[-1].until == since:
                since = moves.pop().since
            moves.append(Move(out_of, into, since, until))
        return moves


def _prompts(tellings: list[Telling]) -> dict[str, str]:
    found = {telling.id: telling.id for telling in tellings}
    for way in (Way.HOOK, Way.RECORD, Way.TRANSCRIPT):
        better = [one for one in tellings if one.way < way and found[one.id] == one.id]
        pairs = sorted(
            (abs(one.at - other.at), one.at, one.id, other.id)
            for one in tellings
            if one.way is way
            for other in better
            if abs(one.at - other.at) <= APART and one.agrees_with(other)
        )
        taken = set[str]()
        for _, _, id_, prompt in pairs:
            if found[id_] == id_ and prompt not in taken:
                found[id_] = prompt
                taken.add(prompt)
    return found
