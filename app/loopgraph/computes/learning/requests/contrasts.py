"""What sets two requests apart that have nearly the same words: opposites, where something is done, which way it goes, and how.

Each is a mark, ``class:what``. Other numbers, names and identifiers are none: that is the same kind of work with other
arguments, and its plan is the same. English only; a prompt in another language has no marks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import Final

from loopgraph.computes.learning.requests.actions import ACTIONS
from loopgraph.computes.learning.requests.intents import lemmas
from loopgraph.computes.learning.requests.opposites import CLOSE_SIDES, NO_PREFIX, PLACES, SIDES
from loopgraph.computes.learning.requests.vocabulary import words_of

READ: Final = 2_000
"""So many characters of a prompt are read."""
MOST: Final = 40
"""So many marks are kept."""
NEARLY: Final = 0.6
"""From this share of common keywords on two prompts have nearly the same words."""

OPPOSITE, CLOSE, PLACE, WAY, MANNER = "opposite", "side", "place", "way", "manner"

_CODE = re.compile(r"```.*?(?:```|\Z)|https?://\S+", re.DOTALL)
_SEGMENT = re.compile(r"[.;:!?,](?:\s+|$)|\n+|\s(?:and|then|so|because|when|if|while)\s", re.I)
_TOKEN = re.compile(r"--?[A-Za-z][\w-]*|\w[\w./-]*\w|\w")
_NEGATES = re.compile(r"\b(?:not|never|n[o']t|\w+n't|stop|stops|avoid|without|no|instead of|again)\b", re.I)
_NOTHING: Final = words_of("the this that these those my our your its his her their all every some it them me us")
_TOWARDS: Final = words_of("into onto to")
_SWAPS: Final = words_of("with by")
_OF_SWAPS: Final = words_of("replace swap substitute exchange switch replaced swapped")
_BACK: Final = words_of("from over")
_AWAY: Final = 3
"""So many words on each side of ``into`` say what goes where."""
_MANNERS: Final = (
    (re.compile(r"--force\b|--force-with-lease\b|\bforc(?:ibly|efully)\b|\bwith force\b"), "force"),
    (re.compile(r"\bdry[- ]?run(?:s|ning)?\b|--dry-run\b"), "dry-run"),
    (re.compile(r"--hard\b|\bhard[- ](?:reset|delete|deletion|link|stop|restart|refresh|fork)|\breset hard\b"), "hard"),
    (re.compile(r"--soft\b|\bsoft[- ](?:reset|delete|deletion|link|stop|restart|fork)|\breset soft\b"), "soft"),
    (re.compile(r"--no-verify\b"), "no-verify"),
    (re.compile(r"\brecursive(?:ly)?\b|--recursive\b"), "recursive"),
    (re.compile(r"\bread[- ]only\b"), "read-only"),
)
_FORCE: Final = re.compile(r"\bforce[- ]?([a-z]+)")
_PREFIXES: Final = ("un", "de", "dis", "re")


def contrasts(text: str) -> tuple[str, ...]:
    """The marks of a prompt, sorted, without duplicates."""
    text = _CODE.sub(" ", text[:READ]).replace("’", "'")
    marks: dict[str, None] = {}
    for segment in _SEGMENT.split(text):
        tokens = [token.strip("./-").lower() for token in _TOKEN.findall(segment)]
        marks |= dict.fromkeys(_words(tokens, negated=bool(_NEGATES.search(segment))))
        marks |= dict.fromkeys(f"{WAY}:{one}>{other}" for one, other in _ways(tokens))
    lower = text.lower()
    marks |= dict.fromkeys(f"{MANNER}:{how}" for pattern, how in _MANNERS if pattern.search(lower))
    if any((match[1],) in ACTIONS for match in _FORCE.finditer(lower)):
        marks[f"{MANNER}:force"] = None
    return tuple(sorted(marks)[:MOST])


def apart(
    one: Collection[str], other: Collection[str], words: Collection[str], other_words: Collection[str]
) -> str | None:
    """Why two prompts, by their marks and keywords, are different work; None if nothing says so."""
    if prefixed := _prefixed(set(words), set(other_words)):
        return "{} is the opposite of {}, or does it again".format(*prefixed)
    common = len(set(words) & set(other_words))
    nearly = common >= NEARLY * max(len(words), len(other_words))
    says_all = common >= NEARLY * min(len(words), len(other_words))
    mine, its = _by_class(one), _by_class(other)
    for kind in (OPPOSITE, *((CLOSE,) if nearly else ())):
        if found := _other_side(mine.get(kind, set()), its.get(kind, set())):
            return "{} is the opposite of {}".format(*found)
    here, there = mine.get(PLACE, set()), its.get(PLACE, set())
    if here and there and not here & there:
        return f"it is about {', '.join(sorted(here))}, and not about {', '.join(sorted(there))}"
    ways, others = mine.get(WAY, set()), its.get(WAY, set())
    for way in sorted(ways - others):
        begin, _, end = way.partition(">")
        if f"{end}>{begin}" in others - ways:
            return f"it goes from {begin} to {end}, and not from {end} to {begin}"
    if says_all and (hows := mine.get(MANNER, set()) ^ its.get(MANNER, set())):
        return f"only one is done so: {', '.join(sorted(hows))}"
    return None


def _words(tokens: Sequence[str], *, negated: bool) -> Iterator[str]:
    for token in tokens:
        if place := PLACES.get(token):
            yield f"{PLACE}:{place}"
        if negated:
            continue  # "stop muting" is no muting, and "no longer blocked" is not blocked
        if side := next((SIDES[form] for form in lemmas(token) if form in SIDES), None):
            yield f"{OPPOSITE}:{side}"
        if side := CLOSE_SIDES.get(token):
            yield f"{CLOSE}:{side}"


def _ways(tokens: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What goes where, as pairs of words."""
    turns = [at for at, token in enumerate(tokens) if token in _TOWARDS | _BACK | _SWAPS]
    for place, at in enumerate(turns):
        word = tokens[at]
        if word in _SWAPS and not _OF_SWAPS & set(tokens[:at]):
            continue
        # What stands between "from" and "to" is the beginning of the way.
        before = turns[place - 1] + 1 if place and tokens[turns[place - 1]] in _BACK | _TOWARDS else 0
        after = turns[place + 1] if place + 1 < len(turns) else len(tokens)
        lefts = _told(tokens[before:at])[-_AWAY:]
        rights = _told(tokens[at + 1 : after])[:_AWAY]
        if word == "to" and rights and (rights[0],) in ACTIONS and len(rights) > 1:
            continue  # to do something
        for one, other in product(lefts, rights):
            if one != other:
                yield (other, one) if word in _BACK else (one, other)


