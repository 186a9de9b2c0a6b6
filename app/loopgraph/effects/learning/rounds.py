"""Rounds of learning: which traces are to be looked at, what they taught before, and what a round writes.

As with rounds of counting (``effects/usage/rounds``): what a round goes by is read first, without locks; its one transaction then
begins with the number of the round. If somebody else has learned meanwhile, that number has passed, and nothing is written: so
what a trace teaches, whom, and the counts that follow from it are there together, and once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.learning.lessons import After, AgentRun, Known, Lesson, PlainExemplar, Role, Taught
from loopgraph.contracts.learning.plans import LearnedPattern, Plan, Standing
from loopgraph.contracts.learning.proposals import PlanProposal
from loopgraph.contracts.lineage.patterns import Pattern
from loopgraph.contracts.traces.events import PROMPTED
from loopgraph.effects.clock import new_id, now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import chunks, made_of
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.learning import mapping
from loopgraph.effects.learning.proposals import decision
from loopgraph.effects.lineage.additions import Addition, add_versions
from loopgraph.effects.lineage.creations import Creation, create_patterns
from loopgraph.effects.usage.rounds import due_rows
from loopgraph.errors import Conflict

_ROUND = query("learning/round")
_CLAIM = query("learning/claim_round")
_DUE = query("learning/due")
_COUNT_DUE = query("learning/count_due")
_MARK_DUE = query("learning/mark_due")
_DONE = query("learning/done")
_TRACES_PAGE = query("learning/traces_page")
_ENDED = query("learning/ended")
_AFTER = query("learning/after_traces")
_TAUGHT = query("learning/taught_traces")
_PATTERNS = query("learning/patterns_by_id")
_OF_FEATURES = query("learning/patterns_of_features")
_SAMPLES = query("learning/samples")
_EXEMPLARS = query("learning/exemplars_of_patterns")
_SET_TAUGHT = query("learning/set_taught")
_LEAVE_SAMPLE = query("learning/leave_sample")
_UNTIE = query("learning/untie")
_UNTIE_STEPS = query("learning/untie_steps")
_TIE = query("learning/tie")
_SUPPORT = query("learning/support_steps")
_FAIL = query("learning/fail_steps")
_CREATE = query("learning/create_patterns")
_SET = query("learning/set_patterns")
_CREATE_EXEMPLARS = query("learning/create_exemplars")
_CREATE_STEPS = query("learning/create_steps")
_LOOK_BACK = query("learning/look_back")
_NAMES = query("learning/seen_names")
_SET_NAMES = query("learning/set_seen_names")
_WAITING = query("learning/waiting_of_action")
_SET_RUNS = query("learning/set_runs")
_COUNT_RUNS = query("learning/count_runs")
_FOLLOW_MERGED = query("learning/follow_merged")
_MERGE = query("learning/merge_patterns")
_MOVE_EXEMPLARS = query("learning/move_exemplars")
_DECIDE = query("learning/decide_proposal")

NAME: Final = "learning"

ALL: Final = "~"
"""How far the traces are looked at that were there before: all of them."""

LEASE: Final = timedelta(seconds=10)
"""So long others leave it to whoever had the last round: two that read the same would do it twice, and write it once."""

_CHARACTERS: Final = 1_000
_PROMPT: Final = 20_000
_REPORTED: Final = 100


class Turn(NamedTuple):
    """The number of the next round; ``is_others``: another process is at it. ``backfilled_to`` is the last of the traces that
    were there before anybody learned which is looked at: None before the first, ``ALL`` after the last."""

    round: int
    is_others: bool
    backfilled_to: str | None


class Due(NamedTuple):
    """A trace that is to be looked at, and the mark that says so."""

    correlation_id: str
    due_key: str


class Told(NamedTuple):
    """What is kept of a trace that was looked at. ``run`` is what it counts for the agent that did it; ``pruned``: it moved into
    the archive; ``tied``: its node leads to what it taught."""

    taught: Taught
    sample_key: str | None
    run: AgentRun | None
    pruned: bool
    tied: bool


class Page(NamedTuple):
    """Traces in the order of their ids: the last of them, and those that can teach; ``last`` None if there are no more."""

    last: str | None
    teaching: tuple[str, ...]


class Teaching(NamedTuple):
    """What a trace teaches from now on."""

    correlation_id: str
    time_key: str
    taught: Taught
    sample_key: str | None


class Figures(NamedTuple):
    """What is kept of a learned pattern from now on. ``plan`` has the figures of now, and the steps of the version in use."""

    pattern: LearnedPattern
    feature_key: str
    revision: int
    plan: str
    plan_support: int


class NewSteps(NamedTuple):
    """The version that has these steps."""

    node_id: str
    plan: Plan


class RunChange(NamedTuple):
    """What a trace counted for the agent that did it, and what it counts now."""

    correlation_id: str
    was: AgentRun | None
    now: AgentRun | None


class Tie(NamedTuple):
    """A step of the version of a pattern, and a trace."""

    node_id: str
    position: int
    correlation_id: str


@dataclass
class Change:
    """What a round writes."""

    due: Sequence[Due] = ()
    backfilled_to: str | None = None
    teachings: list[Teaching] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    creations: list[Creation] = field(default_factory=list)
    additions: list[Addition] = field(default_factory=list)
    steps: list[NewSteps] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    exemplars: list[tuple[str, PlainExemplar]] = field(default_factory=list)
    untied: list[str] = field(default_factory=list)
    supporting: list[Tie] = field(default_factory=list)
    failing: list[Tie] = field(default_factory=list)
    runs: list[RunChange] = field(default_factory=list)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names, and in which units each was seen."""
    marked: list[str] = field(default_factory=list)
    """Traces that are to be looked at."""
    merged: dict[str, str] = field(default_factory=dict)
    """Patterns that become part of others."""
    moved_exemplars: list[tuple[str, str]] = field(default_factory=list)
    """Prompts, and the patterns that they are given to."""
    decided: PlanProposal | None = None
    """The proposal that this carries out: if it is not open, nothing is written."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be written."""
        changes = (self.due, self.teachings, self.figures, self.runs, self.names, self.marked)
        return not any(changes) and self.backfilled_to is None


