"""What an execution knows of a graph that nobody asks anything."""

from __future__ import annotations

from dataclasses import dataclass, field

from loopgraph.effects.graph.health import Health


async def _at_once() -> float:
    return 0.0


@dataclass
class QuietGraph:
    """A graph that answers."""

    health: Health = field(default_factory=lambda: Health(_at_once, _at_once, lambda logged: None))
