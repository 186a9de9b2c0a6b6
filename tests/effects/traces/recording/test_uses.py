"""Which version of a skill, a command, a subagent's definition or a memory file an execution was of, whatever told of it
first."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from loopgraph.computes.agents import uses
from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.definitions.seen import seen_called, seen_whole
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.lineage.changes import NewVersion, template_hash
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.events import TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, Recordable, SessionSeen
from loopgraph.contracts.traces.precedence import Clock, Trust
from loopgraph.contracts.traces.uses import PatternUsed
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.traces.reading.use_figures import UseReads
from loopgraph.effects.traces.recording.timeouts import TraceTimeouts
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from loopgraph.orchestrators.traces.uses import UseLinker
from loopgraph.settings import CaptureContent
from support.quick import first_quick
from support.traces import NOON, at, statement
from support.uses import ORIGIN, Skills, define, usage, used

SKILL = (
    "---\nname: triage\ndescription: Sort a bug report.\n---\n# Triage MARK\n1. Restate the bug.\n2. Name the file.\n"
)
COMMAND = "---\ndescription: Fix\n---\nFix-command MARK for bug $ARGUMENTS. Start with triage.\n"
AGENT = "---\nname: reviewer\ntools: Bash\n---\nYou are a strict reviewer. MARK\n"
MEMORY = "# Project memory: always run the tests MARK\n"


class Story:
    """One session that uses one definition of each kind, as it is told by a client that knows the texts."""

    def __init__(self, like: Story | None = None, folder: str | None = None) -> None:
        self.session, self.prompt, self.notice, self.agent = new_id(), new_id(), new_id(), new_id()[-12:]
        self.mark = like.mark if like else new_id()[-12:]
        """It is in all texts, so that those of other tests are others."""
        self.folder = folder or (like.folder if like else f"/home/dev/{new_id()}")
        self.skill_call = f"toolu_{new_id()}"

    def marked(self, text: str) -> str:
        """A text of this story."""
        return text.replace("MARK", self.mark)

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

    def command(
        self, text: str = "Fix-command MARK for bug 42. Start with triage.\n", arguments: str = "42"
    ) -> Recordable:
        seen = seen_called(self.marked(text), self.session, arguments)
        return _told(self._command(**seen.evidence))

    def _command(self, **evidence: Any) -> PatternUsed:
        return uses.command_used(self.session, self.prompt, "fix", cwd=self.folder, timestamp=at(0.5), **evidence)

    def skill(
        self, body: str = "# Triage MARK\n1. Restate the bug.\n2. Name the file.\n\n\nARGUMENTS: bug 42"
    ) -> Recordable:
        text = f"Base directory for this skill: {self.folder}/.claude/skills/triage\n\n{self.marked(body)}"
        return _told(self._skill(**seen_called(text, self.session, "bug 42").evidence))

    def _skill(self, **evidence: Any) -> PatternUsed:
        call = self.skill_call
        return uses.skill_used(
            self.session, call, self.prompt, "triage", root_id=self.prompt, cwd=self.folder, timestamp=at(3), **evidence
        )

    def subagent(self, text: str = "You are a strict reviewer. MARK") -> Recordable:
        return _told(self._subagent(**seen_whole(self.marked(text)).evidence))

    def _subagent(self, **evidence: Any) -> PatternUsed:
        return uses.subagent_used(
            self.session, self.agent, "reviewer", root_id=self.prompt, cwd=self.folder, **evidence
        )

    def memory(
        self, text: str = "# Project memory: always run the tests MARK", loaded_for: str | None = None
    ) -> Recordable:
        read = uses.memory_loaded(
            self.session,
            f"{self.folder}/CLAUDE.md",
            at(1),
            memory_type="Project",
            cwd=self.folder,
            loaded_for=loaded_for or self.prompt,
            digests=seen_whole(self.marked(text)).digests,
            text=self.marked(text),
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
            file_digest=template_hash(self.marked(MEMORY)),
        )
        used = [
            self._command(file_digest=template_hash(self.marked(COMMAND))),
            self._skill(file_digest=template_hash(self.marked(SKILL))),
            self._subagent(file_digest=template_hash(self.marked(AGENT))),
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
            texts = ("before it all MARK\n", text) if before else (text,)
            *_, found[name] = await define(graph, kind, name, *map(self.marked, texts), folder=self.folder)
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


@pytest.mark.lengthy
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


@pytest.mark.lengthy
@pytest.mark.parametrize(("told", "rule"), [("names", "inferred: time"), ("files", "exact: file")])
async def test_without_the_text_the_file_or_the_time_tells_it(graph: Graph, told: str, rule: str) -> None:
    story = Story()
    ids = await story.define(graph)
    await record(graph, [*story.prompts, *getattr(story, told)], 20)
    assert rules(await used(graph, story.session), ids) == all_by(story, rule)


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("seed", first_quick(range(8), 2))
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


# Texts of which no file is known


@pytest.mark.lengthy
async def test_what_is_known_of_no_file_becomes_a_version(graph: Graph) -> None:
    story = Story()
    await record(graph, [*story.prompts, *story.texts], 3)
    found = await used(graph, story.session)
    assert {(row["name"], row["kind"], row["rule"], row["observed"]) for row in found.values()} == {
        ("fix", "command", "exact: content", True),
        ("triage", "skill", "exact: content", True),
        ("reviewer", "subagent", "exact: content", True),
        ("CLAUDE.md", "memory", "exact: content", True),
    }
    texts = {row["name"]: row["text"] for row in found.values()}
    assert {name: text.replace(story.mark, "MARK") for name, text in texts.items()} == {
        "fix": "Fix-command MARK for bug $ARGUMENTS. Start with triage.\n",
        "triage": "# Triage MARK\n1. Restate the bug.\n2. Name the file.\n",
        "reviewer": "You are a strict reviewer. MARK",
        "CLAUDE.md": "# Project memory: always run the tests MARK",
    }
    assert len({row["pattern_id"] for row in found.values()}) == 4


@pytest.mark.lengthy
async def test_one_text_in_one_folder_is_one_version_whatever_it_was_called_with(graph: Graph) -> None:
    first = Story()
    second = Story(first)
    await record(graph, [*first.prompts, first.command(), first.skill()])
    again = "Fix-command MARK for bug 4711 and 12. Start with triage."
    await record(graph, [*second.prompts, second.command(again, "4711 and 12"), second.skill()])
    ids = [
        {(row["name"], row["node_id"]) for row in (await used(graph, each.session)).values()}
        for each in (first, second)
    ]
    assert ids[0] == ids[1]
    assert [(each[0], each[1]) for each in await usage(graph, *(id_ for _, id_ in sorted(ids[0])))] == [(2, 2), (2, 2)]


@pytest.mark.lengthy
async def test_another_text_is_another_version_of_the_pattern(graph: Graph) -> None:
    story = Story()
    known = await story.define(graph)
    edited = "# Triage MARK, edited and not committed"
    await record(graph, [*story.prompts, story.skill(edited)])
    [row] = (await used(graph, story.session)).values()
    assert (row["observed"], row["rule"]) == (True, "exact: content")
    [(pattern_id, status, current)] = [
        (each["pattern_id"], each["status"], each["current"])
        for each in await statement(
            graph,
            """MATCH (p:Pattern)-[:HAS_VERSION]->(v:PatternVersion {node_id: $id})
            MATCH (p)-[:CURRENT_VERSION]->(c)
            RETURN p.pattern_id AS pattern_id, v.status AS status, c.node_id AS current""",
            id=row["node_id"],
        )
    ]
    assert (status, current) == ("draft", known["triage"]), "what was seen once is not put into use by that"
    assert pattern_id == row["pattern_id"]


# Versions that become known later


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_uses_move_to_the_version_of_the_file_when_that_is_known(graph: Graph) -> None:
    story = Story()
    await record(graph, [*story.prompts, *story.texts], 20)
    seen = {row["name"]: row["node_id"] for row in (await used(graph, story.session)).values()}
    ids = await story.define(graph)
    await UseLinker(graph, choose).look()
    found = await used(graph, story.session)
    assert rules(found, ids) == all_by(story, "exact: content")
    assert await usage(graph, *(seen[name] for name in sorted(seen))) == [(0, 0, None, None)] * 4
    counts = await usage(graph, ids["fix"], ids["triage"], ids["reviewer"], ids["CLAUDE.md"])
    assert counts == [(1, 1, at(9), at(9)), (1, 1, at(9), at(9)), (1, 0, at(7), at(7)), (2, 1, at(9), at(12))]
    left = await statement(
        graph,
        "UNWIND $ids AS id MATCH (v:PatternVersion {node_id: id}) RETURN v.status AS status",
        ids=sorted(seen.values()),
    )
    # In a graph that others use, too, one can have been made a draft of a pattern of theirs; a draft is rejected.
    assert {row["status"] for row in left} <= {"deprecated", "rejected"}, "what was only seen is out of use"
    assert len(left) == 4


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", first_quick(range(10)))
async def test_versions_and_uses_in_any_order(graph: Graph, seed: int) -> None:
    """The files may become known at any moment between the reports, and the versions may be looked at again at any moment,
    too."""
    chance, story = random.Random(seed), Story()
    steps: list[Any] = [*story.prompts, *story.texts, *story.names, *story.files]
    chance.shuffle(steps)
    steps.insert(chance.randrange(len(steps) + 1), "define")
    if chance.random() < 0.5:
        steps.insert(chance.randrange(len(steps) + 1), "look")
    linker = UseLinker(graph, choose)
    ids: dict[str, str] = {}
    for step in [*steps, "look"]:
        if step == "define":
            ids = await story.define(graph)
        elif step == "look":
            await linker.look()
        else:
            await record(graph, [step])
    found = await used(graph, story.session)
    assert rules(found, ids) == all_by(story, "exact: content")
    counts = await usage(graph, ids["fix"], ids["triage"], ids["reviewer"], ids["CLAUDE.md"])
    assert counts == [(1, 1, at(9), at(9)), (1, 1, at(9), at(9)), (1, 0, at(7), at(7)), (2, 1, at(9), at(12))]


@pytest.mark.lengthy
async def test_a_copy_in_the_project_at_work_is_nearer_than_one_elsewhere(graph: Graph) -> None:
    story = Story()
    other = Story(story, f"/home/dev/{new_id()}")
    elsewhere = await other.define(graph, before=False)
    await record(graph, [*story.prompts, *story.texts], 20)
    assert rules(await used(graph, story.session), elsewhere) == all_by(story, "exact: content")
    [users] = await define(graph, DefinitionKind.COMMAND, "fix", story.marked(COMMAND), origin="user", scope="user")
    [not_users] = await define(graph, DefinitionKind.SKILL, "triage", story.marked(SKILL), origin="user", scope="user")
    linker = UseLinker(graph, choose)
    await linker.look()
    found = await used(graph, story.session)
    assert {row["name"]: row["node_id"] for row in found.values()} == {**elsewhere, "fix": users}, (
        "of the skill it is known that it is a project's: its folder says so"
    )
    of_all = [used_ for used_, *_ in await usage(graph, users, not_users)]  # sessions of other tests may name them, too
    own = await story.define(graph, before=False)
    await linker.look()
    assert rules(await used(graph, story.session), own) == all_by(story, "exact: content")
    assert [used_ for used_, *_ in await usage(graph, *elsewhere.values())] == [0] * len(elsewhere)
    assert [used_ for used_, *_ in await usage(graph, users, not_users)] == [of_all[0] - 1, of_all[1]]


@pytest.mark.lengthy
async def test_what_was_seen_once_and_committed_then_is_no_draft_any_more(graph: Graph) -> None:
    story = Story()
    await story.define(graph)
    edited = "# Triage MARK, edited"
    await record(graph, [*story.prompts, story.skill(edited)])
    [seen] = (await used(graph, story.session)).values()
    assert seen["observed"]
    text = story.marked(f"---\nname: triage\n---\n{edited}\n")
    new = NewVersion(template_code=text, activate=True, created_at=at(-60))
    committed = await Lineage(graph).add_version(seen["pattern_id"], new, ORIGIN)
    await UseLinker(graph, choose).look()
    [row] = (await used(graph, story.session)).values()
    assert (row["node_id"], row["rule"]) == (committed.version.node_id, "exact: content")
    [left] = await statement(
        graph, "MATCH (v:PatternVersion {node_id: $id}) RETURN v.status AS status", id=seen["node_id"]
    )
    assert left["status"] == "rejected"


# What was done under them


@pytest.mark.lengthy
async def test_what_was_done_under_a_use(graph: Graph) -> None:
    """Of the recorded session: the command has all of its prompt and of the subagent's work, the skill what came after it."""
    skills = Skills.told()
    everything = [said for thing in (*skills.sent(by_hooks=True), *skills.sent(by_hooks=False)) for said in thing]
    await record(graph, everything, 100)
    rows = await used(graph, skills.session)
    ids = {(row["name"].removesuffix(f"-{skills.mark}"), row["trace"]): id_ for id_, row in rows.items()}
    found = await UseReads(graph).figures(list(rows))
    figures = {name: found[id_] for (name, trace), id_ in ids.items() if trace != skills.notice}
    cost = 0.00078  # of one call, as the client says
    assert {name: (each.steps, each.model_calls, each.output_tokens) for name, each in figures.items()} == {
        "fix": (5, 6, 90),
        "triage": (3, 5, 75),
        "reviewer": (1, 2, 30),
        "CLAUDE.md": (5, 6, 90),
    }
    assert {name: each.cost_usd for name, each in figures.items()} == {
        name: pytest.approx(calls * cost)
        for name, calls in {"fix": 6, "triage": 5, "reviewer": 2, "CLAUDE.md": 6}.items()
    }
    assert not any(each.failed_steps or each.denied_steps or each.unpriced_calls for each in figures.values())
    assert await UseReads(graph).figures([new_id()]) == {}


