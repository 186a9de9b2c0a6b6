"""The copy of its parent's lines that the rollout of a forked thread begins with.

No line says that it is copied, and copies are dated by the copying. Two things tell them: a turn's name is a UUID with the time
of its making, which for a copied one lies before that of the thread; and where turns have no names, the copy is written in one
go, so the first pause ends it. The prompt that stands last in it, if nothing was answered to it there, is the fork's own: it
was written with it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from loopgraph.computes.agents.fields import LONGEST_TEXT, shortened

_PAUSE: Final = timedelta(milliseconds=50)

_UUID_7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")

_ANSWERS: Final = frozenset({"agent_message", "function_call", "custom_tool_call", "local_shell_call"})


class Asked(NamedTuple):
    """A prompt, and when it was written."""

    text: str
    at: datetime | None


class Copies:
    """Tells the lines that are copied, as long as they last."""

    def __init__(self) -> None:
        self._thread_id: str | None = None
        self._last: datetime | None = None
        self._named = self._prompted = False
        self._asked: Asked | None = None
        self._released: Asked | None = None

    def begin(self, thread_id: str, at: datetime | None) -> None:
        """The thread of this id has copied lines from here on."""
        self._thread_id, self._last = thread_id, at

    def holds(self, what: str, payload: dict[str, Any], at: datetime | None) -> bool:
        """Whether a line is copied: of the kind ``what``, written at this instant."""
        if self._thread_id is None:
            return False
        turn_id = payload.get("turn_id") if what in ("task_started", "turn_started") else None
        if isinstance(turn_id, str) and _UUID_7.fullmatch(turn_id) and _UUID_7.fullmatch(self._thread_id):
            self._named, self._asked = True, None
            if turn_id[:13] >= self._thread_id[:13]:
                self._thread_id = None
                return False
        elif self._prompted and not self._named and self._paused(at):
            self._released, self._thread_id = self._asked, None
            return False
        self._last = at or self._last
        self._note(what, payload, at)
        return True

    def _paused(self, at: datetime | None) -> bool:
        return at is not None and self._last is not None and at - self._last > _PAUSE

    def _note(self, what: str, payload: dict[str, Any], at: datetime | None) -> None:
        text = payload.get("message")
        if what == "user_message" and isinstance(text, str) and text.strip() and not self._named:
            self._prompted, self._asked = True, Asked(shortened(text, LONGEST_TEXT), at)
        elif what in _ANSWERS:
            self._asked = None

    def released(self) -> Asked | None:
        """The fork's own prompt that was among the copied lines; once."""
        released, self._released = self._released, None
        return released

    def left(self) -> Asked | None:
        """The fork's own prompt, where nothing comes after the copy."""
        return self._asked if self._thread_id is not None and not self._named else None
