"""The door of figures that are told whenever they change, by server-sent events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from loopgraph.api.http.pattern_stream import MOST_PATTERNS, PATH
from loopgraph.api.openapi.parts import ALWAYS, Json, Operation, answer, errors, header, query
from loopgraph.orchestrators.live.watches import LONGEST_S, SHORTEST_S

_TEXT: Final[Json] = {"type": "string"}

_DESCRIPTION: Final = (
    "`event: metrics` comes at once and whenever the figures have changed, over the last 30 days, with today; its `data` are "
    "`patterns`, `summary` and `missed`, as success rates have them. `event: error` comes before the end of a stream that cannot "
    "go on. Lines that begin with a colon only say that the stream is alive."
)


def operations() -> Iterator[Operation]:
    """This door."""
    several = {"type": "array", "items": _TEXT, "maxItems": MOST_PATTERNS}
    samples = {"type": "integer", "minimum": 1, "maximum": 10**9, "default": 5}
    seconds = {"type": "integer", "minimum": SHORTEST_S, "maximum": LONGEST_S, "default": 5}
    told: Json = {
        "operationId": "pattern_analytics_stream",
        "tags": ["pattern-analytics"],
        "summary": "How well patterns succeed, told again whenever that changes.",
        "description": _DESCRIPTION,
        "parameters": [
            query(
                "pattern_id",
                several,
                "These patterns, by their own ids or their global ones; left out: all that have enough executions.",
            ),
            query(
                "pattern_type",
                {**_TEXT, "minLength": 1, "maxLength": 255},
                "Only patterns of this type; to be left out where `pattern_id` is given.",
            ),
            query("min_samples", samples, "Of all patterns, those that have so many executions."),
            query("every", seconds, "After how many seconds it is told again, at the earliest."),
            query("after", _TEXT, "The `id` of an event: what was told up to it is not told again."),
            header("Last-Event-ID", "The same, as browsers say it when they come back; it goes before `after`."),
        ],
        "responses": {
            "200": answer("The events, without end.", _TEXT, "text/event-stream"),
            **errors(ALWAYS, 404, 429),
        },
    }
    yield Operation("get", PATH, told)
