"""What the items of one OTLP request say, as observations; each knows which item it came from, so that the answer can say how
many items were refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydantic import ValidationError

from loopgraph.contracts.observations import Observation
from loopgraph.errors import InvalidInput

_TRACE_ID, _SPAN_ID = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{16}")


@dataclass
class Report:
    """Observations of the items of a request; ``items`` has the index of the item for each of them, None where several say it.

    ``refused`` says by index why an item says nothing.
    """

    observations: list[Observation] = field(default_factory=list)
    items: list[int | None] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)

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
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_input=False)[0]
            self.refused[item] = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        else:
            self.refused[item] = str(error)


def is_trace_id(value: str) -> bool:
    """Whether it is a trace id: 32 hexadecimal digits, not all of them 0."""
    return bool(_TRACE_ID.fullmatch(value)) and value.strip("0") != ""


def is_span_id(value: str) -> bool:
    """Whether it is a span id: 16 hexadecimal digits, not all of them 0."""
    return bool(_SPAN_ID.fullmatch(value)) and value.strip("0") != ""
