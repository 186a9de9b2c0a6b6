"""What a text says that can do harm when an agent follows it: found by its form, in what is new of the text.

These are forms that people have to look at, and no proof of ill will; and a text without any of them is not thereby harmless.

A text is written by whoever proposes it, and is looked at in the serving process: so the time grows with its length and with
nothing else, and no more than ``MOST`` characters are looked at. No expression here looks at one place of a text more often than
a fixed number of times, and what stands apart, such as a download and the shell that it is piped to, is found each for itself
(``chains``) and then put together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from loopgraph.computes.loop.proposing.chains import Chain, Link, found_in

MOST: Final = 200_000
"""So many characters of a text are looked at; of a longer one that is said, and a reviewer is to look at it."""

_FETCH = r"\b(?:curl|wget|iwr|irm|invoke-webrequest|invoke-restmethod)\s"
_SHELL = (
    r"(?:sh|bash|zsh|dash|ksh|fish|python[\d.]{0,9}|perl|ruby|node|php|pwsh|powershell"
    r"|iex|invoke-expression|source|xargs)\b"
)
_FOLDERS = r"/?(?:\w{1,50}/){0,9}"
_WORD = r"[^\s|;&]{1,100}+"
_BEFORE = rf"(?:(?:sudo|doas|env|nohup|time|command|exec|nice|timeout|setsid|stdbuf)\s++|\w{{1,50}}=(?:{_WORD})?\s++)"
_PIPED = rf"\|&?\s*+[`'\"]?(?:{_FOLDERS}{_BEFORE}(?:{_WORD}\s++){{0,14}}?)?{_FOLDERS}{_SHELL}"
_THEN = r"(?:&&|;)\s*+(?:sudo\s++)?(?:(?:sh|bash|zsh|python[\d.]{0,9}|source|chmod)\s|\./)"
_LINE, _PIPE, _SENTENCE = "\n", "\n|", "\n."

_RUNS = (
    Chain(_FETCH, Link(_PIPED, 400, _LINE, least=1)),
    Chain(_FETCH, Link(_THEN, 400, _PIPE, least=1)),
    Chain(rf"\b(?:eval|exec|{_SHELL})", Link(r"(?:\$\(|<\()\s*+(?:curl|wget)\b", 80, _LINE)),
    Chain(rf"\b{_SHELL}\s++-\w{{0,10}}c\s++[\"']?`\s*+(?:curl|wget)\b"),
    Chain(r"\b(?:base64|openssl)\s", Link(r"(?:-d|--decode)\b", 200, _PIPE), Link(_PIPED, 200, _LINE)),
    Chain(r"\bxxd\s++-r", Link(_PIPED, 200, _LINE)),
    Chain(r"(?<![\w.])(?:eval|exec)\((?!\))"),
    Chain(r"(?<![\w.])eval\s++[\"'$`]"),
    Chain(r"\binvoke-expression\b|\biex\s*+[($]"),
    Chain(r"/dev/tcp/"),
    Chain(
        r"\b(?:download|fetch)\b",
        Link(r"https?://\S{1,200}+(?<!\.)(?=\s)", 40, _SENTENCE),
        Link(r"\b(?:run|execute)\b", 61, _SENTENCE, least=1),
    ),
)
"""What is fetched or decoded, and run."""

_NAME = r"[^\s;&|'\"`<>()]{1,300}"
_SAVED = Chain(
    _FETCH,
    Link(rf"(?:(?<=\s)-\w{{0,10}}o|--output(?:-document)?\b|>)[=\s]*+['\"]?{_NAME}|https?://{_NAME}", 400, _PIPE),
)
_STARTED = re.compile(
    rf"(?:^|[\n;&|`(])\s*+(?:[-*$]\s++)?(?:sudo\s++)?(?:(?:{_SHELL}|\.|chmod\s++[\w+,=-]{{1,20}})\s++)?['\"]?({_NAME})",
    re.IGNORECASE,
)
"""A command that begins with a file, or runs it."""

_SECRETS = (
    Chain(
        r"\.ssh/|\bid_(?:rsa|dsa|ecdsa|ed25519)\b|\bauthorized_keys\b|\.aws/|\.netrc\b|\.npmrc\b|\.pypirc\b|\.git-credentials\b"
        r"|\.gnupg\b|\.kube/config|\.docker/config\.json|/etc/(?:shadow|passwd|sudoers)\b|(?<![\w.])\.env\b(?!\.(?:example|sample))"
        r"|\w\.(?:pem|p12|pfx|keystore)\b|\b(?:private|ssh)[ _-]keys?\b|\bcredentials\b"
    ),
    Chain(r"(?-i:\b[A-Z][A-Z0-9_]*_(?:TOKEN|SECRET|PASSWORD|(?:API|ACCESS|SECRET|PRIVATE)_KEY)\b)"),
)
"""Files of keys, and variables that hold secrets."""

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\U000e0000-\U000e007f]"
)
"""Marks that move a cursor, turn the order of what is read, or are not seen at all; joiners, which emoji need, are none."""


def dangers(base: str, text: str) -> Iterable[str]:
    """What is new in a text, by sentences for a reviewer: of each kind, the first that is found."""
    if len(text) > MOST:
        yield f"it has {len(text):,} characters, of which only the first {MOST:,} are looked at for what can do harm"
    base, text = base[:MOST], text[:MOST]
    new = "\n".join(_new_lines(base, text))
    whole, before = _joined(text), _joined(base)
    for find, said in (
        (_run, "it says to run what is fetched, decoded or made up"),
        (_secrets, "it names a file of keys, or a secret"),
    ):
        if found := _first(find, new, whole, before):
            yield f"{said}: {found}"
    if marks := Counter(_UNSEEN.findall(text)) - Counter(_UNSEEN.findall(base)):
        yield f"it has marks that are not seen: {', '.join(f'U+{ord(mark):04X}' for mark in sorted(marks)[:5])}"


def _first(find: Callable[[str], Iterator[str]], new: str, whole: str, base: str) -> str | None:
    if found := next(find(new), None):
        return found
    if new == whole:
        return None
    known = set(find(base))
    return next((found for found in find(whole) if found not in known), None)


def _run(text: str) -> Iterator[str]:
    yield from _all(_RUNS, text)
    yield from _saved_and_run(text)


def _secrets(text: str) -> Iterator[str]:
    return _all(_SECRETS, text)


def _saved_and_run(text: str) -> Iterator[str]:
    """Commands that run a file which was fetched before them, by its name without folders."""
    saved: dict[str, int] = {}
    for _, end in found_in(_SAVED, text):
        saved.setdefault(_base(text[max(0, end - 300) : end]), end)
    if not saved:
        return
    for match in _STARTED.finditer(text):
        if saved.get(_base(match[1]), len(text)) <= match.start():
            yield match[0].strip()


def _base(path: str) -> str:
    return re.split(r"[\s/='\">]", path.rstrip("/"))[-1]


def _all(chains: tuple[Chain, ...], text: str) -> Iterator[str]:
    for chain in chains:
        for begin, end in found_in(chain, text):
            yield text[begin:end]


def _new_lines(base: str, text: str) -> Iterable[str]:
    known = {line.strip() for line in _joined(base).splitlines()}
    return [line for line in _joined(text).splitlines() if line.strip() not in known]


def _joined(text: str) -> str:
    """Commands that go on in the next line as one line."""
    return re.sub(r"\\\r?\n", " ", text)
