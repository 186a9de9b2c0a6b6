"""What tests of uses share: definitions as versions, and what the graph says of the executions of patterns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from loopgraph.clients.hook_files import with_file
from loopgraph.computes.transcripts.claude_code.reader import ClaudeCodeReader
from loopgraph.computes.transcripts.reading import TranscriptFile
from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.writes import Lineage
from support.agent_session import Sent, observations
from support.traces import NOON, statement

RECORDING = Path(__file__).parent.parent / "data" / "skills_session"
SESSION = "3a8f7b29-4832-4325-acfa-d09a79edc16f"
PROMPT, NOTICE = "ef371b70-49c3-406c-89c0-838e63793b5a", "c87e2a2a-c8f9-42f8-8792-7c4510bbbff4"
AGENT = "a88cd51e02c57c250"
FILES = {
    "fix": (DefinitionKind.COMMAND, ".claude/commands/fix.md"),
    "triage": (DefinitionKind.SKILL, ".claude/skills/triage/SKILL.md"),
    "reviewer": (DefinitionKind.SUBAGENT, ".claude/agents/reviewer.md"),
    "CLAUDE.md": (DefinitionKind.MEMORY, "CLAUDE.md"),
}
"""The definitions of the recorded session, and where they are in its project."""
_MARKED = ("Fix-command for bug", "Restate the bug", "Review-persona-text", "always run the tests")

ORIGIN = Origin(actor_type=ActorType.USER, actor_id="tester")

LONG_AGO = NOON - timedelta(days=30)


async def define(
    graph: Graph,
    kind: DefinitionKind,
    name: str,
    *texts: str,
    folder: str | None = None,
    since: datetime = LONG_AGO,
    node_ids: tuple[str, ...] = (),
    **metadata: Any,
) -> list[str]:
    """The versions of a new pattern whose file had these texts one after the other, a day each: the ids of their nodes."""
    lineage = Lineage(graph)
    pattern = NewPattern(name=name, pattern_type=kind, metadata={"origin": "project", **metadata, **_scope(folder)})
    ids: list[str] = []
    for number, text in enumerate(texts):
        created_at = since + timedelta(days=number)
        id_ = node_ids[number] if number < len(node_ids) else new_id()
        new = NewVersion(template_code=text, activate=True, created_at=created_at, node_id=id_)
        if not ids:
            created = await lineage.create_pattern(pattern, new, ORIGIN)
            pattern_id = created.pattern.pattern_id
        else:
            await lineage.add_version(pattern_id, new, ORIGIN)
        ids.append(id_)
    return ids


def _scope(folder: str | None) -> dict[str, str]:
    return {"scope": f"folder:{folder}"} if folder else {}


async def used(graph: Graph, session_id: str) -> dict[str, dict[str, Any]]:
    """Of each execution of a pattern in a session, by its id: which version, by which rule, and how it ended."""
    rows = await statement(
        graph,
        """MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace)-[:RAN]->(h:HookExecution)
        WHERE h.hook_type = 'Pattern'
        OPTIONAL MATCH (h)-[u:USED]->(v:PatternVersion)
        RETURN h.execution_id AS id, t.correlation_id AS trace, h.pattern_type AS kind, h.pattern_name AS name,
               h.node_id AS node_id, v.node_id AS drawn, u.rule AS rule, v.tags AS tags, v.template_code AS text,
               h.status AS status, h.started_at AS started_at, h.completed_at AS completed_at, v.pattern_id AS pattern_id""",
        id=session_id,
    )
    assert len({row["id"] for row in rows}) == len(rows), "no execution is of two versions"
    for row in rows:
        assert row["node_id"] == row.pop("drawn"), "the relationship is that of the property"
        row["observed"] = "observed" in (row.pop("tags") or ())
    return {row.pop("id"): row for row in rows}


async def usage(graph: Graph, *node_ids: str) -> list[tuple[int, int, datetime | None, datetime | None]]:
    """How often versions were used, how often with success, and when first and last."""
    rows = await statement(
        graph,
        """UNWIND $ids AS id MATCH (v:PatternVersion {node_id: id})
        RETURN id, v.usage_count AS used, v.success_count AS well, v.first_used_at AS first, v.last_used_at AS last""",
        ids=list(node_ids),
    )
    found = {row["id"]: (row["used"] or 0, row["well"] or 0, row["first"], row["last"]) for row in rows}
    return [found[id_] for id_ in node_ids]


@dataclass(frozen=True)
class Skills:
    """The recorded session under fresh ids, in a folder of its own, with texts of its own: so other tests do not know them."""

    session: str
    prompt: str
    notice: str
    agent: str
    folder: str
    mark: str
    fresh: Callable[[str], str]

    @classmethod
    def told(cls, folder: str | None = None) -> Skills:
        """A fresh one."""
        new = {id_: new_id() for id_ in (SESSION, PROMPT, NOTICE)}
        mark = new_id()[-12:]
        new[AGENT] = new_id().replace("-", "")[:17]
        text = (RECORDING / "skills_session.jsonl").read_text()
        new |= {id_: new_id().replace("-", "") for id_ in re.findall(r'"traceId":\s*"([0-9a-f]{32})"', text)}
        folder = folder or f"/home/dev/{mark}"

        def fresh(text: str) -> str:
            for recorded, id_ in new.items():
                text = text.replace(recorded, id_)
            text = re.sub(r"\b(fix|triage|reviewer)\b", rf"\1-{mark}", text)
            for words in _MARKED:
                text = text.replace(words, f"{words} {mark}")
            return text.replace("/home/dev/proj", folder)

        return cls(new[SESSION], new[PROMPT], new[NOTICE], new[AGENT], folder, mark, fresh)

    def text(self, name: str) -> str:
        """What the file of a definition holds."""
        return self.fresh((RECORDING / "proj" / FILES[name][1]).read_text())

    async def define(self, graph: Graph) -> dict[str, str]:
        """The versions of its files, after earlier ones; by name."""
        found = {}
        for name, (kind, path) in FILES.items():
            texts = (self.text(name) + "before\n", self.text(name))
            called = name if kind is DefinitionKind.MEMORY else f"{name}-{self.mark}"
            *_, found[name] = await define(graph, kind, called, *texts, folder=self.folder, path=self.fresh(path))
        return found

    def hooks(self) -> list[tuple[str, Any]]:
        """When each hook ran, and its event."""
        lines = map(json.loads, self.fresh((RECORDING / "skills_session.jsonl").read_text()).splitlines())
        return [(line["at"], line["j"]) for line in lines if line["k"] == "hook"]

    def put(self, folder: Path) -> None:
        """Puts the files of its definitions into a folder."""
        for _, path in FILES.values():
            there = folder / self.fresh(path)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_text(self.fresh((RECORDING / "proj" / path).read_text()))

    def shimmed(self, folder: Path) -> list[list[Observation]]:
        """What each hook says when the shim hands it on that runs where the files are: ``folder`` is the project."""
        self.put(folder)
        told = ((at, with_file(event)) for at, event in self.hooks())
        return [observations(Sent(at, "/api/hooks/claude-code", event)) for at, event in told]

    def sent(self, *, by_hooks: bool) -> list[list[Observation]]:
        """What each hook, or each export, says."""
        lines = map(json.loads, self.fresh((RECORDING / "skills_session.jsonl").read_text()).splitlines())
        told = (
            Sent(line["at"], "/api/hooks/claude-code" if line["k"] == "hook" else line["u"], line["j"])
            for line in lines
        )
        return [observations(one) for one in told if one.is_hook == by_hooks]

    def written(self) -> list[list[Observation]]:
        """What each line of the transcripts says."""
        found: list[list[Observation]] = []
        for path in sorted((RECORDING / "projects").rglob("*.jsonl")):
            if SESSION not in str(path):
                continue
            beside = path.with_suffix(".meta.json")
            about = json.loads(self.fresh(beside.read_text())) if beside.exists() else {}
            reader = ClaudeCodeReader(TranscriptFile(self.fresh(str(path)), about))
            found += [list(reader.read(self.fresh(line).encode())) for line in path.read_text().splitlines()]
        return [said for said in found if said]
