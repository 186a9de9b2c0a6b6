"""One transcript as it is read: what its lines say that was not recorded yet, and how far it is."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Final

from loopgraph.contracts.observations import Observation
from loopgraph.contracts.traces import PROMPTED, EndpointCalled, HookExecuted, TraceStarted, TraceStatus
from loopgraph.contracts.transcripts import Position
from loopgraph.effects.transcripts.files import FoundFile, LineReader, digest_of
from loopgraph.orchestrators.transcripts.clients import TranscriptClient

_BYTES: Final = 4 * 1024 * 1024
"""Of so many bytes at most is what is taken at a time, but for a longer line."""


@dataclass
class Taken:
    """What was taken of a transcript: events, how many bytes that was, and how far it is. ``more``: there may be more."""

    events: list[Observation] = field(default_factory=list)
    bytes: int = 0
    more: bool = True


class Reading:
    """A transcript that is being read, from its first line; those that have been recorded before give their context, and no
    more. What is read of a file that has grown goes on where it was. To be used by one thread at a time."""

    def __init__(self, client: TranscriptClient, file: FoundFile, known: Position | None, head: str | None) -> None:
        self.file = file
        self._client = client
        self._known = known
        self._head = head
        self._lines = LineReader(file.path)
        self._recorded = 0
        self._is_closed = False
        self.counts = Counts()

    def begin(self, repeated: Container[str]) -> None:
        """Opens it: what is as it was when it was read before is known; a file that was written anew is read anew. Raises
        OSError."""
        self._reader = self._client.opened(self.file.path, repeated)
        known = self._known
        if known is not None and known.mtime_ns < self.file.about_ns:
            known = None  # what all of its lines are about is told anew
        if known and known.offset and digest_of(self.file.path, known.offset) == known.digest:
            self._recorded = known.offset

    def take(self, events: int, *, last: bool = False) -> Taken:
        """About so many events of what follows. ``last``: nothing more is expected, so that what has not ended is over. Raises
        OSError."""
        taken = Taken()
        began = self._lines.offset
        for line in self._lines.lines(last=last):
            if line.content is not None:
                said = self._reader.read(line.content)
                if line.end > self._recorded:
                    taken.events += said
                    self.counts.count(said)
            if len(taken.events) >= events or line.end - began >= _BYTES:
                break
        else:
            taken.more = False
            if last and not self._is_closed:
                self._is_closed = True
                taken.events += self._reader.close()
        taken.bytes = self._lines.offset - began
        self._recorded = max(self._recorded, self._lines.offset)
        return taken

    def goes_on_with(self, file: FoundFile) -> bool:
        """Whether what is there now is what has been read, and perhaps more: its size does not tell. Raises OSError."""
        if file.stamp.size < self._lines.offset or file.about_ns != self.file.about_ns or self._is_closed:
            return False
        if digest_of(file.path, self._lines.offset) != self._lines.digest:
            return False
        self.file = file
        return True

    def position(self, *, whole: bool) -> Position:
        """How far it is. ``whole``: all of it has been read, as it was found."""
        size, mtime_ns = self.file.stamp if whole else (-1, -1)
        return Position(
            file_id=self.file.file_id,
            client=self.file.client,
            path=str(self.file.path),
            offset=self._lines.offset,
            digest=self._lines.digest,
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
        self.prompts = self.subagents = self.tool_calls = 0

    def count(self, told: Sequence[Observation]) -> None:
        """Counts what a line has said."""
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
        """The counts, by their names in a TranscriptProgress; they begin anew."""
        totals = {
            "prompts": self.prompts,
            "subagents": self.subagents,
            "tool_calls": self.tool_calls,
            "model_calls": len(self._calls),
        }
        self._begin()
        return totals
