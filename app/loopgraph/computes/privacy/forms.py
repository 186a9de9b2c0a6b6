"""Secrets that are recognised by their form, wherever they stand: the second half of ``redaction``'s knowledge.

Forms are those that the services document. A pattern begins only where a token can begin and reads a run of characters
once, so that each is linear in the text; it is tried only on texts in which one of its probes is found. Probes begin with
plain characters, because ``re`` looks for those several times faster than for anything else.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from loopgraph.computes.privacy.tokens import TOKENS

MARKER: Final = "[REDACTED]"
"""Stands in the place of a secret."""

TYPE_NAME: Final = r"""(?: Optional\[ )? (?: str(?:ing)? | String | &str | bytes | SecretStr | Any | any | int(?:eger)?
    | bool(?:ean)? | number | object | unknown ) (?: \[\] )? \]? (?: [ ]?\|[ ]?(?: None | null | undefined ) )?"""
PLACEHOLDER: Final = r"""(?: \$\{\w+\} | \$\([^()\r\n]{0,200}\) | \$[A-Z_][A-Z0-9_]* | \$?\{\{[^{}\r\n]{0,100}\}\}
    | \{[\w.!$-]{0,60}\} | <[A-Za-z][\w .:-]{0,60}> | %\(\w{1,60}\)s | %[A-Z_]{1,60}% | %s | \*{3,}+ | \.\.\.
    | (?: os\.environ | process\.env | import\.meta\.env ) [\w.\[\]"']{1,80}
    | fileb?://[\w./~-]{1,200} | /dev/stdin | stdin | fd:\d | env:\w{1,60}
    | os\.(?: getenv | environ\.get )\(["']\w{1,80}["']\) | (?: self | this )\.[\w.]{1,80} )"""
WORD: Final = (
    rf"""(?: [Nn]one | null | nil | undefined | [Tt]rue | [Ff]alse | PASSWORD | TOKEN | SECRET | KEY | {TYPE_NAME} )"""
)

HARMLESS: Final = re.compile(rf"{PLACEHOLDER} | {WORD}", re.VERBOSE)
"""What stands where a secret could stand and is none: a reference, a literal, the name of a type."""


def redact_forms(text: str, lowered: str) -> str:
    """The text without the secrets that are known by their form; ``lowered`` is the same text in lower case."""
    is_word = len(text) <= _LONGEST_WORD and _WORD.fullmatch(text) is not None
    if not is_word:
        text = _redact(text, lowered, _TRIED_FIRST)
    if len(text) >= _LONG_RUN and (runs := _long_runs(text)) and _has_token(runs):
        for form in _TOKENS:
            text = form.pattern.sub(form.replace, text)
    return text if is_word else _redact(text, lowered, _TRIED_LAST)


def _redact(text: str, lowered: str, tried: tuple[_Tried, ...]) -> str:
    for search, in_lower_case, form in tried:
        if search(lowered if in_lower_case else text):
            text = form.pattern.sub(form.replace, text)
    return text


def _long_runs(text: str) -> bytes:
    """The runs of characters that are long enough for a token. Most texts have few, so only these are looked through."""
    raw = text.encode("utf-8", "surrogatepass")
    return b"\n".join([raw[run.start() : run.end()] for run in _RUN.finditer(raw.translate(_CLASSES))])


def _has_token(runs: bytes) -> bool:
    """Whether the name of a token's form occurs."""
    if len(runs) < _FEW:
        return _ANY_NAME.search(runs) is not None
    return any(search(runs) for search in _NAMES)


def redact_emails(text: str) -> str:
    """The text without addresses of e-mail; ``git@host`` is nobody's."""
    return _EMAIL.sub(MARKER, text) if "@" in text or "%40" in text else text


def _hide(match: re.Match[str]) -> str:
    """The match with its group ``secret``, or all of it, replaced."""
    if "secret" not in match.re.groupindex:
        return MARKER
    if HARMLESS.fullmatch(match["secret"]):
        return match[0]
    start, end = (place - match.start() for place in match.span("secret"))
    return match[0][:start] + MARKER + match[0][end:]


def _hide_basic(match: re.Match[str]) -> str:
    """Basic credentials are ``user:password`` in base64; "basic knowledge" is none."""
    encoded = match["secret"].rstrip("=")
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        return match[0]
    return _hide(match) if b":" in decoded else match[0]


class Form(NamedTuple):
    """``pattern`` is looked for in texts in which one of ``probes`` is found, or one of ``words`` in lower case."""

    pattern: re.Pattern[str]
    replace: Callable[[re.Match[str]], str] = _hide
    probes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class _Tried(NamedTuple):
    """One way to find out, cheaply, whether the pattern of a form is worth a try."""

    search: Callable[[str], re.Match[str] | None]
    in_lower_case: bool
    form: Form


_START = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))"  # `\n` in JSON ends a word too
_AWS_ID = "(?: AKIA | ASIA | ABIA | ACCA )[A-Z0-9]{16}"

_TOKENS = (
    Form(  # the secret key of AWS has no form of its own, but it stands behind its id: in a table, in the words of a person
        re.compile(
            rf"""{_START}{_AWS_ID}(?![A-Za-z0-9]) (?P<between>[^\0]{{1,80}}?)
            (?<![A-Za-z0-9/+_-])[A-Za-z0-9/+]{{40}}(?![A-Za-z0-9/+=])""",
            re.VERBOSE,
        ),
        lambda match: MARKER + match["between"] + MARKER,
    ),
    Form(
        re.compile(
            rf"{_START}(?: {' | '.join(token.pattern for token in TOKENS)} )(?![A-Za-z0-9])",
            re.VERBOSE,
        ),
    ),
    Form(  # JSON web tokens, signed (three parts) and encrypted (five)
        re.compile(rf"{_START}eyJ[\w-]{{8,}}+\.[\w-]{{8,}}+(?:\.[\w-]*+){{1,3}}"),
    ),
)
"""Forms that begin with a name, and of which so many characters follow each other."""

_TOKEN_NAMES = (*(token.probe for token in TOKENS), b"eyJ")
_NAMES = tuple(re.compile(name).search for name in _TOKEN_NAMES)
_ANY_NAME = re.compile(b"|".join(_TOKEN_NAMES))
_FEW = 40
"""Bytes up to which one search for any name is cheaper than one for each."""

_LONG_RUN = 15
_CLASSES = bytes(ord("w") if byte >= 128 or chr(byte).isalnum() or byte in b"_.-~" else 32 for byte in range(256))
_RUN = re.compile(b"w" * _LONG_RUN + b"w*+")

_ENCLOSING = (
    Form(
        re.compile(
            r"""-----BEGIN\ (?:[A-Z0-9]+\ )*PRIVATE\ KEY(?:\ BLOCK)?-----
            (?: [^-]*+ (?:-(?!----(?:BEGIN|END)\ )[^-]*+)* -----END\ [A-Z0-9 ]{0,40}-----
              | [\w+/=\s\\:,.()-]*+ )  # cut off: as far as it looks like a key
            """,
            re.VERBOSE,
        ),
        probes=("PRIVATE KEY",),
    ),
    Form(  # a password in a URL
        re.compile(r""":(?:\\?/){2}[^\s/:@"'`<>\\]*+:(?P<secret>[^\s/"'`<>\\]+)@"""),
        probes=("@",),
    ),
    Form(  # a token in a URL
        re.compile(r""":(?:\\?/){2}(?P<secret>[^\s/:@"'`<>\\]{20,}+)@"""),
        probes=("@",),
    ),
)
"""Forms that hold others: they go first."""

_OTHERS = (
    Form(re.compile(rf"{_START}1//0[\w-]{{30,}}"), probes=("1//0",)),  # Google, OAuth
    Form(re.compile(rf"{_START}whsec_[\w+/]{{16,}}(?![A-Za-z0-9])"), probes=("whsec_",)),
    Form(  # keys of Azure's storage: 64 bytes in base64, but not the checksum of a package
        re.compile(r"(?:(?<![A-Za-z0-9+/-])|(?<=\\[nrt]))[A-Za-z0-9+/]{86}==(?![\w=])"),
        probes=(r"==(?![\w=])(?<=[A-Za-z0-9+/]{86}==)",),
    ),
    Form(
        re.compile(r"bearer[ \t]++(?P<secret>(?=[A-Za-z._~+/-]*+\d|[\w.~+/-]{20})[\w.~+/-]{8,}+=*+)", re.IGNORECASE),
        words=(r"bearer[ \t]",),
    ),
    Form(
        re.compile(r"basic[ \t]++(?P<secret>[A-Za-z0-9+/]{4,}+=*+)", re.IGNORECASE),
        _hide_basic,
        words=(r"basic[ \t]",),
    ),
    Form(
        re.compile(r"hooks\.slack\.com/services/(?P<secret>[\w/-]{20,}+)"),
        probes=(r"hooks\.slack\.com",),
    ),
    Form(  # shared access signatures of Azure
        re.compile(r"(?:[?&]|\\u0026)sig=(?P<secret>[\w%+/=-]{20,}+)"),
        probes=("sig=",),
    ),
    Form(  # `curl -u user:password`, but not `docker run -u 1000:1000`
        re.compile(
            r"""(?<![\w-])(?:-u|--user|--proxy-user)[ =]["']?[^\s:"'`\\]{1,100}:(?P<secret>(?!\d+(?!\w))[^\s"'`\\]+)"""
        ),
        probes=("-u(?:ser)?[ =]",),
    ),
    Form(  # SQL
        re.compile(r"\b(?:identified[ \t]++by|password)[ \t]++'(?P<secret>[^'\r\n]+)'", re.IGNORECASE),
        words=(r"identified[ \t]+by", r"password[ \t]+'"),
    ),
    Form(  # Windows: net use Z: \\host\share password /user:name
        re.compile(
            r"""\bnet(?:\.exe)?[ \t]++use[ \t]++(?:[^\s"']++[ \t]++){1,2}?(?P<secret>[^\s/"'*][^\s"']*+)[ \t]++/u(?:ser)?:""",
            re.IGNORECASE,
        ),
        words=(r"net(?:\.exe)? use[ \t]",),
    ),
    Form(  # .netrc
        re.compile(r"\blogin\s++\S++\s++password\s++(?P<secret>[^\s\"'\\]+)", re.IGNORECASE),
        words=(r"login\s+\S+\s+password",),
    ),
)


def _tried(forms: tuple[Form, ...]) -> tuple[_Tried, ...]:
    return tuple(
        _Tried(re.compile(probe).search, in_lower_case, form)
        for form in forms
        for in_lower_case, probes in ((False, form.probes), (True, form.words))
        for probe in probes
    )


_TRIED_FIRST, _TRIED_LAST = _tried(_ENCLOSING), _tried(_OTHERS)

_LONGEST_WORD: Final = 100
_WORD = re.compile(r"(?!.*(?://|whsec_|slack))[A-Za-z0-9_.:/~-]*")
"""A short text that can hold tokens at most: ids, names and paths are such."""

_EMAIL = re.compile(
    r"(?<![\w.+%'-])(?!git@)[\w.+'-]++(?:%(?!40)[\w.+'-]*+)*+(?:@|%40)[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,63}(?![\w-])"
)
