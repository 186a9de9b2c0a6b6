"""Ratings that come as prompts of an agent: they are feedback on the work that the session's prompt before asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loopgraph.clients.rating_words import said_behind
from loopgraph.computes.agents.rating import RatingPrompt, rating_id
from loopgraph.computes.privacy.quoting import plain
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.loop.user_feedback import SentimentSource
from loopgraph.contracts.traces.events import PROMPTED
from loopgraph.contracts.traces.records import Trace
from loopgraph.contracts.traces.search import TraceFilter
from loopgraph.effects.loop.user_feedback import UserFeedbackReads
from loopgraph.effects.traces.reading.search import TraceSearch
from loopgraph.errors import UserError
from loopgraph.orchestrators.loop.user_feedback import UserFeedback

_LOOKED_AT: Final = 20
"""So many prompts before it are looked at: what tells of a rating elsewhere may have made a trace of it."""
_SHOWN: Final = 60


class PromptRatings:
    """Takes ratings, and says in words what came of each."""

    def __init__(
        self, search: TraceSearch, reads: UserFeedbackReads, feedback: UserFeedback, words: Sequence[str]
    ) -> None:
        self.words = tuple(words)
        self._search = search
        self._reads = reads
        self._feedback = feedback

    async def rate(self, said: RatingPrompt, origin: Origin, principal: Principal | None) -> str:
        """What came of a rating: whom it is told to knows of no other way. The same again changes nothing."""
        trace = await self._last(said, principal)
        if trace is None:
            return "Loopgraph: nothing was rated: no prompt of this session is known yet"
        try:
            new = said.feedback(trace.correlation_id)
            feedback, _ = await self._feedback.submit(new, origin, principal)
        except UserError as error:
            return f"Loopgraph: nothing was rated: {error}"
        stars = f" {feedback.rating} of 5" if feedback.rating else ""
        asked = plain(trace.prompt_text or "", _SHOWN)  # a terminal shows it
        shown = f": “{asked}”" if asked else f": {plain(trace.correlation_id)}"
        told = feedback.sentiment_source is SentimentSource.COMMENT and feedback.sentiment
        mood = f"; the comment is taken for {feedback.sentiment}" if told else ""
        return f"Loopgraph: rated{stars}{shown}{mood}"

    async def _last(self, said: RatingPrompt, principal: Principal | None) -> Trace | None:
        """The last prompt of the session before the rating that is work: telemetry may tell of ratings, too."""
        filter = TraceFilter(session_id=said.session_id, source=PROMPTED, roots_only=True, until=said.at)
        found = await self._search.traces(filter, Page(first=_LOOKED_AT), principal)
        prompts = [one for one in found.traces if said_behind(one.prompt_text or "", self.words) is None]
        ratings = await self._reads.by_id([rating_id(one.correlation_id) for one in prompts], None) if prompts else {}
        return next((one for one in prompts if rating_id(one.correlation_id) not in ratings), None)
