"""Was the next prompt a correction? Told from what people do and how they begin, and rather not than wrongly.

What is looked for are the signs of negative feedback of Don-Yehiya, Choshen & Abend (Learning from Naturally Occurring Feedback,
2024) that a text shows by itself: people repeat or rephrase what they asked for, and they make aware of an error, with or without
correcting it. Asking for clarification is none of them here: with an agent it is how people go on. Most prompts say neither: of
developers' prompts to an assistant some 8 % carry a sentiment at all (Reading Between the Lines, arXiv 2509.18361). That
files are edited again, or commands run again, is no sign either: people go on with what they have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Final
from unicodedata import east_asian_width

from loopgraph.computes.definitions.similarity import NEARLY_SAME, shingles
from loopgraph.contracts.loop.user_feedback import HIGHEST
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.success import Correction, CorrectionRule, Work

BEGINNING: Final = 200
"""Of a prompt, so many characters are looked at for phrases: further on are logs, code, and other people's words."""

NOT_CONTENT, CONTENT = 2, 4
"""Who rates so, or lower, was not content; who rates so, or higher, was."""

LEAST_WORDS: Final = 4
"""A shorter prompt can be said twice and mean another thing each time: `go on`, `/fix`, `run the tests`."""

PHRASES: Final = (
    r"(?:that|this|it)(?:'s| is| was) (?:still )?(?:the wrong|wrong|incorrect|broken|not (?:it|right|correct|working|what))",
    r"(?:wrong|incorrect)(?= *(?:[.,!:;]|$|again\b|file\b|one\b|branch\b|way\b|place\b))",
    r"(?:that|this|it) did nothing",
    r"not what i (?:asked|wanted|meant|said)",
    r"(?:(?:that|this|it) )?(?:still )?(?:does|did|do|is|are)(?:n't| not) (?:work|compile|build|help|fixed)",
    r"(?:(?:the )?\w+(?:'s| is| are)? )?still (?:fail|broken|wrong|not |does|the same|get the same|getting the same|crash)",
    r"(?:the )?same (?:error|problem|issue|failure|result)",
    r"you (?:broke|forgot|missed|misunderstood|ignored|skipped|removed|deleted)",
    r"you(?:'ve| have) (?:broken|forgotten|missed|misunderstood|ignored|skipped|removed|deleted)",
    r"you (?:did(?:n't| not)|have(?:n't| not)|should(?:n't| not)? have|were (?:supposed|meant) to)",
    r"i (?:said|meant|told you|asked (?:you|for)|did(?:n't| not) (?:ask|want|mean|say|tell))",
    r"(?:undo|revert|roll back|take back) (?:that|this|it|your|those|these|all|everything|the (?:last|change))",
    r"try (?:it |that )?again",
    r"(?:do (?:it|that|this) again|redo (?:it|that|this))(?= *(?:[.,!:;]|$))",
    r"(?:do(?:n't| not)|stop) (?:do|doing|touch|touching|change|changing) (?:that|this|it)",
)  # fmt: skip
"""Words that people begin with when something is not as they wanted it. As regular expressions, of small letters."""

NO: Final = r"(?:no|nope|nah)(?:$|(?=[,.!;:–—-])|(?= (?:that|this|it|you|not|i|do|don't|wait|stop|use|leave)\b))"
"""The same, unless they answer a question with it."""

_FILLERS: Final = (
    "ok okay hm hmm well but please hey wait oh ah sorry and so again yes yeah now um ugh uh uhh uhhh dude thanks"
)
_BEFORE: Final = rf"(?:(?:{_FILLERS.replace(' ', '|')})\b[\s,.!:;–—-]*)*"
"""What people say first and mean nothing by."""

_CORRECTING: Final = re.compile(rf"{_BEFORE}((?:{'|'.join(PHRASES)})\w*)")
_REFUSING: Final = re.compile(rf"{_BEFORE}({NO})")


