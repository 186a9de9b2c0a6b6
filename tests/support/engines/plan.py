"""Which engines a session asks for. The environment decides:

    LOOPGRAPH_TEST_ENGINES       names with commas between them, or ``all``
    LOOPGRAPH_TEST_NEO4J_URL     a Neo4j that runs already, tested as ``neo4j`` in place of the two pinned releases
    LOOPGRAPH_TEST_MEMGRAPH_URL  a Memgraph that runs already

A URL's login is in the variables that end in _USER, _PASSWORD and _DATABASE in place of _URL.
"""

from __future__ import annotations

from collections.abc import Mapping

CHOICE = "LOOPGRAPH_TEST_ENGINES"
NEO4J_URL = "LOOPGRAPH_TEST_NEO4J_URL"
MEMGRAPH_URL = "LOOPGRAPH_TEST_MEMGRAPH_URL"

EMBEDDED, NEO4J, NEO4J_5, NEO4J_2026, MEMGRAPH = NAMES = ("embedded", "neo4j", "neo4j-5.26", "neo4j-2026", "memgraph")


def not_asked_for(environ: Mapping[str, str]) -> dict[str, str]:
    """The engines that the session leaves out, each with the reason. Raises ValueError for an unknown name."""
    chosen = [name.strip() for name in environ.get(CHOICE, "").split(",") if name.strip()]
    for name in chosen:
        if name not in (*NAMES, "all"):
            raise ValueError(f"{CHOICE}: {name!r} is no engine; use all, or any of {', '.join(NAMES)}")
    everything = "all" in chosen
    if chosen and not everything:
        return {name: f"not asked for by {CHOICE}" for name in NAMES if name not in chosen}

    left_out = {}
    if NEO4J_URL not in environ:
        left_out[NEO4J] = f"{NEO4J_URL} is not set"
    elif not everything:
        left_out |= dict.fromkeys((NEO4J_5, NEO4J_2026), f"the server of {NEO4J_URL} is tested in its place")
    if not everything:
        left_out.setdefault(NEO4J_2026, f"not asked for; {CHOICE}=all or ={NEO4J_2026} does")
    return left_out
