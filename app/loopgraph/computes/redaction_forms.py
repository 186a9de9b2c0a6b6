"""Secrets that are recognised by their form, wherever they stand: the second half of ``redaction``'s knowledge.

Forms are those that the services document. A pattern begins only where a token can begin and reads a run of characters
once, so that each is linear in the text; it is tried only on texts that contain one of its probes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final, NamedTuple

MARKER: Final = "[REDACTED]"
"""Stands in the place of a secret."""

TYPE_NAME: Final = r"""(?: Optional\[ )? (?: str(?:ing)? | String | &str | bytes | SecretStr | Any | any | int(?:eger)?
    | bool(?:ean)? | number | object | unknown ) (?: \[\] )? \]? (?: [ ]?\|[ ]?(?: None | null | undefined ) )?"""
PLACEHOLDER: Final = r"""(?: \$\{\w+\} | \$\([^()\r\n]{0,200}\) | \$[A-Z_][A-Z0-9_]* | \$?\{\{[^{}\r\n]{0,100}\}\}
    | \{[\w.!$-]{0,60}\} | <[A-Za-z][\w .:-]{0,60}> | %\(\w{1,60}\)s | %[A-Z_]{1,60}% | %s | \*{3,}+ | \.\.\.
    | (?: os\.environ | process\.env | import\.meta\.env ) [\w.\[\]"']{1,80}
    | os\.(?: getenv | environ\.get )\(["']\w{1,80}["']\) | (?: self | this )\.[\w.]{1,80} )"""
WORD: Final = (
    rf"""(?: [Nn]one | null | nil | undefined | [Tt]rue | [Ff]alse | PASSWORD | TOKEN | SECRET | KEY | {TYPE_NAME} )"""
)

HARMLESS: Final = re.compile(rf"{PLACEHOLDER} | {WORD}", re.VERBOSE)
"""What stands where a secret could stand and is none: a reference, a literal, the name of a type."""


class Form(NamedTuple):
    """``pattern`` is looked for in texts that contain one of ``probes`` in any case, and replaced by ``replace``."""

    probes: tuple[str, ...]
    pattern: re.Pattern[str]
    replace: Callable[[re.Match[str]], str]


def redact_forms(text: str, lowered: str) -> str:
    """The text without the secrets that are known by their form; ``lowered`` is the same text in lower case."""
    for form in _FORMS:
        for probe in form.probes:
            if probe in lowered:
                text = form.pattern.sub(form.replace, text)
                break
    return text


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


_START = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))"  # `\n` in JSON ends a word too

_FORMS = (
    Form(
        ("private key",),
        re.compile(
            r"""-----BEGIN\ (?:[A-Z0-9]+\ )*PRIVATE\ KEY(?:\ BLOCK)?-----
            (?: [^-]*+ (?:-(?!----(?:BEGIN|END)\ )[^-]*+)* -----END\ [A-Z0-9 ]{0,40}-----
              | [\w+/=\s\\:,.()-]*+ )  # cut off: as far as it looks like a key
            """,
            re.VERBOSE,
        ),
        _hide,
    ),
    Form(  # a password in a URL
        ("@",),
        re.compile(r""":(?:\\?/){2}[^\s/:@"'`<>\\]*+:(?P<secret>[^\s/"'`<>\\]+)@"""),
        _hide,
    ),
    Form(  # a token in a URL
        ("@",),
        re.compile(r""":(?:\\?/){2}(?P<secret>[^\s/:@"'`<>\\]{20,}+)@"""),
        _hide,
    ),
    Form(  # AWS, GitHub, GitLab, Slack, Stripe, Google, OpenAI and Anthropic, and others by their prefixes
        (
            *("akia", "asia", "abia", "acca", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-"),
            *("glrt-", "glptt-", "glcbt-", "xox", "xapp-", "sk_", "rk_", "whsec_", "aiza", "ya29.", "gocspx-", "sk-"),
            *("hf_", "npm_", "pypi-", "sg.", "dop_v1_", "shpat_"),
        ),
        re.compile(
            rf"""{_START}(?: (?: AKIA | ASIA | ABIA | ACCA )[A-Z0-9]{{16}}
              | gh[pousr]_[A-Za-z0-9]{{20,}} | github_pat_\w{{20,}} | gl(?: pat | dt | rt | ptt | cbt )-[\w.-]{{16,}}
              | xox[a-z][.-][\w.-]{{10,}} | xapp-[\w-]{{10,}} | [sr]k_(?: live | test )_\w{{10,}} | whsec_[\w+/]{{16,}}
              | AIza[\w-]{{30,}} | ya29\.[\w-]{{20,}} | GOCSPX-[\w-]{{20,}} | sk-(?=[A-Za-z_-]*+\d)[\w-]{{16,}}
              | (?: hf | npm )_[A-Za-z0-9]{{30,}} | pypi-[\w-]{{40,}} | SG\.[\w-]{{16,}}\.[\w-]{{16,}}
              | dop_v1_[a-f0-9]{{40,}} | shpat_[a-f0-9]{{30,}} )(?![A-Za-z0-9])""",
            re.VERBOSE,
        ),
        _hide,
    ),
    Form(  # JSON web tokens, signed (three parts) and encrypted (five)
        ("eyj",),
        re.compile(rf"{_START}eyJ[\w-]{{8,}}+\.[\w-]{{8,}}+(?:\.[\w-]*+){{1,3}}"),
        _hide,
    ),
    Form(
        ("bearer",),
        re.compile(r"bearer[ \t]++(?P<secret>(?=[A-Za-z._~+/-]*+\d|[\w.~+/-]{20})[\w.~+/-]{8,}+=*+)", re.IGNORECASE),
        _hide,
    ),
    Form(
        ("basic",),
        re.compile(r"basic[ \t]++(?P<secret>[A-Za-z0-9+/]{4,}+=*+)", re.IGNORECASE),
        _hide_basic,
    ),
    Form(
        ("hooks.slack.com",),
        re.compile(r"hooks\.slack\.com/services/(?P<secret>[\w/-]{20,}+)"),
        _hide,
    ),
    Form(  # shared access signatures of Azure
        ("sig=",),
        re.compile(r"[?&]sig=(?P<secret>[\w%+/=-]{20,}+)"),
        _hide,
    ),
    Form(  # `curl -u user:password`, but not `docker run -u 1000:1000`
        ("-u", "--proxy-u"),
        re.compile(
            r"""(?<![\w-])(?:-u|--user|--proxy-user)[ =]["']?[^\s:"'`\\]{1,100}:(?P<secret>(?!\d+(?!\w))[^\s"'`\\]+)"""
        ),
        _hide,
    ),
    Form(
        ("sshpass",),
        re.compile(r"sshpass[ \t]++-p[ \t]*+(?P<secret>[^\s\"'\\]+)"),
        _hide,
    ),
    Form(  # SQL
        ("identified", "password"),
        re.compile(r"\b(?:identified[ \t]++by|password)[ \t]++'(?P<secret>[^'\r\n]+)'", re.IGNORECASE),
        _hide,
    ),
    Form(  # .netrc
        ("login",),
        re.compile(r"\blogin\s++\S++\s++password\s++(?P<secret>[^\s\"'\\]+)", re.IGNORECASE),
        _hide,
    ),
)