@pytest.mark.lengthy
async def test_what_fell_silent_ends_the_uses_in_it(graph: Graph) -> None:
    story = Story()
    ids = await story.define(graph)
    long_ago = [event for event in story.prompts if not isinstance(event.event, TraceCompleted)]
    await record(graph, [*long_ago, *story.texts], 20)
    assert {row["status"] for row in (await used(graph, story.session)).values()} == {"in_progress"}
    after: str | None = ""
    while after is not None:  # other tests leave traces, too
        _, after = await TraceTimeouts(graph).close_silent(at(3_600), after)
    found = await used(graph, story.session)
    assert {row["status"] for row in found.values()} == {"timeout"}
    assert rules(found, ids) == all_by(story, "exact: content")
    assert [each[:2] for each in await usage(graph, ids["fix"], ids["CLAUDE.md"])] == [(1, 0), (2, 0)]
    await record(graph, story.prompts)
    counts = await usage(graph, ids["fix"], ids["triage"], ids["reviewer"], ids["CLAUDE.md"])
    assert [each[:2] for each in counts] == [(1, 1), (1, 1), (1, 0), (2, 1)], (
        "a real end takes the place of the concluded one"
    )


# Privacy


@pytest.mark.lengthy
async def test_where_content_is_not_kept_a_digest_tells_all_the_same(graph: Graph) -> None:
    story, privacy = Story(), Privacy(content=CaptureContent.NONE)
    kept = [privacy.clean(event) for event in (*story.prompts, *story.texts)]
    await record(graph, kept, 20)
    found = await used(graph, story.session)
    assert {row["node_id"] for row in found.values()} == {None}, "no version is made of what is not kept"
    said = await statement(
        graph,
        "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(:Trace)-[:RAN]->(h) RETURN h.arguments AS arguments",
        id=story.session,
    )
    assert {row["arguments"] for row in said} == {None}
    ids = await story.define(graph)
    await UseLinker(graph, choose).look()
    assert rules(await used(graph, story.session), ids) == all_by(story, "exact: content")


async def test_secrets_in_a_text_that_is_kept_are_not(graph: Graph) -> None:
    story, secret = Story(), "ghp_" + "a1B2c3D4" * 5
    event = Privacy().clean(story.subagent(f"Use {secret} MARK"))
    await record(graph, [*story.prompts, event])
    await record(graph, [*story.prompts, event])
    [row] = (await used(graph, story.session)).values()
    assert secret not in row["text"]
    assert row["observed"]


@pytest.mark.lengthy
async def test_of_a_name_that_every_project_has_the_one_at_work(graph: Graph) -> None:
    story, elsewhere = Story(), f"/home/dev/{new_id()}"
    others = (define(graph, DefinitionKind.MEMORY, "CLAUDE.md", f"{n}", folder=f"{elsewhere}/{n}") for n in range(60))
    await asyncio.gather(*others)
    ids = await story.define(graph)
    await record(graph, [*story.prompts, *story.names], 20)
    assert rules(await used(graph, story.session), ids) == all_by(story, "inferred: time")
