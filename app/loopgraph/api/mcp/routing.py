"""Which agent a request should go to."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from loopgraph.api.mcp.tools import Arguments, Around, Ask, Tool, document
from loopgraph.computes.privacy.quoting import plain

_MOST: Final = 3
_REASONS: Final = {
    "NOTHING_KNOWN": "no run of an agent is known for such a request",
    "TOO_FEW_RUNS": "too few runs of any agent are known",
    "ALL_DO_BADLY": "all that are known surely do badly",
}
_SCOPES: Final = {
    "ACTION_IN_PROJECT": "such requests in this project",
    "ACTION": "such requests",
    "PROJECT": "requests in this project",
}


class _Request(Arguments):
    request: Annotated[str, Field(min_length=1, max_length=20_000, description="What is to be done.")]
    project: Annotated[str | None, Field(default=None, max_length=4_000, description="Default: this one.")]


async def _recommend(ask: Ask, given: _Request, around: Around) -> str:
    asked = {"request": given.request, "context": {"project": given.project or around.project}}
    found = (await ask(document("recommend_agent"), asked))["recommendAgent"]
    if found["agent"] is None:
        return f"No agent can be recommended: {_REASONS[found['reason']]}."
    first = f"Recommended: {plain(found['agent'], 80)}"
    if found["strategy"] == "LEARNED_PATTERN":
        first += f", by the learned pattern {found['patternId']} (score {found['patternScore']:.2f})"
    known = [one for one in found["candidates"] if one["runs"]]
    known.sort(key=lambda one: (one["agent"] != found["agent"], -int(one["successes"])))
    return "\n".join([f"{first}.", *map(_line, known[:_MOST])])


def _line(one: dict[str, Any]) -> str:
    return f"- {plain(one['agent'], 80)}: {one['successes']} of {one['runs']} {_SCOPES[one['scope']]} went well"


RECOMMEND = Tool(
    "recommend_agent",
    "Which agent a request should go to, by what went well before.",
    _Request,
    _recommend,
)
