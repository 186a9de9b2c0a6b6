"""What a prompt asks to be done: its action, one word of a closed list, and the kind of work that it belongs to.

A prompt is read sentence by sentence. What it orders (``fix …``, ``can you fix …``, ``I'd like you to fix …``) goes before
what it asks (``why …``), and that before what it states (``… is broken``): the first of the strongest kind counts. A verb
that is only mentioned (``the delete button``, ``stop_worker()``) is none, and neither is one that is not to be done (``don't
delete``). All of that is for English; of other languages nothing is told (``UNKNOWN_ACTION``), which matches every action.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from loopgraph.computes.learning.requests.actions import ACTIONS, AVOID, GENERAL, INTENTS, LONGEST, NOUNS_TOO, PARTICLES
from loopgraph.computes.learning.requests.vocabulary import words_of
from loopgraph.contracts.learning.features import UNKNOWN_ACTION


class Asked(NamedTuple):
    """The action and its kind of work."""

    action: str
    intent: str


class _Kind(IntEnum):
    ORDERED = 0
    QUESTION = 1
    STATED = 2
    FORBIDDEN = 3


READ: Final = 2_000
"""So many characters of a prompt are read: what is wanted is said in its first sentences, or in its last."""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|https?://\S+", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_CLAUSE = re.compile(r",\s+|\s+-+\s+|:\s+|\s+and then\s+|\s+then\s+|\s+so that\s+|\s+but\s+")
_WORD = re.compile(r"[A-Za-z][\w'’./-]*|\d[\w.]*|[?]")
_NAMED = re.compile(r"[a-z][A-Z]|_|\w[./]\w|\(\)")
_POLITE = re.compile(
    r"^(?:(?:hi|hey|hello|ok|okay|so|now|also|first|next|finally|again|just|kindly|quickly|simply|please|pls|and|then|claude|"
    r"could|can|would|will|should|may|might|you|we'd|we|i'd|i'll|i'm|i|let's|lets|want|like|need|have|try|go|ahead|help|me|us|your|job|is|task|"
    r"to|be|able|must|make sure|it|that|do|remember|feel|free|am|going|trying|gonna|wanna|time|there|"
    r"(?:was )?(?:hoping|looking) to)\b[\s,]*)+",
    re.IGNORECASE,
)
_FORBIDS = re.compile(
    r"^(?:please\s+|and\s+|but\s+|you\s+(?:must|should)\s+)*(?:do\s*n[o'’]t|don[’']?t|dont|do\s+not|never|must\s+not|mustn[’']t|should\s+not|"
    r"shouldn[’']t|avoid|refrain\s+from|no\s+need\s+to|without)\b",
    re.IGNORECASE,
)
_FINITE = words_of(
    "is are was were be been has have had does do did should must can could may might will would shall needs need "
    "wants fails fail failed throws crashes crash breaks leaks hangs returns takes shows gives gets doesn't isn't "
    "don't can't won't"
)
_FIXES = re.compile(
    r"\b(?:broken|fails?|failing|failed|throws?|throwing|crash(?:es|ing|ed)?|leak(?:s|ing|ed)?|hangs?|hanging|deadlocks?|"
    r"times? out|timing out|wrong(?:ly)?|incorrect(?:ly)?|bug(?:gy)?|errors?|doesn[’']?t work|"
    r"does not work|not working|isn[’']?t working|"
    r"stopped working|regression|misspelled|mistake|exception|corrupt(?:ed|s)?|missing|skips|blocked)\b",
    re.IGNORECASE,
)
_COGNATES: Final = words_of("error errors exception regression")
_ENGLISH: Final = re.compile(r"\b(?:the|an|is|are|when|with|of|my|our|this|that|we|i|it|to|and|from|after)\b", re.I)
"""Without such a word, a word that other languages have, too, tells nothing."""
_STATED: Final = (
    (
        re.compile(r"\b(?:too|so|very|really) slow\b|\bslow(?:ly)?\b|\btakes? too long\b|\bfaster\b|\bquicker\b", re.I),
        "optimize",
    ),
    (
        re.compile(r"\btoo (?:complicated|complex|long|messy|big)\b|\bhard to (?:read|maintain|follow)\b", re.I),
        "refactor",
    ),
    (re.compile(r"\b(?:should|must|needs? to|has to) (?:be )?(?:called|named)\b", re.I), "rename"),
    (re.compile(r"\b(?:must|should) not\b|\b(?:mustn|shouldn)[’']t\b", re.I), "prevent"),
    (re.compile(r"\b(?:needs?|should have|must have|lacks?|requires?)\b.*\btests?\b|\buntested\b", re.I), "test"),
    (re.compile(r"\b(?:needs?|lacks?)\b.*\b(?:docs|documentation|docstrings?|comments?)\b", re.I), "document"),
    (re.compile(r"\b(?:should|must|needs? to) be (?!able\b)(?:the |an? )?(\w+)", re.I), ""),
    # What a person needs to do is said by a verb, known or not (I need to cancel my flight), and help is nothing to be added.
    (
        re.compile(
            r"\b(?:should|must|lacks?|has to|(?<!\bi )(?<!\bwe )(?:needs?|wants?) to|"
            r"(?:needs?|wants?)(?! (?:to|(?:some |your )?(?:help|assistance))\b))\b",
            re.I,
        ),
        "add",
    ),
)
_QUESTIONS: Final = (
    (re.compile(r"^(?:why|how come)\b", re.I), "explain"),
    (re.compile(r"^how (?:do|can|would|should) (?:i|we|you)\b", re.I), "explain"),
    (re.compile(r"^how (?:many|much|often)\b", re.I), "count"),
    (re.compile(r"^how\b", re.I), "explain"),
    (re.compile(r"^what(?:[’']s| is| are| was| were)? (?:the )?(?:difference|differences)\b", re.I), "compare"),
    (re.compile(r"^what\b", re.I), "explain"),
    (re.compile(r"^where\b", re.I), "find"),
    (re.compile(r"^(?:which|who|whose)\b", re.I), "list"),
    (re.compile(r"^(?:is|are|was|were|does|do|did|has|have|when|am)\b(?=.*\?)", re.I), "check"),
)
_OF_OBJECT: Final = (
    # What is made, by the words that follow: to add a test is to test.
    (
        re.compile(
            r"\b(?:unit |integration |e2e |regression |end-to-end |smoke )?(?:tests?|specs?|test cases?|coverage)\b",
            re.I,
        ),
        "test",
    ),
    (
        re.compile(
            r"\b(?:docs?|documentation|docstrings?|readme|comments?|changelog|javadoc|tutorial|release notes)\b",
            re.I,
        ),
        "document",
    ),
    (re.compile(r"\b(?:translations?)\b", re.I), "translate"),
    (re.compile(r"\b(?:validation|checks)\b", re.I), "check"),
    (re.compile(r"\b(?:logging|logs?|log statements?|log lines?)\b", re.I), "log"),
    (re.compile(r"\b(?:type hints?|type annotations?|typings?)\b", re.I), "type"),
    (re.compile(r"\b(?:caching|memoization)\b", re.I), "cache"),
    (re.compile(r"\b(?:rate limit(?:s|ing|er)?|throttling)\b", re.I), "throttle"),
    (re.compile(r"\b(?:commit)\b(?! messages?)", re.I), "commit"),
)
_MAKES = frozenset({"add", "change", "improve"})
_CHANGES = re.compile(r"\s*(?:\w+ ){0,3}?(?:changes?|modifications?|adjustments?|edits?)\b", re.I)
_GENERATED = frozenset({"test", "document"})
_OBJECT_ENDS = re.compile(
    r"\s(?:to|for|in|on|at|of|from|into|that|which|when|where|with|by|about|after|before|if|as|so|via|using|under|over)\s|[?.!,]"
)
_TOOLS: Final = (
    (re.compile(r"\b(?:black|prettier|gofmt|rustfmt|formatter|clang-format)\b", re.I), "format"),
    (re.compile(r"\b(?:linter|eslint|ruff|flake8|pylint|clippy)\b", re.I), "lint"),
)
_SUFFIXES: Final = (
    ("ies", "y"),
    ("ied", "y"),
    ("es", ""),
    ("es", "e"),
    ("s", ""),
    ("ing", ""),
    ("ing", "e"),
    ("ed", ""),
    ("ed", "e"),
)
_MADE: Final = {
    "written": "write",
    "built": "build",
    "made": "make",
    "found": "find",
    "hidden": "hide",
    "sent": "send",
    "set": "set",
}


def asked_for(text: str) -> Asked:
    """What a prompt asks for."""
    best: tuple[_Kind, str] | None = None
    for clause in _clauses(text):
        found = _read(clause)
        if found is not None and (best is None or found[0] < best[0]):
            best = found
            if found[0] is _Kind.ORDERED:
                break
    action = best[1] if best else UNKNOWN_ACTION
    return Asked(action, INTENTS.get(action, GENERAL))


def verb_of(words: Sequence[str]) -> tuple[str, int] | None:
    """The action that words begin with and how many of them say it, or None."""
    for count in range(min(LONGEST, len(words)), 1, -1):
        if action := ACTIONS.get(tuple(words[:count])):
            return action, count
    for apart in range(2, min(8, len(words))):  # speed it up, take the bar out
        if words[apart] in PARTICLES and (action := ACTIONS.get((words[0], words[apart]))):
            return action, 1
    return (action, 1) if words and (action := ACTIONS.get((words[0],))) else None


def lemma_action(word: str) -> str | None:
    """The action of an inflected verb: ``renamed``, ``fixing``, ``deletes``."""
    return next((ACTIONS[(form,)] for form in lemmas(word) if (form,) in ACTIONS), None)


def lemmas(word: str) -> Iterator[str]:
    """What a verb may be an inflection of, the word itself last."""
    if word in _MADE:
        yield _MADE[word]
        return
    for suffix, instead in _SUFFIXES:
        if word.endswith(suffix) and len(word) > len(suffix) + 2:
            stem = word[: -len(suffix)] + instead
            yield stem
            if len(stem) > 3 and stem[-1] == stem[-2]:
                yield stem[:-1]  # dropped, splitting
    yield word


def _clauses(text: str) -> Iterator[str]:
    """What is said, clause by clause, without code and what is quoted."""
    if len(text) > READ:
        text = f"{text[: READ // 2]}\n{text[-READ // 2 :]}"
    text = _CODE.sub(" it ", text).replace("’", "'")
    for sentence in _SENTENCE.split(text):
        asks = "?" in sentence
        for clause in _CLAUSE.split(sentence):
            if clause := clause.strip(" -*#>\t"):
                yield f"{clause} ?" if asks and "?" not in clause else clause


def _read(clause: str) -> tuple[_Kind, str] | None:
    """How a clause asks for something, and for what; None if it does not."""
    if _FORBIDS.match(clause):
        return _Kind.FORBIDDEN, AVOID
    for pattern, action in _QUESTIONS:
        if pattern.match(clause):
            return _Kind.QUESTION, action
    rest = _POLITE.sub("", clause) if _ordering(clause) else clause
    ordered = _ordered(rest, polite=len(rest) < len(clause))
    return (_Kind.ORDERED, ordered) if ordered else _stated(clause)


def _ordering(clause: str) -> bool:
    """Whether what it begins with may stand before an order; ``it should …`` and ``there is …`` state something."""
    return not re.match(r"(?:it|there|that|is)\b(?! would be)", clause, re.I)


def _ordered(clause: str, *, polite: bool) -> str | None:
    raw = _WORD.findall(clause)
    if not raw or _NAMED.search(raw[0]):
        return _let(clause)
    words = [word.lower() for word in raw]
    found = verb_of(words)
    if found is None:
        return _let(clause)
    action, count = found
    if words[0] in NOUNS_TOO and count == 1 and not polite and _is_subject(words):
        return None
    rest = clause[clause.lower().find(words[count - 1]) + len(words[count - 1]) :]
    return _of_object(action, words, rest)


def _let(clause: str) -> str | None:
    """``let users reset …`` and ``make the client retry`` ask for a way that was not there."""
    return "add" if re.match(r"let\s+(?!me\b|us\b)\w", clause, re.I) else None


def _is_subject(words: list[str]) -> bool:
    """Whether the first word is a noun, of which the rest states something: ``test results are wrong``."""
    if len(words) > 1 and words[1] in (
        "is",
        "are",
        "was",
        "were",
        "has",
        "does",
        "doesn't",
        "fails",
        "should",
        "must",
        "needs",
    ):
        return True
    if len(words) > 1 and words[1] in (
        "the",
        "a",
        "an",
        "all",
        "this",
        "that",
        "these",
        "my",
        "our",
        "every",
        "it",
        "its",
    ):
        return False
    return any(word in _FINITE for word in words[2:5]) and not any(
        word in ("that", "whether", "if") for word in words[1:4]
    )


def _of_object(action: str, words: list[str], rest: str) -> str:
    """The action, as what it is done to makes it: to add tests is to test, to run a formatter to format."""
    if action == "run":
        return next((other for pattern, other in _TOOLS if pattern.search(rest)), action)
    if action == "list" and words[0] == "show" and len(words) > 1 and words[1] not in ("me", "us"):
        return "show"
    if words[0] == "change" and re.match(r"\s*(?:the )?name\b", rest):
        return "rename"
    if words[0] == "make" and (stated := next((a for p, a in _STATED[:2] if p.search(rest)), None)):
        return stated
    if words[0] == "make" and _CHANGES.match(rest):
        return "change"
    if words[0] == "make" and not re.match(r"\s*(?:an? |some |tests?\b|docs\b)", rest):
        return "change"
    if action in _MAKES:
        head = _OBJECT_ENDS.split(f" {rest.strip()} ", maxsplit=1)[0]
        for pattern, other in _OF_OBJECT:
            # The thing itself is what stands last: a log viewer is no log, and the docs site is none either.
            if (found := None if other in _GENERATED and action == "improve" else _last(pattern, head)) and found:
                return other
    return action


def _last(pattern: re.Pattern[str], head: str) -> bool:
    return any(
        not head[match.end() :].strip(" s") or head[match.end() :].strip().startswith(("and ", "or "))
        for match in pattern.finditer(head)
    )


def _stated(clause: str) -> tuple[_Kind, str] | None:
    for pattern, action in _STATED:
        if match := pattern.search(clause):
            if not action:
                done = lemma_action(match[1].lower())
                # "should be deleted" says what is to be done, "should be red" only that something is.
                return _Kind.STATED, done if done and match[1].lower().endswith(("ed", "en", "t")) else "change"
            return _Kind.STATED, action
    found = _FIXES.search(clause)
    if found and (found[0].lower() not in _COGNATES or _ENGLISH.search(clause)):
        return _Kind.STATED, "fix"
    return None
