"""A recorded session of a real client in which a command, a skill and a subagent ran: hooks, OpenTelemetry and transcripts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loopgraph.computes.agents.claude_code import Arrival, observe_hook
from loopgraph.contracts.traces.observations import Observation
from support.agent_session import Sent, Telling, observations
from support.transcripts import SKILLS, Fresh, copied, read

SESSION = "3a8f7b29-4832-4325-acfa-d09a79edc16f"
PROMPT, NOTICE = "ef371b70-49c3-406c-89c0-838e63793b5a", "c87e2a2a-c8f9-42f8-8792-7c4510bbbff4"
AGENT = "a88cd51e02c57c250"

Thing = list[Observation]
"""What one thing says: a hook, an export, a line of a transcript."""


@dataclass(frozen=True)
class Skills:
    """The session under fresh ids."""

    telling: Telling
    hooks: list[Thing]
    telemetry: list[Thing]
    transcripts: list[Thing]


def tell(folder: Path) -> Skills:
    """The session under fresh ids; its transcripts are put into a folder."""
    fresh = Fresh()
    sent = []
    for line in fresh.of((SKILLS / "skills_session.jsonl").read_text()).splitlines():
        one = json.loads(line)
        sent.append(Sent(one["at"], "/api/hooks/claude-code" if one["k"] == "hook" else one["u"], one["j"]))
    copied(SKILLS / "projects", folder, fresh, [SESSION])
    transcripts = [said for path in sorted(folder.rglob("*.jsonl")) for said in read(path) if said]
    names = {new: recorded for recorded, new in fresh.names.items()}
    return Skills(
        Telling(tuple(sent), fresh.names[SESSION], names),
        [_hook(one, f"{fresh.names[SESSION]}/hook-{index}") for index, one in enumerate(sent) if one.is_hook],
        [observations(one) for one in sent if not one.is_hook],
        transcripts,
    )


def _hook(sent: Sent, id_: str) -> Thing:
    """What a hook says; what is no tool call has an id that is the same in every telling."""
    arrival = Arrival(at=datetime.fromisoformat(sent.at), stamped=False, execution_id=id_)
    return list(observe_hook(sent.body, arrival))
