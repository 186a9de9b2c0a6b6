"""Single members of OTLP's JSON objects, each of its kind. All raise InvalidInput, which names the member, for one that is not.

OTLP's JSON names members in lowerCamelCase alone; what a sender has named as protobuf does (``trace_id``) would be passed over as
unknown, so it is told of.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from loopgraph.computes.otel.model import plain_number
from loopgraph.errors import InvalidInput

T = TypeVar("T")
Json = dict[str, Any]

_INTEGER: Final = re.compile(r"-?[0-9]{1,20}")
_NOT_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_CAPITAL: Final = re.compile(r"(?=[A-Z])")


def member(parent: Json, key: str) -> Any:
    """A member; None if there is none."""
    value = parent.get(key)
    if value is None and parent.get(other := in_protobuf(key)) is not None:
        raise InvalidInput(other, f"must be named {key} in JSON")
    return value


@cache
def in_protobuf(key: str) -> str:
    """The name that a member has in protobuf."""
    return _CAPITAL.sub("_", key).lower()


def each(parent: Json, key: str, read: Callable[[Json], T]) -> list[T]:
    """What each object of an array is read as; the path of an error begins with its place."""
    result = []
    for i, item in enumerate(array(parent, key)):
        if not isinstance(item, dict):
            raise InvalidInput(f"{key}.{i}", "must be an object")
        try:
            result.append(read(item))
        except InvalidInput as error:
            raise InvalidInput(f"{key}.{i}.{error.field}", error.problem) from None
    return result


def array(parent: Json, key: str) -> list[Any]:
    """An array; empty if there is none."""
    return as_array(member(parent, key), key)


def as_array(value: Any, key: str) -> list[Any]:
    """The value of a member as an array; empty if there is none."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidInput(key, "must be an array")
    return value


def map_of(parent: Json, key: str) -> Json:
    """An object; empty if there is none."""
    value = member(parent, key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidInput(key, "must be an object")
    return value


def text(parent: Json, key: str) -> str:
    """A text; empty if there is none."""
    value = member(parent, key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(key, "must be a text")
    return value


def integer(parent: Json, key: str) -> int:
    """An integer of 64 bits, also as a text; 0 if there is none."""
    value = member(parent, key)
    return 0 if value is None else as_integer(value, key)


def as_integer(value: Any, key: str) -> int:
    """The value of a member as an integer of 64 bits."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**64:
        raise InvalidInput(key, "must be an integer of 64 bits")
    return value


def number(parent: Json, key: str) -> float | None:
    """A number, also as a text; None if there is none."""
    value = member(parent, key)
    return None if value is None else as_number(value, key)


def as_number(value: Any, key: str) -> float:
    """The value of a member as a number."""
    if isinstance(value, str):
        try:
            return _NOT_FINITE[value] if value in _NOT_FINITE else float(value)
        except ValueError:
            raise InvalidInput(key, "must be a number") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(key, "must be a number")
    return float(value)


def numbers(parent: Json, key: str, read: Callable[[Any, str], float]) -> list[Any]:
    """What each value of an array is read as, as JSON can hold it."""
    return [plain_number(read(value, f"{key}.{i}")) for i, value in enumerate(array(parent, key))]


def enum(parent: Json, key: str, prefix: str, names: Sequence[str]) -> int:
    """A member of an enumeration, by its number; some senders write its name. One that is not known is as good as none."""
    value = member(parent, key)
    if isinstance(value, str) and value.startswith(prefix):
        name = value.removeprefix(prefix).lower()
        return names.index(name) if name in names else 0
    number = 0 if value is None else as_integer(value, key)
    return number if not names or 0 <= number < len(names) else 0
