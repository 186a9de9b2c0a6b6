"""Secrets among the arguments of commands, by what ``commands`` knows of them.

A command is looked for in text and in lists of words alike; what counts as its words ends with a line, a ``;``, a ``|`` or the
like. Several may stand in one line (``sudo sshpass -p x mysql -py``): each is read on from its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from loopgraph.computes.privacy.commands import COMMANDS, Command
from loopgraph.computes.privacy.forms import HARMLESS, MARKER
from loopgraph.computes.privacy.names import Kind, kind_of
from loopgraph.computes.privacy.shell import GAP, PLAIN, QUOTED, lines_at, program


class _Option(NamedTuple):
    separate: bool
    attached: bool
    behind: str


_OPTION = re.compile(r"(?P<name>--?[A-Za-z][\w-]*)(?P<where>[*?]?)(?P<part>[:%=,~]?)")


class _Rule(NamedTuple):
    options: dict[str, _Option]
    behind: tuple[str, ...]
    nth: int
    flag: str
    pairs: bool
    named: bool
    part: str
    leading: bool
    slashes: bool

    def may_begin(self, text: str, at: int, end: int) -> bool:
        """Whether the words that must come first are near, behind the command's name."""
        return all(text.find(word, at, min(end, at + _NEAR)) >= 0 for word in self.behind)

    def may_concern(self, text: str, at: int, end: int) -> bool:
        """Whether what follows the command's name can have a secret for it."""
        if self.nth or self.pairs or self.named:
            return True
        return any(text.find(option, at, end) >= 0 for option in self.options)


def _rule(command: Command) -> _Rule:
    options = {}
    for text in command.options.split():
        option = _OPTION.fullmatch(text)
        assert option is not None, text
        part = "pass:" if option["part"] == "~" else option["part"]
        options[option["name"]] = _Option(option["where"] != "*", option["where"] != "", part)
    return _Rule(options, tuple(command.behind.split()), *command[3:])


_RULES: Final[dict[str, list[_Rule]]] = {}
for _command in COMMANDS:
    for _name in _command.names.split():
        _RULES.setdefault(_name, []).append(_rule(_command))

_PORTS = re.compile(r"(?:[\d.]*:)?\d+(?:-\d+)?:\d+(?:-\d+)?(?:/\w+)?")
_MIXED = re.compile(r"(?=.*[A-Za-z])(?=.*[\d!@#$%^&*?]).{6,}")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")


@dataclass(slots=True)
class _Running:
    """A command of which the words come in."""

    rule: _Rule
    met: int = 0
    """How many of the words that must come first have come."""
    arguments: int = 0
    flags: str = ""
    named: bool = False
    option: _Option | None = None
    """The one whose value is the next word."""

    def secret(self, word: str) -> tuple[int, int] | None:
        """The part of this word that is secret; None if none is."""
        rule = self.rule
        option, self.option = self.option, None
        if word.startswith("-"):
            return self._of_option(word)
        if option is not None:
            return _part(word, 0, option.behind)
        if self.met < len(rule.behind):
            self.met += word == rule.behind[self.met]
            return None
        if rule.slashes and word.startswith("/"):
            return None
        self.arguments += 1
        named, self.named = self.named, rule.named and "=" not in word and kind_of(word[-100:]) is not Kind.PLAIN
        if named or (rule.nth and self.arguments == self._nth()):
            if rule.slashes and not _MIXED.fullmatch(word):
                return None  # "net user growth rose" is prose
            return _login(word, rule.part) if rule.part else _part(word, 0, "")
        return _part(word, 0, "=") if rule.pairs else None

    def _nth(self) -> int:
        if self.rule.flag and self.rule.flag not in self.flags:
            return 0
        return self.rule.nth - ("n" in self.flags if self.rule.flag else 0)

    def _of_option(self, word: str) -> tuple[int, int] | None:
        self.flags += word[1:] if len(word) < 8 else ""
        if self.met < len(self.rule.behind) or (self.rule.leading and self.arguments):
            return None
        name, assigned, _ = word.partition("=")
        if option := self.rule.options.get(name):
            if assigned:
                return _part(word, len(name) + 1, option.behind)
            self.option = option if option.separate else None
            return None
        for length in (2, 3):
            option = self.rule.options.get(word[:length])
            if option and option.attached and word[1] != "-":
                return _part(word, length, option.behind)
        return None


