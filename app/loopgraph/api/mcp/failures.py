"""What failed before here: in this project, with this file, on prompts like this one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import Field

from loopgraph.api.mcp.tools import Arguments, Around, Ask, Tool, document
from loopgraph.computes.privacy.quoting import NOTE, quoted
from loopgraph.contracts.counted import counted

_LOOKED_AT: Final = 50
_WORD: Final = re.compile(r"\w{3,}")
_ALIKE: Final = 0.2
"""A prompt is like another that shares this much of the words of both."""


class _Before(Arguments):
    project: Annotated[
        str | None, Field(default=None, max_length=4_000, description="Folder or name of a project; default: this one.")
    ]
    path: Annotated[str | None, Field(default=None, max_length=1_000, description="Only failures that name this file.")]
    prompt: Annotated[
        str | None, Field(default=None, max_length=10_000, description="Also prompts like this one that failed.")
    ]
    tool: Annotated[str | None, Field(default=None, max_length=255, description="Only failures of this tool.")]
    days: Annotated[int, Field(default=30, ge=1, le=365, description="How far to look back.")]
    limit: Annotated[int, Field(default=5, ge=1, le=20)]


async def _answer(ask: Ask, given: _Before, around: Around) -> str:
    project = given.project or around.project
    window = {"since": (around.now - timedelta(days=given.days)).isoformat()}
    asked = {"window": window, "project": project, "tool": given.tool, "first": _LOOKED_AT}
    found = (await ask(document("failures"), asked))["errorPatterns"]
    patterns = [one for one in found["patterns"] if _names(one, given.path)]
    where = f"in {quoted(project, 200)}" if project else "anywhere"
    lines = [_failure(one) for one in patterns[: given.limit]]
    of = f"{counted(found['failures'], 'failure')} in {counted(found['traces'], 'trace')} of {counted(given.days, 'day')} {where}"
    told = [f"{of}, and the most frequent:" if lines else f"{of}; none is like what was asked for."]
    if not found["complete"]:
        told.append("(Not all were looked at: there are too many.)")
    told += lines
    if given.prompt:
        told += await _prompts(ask, given, project, window["since"])
    return "\n".join([NOTE, *told] if lines or given.prompt else told)


def _names(pattern: dict[str, Any], path: str | None) -> bool:
    """Whether a failure's message names a file: by its path, or by its own name."""
    if path is None:
        return True
    names = (path, path.rstrip("/").rpartition("/")[2])
    texts = [pattern["template"], *(sample["message"] or "" for sample in pattern["samples"])]
    return any(name and name in text for name in names for text in texts)


def _failure(pattern: dict[str, Any]) -> str:
    tools = ", ".join(f"{quoted(one['name'], 60)} {one['count']}×" for one in pattern["tools"][:3])
    sample = pattern["samples"][0] if pattern["samples"] else None
    line = (
        f"- {pattern['count']}× in {counted(pattern['traces'], 'trace')} ({pattern['severity']}), last {pattern['lastSeen']}"
        f"{f', of {tools}' if tools else ''}: {quoted(sample['message'] if sample else pattern['template'])}"
    )
    known = pattern["annotation"] or {}
    for name, what in (("knownFix", "known fix"), ("prevention", "prevention")):
        if known.get(name):
            line += f"\n  {what}: {quoted(known[name], 500)}"
    return line


async def _prompts(ask: Ask, given: _Before, project: str | None, since: str) -> list[str]:
    """Prompts that failed and are like the one that is given, the most alike first."""
    filter = {"rootsOnly": True, "status": ["ERROR", "TIMEOUT"], "project": project, "since": since}
    edges = (await ask(document("failed_prompts"), {"filter": filter, "first": _LOOKED_AT}))["traces"]["edges"]
    ranked = [(alike(given.prompt or "", edge["node"]["promptText"] or ""), edge["node"]) for edge in edges]
    alikes = sorted((one for one in ranked if one[0] >= _ALIKE), key=lambda one: -one[0])[: given.limit]
    if not alikes:
        return [f"Of the last {counted(len(edges), 'prompt')} that failed, none has much of these words."]
    return ["Prompts that failed and have much of these words:", *(_prompt(node) for _, node in alikes)]


def _prompt(node: dict[str, Any]) -> str:
    asked, error = quoted(node["promptText"], 160), quoted(node["errorMessage"], 200)
    return f"- {node['correlationId']} ({node['status']}, {node['startedAt']}): {asked}; its error: {error}"


def alike(one: str, other: str) -> float:
    """How much of the words of two texts both have, 0..1 (Jaccard)."""
    left, right = (_words(text) for text in (one, other))
    return len(left & right) / len(left | right) if left | right else 0.0


def _words(text: str) -> frozenset[str]:
    found: Sequence[str] = _WORD.findall(text.casefold())
    return frozenset(found)


FAILED_BEFORE = Tool(
    "what_failed_before_here",
    "What went wrong before in this project: the most frequent errors with known fixes; of a file, a tool, prompts like one.",
    _Before,
    _answer,
)
