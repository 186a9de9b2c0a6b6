"""More that lines say, each in a file of its own: which text of which definition the model was given."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from loopgraph.computes.transcripts.claude_code.lines import Line
from loopgraph.computes.transcripts.claude_code.telling import Place
from loopgraph.computes.transcripts.claude_code.uses import tell_uses
from loopgraph.contracts.traces.observations import Observation

Addition = Callable[[Line, Place], Iterable[Observation]]
"""What a line of the user, of the model or of the client says beside its place among the steps of a turn."""

ADDITIONS: tuple[Addition, ...] = (tell_uses,)
"""All of them. Each is asked about every line of these kinds, in the order of the file, and keeps at its turn what it needs."""
