"""Which of its two media types an answer over HTTP has, and so its status, by the GraphQL-over-HTTP specification.

`application/graphql-response+json` says by its status whether the request was executed at all: 400 for a document that cannot be.
`application/json` answers every well-formed request with 200, for the clients from before.
"""

from __future__ import annotations

from collections.abc import Iterator

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
EVENTS = "text/event-stream"


def media_type(accept: str | None) -> str:
    """The media type for an answer by the header Accept; what accepts neither is answered as JSON all the same."""
    if not accept:
        return JSON
    weights = dict(_weights(accept))
    # The wildcards of clients from before the specification stand for JSON.
    of_json = next((weights[name] for name in (JSON, "application/*", "*/*") if name in weights), 0.0)
    of_graphql = weights.get(GRAPHQL, 0.0)
    return GRAPHQL if of_graphql > 0 and of_graphql >= of_json else JSON


def prefers_events(accept: str) -> bool:
    """Whether a client would rather have server-sent events than JSON: it wants them more, or as much and names them first."""
    weights = dict(_weights(accept))
    order = [name for name in weights if name in (EVENTS, JSON, GRAPHQL)]
    return bool(order) and max(order, key=weights.__getitem__) == EVENTS and weights[EVENTS] > 0


def takes_events(accept: str) -> bool:
    """Whether a client can take server-sent events."""
    return dict(_weights(accept)).get(EVENTS, 0.0) > 0


def _weights(accept: str) -> Iterator[tuple[str, float]]:
    """The media types of the header, and how much each is wanted, 0..1."""
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            yield name, min(max(float(weight), 0.0), 1.0)
        except ValueError:
            yield name, 0.0
