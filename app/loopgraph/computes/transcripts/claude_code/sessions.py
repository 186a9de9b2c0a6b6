"""What the lines say of their session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from loopgraph.computes.agents.fields import LONGEST_TEXT, said, shortened
from loopgraph.computes.agents.ids import as_id
from loopgraph.computes.transcripts.claude_code.lines import SYNTHETIC, Line, name_of, text_of
from loopgraph.computes.transcripts.claude_code.telling import CLIENT, observed
from loopgraph.contracts.traces.observations import Observation, SessionSeen
from loopgraph.contracts.traces.precedence import Trust

_TITLES: Final = {"custom-title": "customTitle", "ai-title": "aiTitle"}
_ABOUT: Final = ("gitBranch", "cwd", "version")
_COST: Final = (
    "totalCostUSD",
    "totalDuration",
    "totalAPIDuration",
    "totalLinesAdded",
    "totalLinesRemoved",
    "modelUsage",
)


class SessionLines:
    """A session of one transcript. It is told when it begins, and again when something of it changes."""

    def __init__(self, session_id: str, path: str) -> None:
        self._session = as_id(session_id)
        self._path = path
        self._told: dict[str, Any] = {}
        self._fields: tuple[Any, ...] = ()
        self._latest: datetime | None = None

    def tell(self, line: Line) -> Iterator[Observation]:
        """What a line says of its session that no earlier one has said."""
        if line.at is not None:
            begins, self._latest = self._latest is None, max(line.at, self._latest or line.at)
            if begins:
                yield self._seen(line, started_at=line.at)
                # Where it was found need not be where the client has written it.
                yield self._seen(line, rank=Trust.ASIDE, transcript_path=self._path)
        model = line.message.get("model") or (self._fields[-1] if self._fields else None)
        fields = (*map(line.fields.get, _ABOUT), model)
        if line.uuid and fields != self._fields:  # of one line after the other they are the same
            self._fields = fields
            changed = {name: value for name, value in _known(line).items() if self._is_new(name, value)}
            if changed:
                yield self._seen(line, **changed)
        if (titled := _TITLES.get(str(line.type))) and (title := text_of(line.fields.get(titled))):
            yield self._seen(line, context={"title": title})
        if line.type == "cost-state" and (cost := line.kept(*_COST)):
            yield self._seen(line, context=cost)

    def _is_new(self, name: str, value: Any) -> bool:
        """Whether it was not told before: the folder and the branch of a session are those that it began in."""
        if self._told.get(name) == value or (name in ("cwd", "context") and name in self._told):
            return False
        self._told[name] = value
        return True

    def _seen(self, line: Line, *, rank: int = Trust.IN_PASSING, **more: Any) -> Observation:
        seen = SessionSeen(session_id=self._session, client=CLIENT, **said(timestamp=self._latest, **more))
        return observed(seen, str(line.type) if line.type in (*_TITLES, "cost-state") else "session", rank=rank)


def _known(line: Line) -> dict[str, Any]:
    branch, model = name_of(line.fields.get("gitBranch")), name_of(line.message.get("model"))
    cwd = text_of(line.fields.get("cwd"))
    return said(
        cwd=shortened(cwd, LONGEST_TEXT) if cwd else None,
        client_version=name_of(line.fields.get("version")),
        model=model if model != SYNTHETIC else None,
        context={"git_branch": branch} if branch else None,
    )
