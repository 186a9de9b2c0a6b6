"""A TOML settings file that others write, too. Of it we change one table of one server, and leave every other character alone."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any, Final

from loopgraph.errors import InvalidInput
from loopgraph.installer.settings_file import Json, SettingsFile

_HEADER: Final = re.compile(r"^[ \t]*\[{1,2}[^\[\]\n]+\]{1,2}[ \t]*(#.*)?$")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


class TomlSettingsFile(SettingsFile):
    """The file at ``path``. A change may set or take away tables of the second level (``[servers.one]``), whose values are texts,
    numbers, truths, and lists and tables of these; whatever else would change, or could not be written so, is refused."""

    def _parse(self, text: str | None) -> Json:
        try:
            return tomllib.loads(text or "")
        except tomllib.TOMLDecodeError as error:
            raise InvalidInput(str(self.path), f"is not TOML ({error}); it was left as it is") from error

    def _written(self, text: str, after: Json) -> str:
        """The text with the tables that differ."""
        newline = "\r\n" if "\r\n" in text else "\n"
        lines = text.split(newline) if text else []
        before = self._parse(text)
        for key in dict.fromkeys([*before, *after]):
            old, new = before.get(key, {}), after.get(key, {})
            if old == new:
                continue
            if not isinstance(old, dict) or not isinstance(new, dict):
                raise self._refusal()
            for name in dict.fromkeys([*old, *new]):
                if old.get(name) != new.get(name):
                    lines = _replaced(lines, (key, name), new.get(name))
        written = newline.join(lines)
        try:
            reads = tomllib.loads(written)
        except tomllib.TOMLDecodeError as error:
            raise self._refusal() from error
        if reads != after:
            raise self._refusal()
        return written

    def _is_empty(self, text: str) -> bool:
        return not text.strip()

    def _refusal(self) -> InvalidInput:
        return InvalidInput(
            str(self.path), "is written in a way that cannot be changed safely; it was left as it is: change it by hand"
        )


def _replaced(lines: list[str], path: tuple[str, str], table: Any) -> list[str]:
    """The lines with this table in place of the one that is there, or at the end; without it where it is None."""
    ours = [number for number, line in enumerate(lines) if _is_of(line, path)]
    ends = [number for number, line in enumerate(lines) if _HEADER.match(line)] + [len(lines)]
    kept, at = list(lines), None
    for start in reversed(ours):
        end = next(number for number in ends if number > start)
        while end - 1 > start and not kept[end - 1].strip():
            end -= 1  # the empty lines before what follows are no part of it
        del kept[start:end]
        at = start
    if table is None:
        if at is not None and at > 0 and not kept[at - 1].strip() and (at == len(kept) or not kept[at].strip()):
            del kept[at - 1]
        return kept
    if at is None:
        while kept and not kept[-1].strip():
            kept.pop()
        return [*kept, *([""] if kept else []), *_table(path, table), ""]
    return [*kept[:at], *_table(path, table), *kept[at:]]


def _is_of(line: str, path: tuple[str, str]) -> bool:
    """Whether a line is the header of a table, or of one in it."""
    if not _HEADER.match(line):
        return False
    try:
        found: Any = tomllib.loads(line.strip())
    except tomllib.TOMLDecodeError:
        return False
    for key in path:
        if not isinstance(found, dict) or list(found) != [key]:
            return False
        found = found[key]
    return True


def _table(path: tuple[str, str], table: Json) -> list[str]:
    return [f"[{'.'.join(_key(part) for part in path)}]", *(f"{_key(key)} = {_value(table[key])}" for key in table)]


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)


def _value(value: Any) -> str:
    """A value as TOML has it; texts as JSON has them, whose escapes are also TOML's."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case int() | float():
            return repr(value)
        case list():
            return f"[{', '.join(_value(one) for one in value)}]"
        case dict():
            return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
        case _:
            raise InvalidInput("settings", f"{type(value).__name__} cannot be written")
