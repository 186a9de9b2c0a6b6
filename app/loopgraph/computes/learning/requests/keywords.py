"""The words of a prompt that tell what it is about.

Phrases between stop words are scored as in RAKE (Rose et al., 2010: the degree of a word over its frequency, summed over the
phrase), which prefers words that stand in long phrases; then each word counts by itself, in its normal form. Identifiers and
paths are split into their words, and are kept whole as well: they tell most.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Final

from loopgraph.computes.learning.requests.intents import lemma_action
from loopgraph.computes.learning.requests.vocabulary import words_of

MOST: Final = 16
"""So many keywords are kept."""
READ: Final = 4_000
"""So many characters of a prompt are read."""

_MARKS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e\u0eb1-\u0ecd"
"""What is written on letters, or between them, and is no letter by itself."""
_TOKEN = re.compile(rf"\w(?:[\w./\\{_MARKS}-]*[\w{_MARKS}])?|[.,;:!?()\n。、，！？；：।]", re.UNICODE)
_LETTERS = re.compile(r"\w", re.UNICODE)
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+", re.UNICODE)
_DIVIDES = re.compile(r"[_./\\-]+")
_UNSPACED = re.compile(
    "[\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1780-\u17ff\U00020000-\U0003134f]+"
)
"""Scripts without spaces between words."""
_URL = re.compile(r"https?://\S+")
_STOP: Final = words_of(
    "a an the this that these those it its i me my we us our you your he she they them their who whom which what "
    "when where why how is are was were be been being am do does did done doing have has had having can could may "
    "might must shall should will would not no nor so if then than too very just only also even again once here "
    "there all any both each few more most other some such same own and or but as at by for from in into of off on "
    "onto out over to up down under with without about after before between through during against until while "
    "because via using use please pls thanks thank hey hi hello ok okay now want need needs like let lets sure get "
    "gets got way thing things something anything everything stuff lot let's don't dont doesn't isn't can't i'd i'm "
    "it's there's that's able one ones every much many well good better still yet ever really already always "
    "instead across per etc new find finds found"
)
_MEANINGS: Final = {
    "issue": "bug defect problem",
    "error": "exception failure fail",
    "function": "method func fn",
    "database": "db",
    "authentication": "auth",
    "configuration": "config conf cfg configure setting preference",
    "repository": "repo",
    "folder": "dir directory",
    "documentation": "doc document docstring",
    "specification": "spec",
    "parameter": "param",
    "argument": "arg",
    "environment": "env",
    "variable": "var",
    "dependency": "dep",
    "library": "lib",
    "message": "msg",
    "image": "img picture",
    "javascript": "js",
    "typescript": "ts",
    "python": "py",
    "kubernetes": "k8s",
    "endpoint": "route",
    "pagination": "paging paginate",
    "registration": "signup",
    "login": "signin logon",
    "log": "logging",
    "cache": "cached caching",
    "app": "application",
    "page": "webpage",
    "navbar": "nav",
    "spelling": "typo",
    "toggle": "switch",
    "flag": "option",
    "email": "mail",
    "mobile": "phone",
    "translate": "translation",
    "type": "annotation annotate",
    "validation": "validate",
    "migration": "migrate",
    "deploy": "deployment",
    "column": "col",
    "attribute": "attr",
    "asynchronous": "async",
    "production": "prod",
    "pullrequest": "pr",
}
_SAME: Final = {word: meant for meant, words in _MEANINGS.items() for word in words.split()}
"""What developers say for the same thing."""
_JOINED: Final = (
    (re.compile(r"\btim(?:e|es|ed|ing) out\b", re.I), "timeout"),
    (re.compile(r"\blog(?:s|ged|ging)? in\b(?! the\b)", re.I), "login"),
    (re.compile(r"\blog(?:s|ged|ging)? out\b", re.I), "logout"),
    (re.compile(r"\bsign(?:s|ed|ing)? up\b", re.I), "registration"),
    (re.compile(r"\bpull requests?\b", re.I), "pullrequest"),
    (re.compile(r"\btype hints?\b", re.I), "type"),
    (re.compile(r"\bunit tests?\b", re.I), "test"),
)
"""Several words that are one."""
_NO_PLURAL: Final = words_of("cors css aws dns https kubernetes redis alias sass always news gps ios macos")


def keywords(text: str) -> tuple[str, ...]:
    """At most ``MOST`` keywords in their normal form, without duplicates, the most telling first."""
    frequency: Counter[str] = Counter()
    degree: Counter[str] = Counter()
    named: dict[str, None] = {}
    for phrase in _phrases(unicodedata.normalize("NFC", text[:READ]), named):
        for word in phrase:
            frequency[word] += 1
            degree[word] += len(phrase)
    order = {word: place for place, word in enumerate(frequency)}
    ranked = sorted(frequency, key=lambda word: (word not in named, -degree[word] / frequency[word], order[word]))
    return tuple(ranked[:MOST])


def normal(word: str) -> str:
    """The form in which a word is compared: lower case, singular, and one of those that mean the same."""
    word = word.lower()
    if word in _SAME or word in _NO_PLURAL:
        return _SAME.get(word, word)
    for suffix, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", "")):
        if word.endswith(suffix) and len(word) > len(suffix) + 2 and not word.endswith(("ss", "us", "is")):
            word = word[: -len(suffix)] + instead
            break
    return _SAME.get(word, word)


def _phrases(text: str, named: dict[str, None]) -> list[list[str]]:
    phrases: list[list[str]] = [[]]
    text = _URL.sub(" ", text)
    for pattern, joined in _JOINED:
        text = pattern.sub(joined, text)
    for token in _TOKEN.findall(text):
        if not _LETTERS.match(token) or token.lower() in _STOP:
            phrases.append([])
            continue
        parts = list(_parts(token))
        whole = re.split(r"[/\\]", token)[-1].lower()
        if len(parts) > 1 and re.search(r"[a-z][A-Z]|[_./\\]", token):
            named[whole] = None
            phrases[-1].append(whole)
        for part in parts:
            word = normal(part)
            if word in _STOP or (len(word) < 2 and word.isascii()):
                continue
            if len(parts) > 1 or not _is_action(token):
                phrases[-1].append(word)
    return [list(dict.fromkeys(phrase)) for phrase in phrases if phrase]


def _parts(token: str) -> Iterator[str]:
    """The words of a token: those of an identifier, and of a script without spaces every two letters that follow each other."""
    at = 0
    for run in _UNSPACED.finditer(token):
        yield from _words(token[at : run.start()])
        yield from (run[0][place : place + 2] for place in range(max(1, len(run[0]) - 1)))
        at = run.end()
    yield from _words(token[at:])


def _words(token: str) -> Iterator[str]:
    for part in _DIVIDES.split(token):
        # Capitals divide what is written in ASCII; elsewhere a word is whole.
        words = _PARTS.findall(part) if part.isascii() else [part]
        yield from (word for word in words if len(word) > 1 or word.isdigit())


_ONLY_VERBS: Final = words_of(
    "fix add delete remove create implement rename explain write make put change update show list refactor repair "
    "resolve solve correct generate provide improve convert replace run execute support upgrade bump enable disable "
    "increase raise decrease reduce describe review optimize investigate drop clear tell give handle set ensure "
    "call called turn throw keep cause"
)


def _is_action(token: str) -> bool:
    """Whether a word says what is to be done, which the intent tells."""
    word = token.lower()
    return word in _ONLY_VERBS or (
        word.endswith(("es", "s", "ed", "ing")) and lemma_action(word) is not None and _root(word) in _ONLY_VERBS
    )


def _root(word: str) -> str:
    for suffix in ("ing", "ed", "es", "s"):
        if word.endswith(suffix):
            root = word[: -len(suffix)]
            return root if root in _ONLY_VERBS else f"{root}e"
    return word
