"""Secrets among the arguments of well-known commands: ``mysql -phunter2``, ``docker login -p hunter2``, ``vault kv put x k=v``.

``COMMANDS`` is all that is known of them. A command is looked for in text and in lists of words alike; what counts as its words
ends with a line, a ``;``, a ``|`` or the like. Several may stand in one line (``sudo sshpass -p x mysql -py``): each is read on
from its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from loopgraph.computes.privacy.forms import HARMLESS, MARKER
from loopgraph.computes.privacy.names import Kind, kind_of


class Command(NamedTuple):
    """Which arguments of the commands ``names`` are secrets.

    ``options``: ``-p`` has its value in the next word (or behind ``=``), ``-p*`` in the same word, ``-p?`` in either. A sign
    at the end says which part of the value is secret: ``-u?:`` what follows a colon, likewise ``%``, ``=``, ``,``; ``-passin~``
    what follows ``pass:``. ``behind``: the words that must come first (``docker login``). Of the arguments without a dash that
    come then, a secret is the ``nth``, counted from 1, if the letter ``flag`` is given where there is one; with ``pairs`` what
    follows the ``=`` of each; with ``named`` what follows the name of a secret. ``leading``: the first of them begins another
    command.
    """

    names: str
    options: str = ""
    behind: str = ""
    nth: int = 0
    flag: str = ""
    pairs: bool = False
    named: bool = False
    leading: bool = False


COMMANDS: Final = (
    # databases
    Command(
        "mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlpump mysqlsh mysqlslap mysqlbinlog", "-p*"
    ),
    Command("mariadb mariadb-dump mariadb-admin mariadb-import mariadb-check mariadb-backup", "-p*"),
    Command("mongosh mongo mongodump mongorestore mongoexport mongoimport mongostat mongotop", "-p?"),
    Command("redis-cli valkey-cli", "-a --pass"),
    Command("sqlcmd bcp osql", "-P?"),
    Command("cqlsh cypher-shell clickhouse-client", "-p"),
    Command("neo4j-admin", behind="set-initial-password", nth=1),
    Command("rabbitmqctl", behind="add_user", nth=2),
    Command("rabbitmqctl", behind="change_password", nth=2),
    # registries and packages
    Command("docker podman nerdctl buildah skopeo oras crane helm", "-p?", behind="login"),
    Command("twine", "-p?", behind="upload"),
    Command("poetry", "-p?", behind="publish"),
    Command("cargo", behind="login", nth=1),
    Command("npm yarn pnpm", behind="config set", named=True),
    Command("pip pip3", behind="config set", named=True),
    Command("poetry", behind="config", named=True),
    Command("poetry", behind="config pypi-token.pypi", nth=1),
    # clouds and clusters
    Command("aws", behind="configure set", named=True),
    Command("aws", "--value", behind="ssm put-parameter"),
    Command("az", "--value", behind="keyvault secret set"),
    Command("doctl", "-t? --access-token", behind="auth init"),
    Command("snyk", behind="auth", nth=1),
    Command("az oc cf ibmcloud bx", "-p", behind="login"),
    Command("kubectl oc", "--from-literal=", behind="create secret"),
    Command("gh", "-b --body", behind="secret set"),
    Command("glab", "-v --value", behind="variable set"),
    Command("fly flyctl doppler", behind="secrets set", pairs=True),
    Command("vault bao", behind="kv put", pairs=True),
    Command("vault bao", behind="kv patch", pairs=True),
    Command("vault bao", behind="write", pairs=True),
    Command("vault bao", behind="login", nth=1),
    Command("git", behind="config", named=True),
    # transfer and remote hosts
    Command("curl", "-u?: --user: -U?: --proxy-user: --pass --proxy-pass"),
    Command("curl", "-b?="),
    Command("mc", behind="alias set", nth=4),
    Command("rclone", behind="config create", named=True),
    Command("nmcli", behind="wifi connect", named=True),
    Command("http https httpie xh xhs", "-a?:"),
    Command("sshpass", "-p?", leading=True),
    Command("smbclient rpcclient smbget", "-U?% --user%"),
    Command("lftp", "-u?,"),
    Command("ncftp ncftpget ncftpput evil-winrm psexec rdesktop", "-p"),
    Command("pscp plink psftp", "-pw"),
    Command("ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldapcompare", "-w?"),
    Command("ldappasswd", "-w? -s -a"),
    Command("mosquitto_pub mosquitto_sub ipmitool", "-P?"),
    Command("snmpget snmpwalk snmpset snmpbulkwalk", "-A -X"),
    # users and environments
    Command("useradd usermod", "-p --password"),
    Command("setx", named=True),
    # files and keys
    Command("openssl", "-passin~ -passout~ -k -K"),
    Command("ssh-keygen", "-N -P"),
    Command("htpasswd", nth=3, flag="b"),
    Command("zip unzip zipcloak", "-P?"),
    Command("7z 7za 7zr 7zz", "-p*"),
    Command("rar unrar", "-p* -hp*"),
    Command("qpdf", "--password --decrypt-password"),
    Command("wpa_passphrase", nth=2),
    Command("ansible-vault", behind="encrypt_string", nth=1),
)
"""To know another one, add a line here, and an example to the tests, which ask for one of each."""


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
    leading: bool


def _rule(command: Command) -> _Rule:
    options = {}
    for text in command.options.split():
        option = _OPTION.fullmatch(text)
        assert option is not None, text
        part = "pass:" if option["part"] == "~" else option["part"]
        options[option["name"]] = _Option(option["where"] != "*", option["where"] != "", part)
    rest = (command.nth, command.flag, command.pairs, command.named, command.leading)
    return _Rule(options, tuple(command.behind.split()), *rest)


_RULES: Final[dict[str, list[_Rule]]] = {}
for _command in COMMANDS:
    for _name in _command.names.split():
        _RULES.setdefault(_name, []).append(_rule(_command))

_PORTS = re.compile(r"(?:[\d.]*:)?\d+(?:-\d+)?:\d+(?:-\d+)?(?:/\w+)?")
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
        self.arguments += 1
        named, self.named = self.named, rule.named and "=" not in word and kind_of(word[-100:]) is not Kind.PLAIN
        if named or (rule.nth and self.arguments == self._nth()):
            return _part(word, 0, "")
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
        if found is None and len(word) < 40 and (rules := _RULES.get(_program(word))):
            self._running = [*self._running[-_MOST_RUNNING:], *map(_Running, rules)]
        return found


_MOST_RUNNING = 4


def _program(word: str) -> str:
    return word.rpartition("/")[2].removesuffix(".exe")


def secrets_of_words(words: Sequence[object]) -> Iterator[tuple[int, str]]:
    """The words of a command line, given as a list, that hold a secret: their places, and they themselves without it."""
    if not any(isinstance(word, str) and _program(word) in _RULES for word in words[:_FIRST]):
        return
    reader = _Words()
    for i, word in enumerate(words):
        if not isinstance(word, str) or word in _ENDS:
            reader.end()
        elif span := reader.read(word):
            yield i, word[: span[0]] + MARKER + word[span[1] :]


_ENDS = frozenset({"&&", "||", "|", ";", "&"})
_FIRST = 8
"""Among so many words the name of a command is looked for in a list."""

_PROGRAM = re.compile(r"""(?:(?<![\w.@\\-])|(?<=\\[nrt]))[A-Za-z7][\w.-]{1,19}(?=[ \t\\"'])""")
_OPTION_AT = re.compile(r"-(?<=[ \t\"']-)-?[A-Za-z]").finditer
_NEAR = 500
_WORDS_AT = ("vault", "bao", "add_user", "cargo", "snyk", "alias")
"""Words of the commands whose secrets stand behind no option, and with no name of a secret."""
_GAP = re.compile(r"(?:[ \t]|\\\r?\n|\\{3}n)+")
_LISTED = re.compile(r"""(?P<close>\\{0,7}["'])\s{0,20},\s{0,20}(?P<open>\\{0,7}["'])""")
_QUOTED = re.compile(r"""(?P<quote>\\{0,7}["'])(?P<content>(?:(?!(?P=quote))[^\r\n]){0,300})(?<!\\)(?P=quote)""")
_PLAIN = re.compile(r"""(?:[^\s"'`;|&()<>\\]|\\(?![nrt"'\\\s]))+""")
_VALUE_OPEN = re.compile(r"(?:=|\A-\w{1,2}|:)\Z")


def redact_commands(text: str, places: Iterable[int] | None = None) -> str:
    """The text without the secrets among the arguments of known commands; the same object if there are none.

    ``places``, in ascending order, are where names of secrets can be; None if that can be everywhere.
    """
    pieces: list[str] = []
    copied = 0
    for first, end in _lines_of_interest(text, places):
        at = _first_program(text, max(first, copied), end)
        for start, stop in _spans(text, at, end) if at >= 0 else ():
            pieces += text[copied:start], MARKER
            copied = stop
    return "".join((*pieces, text[copied:])) if pieces else text


def _lines_of_interest(text: str, places: Iterable[int] | None) -> list[tuple[int, int]]:
    """Where the lines begin and end that have an option, or another sign of a secret argument."""
    if places is None:
        return _lines(text, range(len(text)))
    lines = _lines(text, places) if places else []
    if "-" in text:
        lines += _lines(text, [found.start() for found in _OPTION_AT(text)])
    for word in _WORDS_AT:
        if word in text:
            lines += _lines(text, [found.start() for found in re.finditer(word, text)])
    return sorted(set(lines)) if lines else lines


def _first_program(text: str, at: int, end: int) -> int:
    """Where the first known command of a line is, with the words that must come first; -1 if there is none."""
    for found in _PROGRAM.finditer(text, at, end):
        for rule in _RULES.get(found[0].removesuffix(".exe"), ()):
            near = min(end, found.end() + _NEAR)
            if all(text.find(word, found.end(), near) >= 0 for word in rule.behind):
                return found.start()
    return -1


def _lines(text: str, places: Iterable[int]) -> list[tuple[int, int]]:
    """The lines of the places. Behind a backslash a line goes on; a newline that is escaped, as in JSON, ends one, too."""
    lines = []
    behind = 0
    for at in places:
        if at >= behind:
            start = _boundary(text, behind, at, str.rfind)
            behind = _boundary(text, at, len(text), str.find)
            lines.append((start, behind))
    return lines


def _boundary(text: str, start: int, end: int, find: Callable[[str, str, int, int], int]) -> int:
    """The next end of a line between these places, looked for forwards or backwards; else the last of them in that direction."""
    forwards = find is str.find
    low, high = start, end
    while True:
        place = find(text, "\n", low, high)
        if place < 0 or text[place - 1 : place] != "\\":
            break
        low, high = (place + 1, high) if forwards else (low, place)
    if place >= 0:
        start, end = (start, place) if forwards else (place + 1, end)
    low, high = start, end
    while True:
        place = find(text, "\\n", low, high)
        if place < 0 or text[place - 1 : place] != "\\":
            break
        low, high = (place + 2, high) if forwards else (low, place)
    if place < 0:
        return end if forwards else start
    return place if forwards else place + 2


def _spans(text: str, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the secrets are in the line from here."""
    reader = _Words()
    while at < end:
        if gap := _GAP.match(text, at, end):
            at = gap.end()
            continue
        if listed := _LISTED.match(text, at, end):  # "mysql", "-p…"
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
        if span := reader.read(text[start:stop]):
            yield start + span[0], start + span[1]
