"""What a name says about its value: is it a secret? The vocabulary of ``redaction``."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import Any


class Kind(Enum):
    """What a name says about its value."""

    PLAIN = auto()
    """No secret."""
    SECRET = auto()
    """A secret."""
    HEADER = auto()
    """A secret of several words, up to the end of its line."""
    WEAK = auto()
    """A secret if it is a string and no number: ``pass`` also counts tests, ``auth`` also switches something on."""
    PWD = auto()
    """A secret unless it is a path: ``PWD`` is also where a shell works."""


# All over the letters and digits of a name, in lower case; the end decides, so a `token_count` is no token. The tokens that
# a language model reads and the cursors of a page are no secrets.
_HEADER = re.compile(r"(?:authorization|cookies?)$")
_PWD = re.compile(r"^(?:old)?pwd$")
_WEAK = re.compile(r"^(?:pass|auth)$")
_SECRET = re.compile(
    r"""(?: passw(?:or)?ds? | pwd | passphrases? | passcodes? | secrets? | credentials? | creds | jwt
      | (?<!per)(?<!first)(?<!last)(?<!next)(?<!page)(?<!special)(?<![beu]os)(?<!pad)(?<!unk)(?<!cls)(?<!sep)(?<!mask)
        (?<!stop) token
      | (?: access | refresh | auth | api | session | bearer | security ) tokens
      | (?: api | private | secret | access | encryption | signing | master | account | shared | subscription | auth | ssh
          | hmac ) keys?
      | accesskeyid | clientkeydata | (?: amz | goog ) signature
      | (?: db | database | user | smtp | mail | ftp | sql | postgres | pg | redis | admin | root | login | key | store
        | ssh | become ) pass
    )
    (?: hash(?:ed)? | digest | salt | value | string | binary | confirm(?:ation)? | repeat | raw | plain(?:text)?
      | encrypted | encoded | base64 | old | new | current | primary | secondary | prod(?:uction)? | staging | dev | live
      | test | \d )*
    $""",
    re.VERBOSE,
)
_ENVIRONMENT_PASS = re.compile(r"[A-Z0-9]_PASS$")

_STEMS = ("pass", "token", "secret", "auth", "cookie", "cred", "pwd", "jwt", "signature")
_KEY_OWNERS = (
    *(
        "api",
        "private",
        "secret",
        "access",
        "encryption",
        "signing",
        "master",
        "account",
        "shared",
        "subscription",
        "auth",
    ),
    *("ssh", "hmac", "client"),
)
_BEFORE_KEY = 20

_SEPARATORS = re.compile(r"[^a-z0-9]+")
COUNT = re.compile(
    r"""\d[\d,._]*+[kKM]?[ \t]+ (?: (?: input | output | prompt | completion | cached | new | more )[ \t]+ )?
    (?: tokens? | characters? | chars? | bytes | words | lines | items | entries | attempts? | times | left | used | remaining
      | found | total | [kKMG]i?B | ms | seconds? | minutes? | hours? | days? | of[ \t]+\d+ ) (?!\w)""",
    re.VERBOSE,
)
"""What tells how many of them there are, or how long they last: ``token: 512 tokens``."""
_NUMBER = re.compile(r"[-+]?\d[\d.,_]*%?")
_PATH = re.compile(
    r"~|/(?:home|Users|root|tmp|var|opt|usr|mnt|srv|etc|private|workspaces?|work|app|src|data|builds?)(?:/|$)|/$|[A-Za-z]:[\\/]"
)


def compact(name: str) -> str:
    """The letters and digits of a name in lower case, in which ``api_key``, ``apiKey`` and ``X-API-Key``'s end are alike."""
    return _SEPARATORS.sub("", name.lower())


@lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind:
    """What the name says about its value, in any case and with any separators."""
    letters = compact(name)
    if _HEADER.search(letters):
        return Kind.HEADER
    if _PWD.search(letters):
        return Kind.PWD
    if _SECRET.search(letters):
        return Kind.SECRET
    return Kind.WEAK if _WEAK.search(letters) or _ENVIRONMENT_PASS.search(name) else Kind.PLAIN


def is_secret(kind: Kind, value: Any) -> bool:
    """Whether a value under a name of this kind is a secret. Booleans, None, counts and what is empty never are."""
    if kind is Kind.PLAIN or value is None or isinstance(value, bool):
        return False
    if isinstance(value, str):
        if kind is Kind.WEAK:
            return bool(value) and not _NUMBER.fullmatch(value)
        return bool(value) and not (kind is Kind.PWD and _PATH.match(value)) and not COUNT.match(value)
    return kind is not Kind.WEAK and value not in ({}, [], ())


def places_of_names(lowered: str) -> list[int]:
    """Where secret names can be in a text, given in lower case: the cheap look before the careful one."""
    places: list[int] = []
    for stem in _STEMS:
        at = lowered.find(stem)
        while at >= 0:
            places.append(at)
            at = lowered.find(stem, at + 1)
    at = lowered.find("key")
    while at >= 0:
        if lowered[max(0, at - _BEFORE_KEY) : at].rstrip("._- ").endswith(_KEY_OWNERS):
            places.append(at)
        at = lowered.find("key", at + 1)
    return sorted(places)
