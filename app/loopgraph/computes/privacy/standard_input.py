r"""Secrets that a command reads from its standard input, and secrets that it writes to its standard output.

``echo hunter2 | docker login --password-stdin``, ``chpasswd <<< bob:hunter2``, and the same by a here-document; behind
``heroku auth:token`` the line that follows. ``READERS`` and ``WRITERS`` are all that is known of them. Nothing is a secret in
what a shell takes from elsewhere: ``echo "$TOKEN" | …``, ``cat file | …``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from loopgraph.computes.privacy.forms import HARMLESS, MARKER
from loopgraph.computes.privacy.shell import GAP, PLAIN, QUOTED, program


class Reader(NamedTuple):
    """Commands that read a secret from their standard input.

    ``names``: the programs; ``*`` for any. ``arguments``: a regular expression for what must stand among the words behind the
    name, which are set apart, begun and ended by one space. ``behind``: a sign; of each line that is read the secret is what
    follows it.
    """

    names: str
    arguments: str = ""
    behind: str = ""


READERS: Final = (
    Reader("*", r" --(?:\w+-)*(?:password|passwd|pass|passphrase|passcode|token|secret|key|credentials)-stdin "),
    Reader("*", r" --stdin-(?:password|passphrase|token|secret) "),
    Reader("*", r" --with-(?:token|api-key) "),
    Reader("*", r" --(?:passphrase|password|pass)-fd[ =]0 "),
    Reader(
        "*",
        r" --(?:\w+-)*(?:password|passwd|passphrase|token|secret|api-key|key-file|credentials)(?:-\w+)*[ =]"
        r"(?:file://)?(?:/dev/stdin|-) ",
    ),
    # users
    Reader("chpasswd newusers", behind=":"),
    Reader("passwd kinit grub-mkpasswd-pbkdf2 cryptsetup"),
    Reader("su"),
    Reader("sudo", r" (?:-[A-Za-z]*S[A-Za-z]*|--stdin) "),
    Reader("mkpasswd smbpasswd", r" (?:-s|--stdin) "),
    Reader("htpasswd", r" -\w*i\w* "),
    Reader("realm", r" join "),
    Reader("wpa_passphrase", r"\A \S+ \Z"),
    Reader("ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldappasswd", r" -y ?/dev/stdin "),
    # hosts of code and clouds
    Reader("gh glab", r" (?:secret|variable) set "),
    Reader("glab", r" auth login .*--stdin "),
    Reader("wrangler", r" secret (?:put|bulk) "),
    Reader("vercel", r" env add "),
    Reader("fly flyctl", r" secrets import ", behind="="),
    Reader("doppler", r" secrets set \S+ "),
    Reader("databricks", r" configure .*--token |secrets put-secret "),
    Reader("pulumi", r" config set .*--secret "),
    Reader("gcloud", r" secrets (?:create|versions add) .*--data-file[ =](?:-|/dev/stdin) "),
    Reader("aws", r" (?:secretsmanager|ssm) .*file:///dev/stdin "),
    Reader("az", r" keyvault secret set .*/dev/stdin "),
    Reader("kubectl oc", r" create secret .*--from-(?:env-)?file[ =](?:[\w.-]+=)?(?:-|/dev/stdin) "),
    Reader("kubeseal", r" --raw "),
    Reader("docker podman", r" secret create .*- "),
    Reader("cargo", r" login "),
    # keepers of secrets, and keys
    Reader("vault bao", r" login .*- | (?:kv put|kv patch|write) .*=- "),
    Reader("op", r" (?:signin|account add) "),
    Reader("lpass", r" login "),
    Reader("pass gopass", r" insert "),
    Reader("secret-tool", r" store "),
    Reader("keyring", r" set "),
    Reader("keepassxc-cli", r" (?:open|show|ls|add|edit|export|clip) "),
    Reader("sshpass", r" -d ?0 "),
    Reader("openssl", r" -pass(?:in|out)? (?:stdin|fd:0) | passwd .*-stdin "),
    Reader("ansible-vault", r" encrypt_string "),
    Reader("rclone", r" obscure - "),
    Reader("wg", r" pubkey "),
)
"""To know another one, add a line here, and an example to the tests, which ask for one of each."""

_OF_NAME: Final[dict[str, list[Reader]]] = {}
for _line in READERS:
    for _name in _line.names.split():
        _OF_NAME.setdefault(_name, []).append(_line)

_SIGNS = ("--", *(name for name in _OF_NAME if name != "*"))

WRITERS: Final = (
    "heroku auth:token",
    "gh auth token",
    "glab auth token",
    "gcloud auth print-access-token",
    "gcloud auth print-identity-token",
    "gcloud auth application-default print-access-token",
    "aws ecr get-login-password",
    "aws codeartifact get-authorization-token",
    "kubectl create token",
    "oc whoami -t",
    "oc whoami --show-token",
    "fly auth token",
    "flyctl auth token",
    "vault print token",
    "op read",
    "secret-tool lookup",
    "bw get password",
    "doppler secrets get",
    "doctl auth token",
)
"""Commands that write a secret, and nothing else. Where a text shows one and what it wrote, that is the next line, one word."""

_PIPE_FOLLOWS = r"[ \t\\](?:[^\n|\\]|\\(?s:.)|\n(?=[ \t]*[)}])){1,600}+\|"
_LONG_FOLLOWS = rf"(?:[ \t]+[^\s|;]{{1,20}}){{0,2}}[ \t]+{QUOTED}"
_PRODUCERS = tuple(  # plain characters first: those are looked for fast
    re.compile(rf"(?P<program>{name})(?={_PIPE_FOLLOWS}|{_LONG_FOLLOWS})(?:(?<![\w.\\-]{name})|(?<=\\[nrt]{name}))")
    for name in ("echo", "printf", "yes")
)
_GAP = re.compile(GAP)
_COMPLAINTS = re.compile(r"(?<=\s)2>{1,2}(?:&\d|[ \t]?[\w./-]{1,80})")
_GROUP_END = r"(?:(?:[;&\n]|\\{1,7}n)[^(){}|<>]{0,300}+)?[)}]"
_TO_READER = re.compile(rf"(?:{GAP})?(?:{_GROUP_END}(?:{GAP})?){{0,3}}\|(?!\|)&?(?:[ \t]*(?:\r?\n|\\{{1,7}}n))?")
_PIECE = re.compile(rf"(?<=[\s=:]){QUOTED}|(?P<plain>{PLAIN})")
_MOST_PIECES = 20
_HERE_STRING = re.compile(rf"(?<!<)<<<(?!<)(?:{GAP})?(?:{QUOTED}|(?P<plain>{PLAIN}))")
_HERE_DOCUMENT = re.compile(
    r"""(?<!<)<<(?!<)-?[ \t]*(?:(?P<quote>\\{0,7}["'])(?P<quoted>[^\r\n"'\\]{1,60})(?P=quote)|\\?(?P<tag>[A-Za-z_]\w{0,30}))
    (?P<rest>[^\r\n\\]{0,300})(?P<newline>\r?\n|\\{1,7}n)""",
    re.VERBOSE,
)
_LONGEST_DOCUMENT = 20_000
_MOST_SEARCHED = 400_000
"""So many characters of a text are looked through for the ends of documents."""
_ECHO_OPTION = re.compile(r"-[neE]+")

_STAGES = re.compile(  # the rest of a pipeline
    r"""(?: [^\n;&|`)\\"']{1,200}+ | \|(?!\|)&? | (?<=>)&\d? | \\\r?\n | \\{3}n | \\(?!n) | ["'](?![ \t]*[,}\]]) ){0,20}+""",
    re.VERBOSE,
)
_PIPE = re.compile(r"\|&?")
_BEGIN = r"(?:\A|[\n;|&({\"'`$]|\\n|\b(?:do|then))[ \t]*"
_COMPOUND_BEGIN = {
    "done": re.compile(_BEGIN + r"((?:while|until|for)[ \t])"),
    "}": re.compile(_BEGIN + r"(\{)(?=\s|\\n)"),
    ")": re.compile(_BEGIN + r"(\()"),
}
_COMPOUND_END = re.compile(r"(?:\A|[\s;&|]|\\n|(?=\)))(done|\}|\))[ \t]*\Z")
_COMPOUND = re.compile(
    r"[ \t]*(?:(?:while|until|for)[ \t](?:(?!\bdone\b).){1,600}+done|\{[ \t\n][^}]{1,600}\}|\([^)]{1,600}\))", re.DOTALL
)
"""A loop, or a group: its commands read what it is given."""
_COMMANDS = re.compile(r"[;|&(){}\n]|\\n")
_MOST_COMMANDS = 12
_SEPARATORS = ("|", ";", "&", "(", "`")
_COMMAND_START = re.compile(r"""(?<!\\)\n|(?<!\\)\\n|[:,\[{][ \t]*\\{0,7}["']""")
_NEAR = 200
_FAR = 5_000
"""Longer than the rest of a pipeline that is looked through."""
_MANY = 2_000
_MOST_STAGES = 5
_SHELL_WORD = re.compile(r"""(?:[^\s"'`\\(){},]|\\(?![nrt"'\\\s]))+""")

_RUNNERS = {
    name: options.split()
    for names, options in (
        ("env exec nohup time command npx pnpm yarn bunx bun dlx bash sh zsh xargs chroot", ""),
        ("while until if do then else !", ""),
        ("sudo doas", "-u -g -h -p -C -r -t --user --group"),
        ("docker podman nerdctl kubectl oc compose", "-n -f --namespace --context"),
        ("exec run", "-u -w -e -n -c --user --workdir --env --namespace --container"),
        ("ssh", "-i -o -p -l -F -J"),
    )
    for name in names.split()
}
"""Commands that run another one, which they are given behind their options; with those of these that take a value."""
_OF_A_PLACE = frozenset({"ssh", "exec", "run", "chroot"})
"""Behind these stands where it is run."""
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=")

_NO_SECRET = re.compile(
    r"""(?: \$\w+ | \$\{[^}]*\} | \$\([^)]*\) | %[a-z] | \\+[nrt0] | \[REDACTED\] | [^A-Za-z0-9$%\\] | [%\\](?![a-z0-9]) )*""",
    re.VERBOSE,
)
_NEWLINE = re.compile(r"\r?\n|\\{1,7}n")

_BY_ENDING = {
    ending: tuple(writer for writer in WRITERS if writer.endswith(ending))
    for ending in ("token", "password", *(writer for writer in WRITERS if not writer.endswith(("token", "password"))))
}
_WRITTEN = re.compile(
    rf"""(?:(?<![\w.\\-])|(?<=\\[nrt]))(?:{"|".join(re.escape(writer) for writer in WRITERS)})(?:[ \t]+[^\s|<>;&"'\\]+){{0,6}}
    [ \t]*(?:\r?\n|\\{{1,7}}n)
    (?P<secret>(?![./~$])(?=[^\d\s]*\d)[^\s"'\\<>]{{12,}}+)(?=[ \t]*(?:\r?\n|\\+n|\\*["']|\Z))""",
    re.VERBOSE,
)


def redact_standard_input(text: str) -> str:
    """The text without what its commands read as a secret, and write as one; the same object if there is nothing such."""
    spans: list[tuple[int, int]] = []
    if "|" in text:
        spans += _piped(text)
    if "<<" in text:
        spans += _here(text)
    if any(_written(text, ending, writers) for ending, writers in _BY_ENDING.items()):
        spans += [found.span("secret") for found in _WRITTEN.finditer(text)]
    if not spans:
        return text
    pieces: list[str] = []
    copied = 0
    for start, stop in sorted(spans):
        if start >= copied:
            pieces += text[copied:start], MARKER
            copied = stop
    return "".join((*pieces, text[copied:]))


def _written(text: str, ending: str, writers: tuple[str, ...]) -> bool:
    """Whether one of the writers, which all end so, occurs."""
    at = text.find(ending)
    while at >= 0:
        if text.endswith(writers, 0, at + len(ending)):
            return True
        at = text.find(ending, at + 1)
    return False


def _worth_a_look(text: str, found: list[re.Match[str]]) -> list[re.Match[str]]:
    """Of very many places those that are near to anything that commands which read a secret have."""
    if len(found) <= _MANY:
        return found
    signs = [sign for sign in _SIGNS if sign in text]
    windows = (text[max(0, place.start() - _NEAR) : place.end() + _FAR] for place in found)
    return [place for place, near in zip(found, windows, strict=True) if any(sign in near for sign in signs)]


def _piped(text: str) -> Iterator[tuple[int, int]]:
    """Where the secrets are that ``echo`` and ``printf`` hand on."""
    for found in _worth_a_look(text, [found for producer in _PRODUCERS for found in producer.finditer(text)]):
        words, end = _arguments(text, found.end())
        sign = _TO_READER.match(text, end)
        reader = _reader_behind(text, sign.end()) if sign and words else None
        if reader is None:
            continue
        if found["program"] == "printf" and len(words) > 1:  # the first is the format
            del words[0]
        parts = [part for word in words for part in _parts(text, *word, reader.behind)]
        if found["program"] == "printf" and reader.behind not in text[slice(*words[-1])]:  # printf 'bob:%s' hunter2
            parts = list(_parts(text, *words[-1], ""))
        yield from parts


def _reader_behind(text: str, at: int) -> Reader | None:
    """The first of the commands that reads a secret in the rest of a pipeline; a loop or a group stands for what is in it."""
    if compound := _COMPOUND.match(text, at):
        return _reader(_COMMANDS.split(compound[0]), _MOST_COMMANDS)
    return _reader(_PIPE.split(_stages(text, at)))


def _arguments(text: str, at: int) -> tuple[list[tuple[int, int]], int]:
    """Where the words are that a command is given here, without options and quotes, and where the last one ends."""
    words: list[tuple[int, int]] = []
    for _ in range(_MOST_PIECES):
        gap = _GAP.match(text, at)
        begin = gap.end() if gap else at
        if complaints := _COMPLAINTS.match(text, begin):
            at = complaints.end()
            continue
        piece = _PIECE.match(text, begin)
        if piece is None:
            break
        at = piece.end()
        if piece["plain"] is None or not _ECHO_OPTION.fullmatch(piece["plain"]):
            words.append(piece.span("content" if piece["plain"] is None else "plain"))
    return words, at


def _here(text: str) -> Iterator[tuple[int, int]]:
    """Where the secrets are of here-strings and here-documents."""
    signs = [sign for sign in _SIGNS if sign in text]
    if not signs:
        return

    def has_sign(start: int, rest: str) -> bool:
        """Other languages have these signs, too, and often: to see that no reader is near must cost next to nothing."""
        near = text[max(0, start - _NEAR) : start]
        return any(sign in near or sign in rest for sign in signs)

    for found in _HERE_STRING.finditer(text):
        stages = _stages(text, found.end())
        if has_sign(found.start(), stages) and (reader := _reader_around(text, found.start(), stages)):
            yield from _parts(text, *found.span("plain" if found["plain"] else "content"), reader.behind)
    left = _MOST_SEARCHED
    for found in _HERE_DOCUMENT.finditer(text):
        if has_sign(found.start(), found["rest"]) and (reader := _reader_around(text, found.start(), found["rest"])):
            end = _end_of_document(text, found, min(left, _LONGEST_DOCUMENT))
            left -= end - found.end()
            yield from _parts(text, found.end(), end, reader.behind)


def _end_of_document(text: str, head: re.Match[str], most: int) -> int:
    """Where the body of a here-document ends: with its last line, with a text that was cut off, or else with its first line."""
    limit = head.end() + most
    tag = re.escape(head["quoted"] or head["tag"])
    ending = re.compile(rf"{re.escape(head['newline'])}[ \t]*{tag}(?!\w)")
    if found := ending.search(text, head.end() - len(head["newline"]), limit):
        return max(found.start(), head.end())
    if limit >= len(text):
        return len(text)
    line = text.find(head["newline"], head.end(), limit)
    return line if line >= 0 else limit


def _stages(text: str, at: int) -> str:
    found = _STAGES.match(text, at)
    return found[0] if found else ""


def _reader_around(text: str, at: int, rest: str) -> Reader | None:
    """The first of the commands that reads a secret in a pipeline, the first stage of which has a redirection at this place."""
    before = text[max(0, at - _NEAR) : at]
    if end := _COMPOUND_END.search(before):
        begin = _begin_of_compound(before[: end.start(1)], end[1])
        inside = _COMMANDS.split(before[begin : end.start(1)]) if begin >= 0 else []
        return _reader(inside, _MOST_COMMANDS) or _reader(_PIPE.split(rest)[1:])
    return _reader(_around(before, rest))


def _begin_of_compound(before: str, end: str) -> int:
    """Where the loop or the group began that ends so; -1 if that is not near."""
    begins = [found.start(1) for found in _COMPOUND_BEGIN[end].finditer(before)]
    return begins[-1] if begins else -1


def _around(before: str, rest: str) -> list[str]:
    """The stages of a pipeline, the first of which stands in two parts: before a redirection, and behind it."""
    for sign in _SEPARATORS:
        before = before[before.rfind(sign) + 1 :]
    *_, before = _COMMAND_START.split(before)
    first, *others = _PIPE.split(rest)
    return [f"{before} {first}", *others]


def _reader(stages: Sequence[str], most: int = _MOST_STAGES) -> Reader | None:
    """What the table says of the first of the commands that reads a secret; None if none does."""
    for stage in stages[:most]:
        words: list[str] = _SHELL_WORD.findall(stage[: 2 * _NEAR])
        while words and not words[0][-1:].isalnum():  # a prompt
            del words[0]
        for number, start in enumerate(_starts(words)):
            readers = _OF_NAME.get(program(words[start]), [])
            if number == 0 and "--" in stage:
                readers = readers + _OF_NAME["*"]
            rest = f" {' '.join(words[start + 1 :])} " if readers else ""
            for reader in readers:
                if not reader.arguments or re.search(reader.arguments, rest):
                    return reader
    return None


def _starts(words: Sequence[str]) -> Iterator[int]:
    """Where among the words the command begins, and each that it runs."""
    options: list[str] = []
    at, place = 0, False
    while at < len(words):
        word = words[at]
        if word in options:
            at += 1
        elif place and word[0] != "-":
            place = False
        elif word[0] != "-" and not _ASSIGNED.match(word):
            yield at
            runner = _RUNNERS.get(program(word))
            if runner is None:
                return
            options, place = runner, word in _OF_A_PLACE
        at += 1


def _parts(text: str, start: int, stop: int, behind: str) -> Iterator[tuple[int, int]]:
    """What is secret of these characters: all, or of each line what stands behind the sign."""
    if behind:
        lines = [start, *(place for found in _NEWLINE.finditer(text, start, stop) for place in found.span()), stop]
        ends = zip(lines[::2], lines[1::2], strict=True)
        spans = [(text.find(behind, first, last) + 1, last) for first, last in ends if behind in text[first:last]]
    else:
        spans = [(start, stop)]
    for first, last in spans:
        if not _NO_SECRET.fullmatch(text, first, last) and not HARMLESS.fullmatch(text, first, last):
            yield first, last
