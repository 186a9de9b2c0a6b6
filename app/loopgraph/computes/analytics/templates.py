"""Templates of messages: which of many say the same but for their values.

A message is reduced to its *headline*, the line that says what went wrong; what looks like a value in it is *masked* by its
kind (``<n>``, ``<path>``, ``<str>``…). Messages with the same masked headline are one cluster. Clusters that differ in few words
are then merged, and the words that differ become ``<*>``, as in Drain (He, Zhu, Zheng, Lyu, ICWS 2017); only, here a set of
masked headlines is clustered in an order of its own, and not a stream: the result does not depend on the order of the messages.
Masked headlines of different numbers of words are never merged.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from loopgraph.contracts.analytics.failures import LONGEST_TEMPLATE

ANY: Final = "<*>"
SIMILAR: Final = 0.6
"""So many of their words, at the same places, two clusters must share to be merged."""

MOST_MERGED: Final = 2_000
"""So many different masked headlines are compared, the most frequent; others are clusters of their own."""

Numbers = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

_ANY: Final = -1
"""``ANY`` among the numbers of words."""

_WORDS: Final = 60
_ANSI: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_TRACEBACK: Final = "Traceback (most recent call last)"
_MERE_EXIT: Final = re.compile(
    r"(?:error: )?(?:(?:command|process|script|shell)\b.{0,40}?)?\b(?:exit(?:ed)?|fail(?:ed|ure))\b.{0,20}?"
    r"\b(?:code|status)\b\W{0,3}\d+\W*",
    re.IGNORECASE,
)
"""A line that says that a command failed, but not with what."""

_MASK: Final = r"<(?:\*|n|str|time|url|email|id|path|ip|hex)>"
_STATUS: Final = r"(?:\bHTTP(?:/\d(?:\.\d)?)?|\bstatus(?:[ _]code)?|\berror[ _]code)\W{1,3}[1-5]\d\d(?![\w.])"
_DATE, _CLOCK = r"\d{4}-\d\d-\d\d", r"\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
_FILES: Final = (
    "py|pyi|js|mjs|cjs|ts|tsx|jsx|json|toml|ya?ml|md|txt|sh|go|rs|java|c|h|cpp|rb|php|css|html?|sql|lock|log|csv|xml"
)
_UNITS: Final = "[munµ]?s|secs?|min|h|[kKMGT]i?B|bytes|B|%|px|x"
_LOWER, _UPPER = (rf"\b(?=[0-9{a}]*\d)(?=[0-9{a}]*[{a}])[0-9{a}]{{7,}}\b" for a in ("a-f", "A-F"))
_VALUES: Final[tuple[tuple[str, str], ...]] = (
    # What is masked already stays.
    ("", _MASK),
    # The status of a response is no value: it says what went wrong.
    ("", _STATUS),
    # Most text is words, and they are no values: seen early they cost little.
    ("", r"(?<![\w'\"`/.@-])[A-Za-z]+(?=[\s,;)!?]|[.:](?:\s|$)|$)"),
    ("<str>", r"(?<!\w)'[^'\n]{1,300}'(?!\w)|(?<!\w)\"[^\"\n]{1,300}\"(?!\w)|`[^`\n]{1,300}`"),
    ("<time>", rf"\b{_DATE}(?:[T ]{_CLOCK})?\b|\b\d\d?:\d\d:\d\d(?:[.,]\d+)?\b"),
    ("<url>", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s'\"<>)\]]+"),
    ("<email>", r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"),
    ("<id>", r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"),
    ("<path>", r"(?<![\w/.])(?:[A-Za-z]:[\\/]|\\\\|~?/|\.{1,2}/)[^\s'\"`<>:;,|()\[\]{}]+"),
    ("<path>", rf"(?<![\w/.@+-])[\w.@+/-]*[\w@+-]\.(?:{_FILES})\b"),
    ("<ip>", r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b|\[[0-9a-fA-F:]{2,39}\](?::\d{1,5})?"),
    ("<hex>", rf"\b0[xX][0-9a-fA-F]+\b|{_LOWER}|{_UPPER}"),
    ("<n>", rf"(?<![\w<])[-+]?\d+(?:[.,_]\d+)*(?:[eE][-+]?\d+)?(?:{_UNITS})?(?!\w)"),
    ("<id>", r"\b[A-Za-z0-9][\w-]{7,}"),
    ("<n>", r"\d+"),
)  # fmt: skip
_WORD_OF_ID: Final = next(number for number, (_, form) in enumerate(_VALUES) if "{7,}" in form and "[\\w-]" in form)
_MASKS: Final = re.compile("|".join(f"(?P<k{number}>{form})" for number, (_, form) in enumerate(_VALUES)))
_HAS_MASK: Final = re.compile(_MASK)
_DIGITS: Final = re.compile(r"\d+")
_PART: Final = re.compile(r"(?=.*[A-Za-z])(?:[A-Za-z]*\d){2}[A-Za-z0-9]*")


class Cluster(NamedTuple):
    """A template, and the masked headlines that follow it, sorted."""

    template: str
    headlines: tuple[str, ...]


def headline(message: str) -> str:
    """The line of a message that says what went wrong: of a traceback of Python its last one, else the first that does not merely
    say that a command failed."""
    lines = _ANSI.sub("", message).replace("\r", "\n").split("\n")
    begins = [number for number, line in enumerate(lines) if _TRACEBACK in line]
    if begins:
        said = [line for line in lines[begins[-1] + 1 :] if line.strip() and not line[0].isspace()]
        lines = said[:1] or lines
    told = [line for line in lines if line.strip()]
    better = next((line for line in told if not _MERE_EXIT.fullmatch(line.strip())), None)
    return " ".join((better or (told[0] if told else ""))[:LONGEST_TEMPLATE].split())


def masked(text: str) -> str:
    """A line of text with its values masked, its spaces made one, and cut where it is long."""
    words = _MASKS.sub(_kind, text).split()
    kept = words[:_WORDS]
    while kept and len(" ".join(kept)) > LONGEST_TEMPLATE:
        kept.pop()
    return " ".join(kept) or text.strip()[:LONGEST_TEMPLATE]


def template_id(template: str) -> str:
    """The id of a template: the first 128 bits of the SHA-256 of its text, in hexadecimal."""
    return hashlib.sha256(template.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def covers(general: str, special: str) -> bool:
    """Whether a template holds for all that another holds for: they are the same, but for words where this one has ``<*>``."""
    one, other = general.split(" "), special.split(" ")
    return len(one) == len(other) and all(a in (ANY, b) for a, b in zip(one, other, strict=True))


def clusters(headlines: Mapping[str, int]) -> list[Cluster]:
    """The clusters of masked headlines, each with the number of its messages; sorted by their templates.

    What comes out depends on which headlines there are (and on the numbers only where there are more than ``MOST_MERGED``).
    """
    by_frequency = sorted(headlines, key=lambda text: (-headlines[text], text))
    by_length: defaultdict[int, list[list[str]]] = defaultdict(list)
    for text in sorted(by_frequency[:MOST_MERGED]):
        words = text.split(" ")
        by_length[len(words)].append(words)
    merged: defaultdict[str, list[str]] = defaultdict(list)
    for alike in by_length.values():
        for template, members in _merged(alike):
            merged[template] += members
    for text in by_frequency[MOST_MERGED:]:
        merged[text].append(text)
    return [Cluster(template, tuple(sorted(members))) for template, members in sorted(merged.items())]


def _kind(match: re.Match[str]) -> str:
    number, text = int((match.lastgroup or "k0")[1:]), match[0]
    if number == _WORD_OF_ID and not _is_id(text):
        return _DIGITS.sub("<n>", text)
    return _VALUES[number][0] or text


def _is_id(word: str) -> bool:
    """Whether a long word is made by a machine: a part of it has eight letters and digits, and two digits among letters."""
    return any(len(part) >= 8 and _PART.fullmatch(part) for part in re.split("[_-]", word))


def _merged(lines: Sequence[Sequence[str]]) -> Iterable[tuple[str, list[str]]]:
    """The clusters of headlines of one number of words, in their order."""
    numbers: dict[str, int] = {}
    coded = np.array([[numbers.setdefault(word, len(numbers)) for word in line] for line in lines], dtype=np.int32)
    vocabulary = list(numbers)
    is_word = np.array([not _HAS_MASK.search(word) for word in vocabulary])[coded]
    templates, words = np.empty_like(coded), np.empty_like(is_word)
    members: list[list[int]] = []
    for line, (codes, of_words) in enumerate(zip(coded, is_word, strict=True)):
        count = len(members)
        home = _home(templates[:count], words[:count], codes, of_words)
        if home is None:
            templates[count], words[count] = codes, of_words
            members.append([line])
        else:
            differs = templates[home] != codes
            templates[home][differs], words[home][differs] = _ANY, False
            members[home].append(line)
    for codes, of in zip(templates, members, strict=False):
        yield (
            " ".join(ANY if code == _ANY else vocabulary[code] for code in codes),
            [" ".join(lines[line]) for line in of],
        )


def _home(templates: Numbers, words: Flags, codes: Numbers, of_words: Flags) -> int | None:
    """The cluster that a headline belongs to: one whose template it follows, else the most similar; of several the first.

    ``words`` and ``of_words`` say where the templates and the headline have words and not masks.
    """
    if not len(templates):
        return None
    same = templates == codes
    follows = (same | (templates == _ANY)).all(axis=1)
    if follows.any():
        return int(np.argmax(follows))
    either = words | of_words
    similar = (same & either).sum(axis=1) / np.maximum(either.sum(axis=1), 1)
    best = int(np.argmax(similar))
    return best if similar[best] >= SIMILAR else None