def _told(tokens: Sequence[str]) -> list[str]:
    """The words of a part that can name something: an ``a`` before another word does not."""
    last = len(tokens) - 1
    return [
        token
        for at, token in enumerate(tokens)
        if token not in _NOTHING and not (token in ("a", "an") and at < last and len(tokens) > 1)
    ]


def _by_class(marks: Collection[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for mark in marks:
        kind, _, what = mark.partition(":")
        found.setdefault(kind, set()).add(what)
    return found


def _other_side(mine: set[str], its: set[str]) -> tuple[str, str] | None:
    """A pair of which one has only the one side, and the other only the other."""
    sides, others = _by_class(mine), _by_class(its)
    for pair in sorted(sides.keys() & others.keys()):
        if len(sides[pair]) == len(others[pair]) == 1 and sides[pair] != others[pair]:
            return next(iter(sides[pair])), next(iter(others[pair]))
    return None


def _prefixed(mine: set[str], its: set[str]) -> tuple[str, str] | None:
    for ones, others in ((mine - its, its - mine), (its - mine, mine - its)):
        for word in sorted(ones - NO_PREFIX):
            for prefix in _PREFIXES:
                rest = word.removeprefix(prefix).removeprefix("-")
                if rest != word and len(rest) > 2 and rest in others and word.startswith(prefix):
                    return word, rest
    return None