class LearningRounds:
    """Reads what a round goes by, and writes what it comes to."""

    def __init__(self, graph: Graph, lease: timedelta = LEASE) -> None:
        self._graph = graph
        self._lease = lease
        self._owner = new_id()

    async def current(self) -> Turn:
        """The number of the next round, and how far the traces of before are looked at."""
        rows = await self._graph.read(_ROUND, name=NAME)
        if not rows:
            return Turn(0, is_others=False, backfilled_to=None)
        [row] = rows
        others = row["owner"] not in (None, self._owner) and row["until"] is not None and row["until"] > now()
        return Turn(row["round"], others, row["backfilled_to"])

    async def due(self, limit: int) -> list[Due]:
        """Traces that are to be looked at, those that were marked first."""
        return [Due(row["correlation_id"], row["due_key"]) for row in await self._graph.read(_DUE, limit=limit)]

    async def count_due(self) -> int:
        """How many those are."""
        [row] = await self._graph.read(_COUNT_DUE)
        return int(row["due"])

    async def page(self, after: str, limit: int) -> Page:
        """The traces after this one, in the order of their ids."""
        rows = await self._graph.read(_TRACES_PAGE, after=after, limit=limit, prompted=PROMPTED)
        last = rows[-1]["correlation_id"] if rows else None
        return Page(last, tuple(row["correlation_id"] for row in rows if row["teaches"]))

    async def ended(self, correlation_ids: Collection[str]) -> list[str]:
        """Those of some traces that can teach."""
        if not correlation_ids:
            return []
        rows = await self._graph.read(_ENDED, correlation_ids=sorted(correlation_ids), prompted=PROMPTED)
        return [row["correlation_id"] for row in rows]

    async def after(self, correlation_ids: Collection[str]) -> dict[str, After]:
        """What is known of traces from outside of them."""
        found: dict[str, After] = {}
        for ids in chunks(sorted(correlation_ids)):
            rows = await self._graph.read(
                _AFTER, correlation_ids=ids, characters=_CHARACTERS, reported=_REPORTED, prompted=PROMPTED
            )
            found |= {row["correlation_id"]: mapping.after(row) for row in rows}
        return found

    async def told(self, correlation_ids: Collection[str]) -> dict[str, Told]:
        """What is kept of traces; those that nobody has looked at are absent."""
        found: dict[str, Told] = {}
        for ids in chunks(sorted(correlation_ids)):
            for row in await self._graph.read(_TAUGHT, correlation_ids=ids):
                role = Role(row["role"]) if row["role"] else None
                key = row["sample_key"] if row["pattern_id"] is None else None
                taught = Taught(row["pattern_id"], role, row["plan"], key)
                found[row["correlation_id"]] = Told(
                    taught, row["sample_key"], mapping.run(row["agent_run"]), row["pruned"], row["tied"]
                )
        return found

    async def patterns(self, pattern_ids: Collection[str]) -> dict[str, Known]:
        """Learned patterns with the prompts that they keep; absent are those of which no plan is in use."""
        found: dict[str, Known] = {}
        for ids in chunks(sorted(pattern_ids)):
            exemplars = await self._graph.read(_EXEMPLARS, pattern_ids=ids)
            kept = {row["pattern_id"]: row["exemplars"] for row in exemplars}
            rows = await self._graph.read(_PATTERNS, pattern_ids=ids)
            for row in rows:
                id_ = row["learned"]["pattern_id"]
                if (known := mapping.known(row, kept.get(id_, ()))) is not None:
                    found[id_] = known
        return found

    async def of_features(self, feature_keys: Collection[str]) -> dict[str, list[str]]:
        """The ids of the patterns whose prompts are about the same by their words, by the key of these."""
        found: dict[str, list[str]] = {}
        for keys in chunks(sorted(feature_keys)):
            for row in await self._graph.read(_OF_FEATURES, feature_keys=keys):
                found.setdefault(row["feature_key"], []).append(row["pattern_id"])
        return {key: sorted(ids) for key, ids in found.items()}

    async def samples(self, sample_keys: Collection[str]) -> dict[str, list[Lesson]]:
        """What plans are made of, by pattern or by the key of the prompts that wait for one."""
        found: dict[str, list[Lesson]] = {}
        for keys in chunks(sorted(sample_keys)):
            rows = await self._graph.read(_SAMPLES, sample_keys=keys)
            many = sum(len(row["lessons"]) for row in rows)
            found |= await made_of(
                many,
                lambda: {row["sample_key"]: list(map(mapping.lesson, row["lessons"])) for row in rows},  # noqa: B023
            )
        return found

    async def names(self, name_keys: Collection[str]) -> dict[str, tuple[str, ...]]:
        """In which units names were seen, by their keys; those that were in none are absent."""
        found: dict[str, tuple[str, ...]] = {}
        for keys in chunks(sorted(name_keys)):
            rows = await self._graph.read(_NAMES, name_keys=keys)
            found |= {row["name_key"]: tuple(row["witnesses"]) for row in rows}
        return found

    async def waiting(self, beginning: str, limit: int) -> dict[str, str]:
        """The prompts of so many failed traces that wait for a pattern under a key that begins so, by their ids."""
        bounds = {"above": beginning, "below": beginning + "~"}
        rows = await self._graph.read(_WAITING, **bounds, limit=limit, characters=_PROMPT)
        return {row["correlation_id"]: row["prompt_text"] for row in rows}

    async def look_back(self) -> None:
        """Has all traces looked at again that are there now."""
        await self._graph.write(_LOOK_BACK, name=NAME, turn=new_id())

    async def mark(self, correlation_ids: Iterable[str]) -> None:
        """Says that traces are to be looked at."""
        if rows := due_rows(correlation_ids):
            await self._graph.write(_MARK_DUE, rows=rows)

    async def write(self, round: int, change: Change) -> bool:
        """Writes a round, all or nothing; whether it was its turn."""
        turn, at = new_id(), now()

        async def work(tx: Transaction) -> bool:
            [row] = await tx.run(
                _CLAIM,
                name=NAME,
                round=round,
                turn=turn,
                owner=self._owner,
                until=at + self._lease,
                backfilled_to=change.backfilled_to,
            )
            if not row["claimed"]:
                return False
            if (decided := change.decided) is not None:
                [found] = await tx.run(_DECIDE, proposal_id=decided.proposal_id, decided=decision(decided))
                if not found["written"]:
                    raise Conflict("PlanProposal", decided.proposal_id, "it is decided already")
            await self._write(tx, change)
            return True

        return await self._graph.transaction(work)

    async def _write(self, tx: Transaction, change: Change) -> None:
        at = now()
        if change.creations:
            await create_patterns(tx, change.creations)
        if change.additions:
            await add_versions(tx, change.additions)
        await tx.write(_CREATE, [_created(each.pattern) for each in change.creations])
        await tx.write(_SET, [_figures(one, at) for one in change.figures])
        merged = [{"pattern_id": id_, "into": into, "at": at} for id_, into in change.merged.items()]
        await tx.write(_FOLLOW_MERGED, merged)
        await tx.write(_MERGE, merged)
        moved = [{"exemplar_id": exemplar_id, "pattern_id": id_} for exemplar_id, id_ in change.moved_exemplars]
        await tx.write(_MOVE_EXEMPLARS, moved)
        await tx.write(_CREATE_EXEMPLARS, [mapping.exemplar_properties(id_, one) for id_, one in change.exemplars])
        await tx.write(_CREATE_STEPS, [row for new in change.steps for row in mapping.step_rows(new.node_id, new.plan)])
        await tx.write(_SET_TAUGHT, [_teaching(one) for one in change.teachings])
        await tx.write(_LEAVE_SAMPLE, change.dropped, into="correlation_ids")
        await tx.write(_UNTIE, [one.correlation_id for one in change.teachings], into="correlation_ids")
        await tx.write(_UNTIE_STEPS, change.untied, into="correlation_ids")
        ties = [
            {"correlation_id": one.correlation_id, "pattern_id": pattern_id, "role": role.value, "at": at}
            for one in change.teachings
            if (pattern_id := one.taught.pattern_id) and (role := one.taught.role)
        ]
        await tx.write(_TIE, ties)
        await tx.write(_SUPPORT, list(map(_tie, change.supporting)))
        await tx.write(_FAIL, list(map(_tie, change.failing)))
        runs = [{"correlation_id": one.correlation_id, "run": mapping.run_text(one.now)} for one in change.runs]
        await tx.write(_SET_RUNS, runs)
        await tx.write(_SET_NAMES, [{"name_key": key, "witnesses": units} for key, units in change.names.items()])
        await tx.write(_COUNT_RUNS, mapping.run_counts(((one.was, one.now) for one in change.runs), at))
        await tx.write(_DONE, [one._asdict() for one in change.due])
        await tx.write(_MARK_DUE, due_rows(change.marked))


def _created(pattern: Pattern) -> Row:
    key = time_key(pattern.created_at, pattern.pattern_id)
    return {"pattern_id": pattern.pattern_id, "time_key": key, "standing": Standing.ACTIVE.value}


def _figures(one: Figures, at: datetime) -> Row:
    return {
        **mapping.pattern_properties(one.pattern),
        "feature_key": one.feature_key,
        "revision": one.revision,
        "plan": one.plan,
        "plan_support": one.plan_support,
        "updated_at": at,
    }


def _teaching(one: Teaching) -> Row:
    taught = one.taught
    return {
        "correlation_id": one.correlation_id,
        "pattern_id": taught.pattern_id,
        "role": taught.role.value if taught.role else None,
        "plan": taught.plan,
        "time_key": one.time_key,
        "sample_key": one.sample_key,
    }


def _tie(one: Tie) -> Mapping[str, str]:
    return {"step_id": mapping.step_id(one.node_id, one.position), "correlation_id": one.correlation_id}
