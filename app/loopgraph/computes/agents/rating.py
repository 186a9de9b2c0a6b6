"""Prompts that are no work for the model but what somebody thinks of its last: ``/rate 4 the plan was good``.

Which words begin one is for people to say, and which prompts are ratings is told by ``clients.rating_words``, for the hook, too.
What follows is a rating from 1 to 5, and behind it perhaps a comment; a word of that which begins with ``#`` is a tag as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from loopgraph.clients.rating_words import said_behind
from loopgraph.computes.agents.ids import as_id
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.loop.user_feedback import HIGHEST, LOWEST, MOST_TAGS, NewFeedback
from loopgraph.contracts.traces.events import PROMPTED, TraceStarted
from loopgraph.contracts.traces.observations import Observation
from loopgraph.errors import InvalidInput

USAGE: Final = f"say {LOWEST} (worst) to {HIGHEST} (best), and behind it what you think: `4 the plan was good #plan`"
_NUMBER: Final = re.compile(
    r"(?P<number>[+-]?[0-9]{1,9}(?:[.,][0-9]{1,9})?)(?:\s?/\s?5|\s(?:out\s)?of\s5|\sstars?)?(?=[\s,:;.!\u2014]|\Z)[\s,:;.!\u2014]*(?:-\s)?",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"(?:(?<=\s)|\A)#([A-Za-z0-9][\w-]{0,98})")


@dataclass(frozen=True)
class RatingPrompt:
    """A prompt that is a rating: of which session, when, and what was said behind the word that begins it.

    ``correlation_id`` is the trace that the prompt would have been: the same however often it is told.
    """

    session_id: str
    correlation_id: str
    at: datetime
    text: str

    def feedback(self, correlation_id: str) -> NewFeedback:
        """What it says, about a trace. Raises InvalidInput where it says nothing, or no rating that there is."""
        text, rating = self.text, None
        if found := _NUMBER.match(text):
            rating, text = _rating(found["number"]), text[found.end() :].strip()
        if rating is None and not text:
            raise InvalidInput("rating", USAGE)
        if len(text) > _LONGEST:
            raise InvalidInput("comment", f"must have at most {_LONGEST:,} characters")
        tags = tuple(dict.fromkeys(_TAG.findall(text)))[:MOST_TAGS]
        said: dict[str, Any] = {"rating": rating, "comment": text or None, "tags": tags}
        return NewFeedback(feedback_id=rating_id(self.correlation_id), correlation_id=correlation_id, **said)


_LONGEST: Final = 10_000


def rating_id(correlation_id: str) -> str:
    """The id of what a rating says, by the trace that its prompt would have been."""
    return as_id(f"rating/{correlation_id}")


def _rating(number: str) -> int:
    if number.isdigit() and LOWEST <= int(number) <= HIGHEST:
        return int(number)
    raise InvalidInput("rating", f"must be a whole number from {LOWEST} (worst) to {HIGHEST} (best), not {number}")


def rating_prompt(observations: Sequence[Observation], words: Sequence[str]) -> RatingPrompt | None:
    """The rating that a client's event is, by what it says; None where it is none."""
    begun = [each.event for each in observations if isinstance(each.event, TraceStarted)]
    if any(event.agent_id for event in begun):  # what a subagent is given is no person's prompt
        return None
    for event in begun:
        if event.source != PROMPTED or not event.prompt_text:
            continue
        text = said_behind(event.prompt_text, words)
        if text is not None and event.session_id and event.timestamp:
            return RatingPrompt(event.session_id, event.correlation_id, event.timestamp, text)
    return None


_REFUSALS: Final = {"claude-code": "block", "codex": "block", "gemini": "deny"}


def kept_from_the_model(client: str, reason: str) -> JsonMap:
    """The answer of a hook by which a client tells its person the reason and gives the prompt to no model; empty where a client
    has no such answer."""
    if client == "cursor":
        return {"continue": False, "user_message": reason}
    return {"decision": _REFUSALS[client], "reason": reason} if client in _REFUSALS else {}
