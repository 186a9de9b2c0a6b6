"""Whether the service knows a pattern that its hooks are to name."""

from __future__ import annotations

from typing import Final

from loopgraph.commands.asking import ask
from loopgraph.commands.terminal import err
from loopgraph.errors import InvalidInput, SetupError

_QUERY: Final = """query ($id: ID!, $name: String!) {
  pattern(patternId: $id) { patternId }
  patterns(first: 20, nameContains: $name) { edges { node { patternId name } } }
}"""


def check_pattern(address: str, pattern_id: str, token: str | None) -> None:
    """Says so if the service cannot be asked. Raises InvalidInput if it knows no pattern of this id, with those of this name."""
    try:
        data = ask(address, token, _QUERY, {"id": pattern_id, "name": pattern_id}, timeout_s=5)
        known = (data["pattern"] or {}).get("patternId")
        named = [edge["node"]["patternId"] for edge in data["patterns"]["edges"] if edge["node"]["name"] == pattern_id]
    except (SetupError, LookupError, TypeError):
        err.print(
            f"whether there is a pattern {pattern_id!r} is not known, as the service at {address} cannot be asked now; "
            "if there is none, prompts use none, and the service's log says so",
            markup=False,
        )
        return
    if known != pattern_id:
        meant = [known] if known else named
        hint = f"; use {' or '.join(meant)}" if meant else ": its id is what `createPattern` answers with"
        raise InvalidInput("--pattern", f"there is no pattern with the id {pattern_id!r} at {address}{hint}")
