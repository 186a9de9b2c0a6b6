"""Recorded sessions of real clients that used skills, commands, subagents and memory: which versions these were, by transcripts,
by hooks, by hooks that the shim has told the files, and all together in any order."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from loopgraph.api.http.hooks.agent_hooks import DIALECTS
from loopgraph.clients.hook_files import with_file
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.computes.agents.ids import digest_id
from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.transcripts.codex.reader import CodexReader
from loopgraph.computes.transcripts.gemini import PROJECT_ROOT, GeminiReader
from loopgraph.computes.transcripts.opencode import OpenCodeReader
from loopgraph.computes.transcripts.reading import TranscriptFile, TranscriptReader
from loopgraph.contracts.traces.observations import Observation
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.orchestrators.traces.uses import UseLinker
from support.definition_files import HOME, PROJECT, put
from support.quick import first_quick
from support.repositories import Repo
from support.scanning import Scans
from support.traces import statement

FOLDER = Path(__file__).parent / "data" / "uses"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_IDS = re.compile(r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:ses|msg|prt)_[0-9A-Za-z]+)\b")

_WORDS = "Use tabs", "Use spaces", "README", "at once", "Make a plan", "strict", "Answer in English"
"""Each text has some of these."""

Things = list[list[Observation]]
Found = set[tuple[str, str, str | None]]
"""Of each use the kind and the name of its pattern, and by which rule its version was found; None: no version."""


@dataclass
class Machine:
    """One that has the files of the recordings, in a home of its own; its ids are its own."""

    home: Path
    scans: Scans
    mark: str = ""
    """Stands in all texts that were given, so that nobody knows them."""

    @property
    def project(self) -> Path:
        return self.home / "project"

    async def scan(self) -> None:
        await self.scans.run(self.project, user=True)

    def lines(self, name: str) -> list[str]:
        text = (FOLDER / f"{name}.jsonl").read_text().replace("/home/dev", str(self.home))
        for words in _WORDS:
            text = text.replace(words, f"{words}{self.mark}")
        return _IDS.sub(lambda found: self._fresh(found[0]), text).splitlines()

    def _fresh(self, id_: str) -> str:
        kind, separator, _ = id_.partition("_")
        fresh = self._ids.setdefault(id_, new_id())
        return f"{kind}_{fresh.replace('-', '')}" if separator else fresh

    def __post_init__(self) -> None:
        self._ids: dict[str, str] = {}

    def written(self, reader: TranscriptReader, name: str) -> Things:
        """What the lines of a transcript say."""
        return [told for line in self.lines(name) if (told := list(reader.read(line.encode())))]

    def sent(self, client: str, *, shimmed: bool = False) -> Things:
        """What the hooks of a client said, as it sent them, or as the shim hands them on here."""
        things = []
        for line in self.lines(f"{client}_hooks"):
            body = with_file(json.loads(line), client) if shimmed else json.loads(line)
            said_at = body.get("timestamp", "2026-11-29T08:03:31.000Z")
            at = (
                datetime.fromtimestamp(said_at / 1000, UTC)
                if isinstance(said_at, int)
                else datetime.fromisoformat(said_at)
            )
            things.append(list(DIALECTS[client](body, Arrival(at, True, digest_id(body, line)))))
        return things

    def codex(self) -> Things:
        files = "codex", "codex_subagent"
        return [thing for name in files for thing in self.written(CodexReader(TranscriptFile(name)), name)]

    def gemini(self) -> Things:
        things: Things = []
        about = {PROJECT_ROOT: str(self.project)}
        session = json.loads(self.lines("gemini")[0])["sessionId"]
        for name in ("gemini", "gemini_fix", "gemini_plan", "gemini_subagent"):
            path = f"{session}/{name}.jsonl"
            things += self.written(GeminiReader(TranscriptFile(path, about=about)), name)
        return things

    def opencode(self) -> Things:
        return self.written(OpenCodeReader(TranscriptFile("opencode.db")), "opencode")


@pytest.fixture
def machine(graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    home = tmp_path / "dev"
    repo = Repo(home / "project")
    put(repo.folder, PROJECT)
    repo.commit(f"all {new_id()}")
    put(home, HOME, LONG_AGO)
    monkeypatch.setenv("HOME", str(home))
    for name in ("CODEX_HOME", "COPILOT_HOME"):
        monkeypatch.delenv(name, raising=False)
    return Machine(home, Scans(graph, home))


async def record(graph: Graph, things: Sequence[Sequence[Observation]], size: int = 1) -> None:
    writes = TraceWrites(graph, choosing=choose)
    for start in range(0, len(things), size):
        batch = [observation for thing in things[start : start + size] for observation in thing]
        outcomes = await writes.record(batch, received_at=datetime(2026, 11, 29, 9, 0, tzinfo=UTC))
        assert all(isinstance(outcome, Recorded) for outcome in outcomes), outcomes


async def uses(graph: Graph, machine: Machine) -> list[dict[str, Any]]:
    """The uses that were made on this machine, each with its version and that of which pattern it is."""
    return await statement(
        graph,
        "MATCH (s:Session) WHERE s.cwd STARTS WITH $home "
        "MATCH (h:HookExecution {session_id: s.session_id, hook_type: 'Pattern'}) "
        "OPTIONAL MATCH (h)-[u:USED]->(v:PatternVersion)<-[:HAS_VERSION]-(p:Pattern) "
        "RETURN h.pattern_type AS kind, coalesce(p.name, h.pattern_name) AS name, h.pattern_name AS called, u.rule AS rule, "
        "v.tags AS tags, h.correlation_id AS trace",
        home=str(machine.home),
    )


async def found(graph: Graph, machine: Machine) -> Found:
    rows = await uses(graph, machine)
    assert not [row for row in rows if "observed" in (row["tags"] or ())], "all of it was scanned"
    return {(row["kind"], row["name"], row["rule"]) for row in rows}


CONTENT, FILE, TIME = "exact: content", "exact: file", "inferred: time"

CODEX: Found = {
    ("memory", ".codex/AGENTS.md", CONTENT),
    ("memory", "app/AGENTS.md", CONTENT),
    ("skill", "look-agents", CONTENT),
    ("subagent", "reviewer", CONTENT),
}
GEMINI: Found = {
    ("memory", "GEMINI.md", CONTENT),
    ("memory", "app/GEMINI.md", CONTENT),
    ("skill", "look-gemini", CONTENT),
    ("skill", "mine-gemini", CONTENT),
    ("command", "fix", CONTENT),
    ("command", "git:plan", CONTENT),
    ("subagent", "reviewer", TIME),
}


@pytest.mark.lengthy
@pytest.mark.parametrize("size", [1, 100])
async def test_codex_by_transcripts(graph: Graph, machine: Machine, size: int) -> None:
    await machine.scan()
    await record(graph, machine.codex(), size)
    assert await found(graph, machine) == CODEX


@pytest.mark.lengthy
async def test_codex_by_hooks(graph: Graph, machine: Machine) -> None:
    await machine.scan()
    await record(graph, machine.sent("codex"), 100)
    assert await found(graph, machine) == {("skill", "look-agents", CONTENT), ("subagent", "reviewer", TIME)}


@pytest.mark.lengthy
async def test_codex_by_hooks_that_the_shim_hands_on(graph: Graph, machine: Machine) -> None:
    await machine.scan()
    await record(graph, machine.sent("codex", shimmed=True), 100)
    assert await found(graph, machine) == {
        ("memory", ".codex/AGENTS.md", FILE),
        ("memory", "AGENTS.md", FILE),
        ("memory", "app/AGENTS.md", FILE),
        ("skill", "look-agents", CONTENT),
        ("subagent", "reviewer", FILE),
    }


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", first_quick(range(4)))
@pytest.mark.slow
async def test_codex_all_together_in_any_order(graph: Graph, machine: Machine, seed: int) -> None:
    chance = random.Random(seed)
    things = [*machine.codex(), *machine.sent("codex", shimmed=True)]
    chance.shuffle(things)
    known = chance.randrange(len(things))
    await record(graph, things[:known], 7)
    await machine.scan()
    await record(graph, things[known:], 7)
    await UseLinker(graph, choose).look()
    rows = [row for row in await uses(graph, machine) if "observed" not in (row["tags"] or ())]
    # The file at the root is told of by its hash alone: the text of a rollout holds it, but does not part the files.
    assert {(row["kind"], row["name"], row["rule"]) for row in rows} == {*CODEX, ("memory", "AGENTS.md", FILE)}
    assert len(rows) == 3 + 2 + 1, "each file of memory once, and the skill as it was given and as it was read"


@pytest.mark.lengthy
async def test_gemini_by_transcripts(graph: Graph, machine: Machine) -> None:
    await machine.scan()
    await record(graph, machine.gemini(), 100)
    assert await found(graph, machine) == GEMINI


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_gemini_by_hooks_that_the_shim_hands_on(graph: Graph, machine: Machine) -> None:
    await machine.scan()
    await record(graph, machine.sent("gemini", shimmed=True))
    assert await found(graph, machine) == {
        ("memory", ".gemini/GEMINI.md", FILE),
        ("memory", "GEMINI.md", FILE),
        ("skill", "look-gemini", CONTENT),
        ("skill", "mine-gemini", CONTENT),
    }
    rows = await uses(graph, machine)
    assert all("/prompt:" in row["trace"] for row in rows), "they belong to the prompt, which the client does not name"


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize(("shimmed", "rule"), [(False, TIME), (True, FILE)])
async def test_copilot_by_hooks(graph: Graph, machine: Machine, shimmed: bool, rule: str) -> None:
    await machine.scan()
    await record(graph, machine.sent("copilot", shimmed=shimmed))
    memory = {
        ("memory", name, FILE)
        for name in (
            ".copilot/copilot-instructions.md", ".github/copilot-instructions.md", "AGENTS.md", "GEMINI.md",
        )
    }  # fmt: skip
    named: Found = {("skill", "look-github", rule), ("subagent", "reviewer", rule)}
    assert await found(graph, machine) == (named | memory if shimmed else named)


@pytest.mark.lengthy
async def test_opencode_by_its_database(graph: Graph, machine: Machine) -> None:
    await machine.scan()
    await record(graph, machine.opencode(), 100)
    assert await found(graph, machine) == {("skill", "look-opencode", CONTENT), ("subagent", "reviewer", TIME)}


@pytest.mark.lengthy
async def test_what_nobody_has_scanned_is_made_of_what_was_given(graph: Graph, machine: Machine) -> None:
    machine.mark = f" {new_id()}"
    await record(graph, [*machine.codex(), *machine.gemini(), *machine.opencode()], 100)
    rows = await uses(graph, machine)
    made = {(row["kind"], row["called"]) for row in rows if "observed" in (row["tags"] or ())}
    assert made == {
        ("memory", "AGENTS.md"),
        ("memory", "GEMINI.md"),
        ("memory", "app/GEMINI.md"),
        ("skill", "look-agents"),
        ("skill", "look-gemini"),
        ("skill", "mine-gemini"),
        ("skill", "look-opencode"),
        ("command", "fix"),
        ("command", "git:plan"),
        ("subagent", "reviewer"),
    }
    others = {(row["kind"], row["called"], row["rule"]) for row in rows if "observed" not in (row["tags"] or ())}
    assert others <= {("subagent", "reviewer", None), ("subagent", "reviewer", TIME)}, "of those only the name is told"
