"""Which version of a skill, a command, a subagent's definition or a memory file an execution was of, whatever told of it first."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from loopgraph.computes.agents import uses
from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.definitions.seen import seen_called, seen_whole
from loopgraph.contracts.changes import template_hash
from loopgraph.contracts.definitions import DefinitionKind
from loopgraph.contracts.observations import Observation, Recordable, SessionSeen
from loopgraph.contracts.precedence import Clock, Trust
from loopgraph.contracts.traces import TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.uses import PatternUsed
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.writes import TraceWrites
from loopgraph.errors import UserError
from support.traces import NOON, at
from support.uses import define, usage, used

SKILL = "---\nname: triage\ndescription: Sort a bug report.\n---\n# Triage\n1. Restate the bug.\n2. Name the file.\n"
COMMAND = "---\ndescription: Fix\n---\nFix-command for bug $ARGUMENTS. Start with triage.\n"
AGENT = "---\nname: reviewer\ntools: Bash\n---\nYou are a strict reviewer.\n"
MEMORY = "# Project memory: always run the tests\n"


class Story:
    """One session that uses one definition of each kind, as it is told by a client that knows the texts."""

    def __init__(self, folder: str | None = None) -> None:
        self.session, self.prompt, self.notice, self.agent = new_id(), new_id(), new_id(), new_id()[-12:]
        self.folder = folder or f"/home/dev/{new_id()}"
        self.skill_call = f"toolu_{new_id()}"

    @property
    def prompts(self) -> list[Recordable]:
        return [
            _told(
                TraceStarted(
                    correlation_id=self.prompt, session_id=self.session, timestamp=at(0), prompt_text="/fix 42"
                )
            ),
            _told(SessionSeen(session_id=self.session, timestamp=at(0), started_at=at(0), cwd=self.folder)),
            _told(TraceCompleted(correlation_id=self.prompt, timestamp=at(9), status=TraceStatus.SUCCESS)),
            _told(TraceStarted(correlation_id=self.notice, session_id=self.session, timestamp=at(10), source="notice")),
            _told(
                TraceCompleted(
                    correlation_id=self.notice, timestamp=at(12), status=TraceStatus.ERROR, error_message="no"
                )
            ),
            _told(
                TraceStarted(
                    correlation_id=f"{self.session}/{self.agent}",
                    session_id=self.session,
                    root_id=self.prompt,
                    agent_id=self.agent,
                    agent_type="reviewer",
                    timestamp=at(4),
                )
            ),
            _told(
                TraceCompleted(
                    correlation_id=f"{self.session}/{self.agent}", timestamp=at(7), status=TraceStatus.INTERRUPTED
                )
            ),
        ]

    def command(self, text: str = "Fix-command for bug 42. Start with triage.\n", arguments: str = "42") -> Recordable:
        seen = seen_called(text, self.session, arguments)
        return _told(self._command(**seen.evidence))

    def _command(self, **evidence: Any) -> PatternUsed:
        return uses.command_used(self.session, self.prompt, "fix", cwd=self.folder, timestamp=at(0.5), **evidence)

    def skill(
        self, body: str = "# Triage\n1. Restate the bug.\n2. Name the file.\n\n\nARGUMENTS: bug 42"
    ) -> Recordable:
        text = f"Base directory for this skill: {self.folder}/.claude/skills/triage\n\n{body}"
        return _told(self._skill(**seen_called(text, self.session, "bug 42").evidence))

    def _skill(self, **evidence: Any) -> PatternUsed:
        call = self.skill_call
        return uses.skill_used(
            self.session, call, self.prompt, "triage", root_id=self.prompt, cwd=self.folder, timestamp=at(3), **evidence
        )

    def subagent(self, text: str = "You are a strict reviewer.") -> Recordable:
        return _told(self._subagent(**seen_whole(text).evidence))

    def _subagent(self, **evidence: Any) -> PatternUsed:
        return uses.subagent_used(
            self.session, self.agent, "reviewer", root_id=self.prompt, cwd=self.folder, **evidence
        )

    def memory(self, text: str = "# Project memory: always run the tests", loaded_for: str | None = None) -> Recordable:
        read = uses.memory_loaded(
            self.session,
            f"{self.folder}/CLAUDE.md",
            at(1),
            memory_type="Project",
            cwd=self.folder,
            loaded_for=loaded_for or self.prompt,
            digests=seen_whole(text).digests,
            text=text,
        )
        return _told(read)

    @property
    def texts(self) -> list[Recordable]:
        return [self.command(), self.skill(), self.subagent(), self.memory()]

    @property
    def names(self) -> list[Recordable]:
        """What a client says that knows names alone."""
        file = uses.memory_loaded(
            self.session, f"{self.folder}/CLAUDE.md", at(-1), memory_type="Project", cwd=self.folder
        )
        told = [self._command(), self._skill(), self._subagent(), file]
        return [_told(each, rank=Trust.TELEMETRY, clock=Clock.ARRIVAL) for each in told]

    @property
    def files(self) -> list[Recordable]:
        """What a client says that has read the files."""
        file = uses.memory_loaded(
            self.session,
            f"{self.folder}/CLAUDE.md",
            at(-1),
            memory_type="Project",
            cwd=self.folder,
            file_digest=template_hash(MEMORY),
        )
        used = [
            self._command(file_digest=template_hash(COMMAND)),
            self._skill(file_digest=template_hash(SKILL)),
            self._subagent(file_digest=template_hash(AGENT)),
        ]
        return [_told(each, rank=Trust.TELEMETRY, clock=Clock.ARRIVAL) for each in (*used, file)]

    async def define(self, graph: Graph, before: bool = True) -> dict[str, str]:
        """The versions of the files, each in force between an earlier and a later one; the ids of those that ran."""
        kinds = {
            "triage": (DefinitionKind.SKILL, SKILL),
            "fix": (DefinitionKind.COMMAND, COMMAND),
            "reviewer": (DefinitionKind.SUBAGENT, AGENT),
            "CLAUDE.md": (DefinitionKind.MEMORY, MEMORY),
        }
        found = {}
        for name, (kind, text) in kinds.items():
            texts = ("before it all\n", text) if before else (text,)
            *_, found[name] = await define(graph, kind, name, *texts, folder=self.folder)
        return found


def _told(event: Any, **how: Any) -> Observation:
    return Observation(event=event, source="transcript", **how)


async def record(graph: Graph, events: Sequence[Recordable], size: int = 1) -> None:
    writes = TraceWrites(graph, choosing=choose)
    for start in range(0, len(events), size):
        for outcome in await writes.record(events[start : start + size], received_at=NOON):
            assert not isinstance(outcome, UserError), outcome


def rules(found: dict[str, dict[str, Any]], ids: dict[str, str]) -> dict[tuple[str, str], set[tuple[bool, str | None]]]:
    """Of each pattern in each trace: whether it was the version that is meant, and by which rule."""
    told: dict[tuple[str, str], set[tuple[bool, str | None]]] = {}
    for row in found.values():
        told.setdefault((row["name"], row["trace"]), set()).add((row["node_id"] == ids[row["name"]], row["rule"]))
    return told


def all_by(
    story: Story, rule: str | None, *, memory: bool = True
) -> dict[tuple[str, str], set[tuple[bool, str | None]]]:
    places = [("fix", story.prompt), ("triage", story.prompt), ("reviewer", f"{story.session}/{story.agent}")]
    places += [("CLAUDE.md", story.prompt), ("CLAUDE.md", story.notice)] if memory else []
    return {place: {(True, rule)} for place in places}


async def test_the_text_that_a_model_was_given_tells_the_version(graph: Graph) -> None:
    story = Story()
    ids = await story.define(graph)
    await record(graph, [*story.prompts, *story.texts], 20)
    found = await used(graph, story.session)
    assert rules(found, ids) == all_by(story, "exact: content")
    ends = {
        (row["name"], row["trace"]): (row["status"], row["started_at"], row["completed_at"]) for row in found.values()
    }
    assert ends == {
        ("fix", story.prompt): ("success", at(0.5), at(9)),
        ("triage", story.prompt): ("success", at(3), at(9)),
        ("reviewer", f"{story.session}/{story.agent}"): ("interrupted", at(4), at(7)),
        ("CLAUDE.md", story.prompt): ("success", at(0), at(9)),
        ("CLAUDE.md", story.notice): ("error", at(10), at(12)),
    }
    counts = await usage(graph, ids["fix"], ids["triage"], ids["reviewer"], ids["CLAUDE.md"])
    assert counts == [(1, 1, at(9), at(9)), (1, 1, at(9), at(9)), (1, 0, at(7), at(7)), (2, 1, at(9), at(12))]


@pytest.mark.parametrize(("told", "rule"), [("names", "inferred: time"), ("files", "exact: file")])
async def test_without_the_text_the_file_or_the_time_tells_it(graph: Graph, told: str, rule: str) -> None:
    story = Story()
    ids = await story.define(graph)
    await record(graph, [*story.prompts, *getattr(story, told)], 20)
    assert rules(await used(graph, story.session), ids) == all_by(story, rule)


@pytest.mark.parametrize("seed", range(8))
async def test_every_order_tells_the_same(graph: Graph, seed: int) -> None:
    """Names, files and texts of one session in any order, in groups of any size: the best of them counts."""
    chance, story = random.Random(seed), Story()
    ids = await story.define(graph)
    events = [*story.prompts, *story.texts, *story.names, *story.files]
    events += chance.sample(events, 4)
    chance.shuffle(events)
    await record(graph, events, chance.choice([1, 2, 5]))
    found = await used(graph, story.session)
    assert rules(found, ids) == all_by(story, "exact: content")
    assert {row["status"] for row in found.values()} == {"success", "error", "interrupted"}
    counts = await usage(graph, ids["fix"], ids["triage"], ids["reviewer"], ids["CLAUDE.md"])
    assert counts == [(1, 1, at(9), at(9)), (1, 1, at(9), at(9)), (1, 0, at(7), at(7)), (2, 1, at(9), at(12))]
