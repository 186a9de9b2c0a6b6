"""The sentiment of a comment, by a small lexicon: what its words say, and nothing where they say nothing.

The words are those that people write of a tool's work, and no others: a word that also names what the work was about (`error`,
`bug`, `fail`) says something only where it is negated (`no errors`) or in words that people use of the result (`still fails`).
A negation turns what follows it within three words, up to the next comma, full stop or `but` (after VADER, Hutto & Gilbert 2014;
no strengths are told apart here). docs/feedback.md has the table, which a test holds against this file.
"""

from __future__ import annotations

import re
from typing import Final

from loopgraph.contracts.loop.user_feedback import Sentiment


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


POSITIVE: Final = _words(
    """amazing awesome beautiful best brilliant elegant excellent fantastic fast fine flawless flawlessly good great happy helped
    helpful helps impressed impressive liked love loved lovely neat nice nicely perfect perfectly pleased solid solved spot-on
    superb thank thanks useful well wonderful worked works 👍 🎉 🙂 😀 😊 ❤ 💯"""
)
NEGATIVE: Final = _words(
    """annoying awful awfully bad badly broke broken confused confusing disappointed disappointing frustrating garbage
    hallucinated hallucination horrible incomplete incorrect incorrectly messy misleading pointless poor poorly slow sloppy
    terrible unhelpful unusable useless waste wasted worse worst worthless wrong wrongly 👎 🙁 😞 😠 😡"""
)
NEUTRAL: Final = _words("acceptable average meh mediocre ok okay so-so")
FAULTS: Final = _words(
    "bug bugs complaint complaints error errors issue issues mistake mistakes problem problems regressions"
)
"""What a comment may be about without judging it; that there are none is praise."""
NEGATIONS: Final = _words(
    """ain't aren't can't cannot couldn't didn't doesn't don't hardly hasn't haven't isn't never no nor not nothing wasn't weren't
    without won't wouldn't"""
)
PHRASES: Final = {
    "good job": 1, "well done": 1, "saved me": 1, "as expected": 1, "i like": 1, "is correct": 1, "was correct": 1,
    "still fails": -1, "still failing": -1, "still broken": -1, "doesn't work": -1, "does not work": -1, "didn't work": -1,
    "did not work": -1, "don't work": -1, "won't work": -1, "not working": -1, "don't like": -1, "didn't like": -1,
    "do not like": -1, "did not like": -1, "do not work": -1,
    "not correct": -1, "isn't correct": -1, "did nothing": -1, "does nothing": -1, "had to redo": -1, "had to fix": -1,
    "had to undo": -1, "as well": 0, "not only": 0, "not sure": 0, "no idea": 0,
}  # fmt: skip
"""Words that together say something else than each by itself: 1 is praise, -1 blame, 0 neither."""

REACH: Final = 3
"""So many words after it a negation turns."""

_TOKENS: Final = re.compile(r"[a-z]+(?:['-][a-z]+)*|[👍🎉🙂😀😊❤💯👎🙁😞😠😡]|[.,;:!?\n()]")
_ENDS: Final = frozenset(".,;:!?\n()") | {"but", "however", "though"}


def sentiment_of(comment: str) -> Sentiment | None:
    """What the words of a comment say: more praise than blame, more blame than praise, as much of both, or a word that is neither
    (NEUTRAL). None where nothing tells."""
    tokens = _TOKENS.findall(comment.lower().replace("’", "'"))
    score = told = 0
    left = 0  # so many words the last negation still turns
    place = 0
    while place < len(tokens):
        phrase = next((n for n in (3, 2) if " ".join(tokens[place : place + n]) in PHRASES), 0)
        token = " ".join(tokens[place : place + phrase]) if phrase else tokens[place]
        place += phrase or 1
        if token in _ENDS:
            left = 0
            continue
        if token in NEGATIONS and not phrase:
            left = REACH
            continue
        value = _value(token, negated=left > 0)
        if value is not None:
            score, told = score + value, told + 1
            left = 0  # a negation turns one word
        else:
            left = max(0, left - 1)
    if not told:
        return None
    return Sentiment.POSITIVE if score > 0 else Sentiment.NEGATIVE if score < 0 else Sentiment.NEUTRAL


def _value(token: str, *, negated: bool) -> int | None:
    """What a word or a phrase says; None: nothing."""
    if token in PHRASES:
        return (PHRASES[token] * (-1 if negated else 1)) or None
    if token in NEUTRAL:
        return 0
    if token in FAULTS:
        return 1 if negated else None
    value = (token in POSITIVE) - (token in NEGATIVE)
    return (-value if negated else value) or None
