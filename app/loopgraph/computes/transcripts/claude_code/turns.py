"""Which trace a line belongs to. Lines form a tree; a prompt begins a turn, and what goes on from it is of that turn.

A prompt that goes on from an earlier place than the last line has left a branch behind: its turns are told of (``Turns.begin``).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loopgraph.computes.transcripts.claude_code.lines import Line


@dataclass(eq=False)
class Message:
    """The message that is being read: its lines so far, the greatest of their counts of tokens, and when it was asked for."""

    id: str
    asked_at: datetime | None
    lines: int = 0
    usage: dict[str, int] = field(default_factory=dict)


@dataclass(eq=False)
class Answer:
    """The text of the message that is being read: an answer, unless a tool is called after it."""

    message_id: str | None
    at: datetime
    text: str


@dataclass(frozen=True)
class Called:
    """A command or a skill that was called, and what with."""

    name: str
    arguments: str


@dataclass(eq=False)
class Turn:
    """A prompt and all that follows from it, or the work of one subagent. ``root`` is the trace of the prompt, if that is known.

    ``is_begun``: it has been told that it began; ``is_asked``: the model has worked on it. ``refused`` are the calls that came to
    nothing, and nobody knows yet why: a person said no, or stopped the agent. ``called`` are the commands and skills whose text
    has yet to come, by the line or the call; ``persona`` is what a subagent was told that it is.
    """

    trace: str
    root: str | None
    agent_id: str | None = None
    parent: Turn | None = None
    is_over: bool = False
    is_begun: bool = False
    is_asked: bool = False
    last_at: datetime | None = None
    message: Message | None = None
    answer: Answer | None = None
    retries: int = 0
    open_calls: dict[str, ToolCall] = field(default_factory=dict)
    refused: list[ToolCall] = field(default_factory=list)
    called: dict[str, Called] = field(default_factory=dict)
    agent_type: str | None = None
    is_built_in: bool = False
    persona: str | None = None
    is_persona_told: bool = False


@dataclass(eq=False)
class ToolCall:
    """A call of a tool: the client's id of it, the execution, its tool and input, and the turn that it is of."""

    id: str
    execution: str
    name: str | None
    input: Any
    turn: Turn


class Turns:
    """The turns of one transcript."""

    def __init__(self) -> None:
        self._of: dict[str, Turn | None] = {}
        self._path: list[Turn] = []
        self._has_tree = False

    @property
    def current(self) -> Turn | None:
        """The turn of the last prompt."""
        return self._path[-1] if self._path else None

    @property
    def path(self) -> Sequence[Turn]:
        """The turns that lead to the last prompt, and its own."""
        return self._path

    def before(self) -> Iterator[Turn]:
        """The turns that lead to that of the last prompt, the last first."""
        return itertools.islice(reversed(self._path), 1, None)

    def parent_of(self, line: Line) -> Turn | None:
        """The turn that a line goes on from; None if it goes on from none that is known."""
        return self._of.get(line.parent or "")

    def knows(self, uuid: str | None) -> bool:
        """Whether the line of that id has been seen."""
        return uuid in self._of

    def put(self, line: Line, turn: Turn | None) -> None:
        """A line is of a turn; None: of one that is told elsewhere."""
        if line.uuid:
            self._of[line.uuid] = turn
        self._has_tree = self._has_tree or line.parent is not None

    def begin(self, line: Line, turn: Turn) -> list[Turn]:
        """A prompt begins a turn; those that it leaves behind on another branch."""
        turn.parent = self.parent_of(line)
        if turn.parent in self._path:
            kept = self._path.index(turn.parent) + 1
        elif line.parent is None and self._has_tree:
            kept = 0  # from before the first prompt
        else:
            kept = len(self._path)
        left, self._path = self._path[kept:], [*self._path[:kept], turn]
        return left
