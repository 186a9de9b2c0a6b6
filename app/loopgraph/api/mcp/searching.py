"""Traces by what they were about."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from loopgraph.api.mcp.tools import Arguments, Around, Ask, Tool, document
from loopgraph.computes.privacy.quoting import NOTE, plain, quoted
from loopgraph.contracts.counted import counted


class _Search(Arguments):
    text: Annotated[
        str | None, Field(default=None, min_length=1, max_length=1_000, description="In the prompt or the answer.")
    ]
    project: Annotated[str | None, Field(default=None, max_length=4_000, description="Folder or name of a project.")]
    tool: Annotated[str | None, Field(default=None, min_length=1, max_length=255, description="A tool that ran.")]
    failed_tool: Annotated[
        str | None, Field(default=None, min_length=1, max_length=255, description="A tool that failed.")
    ]
    status: Annotated[
        Literal["SUCCESS", "ERROR", "TIMEOUT", "DENIED", "INTERRUPTED", "IN_PROGRESS"] | None, Field(default=None)
    ]
    days: Annotated[int, Field(default=30, ge=1, le=3_650, description="How far to look back.")]
    limit: Annotated[int, Field(default=5, ge=1, le=20)]


async def _answer(ask: Ask, given: _Search, around: Around) -> str:
    filter: dict[str, Any] = {"rootsOnly": True, "since": (around.now - timedelta(days=given.days)).isoformat()}
    filter |= {"status": [given.status]} if given.status else {}
    wanted = {"text": given.text, "project": given.project, "tool": given.tool, "failedTool": given.failed_tool}
    filter |= {name: value for name, value in wanted.items() if value is not None}
    found = (await ask(document("search"), {"filter": filter, "first": given.limit}))["traces"]
    lines = [_line(edge["node"]) for edge in found["edges"]]
    if not lines:
        return f"No trace of the last {counted(given.days, 'day')} is like that."
    more = ["There are more."] if found["pageInfo"]["hasNextPage"] else []
    return "\n".join([NOTE, *lines, *more])


def _line(node: dict[str, Any]) -> str:
    took = f", {node['durationMs'] / 1000:.1f} s" if node["durationMs"] is not None else ""
    agent = node["agent"] or node["agentType"]
    who = f", {plain(agent, 60)}" if agent else ""
    error = f"; its error: {quoted(node['errorMessage'], 160)}" if node["errorMessage"] else ""
    asked = quoted(node["promptText"], 160)
    return f"- {node['correlationId']} ({node['status']}, {node['startedAt']}{took}{who}): {asked}{error}"


SEARCH = Tool(
    "search_traces",
    "Earlier prompts and what came of them, newest first: by text, project, tool, a tool that failed, status.",
    _Search,
    _answer,
)
