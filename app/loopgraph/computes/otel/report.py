"""What the items of one OTLP request say, as observations; each knows which item it came from, so that the answer can say how
many items were refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from loopgraph.computes.agents.fields import first_problem
from loopgraph.contracts.traces.observations import Observation
from loopgraph.errors import InvalidInput

T = TypeVar("T")

_TRACE_ID, _SPAN_ID = re.compile(r"(?!0{32})[0-9a-f]{32}"), re.compile(r"(?!0{16})[0-9a-f]{16}")


@dataclass
class Report:
    """Observations of the items of a request; ``items`` has the index of the item for each of them, None where several say it.

    ``refused`` says by index why an item says nothing.
    """

    observations: list[Observation] = field(default_factory=list)
    items: list[int | None] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)

    def sound(self, items: Sequence[T | InvalidInput]) -> dict[int, T]:
        """The items that could be read, by their index; the others are refused."""
        sound = {}
        for i, item in enumerate(items):
            if isinstance(item, InvalidInput):
                self.refuse(i, item)
            else:
                sound[i] = item
        return sound

    def add(self, item: int, *observations: Observation) -> None:
        """What an item says."""
        self.observations += observations
        self.items += [item] * len(observations)

    def add_common(self, observation: Observation) -> None:
        """What several items say together: of their session, their trace, their subagent."""
        self.observations.append(observation)
        self.items.append(None)

    def refuse(self, item: int, error: InvalidInput | ValidationError) -> None:
        """An item says nothing that can be kept."""
        self.refused[item] = str(first_problem(error) if isinstance(error, ValidationError) else error)


def is_trace_id(value: str) -> bool:
    """Whether it is a trace id: 32 hexadecimal digits, not all of them 0."""
    return _TRACE_ID.fullmatch(value) is not None


def is_span_id(value: str) -> bool:
    """Whether it is a span id: 16 hexadecimal digits, not all of them 0."""
    return _SPAN_ID.fullmatch(value) is not None
