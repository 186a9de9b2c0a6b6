"""Reads large JSON in slices, so that other threads get their turn.

``orjson`` holds the interpreter's lock for as long as it reads: a third of a second for 32 MiB. Here a text is gone through once,
bracket by bracket; what is small is left to ``orjson`` as it stands, and only containers larger than a slice are put together by
hand. The result is what ``orjson.loads`` of the whole gives.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

SLICE: Final = 512 * 1024
"""So many bytes are read at once, and up to twice as many."""

_DEEPEST: Final = 1024
_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"'
_BLANK: Final = b" \t\n\r"
_BLANKS: Final = re.compile(rb"[ \t\n\r]*+")
_COMMA, _QUOTE = b","[0], b'"'[0]
_BACKSLASH: Final = b"\\"[0]
_OPEN: Final = {b"["[0]: b"]"[0], b"{"[0]: b"}"[0]}


def _members(levels: int) -> bytes:
    """What matches the members of a container whose containers are nested no deeper than so many levels."""
    deeper = _members(levels - 1) if levels else b""
    containers = rb"|\{%b\}|\[%b\]" % (deeper, deeper) if levels else b""
    return rb'(?:[^"\[\]{}\\]++|%b%b)*+' % (_STRING, containers)


_MEMBER: Final = rb'(?:[^"\[\]{}\\,]++|%b|\{%b\}|\[%b\])*+' % (_STRING, _members(2), _members(2))
_REST: Final = re.compile(_MEMBER, re.DOTALL)
"""A member, or the beginning of one up to what is nested deeper or is longer than the window."""

_WHOLE: Final = re.compile(rb"(?:%b,)*+" % _MEMBER, re.DOTALL)
"""Members that end with a comma."""


def loads(body: bytes, slice_: int = SLICE) -> Any:
    """The value of a JSON text. Raises orjson.JSONDecodeError."""
    if len(body) <= slice_ or body.lstrip(_BLANK)[:1] not in (b"[", b"{"):
        return orjson.loads(body)
    return _Reader(body, slice_).read()


class _Open:
    """A container that is being read. ``begin`` is where what is not read of it begins, ``comma`` the last comma after that."""

    __slots__ = ("at", "begin", "close", "comma", "complete", "is_list", "value")

    def __init__(self, at: int, close: int) -> None:
        self.at = at
        self.close = close
        self.is_list = close == b"]"[0]
        self.begin = at + 1
        self.comma: int | None = None
        self.value: list[Any] | dict[str, Any] | None = None
        self.complete = False
        """Whether the last member was put together by hand and no comma follows it."""


class _Reader:
    def __init__(self, body: bytes, slice_: int) -> None:
        self._body = body
        self._slice = slice_
        self._window = max(1, slice_ // 2)  # so many bytes are gone over at once
        self._stack: list[_Open] = []

    def read(self) -> Any:
        body, stack = self._body, self._stack
        root = _after(_BLANKS, body, 0, len(body))
        stack.append(_Open(root, _OPEN[body[root]]))
        at = root + 1
        while at < len(body):
            begin = at
            at = _after(_WHOLE, body, begin, begin + self._window)
            if at > begin:
                self._comma(stack[-1], at - 1)
            at = _after(_REST, body, at, begin + self._window)
            if at == len(body):
                break
            sign = body[at]
            if sign == _QUOTE:
                at = self._after_string(at + 1)
            elif (close := _OPEN.get(sign)) is not None:
                if len(stack) == _DEEPEST:
                    raise _wrong("Recursion limit reached", at)
                stack.append(_Open(at, close))
                at += 1
            elif stack[-1].close == sign:
                done = stack.pop()
                at += 1
                if stack and at - done.at <= self._slice:
                    continue  # it is part of what its parent has not read
                self._end(done, at - 1)
                if not stack:
                    self._nothing(at, len(body))
                    return done.value
                at = self._join(stack[-1], done)
            elif at < begin + self._window:
                raise _wrong("unexpected character", at)
        raise _wrong("unexpected end of data", len(body))

    def _after_string(self, at: int) -> int:
        """The place after the quote that ends a string."""
        body = self._body
        while (end := body.find(b'"', at)) >= 0:
            before = end - 1
            while body[before] == _BACKSLASH:
                before -= 1
            if (end - before) % 2:  # an even number of backslashes escape each other
                return end + 1
            at = end + 1
        raise _wrong("unexpected end of data", len(body))

    def _comma(self, container: _Open, comma: int) -> None:
        """The last comma so far between members of a container."""
        if comma - container.begin > self._slice:
            self._keep(container, comma)
            container.begin, container.comma = comma + 1, None
        else:
            container.comma = comma

    def _join(self, parent: _Open, child: _Open) -> int:
        """A member that was put together by hand, after what stands before it; the place after it and its comma."""
        begin = parent.begin
        if parent.comma is not None:
            self._keep(parent, parent.comma)
            begin = parent.comma + 1
        if parent.is_list:
            self._nothing(begin, child.at)
            self._into(parent, [child.value])
        else:
            name = self._body[begin : child.at].rstrip(_BLANK)
            if not name.endswith(b":"):
                raise _wrong("expected ':'", child.at)
            self._into(parent, {self._name(name[:-1], begin): child.value})
        at = _after(_BLANKS, self._body, child.begin, len(self._body))
        sign = self._body[at] if at < len(self._body) else None
        if sign not in (_COMMA, parent.close):
            raise _wrong("unexpected character", at)
        parent.complete = sign != _COMMA
        parent.begin, parent.comma = at + (sign == _COMMA), None
        return parent.begin

    def _end(self, container: _Open, end: int) -> None:
        """Reads the rest of a container that ends here."""
        blank = not self._body[container.begin : end].strip(_BLANK)
        if container.complete:
            self._nothing(container.begin, end)
        elif not blank:
            self._keep(container, end)
        elif container.value is not None:
            raise _wrong("trailing comma", end)
        else:
            self._into(container, [] if container.is_list else {})
        container.begin = end + 1

    def _keep(self, container: _Open, end: int) -> None:
        """Reads the members from the beginning of what is not read to ``end``."""
        begin = container.begin
        members = self._body[begin:end]
        if not members.strip(_BLANK):
            raise _wrong("unexpected character", end)
        try:
            self._into(container, orjson.loads(b"[%b]" % members if container.is_list else b"{%b}" % members))
        except orjson.JSONDecodeError as error:
            raise _wrong(error.msg, begin + error.pos - 1) from None

    def _into(self, container: _Open, members: Any) -> None:
        if container.value is None:
            container.value = members
        elif isinstance(container.value, list):
            container.value += members
        else:
            container.value.update(members)

    def _name(self, text: bytes, begin: int) -> str:
        try:
            name = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise _wrong(error.msg, begin + error.pos) from None
        if not isinstance(name, str):
            raise _wrong("expected a name", begin)
        return name

    def _nothing(self, begin: int, end: int) -> None:
        """Raises orjson.JSONDecodeError if there is more than white space."""
        if self._body[begin:end].strip(_BLANK):
            raise _wrong("unexpected character", begin)


def _after(pattern: re.Pattern[bytes], body: bytes, at: int, end: int) -> int:
    """The place after what a pattern matches there, which may be nothing."""
    found = pattern.match(body, at, end)
    return found.end() if found else at


def _wrong(message: str, at: int) -> orjson.JSONDecodeError:
    return orjson.JSONDecodeError(message, "", max(at, 0))