def _part(word: str, start: int, behind: str) -> tuple[int, int] | None:
    """What is secret of a value that begins there."""
    if behind:
        at = word.find(behind, start)
        if at < 0:
            return None
        start = at + len(behind)
    value = word[start:]
    if value[:1] in ("@", "[") or _PORTS.fullmatch(value) or not _LETTER_OR_DIGIT.search(value):
        return None
    return None if HARMLESS.fullmatch(value) else (start, len(word))


def _login(word: str, sign: str) -> tuple[int, int] | None:
    """The password of ``name/password@place``."""
    name, _, rest = word.partition(sign)
    if not name.removeprefix("userid=").isidentifier():
        return None  # a file, a place without a name
    end = len(word) if (at := rest.rfind("@")) < 0 else len(name) + 1 + at
    return _part(word[:end], len(name) + 1, "")


class _Words:
    """Reads the words of a line one by one."""

    def __init__(self) -> None:
        self._running: list[_Running] = []

    def end(self) -> None:
        """No command goes on."""
        self._running.clear()

    @property
    def idle(self) -> bool:
        """Whether no command is being read."""
        return not self._running

    def read(self, word: str) -> tuple[int, int] | None:
        """The part of the next word that is secret; None if none is."""
        found = None
        for running in self._running:
            found = running.secret(word) or found
        if found is None and len(word) < 40 and (rules := _RULES.get(program(word))):
            self._running = [*self._running[-_MOST_RUNNING:], *map(_Running, rules)]
        return found


_MOST_RUNNING = 4


def secrets_of_words(words: Sequence[object]) -> Iterator[tuple[int, str]]:
    """The words of a command line, given as a list, that hold a secret: their places, and they themselves without it."""
    if not any(isinstance(word, str) and program(word) in _RULES for word in words[:_FIRST]):
        return
    reader = _Words()
    for i, word in enumerate(words):
        if not isinstance(word, str) or word in _ENDS:
            reader.end()
        elif span := reader.read(word):
            yield i, word[: span[0]] + MARKER + word[span[1] :]


_ENDS = frozenset({"&&", "||", "|", ";", "&"})
_FIRST = 8
"""Among so many words the name of a command is looked for in a list; so many commands of a line are looked at closely first."""

_PROGRAM = re.compile(r"""(?:(?<![\w.@\\-])|(?<=\\[nrt]))[A-Za-z7][\w.-]{1,19}(?=[ \t\\"'])""")
_NAME = re.compile(r"(?:\\[nrt])?([A-Za-z7][\w.-]*)").findall
_NAMES = frozenset(_RULES) | {f"{name}.exe" for name in _RULES}
_OPTION_AT = re.compile(r"-(?<=[ \t\"']-)-?[A-Za-z]").finditer
_NEAR = 500
_SIGNS = (
    *((word, re.compile(word)) for word in ("vault", "bao", "add_user", "cargo", "snyk", "alias")),
    ("sql", re.compile(r"sql(?:plus|ldr)")),
    ("pdp", re.compile(r"pdp(?<=(?:ex|im)pdp)")),
    ("rman", re.compile(r"rman(?!\w)(?:(?<!\wrman)|(?<=\\[nrt]rman))")),
    ("user", re.compile(r"net1?(?:\.exe)?\W{1,9}user")),
)
"""What is found of commands whose secrets stand behind no option, and with no name of a secret. The word is looked for first."""
_GAP = re.compile(GAP)
_LISTED = re.compile(r"""(?P<close>\\{0,7}["'])\s{0,20},\s{0,20}(?P<open>\\{0,7}["'])""")
_QUOTED, _PLAIN = re.compile(QUOTED), re.compile(PLAIN)
_VALUE_OPEN = re.compile(r"(?:=|\A-\w{1,2}|:)\Z")


