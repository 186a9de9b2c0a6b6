"""One transcript as it is read: what its lines say that was not recorded yet, and how far it is."""

from __future__ import annotations

import logging
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Final

from loopgraph.computes.transcripts.lines import fits
from loopgraph.contracts.traces.events import PROMPTED, EndpointCalled, HookExecuted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation
from loopgraph.contracts.traces.transcripts import Position
from loopgraph.effects.transcripts.files import FoundFile
from loopgraph.orchestrators.transcripts.clients import TranscriptClient

logger = logging.getLogger(__name__)

_BYTES: Final = 4 * 1024 * 1024
"""Of so many bytes at most is what is taken at a time, but for a longer line."""


@dataclass
class Taken:
    """What was taken of a transcript: events, how many bytes that was, and how many lines were passed over as too large.
    ``more``: there may be more."""

    events: list[Observation] = field(default_factory=list)
    bytes: int = 0
    too_large: int = 0
    more: bool = True


class Reading:
    """A transcript that is being read, from its first line; those that have been recorded before give their context, and no
    more. What is read of a file that has grown goes on where it was. No line may take more than about ``line_bytes`` of memory.
    To be used by one thread at a time."""

    def __init__(
        self, client: TranscriptClient, file: FoundFile, known: Position | None, head: str | None, line_bytes: int
    ) -> None:
        self.file = file
        self._client = client
        self._known = known
        self._head = head
        self._line_bytes = line_bytes
        self._lines = client.lines(file, line_bytes)
        self._is_closed = False
        self.counts = Counts()

    def begin(self, repeated: Container[str]) -> None:
        """Opens it: what is as it was when it was read before is known; a file that was written anew is read anew. Raises
        OSError."""
        self._reader = self._client.opened(self.file.path, repeated)
        known = self._known
        if known is not None and self.file.about_ns > max(
            known.mtime_ns, 0
        ):  # of one that was broken off it is not known
            known = None  # what all of its lines are about is told anew
        if known is not None:
            self._lines.resume(known)

    def take(self, events: int, *, last: bool = False) -> Taken:
        """About so many events of what follows. ``last``: nothing more is expected, so that what has not ended is over. Raises
        OSError."""
        taken = Taken()
        began = self._lines.read_bytes
        try:
            for line in self._lines.lines(last=last):
                if line.content is None or not fits(line.content, self._line_bytes):
                    self._pass_over(taken, is_new=line.is_new)
                else:
                    said = self._reader.read(line.content)
                    if line.is_new:
                        taken.events += said
                        self.counts.count(said)
                if len(taken.events) >= events or self._lines.read_bytes - began >= _BYTES:
                    break
            else:
                taken.more = False
                if last and not self._is_closed:
                    self._is_closed = True
                    ends = self._reader.close()
                    taken.events += ends
                    self.counts.events += len(ends)
        except OSError:
            if self._lines.read_bytes == began:
                raise
            # What stands before it is taken, and the next attempt says the same again.
        taken.bytes = self._lines.read_bytes - began
        return taken

    def _pass_over(self, taken: Taken, *, is_new: bool) -> None:
        if is_new:
            taken.too_large += 1
            place = f"the line that ends at byte {self._lines.read_bytes:,}"
            limit = f"{self._line_bytes:,} bytes of memory (LOOPGRAPH_MAX_TRANSCRIPT_LINE_BYTES)"
            logger.error("%s: %s would take more than %s: it is passed over", self.file.place, place, limit)

    def goes_on_with(self, file: FoundFile) -> bool:
        """Whether what is there now is what has been read, and perhaps more: its size does not tell. Raises OSError."""
        if file.path != self.file.path or file.about_ns != self.file.about_ns or self._is_closed:
            return False
        if not self._lines.stands():
            return False
        self.file = file
        return True

    def position(self, *, whole: bool) -> Position:
        """How far it is. ``whole``: all of it has been read, as it was found."""
        size, mtime_ns = self.file.stamp if whole else (-1, -1)
        reached = self._lines.reached(whole=whole)
        return Position(
            file_id=self.file.file_id,
            client=self.file.client,
            path=self.file.place,
            offset=reached.offset,
            digest=reached.digest,
            size=size,
            mtime_ns=mtime_ns,
            closed=self._is_closed,
            head=self._head,
        )


class Counts:
    """What was told, by kind; a request to a model has several lines."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._calls: set[str] = set()
        self.events = self.prompts = self.subagents = self.tool_calls = 0

    def count(self, told: Sequence[Observation]) -> None:
        """Counts what a line has said."""
        self.events += len(told)
        for observation in told:
            event = observation.event
            if isinstance(event, TraceStarted) and event.prompt_text is not None:
                if event.agent_id:
                    self.subagents += 1
                elif event.source == PROMPTED:
                    self.prompts += 1
            elif isinstance(event, HookExecuted) and event.status is TraceStatus.IN_PROGRESS:
                self.tool_calls += 1
            elif isinstance(event, EndpointCalled):
                self._calls.add(event.call_id)

    def totals(self) -> dict[str, int]:
        """The counts, by their names in TranscriptNews; they begin anew."""
        totals = {
            "events": self.events,
            "prompts": self.prompts,
            "subagents": self.subagents,
            "tool_calls": self.tool_calls,
            "model_calls": len(self._calls),
        }
        self._begin()
        return totals
