"""Secrets in text that stand under a name: settings, headers, flags, JSON, YAML, XML, query strings, connection strings.

A name and its sign (``=``, ``:``, ``=>``, …) are found by one pattern that enters each word once; where the value ends is
then decided by how it begins. Whatever is read is either kept for good or replaced, so the whole is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from loopgraph.computes.privacy.forms import HARMLESS, MARKER, PLACEHOLDER, TYPE_NAME, WORD
from loopgraph.computes.privacy.names import COUNT, Kind, is_secret
from loopgraph.computes.privacy.shell import lines_at

KindOf = Callable[[str], Kind]

NAMING: Final = ("name", "key", "header")
"""Members that hold a name whose value stands beside it: ``{"name": "X-Api-Key", "value": "…"}``."""

_ASSIGNMENT = re.compile(
    r"""(?<![\w.-])
    (?: (?P<flag> -[\w.-]*+ ) [ \t]++ (?= [^\s=:,<>|;&-] )
      | (?P<name> [\w.-]++ ) \]? (?P<close> (?: \\{0,15}["'`] )? ) (?: \] | %5[Dd] )?
        (?P<space> [ \t]*+ ) (?P<sign> := | => | !?={1,3} | :(?!:|//) | ,(?=[ \t]*+[\\"'`]) | > ) [ \t]*+
    )""",
    re.VERBOSE,
)
_NAMED_VALUE = re.compile(  # what may follow `"name":`
    r"""\\{0,15}["'] (?P<name> [\w.-]{1,100} ) (?P<close> \\{0,15}["'] ) \s*+ (?: ,\s*+ )?
    \\{0,15}["']? value \\{0,15}["']? [ \t]*+ [:=] [ \t]*+""",
    re.IGNORECASE | re.VERBOSE,
)
_KEYS = frozenset({"key", "keys"})
_OWNER = re.compile(r"([A-Za-z]{1,20}) \Z")
_ESCAPE = re.compile(r"\\{1,15}u00([2-7][0-9a-fA-F])")
_ESCAPED_NAME = re.compile(
    rf"""(?<=["'])[\w.-]{{0,60}}+(?:{_ESCAPE.pattern}[\w.-]{{0,60}}+){{1,60}}+(?=\\{{0,15}}["'])"""
)
_NO_VALUE = re.compile(
    r"-{1,2}(?:no|ask|prompt|skip|without|with|disable|allow|enable|require|show|hide|use)-", re.IGNORECASE
)
_ONE_DASH = re.compile(
    r"""-(?: [A-Za-z]+[-_.] | src | dst | dest | trust | key | store | db | user | admin | root | client | server | auth | access
      | refresh | api | private | secret | proxy | http | ftp | smtp | ssl | tls | cert | login | session | bearer | old | new
      | master | account | encryption )*
    (?: pass | passwd | password | passphrase | passcode | secret | token | key | pwd | credential | cred | jwt | cookie
      | authorization | auth )s?""",
    re.IGNORECASE | re.VERBOSE,
)
_ASKING = re.compile(
    r"(?<![\w.-])(?:psql|pg_\w+|pgbench|createdb|dropdb|createuser|dropuser|vacuumdb|reindexdb)[ \t][^\n;|&]*\Z"
)
_ASKED_BEFORE = 200
_LINE_START = re.compile(r"[ \t>*+-]*(?:(?:export|set|const|let|var) +)?")
_INDENT = 40

_LOOSE_VALUE = re.compile(
    r"""(?=[^\s,}]*[A-Za-z])(?=[^\s,}]*[\d!@#$%^&*+?~])[^\s,{}\[\]()"'`\\]{4,}(?=[ \t]*(?:[,}\r\n]|\\n|\Z))"""
)
_QUANTITY = re.compile(r"[\d.,:/]+[A-Za-z%]{0,3}")
_FLOW_BEFORE = re.compile(r"[{,][ \t]*\Z")
_BELOW_USER = re.compile(r"(?:\A|\n|\\n)[ \t-]*(?:user(?:name)?|login)[ \t]*:[^\r\n\\]*(?:\r?\n|\\n)[ \t]*\Z")
_ABOVE_USER = re.compile(r"[ \t]*(?:\r?\n|\\n)[ \t]*(?:user(?:name)?|login)[ \t]*:")

_ANNOTATION = re.compile(rf"{TYPE_NAME} [ \t]* =(?!=) [ \t]*", re.VERBOSE)
_HARMLESS_AHEAD = re.compile(
    rf"""{PLACEHOLDER} (?= [\s,;)\]}}(&\\"'`] | \Z ) | {WORD} (?= [ \t]* (?: [\r\n,;)\]}}(#=|&\\"'`] | \Z ) )
    | -(?= [\s"'`)\\] | \Z )""",
    re.VERBOSE,
)

_QUOTE = re.compile(r"""[@$bBfFrRuU]{0,2}(?P<slashes>\\{0,15})(?P<quote>\"\"\"|'''|["'`])""")
_CLOSING = {
    quote: re.compile(rf"(?<!\\)(\\*+)(?:{quote}|(?P<end>{end}))")
    for quote, end in (('"', r"[\r\n]"), ("'", r"[\r\n]"), ("`", r"[\r\n]"), ('"""', r"\Z"), ("'''", r"\Z"))
}
_KEY_AHEAD = re.compile(r"""\\{0,15}["'`][ \t]*+:""")
_BRACKETS = re.compile(r'\\.|"[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*"|[{}\[\]]', re.DOTALL)
_LINE = re.compile(r"[^\r\n]*")
_HEADER_LINE = re.compile(r"[^\r\n\\]*+(?:\\(?![nr])[^\r\n\\]*+)*")
_HEADER_IN_QUOTES = {
    quotes: re.compile(rf"[^\r\n\\{quotes}]*+(?:\\(?![nr{quotes}])[^\r\n\\{quotes}]*+)*")
    for quotes in ('"', "'", "`", "\"'`")
}
_XML_TEXT = re.compile(r"[^<]*+(?=</)")
# A comma, semicolon or ampersand belongs to the word unless something else begins behind it.
_WORD = re.compile(r"""(?:\[REDACTED\]|[^\s"'`,;&]|(?<=\w)'(?=\w)|[,;&](?![\s"'`]|\Z|[\w.%-]*+[=:]))*""")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")


def redact_assignments(text: str, kind_of: KindOf, places: Iterable[int] | None = None) -> str:
    """The text with the values of secret names replaced; ``kind_of`` says which names these are.

    ``places``, in ascending order, are where such names can be; None if that can be everywhere. A name, what it may be read
    together with, and its sign stand on one line, so only the lines of the places are looked through.
    """
    pieces: list[str] = []
    copied = position = 0
    for start, end in _lines(text, places):
        position = max(position, start)
        while found := _ASSIGNMENT.search(text, position, end):
            secret = _secret_value(text, found, kind_of)
            if secret is None:
                position = found.end()
                continue
            first, behind, replacement = secret
            pieces += text[copied:first], replacement
            copied = position = behind
    return "".join((*pieces, text[copied:])) if pieces else text


def _lines(text: str, places: Iterable[int] | None) -> Iterator[tuple[int, int]]:
    """Start and end of each line that has one of the places; of the whole text if they are None."""
    if places is None:
        yield 0, len(text)
        return
    for start, end in lines_at(text, places):
        yield start - text.startswith("\\n", start - 2), end  # the escaped newline belongs to the name: `\npassword`


def _secret_value(text: str, found: re.Match[str], kind_of: KindOf) -> tuple[int, int, str] | None:
    """Where the value of an assignment begins and ends, and what replaces it; None if it is no secret."""
    kind, close, at = _read_name(text, found, kind_of)
    name, sign = found["flag"] or found["name"], found["sign"]
    if kind is Kind.PLAIN:
        return None
    if sign == "," and not (close and (kind is Kind.HEADER or "-" in name)):
        return None  # ("X-Api-Key", "…") is a header or a flag, ["password", "email"] a list of words
    if sign == ":" and (annotation := _ANNOTATION.match(text, at)):
        at = annotation.end()
    if _HARMLESS_AHEAD.match(text, at) or COUNT.match(text, at):
        return None
    if opening := _QUOTE.match(text, at):
        start, end, replacement = opening.end(), _end_of_quoted(text, opening), MARKER
        if HARMLESS.fullmatch(text, start, end) or (sign == "," and _KEY_AHEAD.match(text, end)):
            return None
    elif kind is Kind.WEAK and sign == ":" and not (name == "pass" and _in_mapping(text, found.start(), at)):
        return None  # "PASS: test_login" is a report
    else:
        # Where the name stood in quotes the marker does too: a number in JSON becomes a string.
        start, end, replacement = at, _end_of_unquoted(text, at, found, kind), close + MARKER + close
    value = text[start:end]
    return (start, end, replacement) if _LETTER_OR_DIGIT.search(value) and is_secret(kind, value) else None


def _in_mapping(text: str, start: int, at: int) -> bool:
    """Whether a name and its value, which begin there, are a member of a mapping of YAML: within braces, or below a user's name.

    The value has letters and other characters, so it is no count, and no name of a variable of a program.
    """
    value = _LOOSE_VALUE.match(text, at)
    if value is None or _QUANTITY.fullmatch(value[0]):
        return False
    behind = text[value.end() : value.end() + _INDENT]
    if _FLOW_BEFORE.search(text, max(0, start - _INDENT), start):
        return behind.lstrip(" \t")[:1] in (",", "}")
    before = text[max(0, start - 2 * _INDENT) : start]
    return _BELOW_USER.search(before) is not None or (before[-1:].isspace() and _ABOVE_USER.match(behind) is not None)


def _read_name(text: str, found: re.Match[str], kind_of: KindOf) -> tuple[Kind, str, int]:
    """What the name says about its value, the quote that closes the name, and where the value begins."""
    name, before, behind = found["flag"] or found["name"], found.start(), found.end()
    if found["flag"]:
        kind = kind_of_flag(name, kind_of)
        if kind is not Kind.PLAIN and asks(text[max(0, before - _ASKED_BEFORE) : before]):
            kind = Kind.PLAIN
        return kind, "", behind
    kind = kind_of(name)
    if (
        kind is Kind.PLAIN
        and name.lower() in _KEYS
        and (owner := _OWNER.search(text, max(0, before - _INDENT), before))
    ):
        kind = kind_of(owner[1] + name)  # the "API key: …" of prose
    if kind is Kind.PLAIN and name.lower() in NAMING and (named := _NAMED_VALUE.match(text, behind)):
        return kind_of(named["name"]), named["close"], named.end()
    return kind, found["close"] or "", behind


def with_plain_names(text: str, kind_of: KindOf) -> str:
    """The text with the letters of secret names in JSON as themselves, where they were escaped: ``pass\\u0077ord``."""

    def plain(found: re.Match[str]) -> str:
        name = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), found[0])
        return found[0] if kind_of(name) is Kind.PLAIN else name

    return _ESCAPED_NAME.sub(plain, text)


def asks(line: str) -> bool:
    """Whether the command that the line begins takes ``--password`` for the wish to be asked for it, with no value."""
    return _ASKING.search(line) is not None


def kind_of_flag(flag: str, kind_of: KindOf) -> Kind:
    """What a flag says about the word behind it.

    ``--no-password`` and ``--ask-pass`` have no value. Behind one dash stand letters that are flags of their own, too:
    ``-phunter2secret`` is no name, ``-storepass`` is one.
    """
    if _NO_VALUE.match(flag) or (flag[1:2] != "-" and not _ONE_DASH.fullmatch(flag, 0, _INDENT)):
        return Kind.PLAIN
    return kind_of(flag)


def _end_of_quoted(text: str, opening: re.Match[str]) -> int:
    """Where the content of a quoted value ends: before its closing quote, or with the line if there is none.

    JSON in JSON escapes quotes level by level, by 0, 1, 3, 7, … backslashes. A quote behind ``k`` of them is closed by the
    next one whose backslashes leave ``k`` when divided by ``2k + 2``; all others belong to the content.
    """
    level = len(opening["slashes"])
    place = opening.end()
    for closing in _CLOSING[opening["quote"]].finditer(text, place):
        place = closing.end(1)
        if closing["end"] is not None:
            return place
        if len(closing[1]) % (2 * level + 2) == level:
            return place - level
    return len(text)


def _end_of_unquoted(text: str, at: int, found: re.Match[str], kind: Kind) -> int:
    """Where a value without quotes ends: with its XML element, its brackets, its line (YAML, headers) or its word."""
    if found["sign"] == ">":
        element = _XML_TEXT.match(text, at) if text[found.start() - 1 : found.start()] in ("<", ":") else None
        return element.end() if element else at
    if text.startswith(("{", "["), at) and not text.startswith(MARKER, at) and kind is not Kind.WEAK:
        at = _end_of_brackets(text, at)
    pattern = None if found["close"] else _pattern_of_line(text, found, kind)
    if pattern is not None:
        return at + len(_matched(pattern, text, at).rstrip(" \t,;\\"))
    return at + len(_without_tail(_matched(_WORD, text, at)))


def _pattern_of_line(text: str, found: re.Match[str], kind: Kind) -> re.Pattern[str] | None:
    """How far a value reaches that may hold spaces; None for one that may not."""
    start = found.start()
    indent = text[max(0, start - _INDENT) : start]
    newline = max(indent.rfind("\n"), indent.rfind("\r"))
    starts_line = (newline >= 0 or start < _INDENT) and _LINE_START.fullmatch(indent, newline + 1) is not None
    if kind is Kind.HEADER:
        return _HEADER_LINE if starts_line else _HEADER_IN_QUOTES.get(indent[-1:], _HEADER_IN_QUOTES["\"'`"])
    return _LINE if starts_line and (found["sign"] == ":" or (found["sign"] == "=" and found["space"])) else None


def _matched(pattern: re.Pattern[str], text: str, at: int) -> str:
    match = pattern.match(text, at)
    return match[0] if match else ""


def _without_tail(word: str) -> str:
    """The word without the brackets and the punctuation that belong to what it stands in."""
    bare = word.rstrip(")]}>.,;:\\")
    one_more = word[: len(bare) + 1]
    return one_more if one_more.endswith(MARKER) else bare


def _end_of_brackets(text: str, at: int) -> int:
    """Where the map or list ends that begins here; if it was cut off, with the text."""
    depth = 0
    for found in _BRACKETS.finditer(text, at):
        if found[0] in "{[":
            depth += 1
        elif found[0] in "}]":
            depth -= 1
            if depth == 0:
                return found.end()
    return len(text)
