"""Why a version is in use: who or what put it there, on which evidence, and how it has done since."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from loopgraph.api.mcp.finding import pattern_meant
from loopgraph.api.mcp.tools import Arguments, Around, Ask, Refused, Tool, document
from loopgraph.computes.privacy.quoting import NOTE, quoted


class _Why(Arguments):
    pattern: Annotated[str, Field(min_length=1, max_length=255, description="Id or name of the pattern.")]


async def _answer(ask: Ask, given: _Why, around: Around) -> str:
    pattern_id = await pattern_meant(ask, given.pattern)
    pattern = (await ask(document("why_in_use"), {"pattern": pattern_id}))["pattern"]
    if pattern is None:
        raise Refused(f"there is no pattern {pattern_id}")
    named = f"{pattern['patternType']} {pattern['patternId']} ({quoted(pattern['name'], 100)})"
    version = pattern["currentVersion"]
    if version is None:
        return f"No version of {named} is in use."
    since = version["activatedAt"] or version["createdAt"]
    lines = [NOTE, f"Version {version['version']} ({version['nodeId']}) of {named} is in use since {since}."]
    lines.append(f"It was made by {quoted(version['createdBy'], 80)}: {quoted(version['changeSummary'])}.")
    lines += _decided(version["decision"])
    rate = version["successRate"]
    uses = f"{version['usageCount']} executions are recorded"
    lines.append(f"{uses}, {rate:.0%} of them ended well." if rate is not None else f"{uses}.")
    lines += _watched(version["watch"])
    return "\n".join(lines)


def _decided(decision: dict[str, Any] | None) -> list[str]:
    if decision is None:
        return ["No experiment of the improvement loop decided on it: whoever made it put it into use."]
    lines = [
        f"It was decided on {decision['decidedAt']} by {quoted(decision['decidedBy'], 80)}: {decision['verdict']}.",
        f"Why: {quoted(decision['explanation'], 1_000)}",
    ]
    if improvement := decision["improvement"]:
        proposed = quoted(improvement["description"])
        lines.append(f"It was proposed by {quoted(improvement['source'], 80)}: {proposed}.")
    if experiment := decision["experiment"]:
        arms = f"{experiment['treatmentCount']} executions of it against {experiment['controlCount']} of the one before"
        lines.append(f"Experiment {experiment['experimentId']} compared {experiment['metric']}: {arms}.")
    return lines


def _watched(watch: dict[str, Any] | None) -> list[str]:
    if watch is None:
        return []
    seen = f"{watch['executionCount']} executions, {watch['units']} units"
    return [f"Since then it is watched ({watch['status']}): {seen}, until {watch['endsAt']} at the latest."]


WHY_IN_USE = Tool(
    "why_is_this_version_in_use",
    "Why the version of a pattern (a prompt, skill, command, subagent, plan) that is in use is: the decision, the experiment "
    "it rests on, and how it has done since.",
    _Why,
    _answer,
)