def correction(work: Work, within: timedelta, phrases: Sequence[str] = ()) -> Correction:
    """Whether the next prompt corrects what was done; the first rule that holds decides:

    - RATED: a rating of at least ``CONTENT`` says no, one of at most ``NOT_CONTENT`` yes; one between them says nothing.
    - REWOUND: yes, the person went back to before the prompt of this work.
    - NO_PROMPT, TOO_LATE: not known, for no prompt of a person follows in the session, or none ``within`` this time.
    - INTERRUPTED: yes, the work was stopped, and then the person wrote.
    - NO_TEXT: not known, as the text of the next prompt is not kept.
    - REPEATED: yes, it has nearly the same words as the one before, and at least ``LEAST_WORDS``, and the same numbers.
    - PHRASE: yes, it begins with one of ``PHRASES`` (or ``NO``, where nobody was asked), or has one of ``phrases`` in its
      beginning.
    - NO_SIGN: no.
    """
    if work.rating is not None and not NOT_CONTENT < work.rating < CONTENT:
        corrected = work.rating <= NOT_CONTENT
        return Correction(corrected=corrected, rule=CorrectionRule.RATED, evidence=f"{work.rating} of {HIGHEST}")
    if work.rewound:
        return Correction(corrected=True, rule=CorrectionRule.REWOUND)
    if work.next_at is None:
        return Correction(rule=CorrectionRule.NO_PROMPT)
    if work.answered_at is not None and work.next_at - work.answered_at > within:
        return Correction(rule=CorrectionRule.TOO_LATE)
    if work.status is TraceStatus.INTERRUPTED:
        return Correction(corrected=True, rule=CorrectionRule.INTERRUPTED)
    if not work.next_prompt or not work.next_prompt.strip():
        return Correction(rule=CorrectionRule.NO_TEXT)
    alike = similarity(work.asked or "", work.next_prompt)
    if alike >= NEARLY_SAME:
        return Correction(corrected=True, rule=CorrectionRule.REPEATED, evidence=f"{alike:.0%} alike")
    if phrase := _phrase(work.next_prompt, tuple(phrases), asked_back=work.asked_back):
        return Correction(corrected=True, rule=CorrectionRule.PHRASE, evidence=phrase)
    return Correction(corrected=False, rule=CorrectionRule.NO_SIGN)


def similarity(asked: str, following: str) -> float:
    """How alike two prompts are, 0..1; 0 where one is shorter than ``LEAST_WORDS`` or their numbers differ."""
    one, other = re.findall(r"\w+", asked.casefold()), re.findall(r"\w+", following.casefold())
    if min(len(one), len(other)) < LEAST_WORDS or _numbers(one) != _numbers(other):
        return 0.0
    mine, theirs = shingles(asked), shingles(following)
    return len(mine & theirs) / len(mine | theirs)


def _numbers(words: list[str]) -> list[str]:
    """`/fix 42` after `/fix 41` is another task."""
    return [word for word in words if any(map(str.isdigit, word))]


def _phrase(text: str, phrases: tuple[str, ...], *, asked_back: bool) -> str | None:
    beginning = _plain(text[: 4 * BEGINNING])[:BEGINNING]
    found = _CORRECTING.match(beginning) or (None if asked_back else _REFUSING.match(beginning))
    if found is None and phrases:
        found = _own(phrases).search(beginning)
    return found[1] if found else None


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())


@lru_cache(maxsize=64)
def _own(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"({'|'.join(map(_bounded, map(_plain, phrases)))})")


def _bounded(phrase: str) -> str:
    """A phrase as an expression; where it begins or ends with a letter, a word has to, in scripts that part words."""
    before, after = (r"(?<!\w)" if _parts_words(phrase[0]) else "", r"(?!\w)" if _parts_words(phrase[-1]) else "")
    return f"{before}{re.escape(phrase)}{after}"


def _parts_words(letter: str) -> bool:
    return letter.isalnum() and east_asian_width(letter) not in ("W", "F")
