"""Which prompts are ratings and no work: those that begin with a word that people have chosen, and a number behind it. Standard
library only.

A prompt that is taken for a rating never reaches the model, so what could be work is work: ``lg rate limiting is broken``,
``/rate 3 of the 7 tests fail``. Where the service is away, the hook answers a rating by itself: it is kept, and not given to the
model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

WORDS = "LOOPGRAPH_RATE_WORDS"
"""The variable that has them, separated by commas; empty: there are none."""
DEFAULT = ("/rate", "lg rate")

KEPT = "Loopgraph: the service does not answer now; the rating is kept, and sent when it does"

_PROMPTS = {
    "claude-code": "UserPromptSubmit",
    "codex": "UserPromptSubmit",
    "gemini": "BeforeAgent",
    "cursor": "beforeSubmitPrompt",
}
"""The event of a prompt, of clients whose hook may keep it from the model."""


_COUNTED = (
    "of|out|to|or|in|per|percent|times?|x|more|fewer|stars?|points?|steps?|parts?|days?|weeks?|months?|years?|hours?|minutes?|mins?"
    "|seconds?|secs?|s|ms|[kmg]b|bytes?|lines?|files?|tests?|errors?|warnings?|bugs?|issues?|requests?|reqs?|calls?|queries|users?|items?"
    "|rows?|columns?|pages?|things?|places?|functions?|classes|endpoints?|commits?|branch(?:es)?|prs?|tasks?|failing|failed|broken|flaky"
    "|different|separate"
)
"""Words that make of the number before them a count: of work, and no rating."""

_FORM = rf"""
    \Z                                                            # the word alone: what would be right is answered
  | [+-]?[0-9]{{1,9}}(?:[.,][0-9]{{1,9}})?[.!,:;]*\s*\Z           # a number alone; to what is no rating the same is answered
  | [1-5](?:\s?/\s?5|\s(?:out\s)?of\s5|\sstars?)                  # of five, or stars,
    (?:[.!]*\s*\Z|(?:\s*[,:;\u2014\n]|\s+-\s)(?!\s*[0-9]))        #   and an end or a separator
  | [1-5](?:\s*[,:;]\s|\s+-\s|!+\s|\s*[\u2014\n])(?!\s*[0-9])     # a separator and a comment
  | [1-5]\s+(?=\S)(?![0-9/*+%=<>&|\u00d7.,:;-]|(?:{_COUNTED})\b)  # a comment that makes of the number no count,
    (?!.*\b(?:please|per)\b)                                      #   and is no request
"""
"""What stands behind the word of a rating, and of nothing that could be work."""


def rating_words(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The words that begin a rating."""
    said = environ.get(WORDS)
    return DEFAULT if said is None else tuple(word.strip() for word in said.split(",") if word.strip())


def may_be_rating(event: bytes, words: tuple[str, ...]) -> bool:
    """Whether it is worth while to read the event: most are no prompts, and most of these no ratings."""
    lowered = event.lower()
    return b'"prompt"' in lowered and any(word.lower().encode() in lowered for word in words)


def said_behind(prompt: str, words: Sequence[str]) -> str | None:
    """What a prompt says behind the word that makes it a rating; None where it is none."""
    text = prompt.strip()
    for word in words:
        head, rest = text[: len(word)], text[len(word) :]
        if head.casefold() == word.casefold() and (not rest or rest[0].isspace()):
            rest = rest.strip()
            return rest if re.match(_FORM, rest, re.VERBOSE | re.IGNORECASE | re.DOTALL) else None  # compiled only here
    return None


def is_rating(event: Mapping[str, Any], client: str, words: tuple[str, ...]) -> bool:
    """Whether the event is a prompt of a person's that is a rating."""
    prompt = event.get("prompt")
    if event.get("hook_event_name") != _PROMPTS.get(client, "") or event.get("agent_id") or not isinstance(prompt, str):
        return False
    return said_behind(prompt, words) is not None


def blocked(client: str, reason: str) -> bytes:
    """The answer that keeps a prompt from the model, and tells the person why."""
    if client == "cursor":
        return json.dumps({"continue": False, "user_message": reason}).encode()
    return json.dumps({"decision": "deny" if client == "gemini" else "block", "reason": reason}).encode()
