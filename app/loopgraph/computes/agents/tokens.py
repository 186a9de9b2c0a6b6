"""Counts of tokens: how the API of the agent client has them, and how we do."""

from __future__ import annotations

from loopgraph.contracts.traces.events import MOST_TOKENS


def tokens(
    *,
    plain: int | None,
    cache_read: int | None,
    cache_write: int | None,
    output: int | None,
    cache_write_1h: int | None = None,
) -> dict[str, int | None]:
    """The counts of a call of a model: the client, as its API does, counts cached tokens beside the ``plain`` ones."""
    given = None if plain is None else plain + (cache_read or 0) + (cache_write or 0)
    if given is not None and given > MOST_TOKENS:
        return {}
    return {
        "input_tokens": given,
        "cache_read_tokens": cache_read,
        "cache_write_tokens": cache_write,
        "cache_write_1h_tokens": cache_write_1h if (cache_write_1h or 0) <= (cache_write or 0) else None,
        "output_tokens": output,
    }
