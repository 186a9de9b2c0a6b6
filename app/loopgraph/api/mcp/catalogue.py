"""All tools, by their names."""

from __future__ import annotations

from typing import Any, Final

from loopgraph.api.mcp.failures import FAILED_BEFORE
from loopgraph.api.mcp.improving import ASSIGN, PROPOSE, RATE
from loopgraph.api.mcp.plans import MATCH, REPLAY
from loopgraph.api.mcp.routing import RECOMMEND
from loopgraph.api.mcp.searching import SEARCH
from loopgraph.api.mcp.standing import WHY_IN_USE
from loopgraph.api.mcp.tools import Tool

TOOLS: Final[dict[str, Tool[Any]]] = {
    tool.name: tool for tool in (MATCH, REPLAY, RECOMMEND, WHY_IN_USE, FAILED_BEFORE, PROPOSE, ASSIGN, RATE, SEARCH)
}
