"""Uses of skills, commands, subagents and memory by an agent client, the same on every door: hooks, telemetry and transcripts.

A command is used by the prompt that it becomes, a skill from its activation on, a subagent's definition by the subagent's work,
and memory by the prompts of a session. What people call like a command may be a skill: whoever is not given the text cannot tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from loopgraph.computes.agents.fields import LONGEST_NAME, said, shortened
from loopgraph.computes.agents.given import MemoryText, SkillText
from loopgraph.computes.agents.ids import agent_trace_id, as_id, execution_id
from loopgraph.computes.definitions.seen import origin_of, seen_whole
from loopgraph.contracts.lineage.bodies import body_digest, body_of
from loopgraph.contracts.lineage.definitions import DefinitionKind, DefinitionOrigin
from loopgraph.contracts.traces.uses import MemoryLoaded, PatternUsed

SKILL_TOOL: Final = "Skill"
"""The tool by which a model calls a skill."""

BUILT_IN: Final = frozenset(
    {
        "general-purpose",
        "Explore",
        "Plan",
        "Bash",
        "statusline-setup",
        "output-style-setup",
        "claude-code-guide",
        "claude",
    }
)
"""Subagents that the client brings itself: nobody has written a definition of them."""

BUILT_IN_OF: Final[Mapping[str, frozenset[str]]] = {
    "claude-code": BUILT_IN,
    "codex": frozenset({"default", "worker", "explorer", "awaiter", "monitor"}),
    "gemini-cli": frozenset({"codebase_investigator", "cli_help", "generalist", "browser_agent", "confucius"}),
    "copilot-cli": frozenset(
        {
            "explore",
            "task",
            "general-purpose",
            "code-review",
            "research",
            "rubber-duck",
            "security-review",
            "rem-agent",
        }
    ),
    "cursor": frozenset({"generalPurpose", "explore", "shell", "browser", "bash"}),
    "opencode": frozenset({"general", "explore", "build", "plan", "title", "summary", "compaction"}),
}
"""Those of each client."""

_ORIGINS: Final = {
    "projectsettings": DefinitionOrigin.PROJECT,
    "localsettings": DefinitionOrigin.PROJECT,
    "project": DefinitionOrigin.PROJECT,
    "local": DefinitionOrigin.PROJECT,
    "usersettings": DefinitionOrigin.USER,
    "user": DefinitionOrigin.USER,
    "plugin": DefinitionOrigin.PLUGIN,
}


def origin(source: Any) -> DefinitionOrigin | None:
    """Who brings a definition, by the client's word for it."""
    return _ORIGINS.get(source.lower()) if isinstance(source, str) else None


def command_name(text: Any) -> str | None:
    """What people call a command, a skill or a subagent: without the slash."""
    name = text.strip().lstrip("/").strip() if isinstance(text, str) else ""
    return name if 0 < len(name) <= LONGEST_NAME else None


def command_used(
    session_id: str, trace: str, name: str, *, kind: DefinitionKind = DefinitionKind.COMMAND, **evidence: Any
) -> PatternUsed:
    """A prompt is what a command has become; ``trace`` is the prompt's. ``kind`` may be a skill that was called like one."""
    return PatternUsed(
        execution_id=as_id(f"{trace}/use:{name}"),
        correlation_id=trace,
        root_id=trace,
        session_id=as_id(session_id),
        pattern_type=kind,
        pattern_name=name,
        **said(**evidence),
    )


def skill_used(
    session_id: str, tool_use_id: str, trace: str, name: str, *, root_id: str | None = None, **evidence: Any
) -> PatternUsed:
    """A model has called a skill, and was given it; ``trace`` is that of the call."""
    return PatternUsed(
        execution_id=as_id(f"{execution_id(session_id, tool_use_id)}/skill"),
        correlation_id=trace,
        session_id=as_id(session_id),
        pattern_type=DefinitionKind.SKILL,
        pattern_name=name,
        **said(root_id=root_id, **evidence),
    )


def subagent_used(
    session_id: str, agent_id: str, name: str, *, root_id: str | None = None, **evidence: Any
) -> PatternUsed:
    """A subagent works by its definition."""
    trace = agent_trace_id(session_id, agent_id)
    return PatternUsed(
        execution_id=as_id(f"{trace}/subagent"),
        correlation_id=trace,
        session_id=as_id(session_id),
        pattern_type=DefinitionKind.SUBAGENT,
        pattern_name=name,
        **said(root_id=root_id, **evidence),
    )


def memory_loaded(
    session_id: str, path: str, at: datetime, *, memory_type: Any = None, cwd: str | None = None, **evidence: Any
) -> MemoryLoaded:
    """A file of memory was read into a session. Its name is its path in the folder that the session works in, if it is there."""
    if "pattern_origin" not in evidence:
        evidence["pattern_origin"] = origin(memory_type) or origin_of(path)
    slashed, here = path.replace("\\", "/"), (cwd or "").replace("\\", "/").rstrip("/")
    inside = bool(here) and slashed.startswith(f"{here}/")
    name = slashed[len(here) + 1 :] if inside else slashed.rpartition("/")[2]
    return MemoryLoaded(
        session_id=as_id(session_id),
        timestamp=at,
        pattern_type=DefinitionKind.MEMORY,
        pattern_name=shortened(name, LONGEST_NAME) or "memory",
        pattern_path=path,
        **said(cwd=cwd, **evidence),
    )


def memory_given(
    session_id: str, given: MemoryText, at: datetime, cwd: str | None = None, **evidence: Any
) -> MemoryLoaded:
    """A file of memory whose text a model was given. Where the client does not tell which files the text is of, it is known by
    that of the innermost, too."""
    seen = seen_whole(given.text)
    more: dict[str, Any] = {}
    if given.slot:
        ends = (body_digest(end) for end in given.ends)
        more = {"slot": given.slot, "digests": tuple(dict.fromkeys((*ends, *seen.digests)))}
        more["pattern_origin"] = DefinitionOrigin.USER if given.path.startswith(".") else None
    folder = given.folder or cwd
    return memory_loaded(session_id, given.path, at, cwd=folder, **{**seen.evidence, **more, **evidence})


def skill_given(given: SkillText) -> dict[str, Any]:
    """The evidence of a skill whose text a model was given, as far as it is known."""
    folder = re.sub(r"[\\/]SKILL\.md\Z", "", given.path) if given.path else None
    if not given.text:
        return said(pattern_path=folder, pattern_origin=origin_of(folder) if folder else None)
    body = body_of(DefinitionKind.SKILL, given.text)
    return seen_whole(body, folder, origin_of(folder) if folder else None).evidence
