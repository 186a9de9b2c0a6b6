"""What a transaction has changed that is counted (``effects/usage``) or told of, gathered while its statements run, and written
before it is committed (``telling``): by one statement, however many have shared the transaction.

A mark is only ever added, so it makes nobody wait; whoever counts takes it away again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from loopgraph.assets import TOLD, Query, query
from loopgraph.effects.clock import now

MARK: Final = query("usage/mark")
"""For what is to be counted anew without having changed; what has, its transaction marks (``telling``)."""

COUNTED: Final = frozenset({"Trace", "HookExecution", "EndpointCall", "Session", "Gone"})
"""The labels whose changes can change what is counted."""


def marked_ms() -> int:
    """When what is marked now was marked, in milliseconds since 1970. Only how long a mark waits goes by it."""
    return int(now().timestamp() * 1000)


class Marked:
    """The keys of what was changed, by label."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str, None]] = {}

    def add(self, statement: Query, parameters: Mapping[str, Any]) -> None:
        """What a statement changes with these parameters."""
        for label, path in statement.marks:
            if label in COUNTED or label in TOLD:
                name, *fields = path
                self._keys.setdefault(label, {}).update(dict.fromkeys(_keys(parameters[name], fields)))

    def rows(self) -> list[dict[str, str]]:
        """A row for each mark. What is gone needs no other."""
        gone = self._keys.get("Gone", {})
        return [
            {"label": label, "key": key}
            for label, keys in self._keys.items()
            if label in COUNTED
            for key in keys
            if not (label == "Trace" and key in gone)
        ]

    def told(self, label: str) -> list[str]:
        """The keys of what those who follow are told of."""
        return [*self._keys.get(label, ())]


def _keys(value: Any, fields: list[str]) -> Iterable[str]:
    if not fields:
        return value if isinstance(value, (list, set, tuple)) else (value,)
    values = [_field(row, fields) for row in value]
    return [key for one in values for key in (one if isinstance(one, (list, tuple)) else (one,)) if key is not None]


def _field(row: Mapping[str, Any], fields: list[str]) -> Any:
    value: Any = row
    for name in fields:
        value = value[name]
    return value
