"""Which pattern is meant: by its id, or by its name."""

from __future__ import annotations

from typing import Final

from loopgraph.api.mcp.tools import Ask, Refused, document
from loopgraph.computes.privacy.quoting import plain
from loopgraph.errors import UserError

_MOST_NAMED: Final = 5


async def pattern_meant(ask: Ask, meant: str) -> str:
    """The id of the pattern. Raises Refused, with what there is, where none has this id or this name, or several have it."""
    if (by_id := await _by_id(ask, meant)) is not None:
        return by_id
    found = (await ask(document("find_pattern"), {"name": meant, "first": _MOST_NAMED}))["patterns"]
    patterns = [edge["node"] for edge in found["edges"]]
    named = [one for one in patterns if one["name"].casefold() == meant.casefold()]
    if len(named) == 1 or len(patterns) == 1:
        return str((named or patterns)[0]["patternId"])
    if not patterns:
        raise Refused(f"pattern: nothing has the id or the name {plain(meant, 100)}")
    known = ", ".join(f"{one['patternId']} ({plain(one['name'], 60)})" for one in named or patterns)
    raise Refused(f"pattern: several are called {plain(meant, 100)}; ask with an id: {known}")


async def _by_id(ask: Ask, id_: str) -> str | None:
    try:
        found = (await ask(document("pattern_of_id"), {"id": id_}))["pattern"]
    except UserError:  # what cannot be an id is none
        return None
    return None if found is None else str(found["patternId"])