def redact_commands(text: str, places: Iterable[int] | None = None) -> str:
    """The text without the secrets among the arguments of known commands; the same object if there are none.

    ``places``, in ascending order, are where names of secrets can be; None if that can be everywhere.
    """
    pieces: list[str] = []
    copied = 0
    for first, end in _lines_of_interest(text, places):
        at = _first_of_interest(text, max(first, copied), end)
        for start, stop in _spans(text, at, end) if at >= 0 else ():
            pieces += text[copied:start], MARKER
            copied = stop
    return "".join((*pieces, text[copied:])) if pieces else text


def _lines_of_interest(text: str, places: Iterable[int] | None) -> list[tuple[int, int]]:
    """Where the lines begin and end that have an option, or another sign of a secret argument."""
    if places is None:
        return list(lines_at(text, range(len(text))))
    lines = list(lines_at(text, places))
    if "-" in text:
        lines += lines_at(text, [found.start() for found in _OPTION_AT(text)])
    for word, sign in _SIGNS:
        if word in text:
            lines += lines_at(text, [found.start() for found in sign.finditer(text)])
    return sorted(set(lines)) if lines else lines


def _first_of_interest(text: str, at: int, end: int) -> int:
    """Where the reading of a line is to begin: at its first known command, unless that cannot have a secret; -1 for nowhere."""
    if _NAMES.isdisjoint(_NAME(text, at, end)):
        return -1
    for _ in range(_FIRST):
        at = _first_program(text, at, end)
        found = _PROGRAM.match(text, at, end) if at >= 0 else None
        if found is None or any(rule.may_concern(text, found.end(), end) for rule in _rules_of(found)):
            return at
        at = found.end()
    return at


def _first_program(text: str, at: int, end: int) -> int:
    """Where the first known command of a line is, with the words that must come first; -1 if there is none."""
    for found in _PROGRAM.finditer(text, at, end):
        if any(rule.may_begin(text, found.end(), end) for rule in _rules_of(found)):
            return found.start()
    return -1


def _rules_of(found: re.Match[str]) -> Sequence[_Rule]:
    return _RULES.get(found[0].removesuffix(".exe"), ())


def _spans(text: str, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the secrets are in the line from here."""
    reader, in_list = _Words(), False
    while at < end:
        if gap := _GAP.match(text, at, end):
            at = gap.end()
            continue
        if listed := _LISTED.match(text, at, end):  # "mysql", "-p…"
            if not in_list:
                reader.end()
            at = listed.start("open")
        quoted = _QUOTED.match(text, at, end)
        if quoted and not listed and (reader.idle or text[at - 1 : at] not in (" ", "\t", "=", "\n")):
            quoted = None  # it ends what the command stands in
        if quoted and not (" " in quoted["content"] and _first_program(text, *quoted.span("content")) >= 0):
            start, stop, at = *quoted.span("content"), quoted.end()
            if listed or _LISTED.match(text, at - len(quoted["quote"]), end):
                at -= len(quoted["quote"])
        elif plain := _PLAIN.match(text, at, end):
            start, stop, at = *plain.span(), plain.end()
            if _VALUE_OPEN.search(plain[0][-4:]) and (value := _QUOTED.match(text, at, end)):
                stop, at = value.end("content"), value.end()
                if span := reader.read(text[start : plain.end()] + value["content"]):
                    yield max(start + span[0] + len(value["quote"]), value.start("content")), stop
                continue
        elif quoted:  # a command in quotes
            at += 1
            continue
        else:
            reader.end()
            at = _first_program(text, at + 1, end)
            if at < 0:
                return
            continue
        began = reader.idle
        if span := reader.read(text[start:stop]):
            yield start + span[0], start + span[1]
        if began and not reader.idle:
            in_list = _LISTED.match(text, stop, end) is not None
