"""Secrets are removed before anything is stored: by the name they stand under, and by their form.

By name (seed 003 §8.1 and the usual spellings): the end of a name decides, whatever its case and separators, so
``GITHUB_TOKEN``, ``clientSecret`` and ``db.password`` hide their values while ``max_tokens``, ``token_type``, ``secretary``
and ``password_policy`` do not. In a map the whole value goes. In text goes the value of an assignment, a header, a flag, a
member of JSON or an element of XML; names, quotes and what surrounds them stay, so JSON in text stays JSON.

By command: the arguments of well-known programs that are secrets (``mysql -p…``, ``docker login -p …``), in text and in lists of
words (``arguments``), and what they read as a secret from their standard input (``echo … | chpasswd``, ``standard_input``).

By form, wherever they stand: private keys, JSON web tokens, the tokens of well-known services, Bearer and Basic
credentials, passwords in URLs.

When in doubt, text is redacted: ``password = ask()`` loses its right side. What is no secret by itself stays: references
(``$TOKEN``, ``{token}``, ``<token>``, ``os.environ["TOKEN"]``), names of types, booleans and null. What no name announces and
no form betrays cannot be found: a bare password in prose, or one on the line below its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from loopgraph.computes.privacy.arguments import redact_commands, secrets_of_words
from loopgraph.computes.privacy.assignments import NAMING, asks, kind_of_flag, redact_assignments, with_plain_names
from loopgraph.computes.privacy.forms import HARMLESS, MARKER, redact_emails, redact_forms
from loopgraph.computes.privacy.names import Kind, compact, is_secret, kind_of, places_of_names
from loopgraph.computes.privacy.quiet import is_machine_id, is_quiet
from loopgraph.computes.privacy.standard_input import redact_standard_input
from loopgraph.errors import InvalidInput

__all__ = ["MARKER", "MAX_DEPTH", "Redactor"]

MAX_DEPTH: Final = 200
"""Deepest nesting of maps and lists that is accepted: JSON writers refuse little more, so it could not be stored anyway."""

_LONGEST_NAME = 100

_FEW = 64
"""Maps of so many members tend to have the same names again and again."""

_FIRST = 4
"""Among so many words the name of a command is looked for."""
_SHORT = 200
_REMEMBERED = 4_096

_WITHOUT_TEXT: Final = frozenset({int, float, bool, type(None)})
_WITH_TEXT: Final = _WITHOUT_TEXT | {str}


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces secrets by ``MARKER``. Redacting twice is redacting once.

    ``extra_names`` are more names whose values are secrets, compared whole, without case and separators. ``extra_patterns``
    are regular expressions whose matches are secrets; how long they take is up to their author. With ``emails``, addresses of
    e-mail are secrets, too. Raises InvalidInput for a name without letters or digits, and for a pattern that does not compile,
    or that matches the empty text or the marker.
    """

    extra_names: tuple[str, ...] = ()
    extra_patterns: tuple[str, ...] = ()
    emails: bool = False
    is_harmless_id: Callable[[str], bool] = field(init=False, repr=False, compare=False)
    """Whether a text is an id of a machine, in which nothing is looked for."""
    _names: frozenset[str] = field(init=False, repr=False, compare=False)
    _stems: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    _patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)
    _known_key: Callable[[str], tuple[Kind, str]] = field(init=False, repr=False, compare=False)
    _are_plain: Callable[[tuple[Any, ...]], bool] = field(init=False, repr=False, compare=False)
    _clean: set[str] = field(init=False, repr=False, compare=False)  # short texts without secrets: they come again

    def __post_init__(self) -> None:
        names = frozenset(_compact_name(i, name) for i, name in enumerate(self.extra_names))
        patterns = tuple(_compiled(i, pattern) for i, pattern in enumerate(self.extra_patterns))
        object.__setattr__(self, "is_harmless_id", _never if names or patterns else is_machine_id)
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_stems", _stems(names))
        object.__setattr__(self, "_patterns", patterns)
        object.__setattr__(self, "_known_key", lru_cache(maxsize=_REMEMBERED)(self._read_key))
        object.__setattr__(self, "_are_plain", lru_cache(maxsize=_REMEMBERED // 8)(self._read_keys))
        object.__setattr__(self, "_clean", set())

    def redact(self, value: Any, *, field: str = "value") -> Any:
        """A JSON-like value without its secrets: the same object if it has none, else a copy where it differs.

        In a map: what stands under a secret name, and the value beside one (``{"name": "X-Api-Key", "value": "…"}``). In a
        list: the second of a ``[name, value]`` pair, and what follows a flag (``"--password"``). In every string, keys too:
        what ``redact_text`` finds. Booleans, None and empty values stay, as does whatever is no map, list, tuple or string.
        Raises InvalidInput, naming ``field``, for a value nested more than ``MAX_DEPTH`` levels deep.
        """
        return self._redact_map(value, field, 1) if type(value) is dict else self._walk(value, field, 0)

    def redact_text(self, text: str) -> str:
        """The text without its secrets; the same object if it has none."""
        if len(text) > _SHORT:
            return self._look_through(text)
        if text in self._clean:
            return text
        clean = self._look_through(text)
        if clean is text:
            if len(self._clean) >= _REMEMBERED:
                self._clean.clear()
            self._clean.add(text)
        return clean

    def _look_through(self, text: str) -> str:
        lowered = text.lower()
        clean = text if self._is_quiet(text, lowered) else self._look_carefully(text, lowered)
        for pattern in self._patterns:
            clean = pattern.sub(MARKER, clean)
        return text if clean == text else clean

    def _is_quiet(self, text: str, lowered: str) -> bool:
        return is_quiet(text, lowered) and not (self._stems and self._stems.search(lowered))

    def _are_quiet(self, values: Iterable[Any]) -> bool:
        """Whether one cheap look is enough for all texts among some values; those that are known to be clean need none."""
        if self._patterns:
            return False
        known = self._clean
        if not (texts := [value for value in values if type(value) is str and value not in known]):
            return True
        text = " ".join(texts)
        return self._is_quiet(text, text.lower())

    def _look_carefully(self, text: str, lowered: str) -> str:
        clean = redact_standard_input(redact_forms(text, lowered))
        if "\\u00" in lowered:
            clean = with_plain_names(clean, self._kind)
        if clean != text:
            lowered = clean.lower()
        places = self._places(clean, lowered)
        with_commands = redact_commands(clean, places)
        if with_commands is not clean:
            clean, places = with_commands, self._places(with_commands, with_commands.lower())
        clean = redact_assignments(clean, self._kind, places)
        return redact_emails(clean) if self.emails else clean

    def _places(self, text: str, lowered: str) -> list[int] | None:
        """Where names of secrets can be; None for everywhere."""
        if len(lowered) != len(text):
            return None  # "İ" has two characters in lower case
        places = places_of_names(lowered)
        if self._stems is not None:
            places = sorted([*places, *(found.start() for found in self._stems.finditer(lowered))])
        return places

    def _walk(self, value: Any, field: str, depth: int) -> Any:
        if isinstance(value, str):
            return self.redact_text(value)
        if not isinstance(value, dict | list | tuple):
            return value
        if depth == MAX_DEPTH:
            raise InvalidInput(
                field, f"is nested more than {MAX_DEPTH} levels deep; make it flatter, or send it as text"
            )
        if isinstance(value, dict):
            return self._redact_map(value, field, depth + 1)
        items = self._redact_items(value, field, depth + 1)
        if items is value or isinstance(value, list):
            return items
        return tuple(items)

    def _redact_map(self, value: dict[Any, Any], field: str, depth: int) -> dict[Any, Any]:
        redacted, changed = {}, False
        harmless = _WITH_TEXT if self._are_quiet(value.values()) else _WITHOUT_TEXT
        if len(value) <= _FEW and self._are_plain(tuple(value)):
            for item in value.values():
                if type(item) not in harmless and self._walk(item, field, depth) is not item:
                    break
            else:
                return value
        for key, item in value.items():
            kind, clean_key = Kind.PLAIN, key
            if key == "value":
                kind = self._kind_beside(value)
            elif isinstance(key, str):
                kind, clean_key = self._known_key(key) if len(key) <= _LONGEST_NAME else self._read_key(key)
            if kind is Kind.PLAIN and type(item) in harmless:
                clean = item
            else:
                clean = MARKER if is_secret(kind, item) else self._walk(item, field, depth)
            redacted[clean_key] = clean
            changed = changed or clean is not item or clean_key != key
        return redacted if changed else value

    def _redact_items(self, items: Sequence[Any], field: str, depth: int) -> Sequence[Any]:
        redacted: list[Any] = []
        changed, flag = False, Kind.PLAIN
        for item in items:
            is_flag = isinstance(item, str) and item.startswith("-")
            if is_secret(flag, item) and isinstance(item, str) and not is_flag and not _is_harmless(item):
                clean = MARKER
            else:
                clean = self._walk(item, field, depth)
                if self._is_secret_pair(item):
                    clean = type(clean)((clean[0], MARKER))
            redacted.append(clean)
            changed = changed or clean is not item
            flag = kind_of_flag(item, self._kind) if is_flag else Kind.PLAIN
            if flag is not Kind.PLAIN and asks(" ".join([*(str(word)[:50] for word in items[:_FIRST]), ""])):
                flag = Kind.PLAIN
        for i, clean in secrets_of_words(items):
            redacted[i], changed = clean, True
        return redacted if changed else items

    def _is_secret_pair(self, item: Any) -> bool:
        """Whether this is a ``[name, value]`` pair whose value is a secret."""
        if not isinstance(item, list | tuple) or len(item) != 2 or not isinstance(item[0], str):
            return False
        return is_secret(self._kind(item[0]), item[1])

    def _kind_beside(self, value: dict[Any, Any]) -> Kind:
        """What the name beside it says about the member ``value`` of a map."""
        return next((self._kind(value[key]) for key in NAMING if isinstance(value.get(key), str)), Kind.PLAIN)

    def _kind(self, name: str) -> Kind:
        if self._names and compact(name) in self._names:
            return Kind.SECRET
        return kind_of(name[-_LONGEST_NAME:])  # the end of a name decides

    def _read_key(self, key: str) -> tuple[Kind, str]:
        """What a key says about its value, and the key without secrets of its own."""
        clean, kind = self.redact_text(key), self._kind(key)
        return (self._kind(clean) if kind is Kind.PLAIN else kind), clean

    def _read_keys(self, keys: tuple[Any, ...]) -> bool:
        """Whether the keys of a map say nothing about its values, and have no secrets of their own."""
        return "value" not in keys and all(
            type(key) is str and len(key) <= _LONGEST_NAME and self._known_key(key) == (Kind.PLAIN, key) for key in keys
        )


def _never(text: str) -> bool:
    return False


def _is_harmless(word: str) -> bool:
    """Whether a word behind a flag is none that could be a secret: a reference, a sign of the shell."""
    return HARMLESS.fullmatch(word) is not None or not any(map(str.isalnum, word))


def _compact_name(i: int, name: str) -> str:
    if letters := compact(name):
        return letters
    raise InvalidInput(f"extra_names.{i}", f"{name!r} has no letter and no digit to recognise it by")


def _stems(names: frozenset[str]) -> re.Pattern[str] | None:
    """Finds the names in text in lower case, whatever separators they are written with."""
    return re.compile("|".join(r"[^a-z0-9\n]*".join(name) for name in sorted(names))) if names else None


def _compiled(i: int, text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise InvalidInput(f"extra_patterns.{i}", f"{text!r} is no regular expression: {error}") from error
    if pattern.search("") or pattern.search(MARKER):
        raise InvalidInput(
            f"extra_patterns.{i}", f"{text!r} matches the empty text or {MARKER}; say more of what a secret is"
        )
    return pattern
