"""What went well before with a request like this one: learned patterns that fit it, and the plan of the best."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from loopgraph.api.mcp.tools import Arguments, Around, Ask, Tool, document
from loopgraph.computes.privacy.quoting import NOTE, plain, quoted

LEAST_SUPPORT: Final = 2
"""So many successful traces a plan rests on that an agent is given for a request: one alone can be made for that."""


class _Request(Arguments):
    request: Annotated[str, Field(min_length=1, max_length=20_000, description="What is to be done.")]
    project: Annotated[str | None, Field(default=None, max_length=4_000, description="Default: this one.")]
    limit: Annotated[int, Field(default=3, ge=1, le=10)]


async def _match(ask: Ask, given: _Request, around: Around) -> str:
    asked = {"request": given.request, "context": _where(given.project, around), "maxResults": given.limit}
    found = (await ask(document("match_patterns"), asked))["matchPatterns"]
    if not found["matches"]:
        return f"No learned pattern fits this; {found['searched']} earlier prompts were compared."
    return "\n".join([NOTE, *(_line(one) for one in found["matches"])])


def _line(match: dict[str, Any]) -> str:
    expected, rate = match["expectedSuccess"], "never run"
    if expected is not None:
        rate = f"{match['successRate']:.0%} of {match['runs']} runs went well, {expected:.0%} to be expected"
    exemplar = f", like {quoted(match['exemplar'], 160)}" if match["exemplar"] else ""
    return (
        f"- {match['patternId']} (score {match['score']['total']:.2f}, {rate}){exemplar}: "
        f"{plain(match['score']['explanation'], 200)}"
    )


class _Plan(Arguments):
    request: Annotated[
        str | None, Field(default=None, min_length=1, max_length=20_000, description="What is to be done.")
    ]
    pattern: Annotated[
        str | None, Field(default=None, min_length=1, max_length=200, description="Id of a learned one.")
    ]
    project: Annotated[str | None, Field(default=None, max_length=4_000, description="Default: this one.")]

    @model_validator(mode="after")
    def _one_of_them(self) -> _Plan:
        if (self.request is None) == (self.pattern is None):
            raise ValueError("request must be given, or pattern, and one of them alone")
        return self


async def _plan(ask: Ask, given: _Plan, around: Around) -> str:
    asked: dict[str, Any] = {"patternId": given.pattern, "request": given.request, "leastSupport": LEAST_SUPPORT}
    if given.request is not None:
        asked["context"] = _where(given.project, around)
    found = (await ask(document("replay_plan"), asked))["replayPlan"]
    if found is None:
        return "There is no learned plan for this."
    return str(found["text"])


def _where(project: str | None, around: Around) -> dict[str, str | None]:
    return {"project": project or around.project}


MATCH = Tool(
    "match_patterns",
    "Learned patterns that fit a request: what went well before with one like it, with the score and the success of each.",
    _Request,
    _match,
)
REPLAY = Tool(
    "replay_plan",
    "The plan that worked for requests like this one: its steps, what to expect, and where runs went wrong.",
    _Plan,
    _plan,
)
