"""The background task that learns from traces as soon as they have ended, and from those that were there before."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from loopgraph.computes.learning.agents.routing import agent_of
from loopgraph.computes.learning.grouping import tells_enough
from loopgraph.computes.learning.outcomes import judged, teaches
from loopgraph.computes.learning.plans.extraction import plan_of, without_content
from loopgraph.computes.learning.plans.names import plain_or_none
from loopgraph.computes.learning.plans.seen_names import MOST_UNITS, Witnesses, changed, names_of, witness
from loopgraph.computes.learning.plans.teaching import plan_text
from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.lessons import (
    NOTHING_AFTER,
    After,
    AgentRun,
    Features,
    Lesson,
    Role,
    Taught,
    TracePlan,
)
from loopgraph.contracts.learning.matching import Closest
from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.learning.prompts import WAITS
from loopgraph.effects.learning.rounds import (
    ALL,
    LEASE,
    Change,
    Due,
    LearningRounds,
    RunChange,
    Teaching,
    Told,
)
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.effects.usage.rounds import OF_TRACES, Rounds
from loopgraph.errors import Blame, blame_of
from loopgraph.orchestrators.learning.assigning import MERGE_AT, Assigned, Assigning, Newcomer, waiting_for
from loopgraph.orchestrators.learning.drafts import Draft, Keeping

logger = logging.getLogger(__name__)

AT_ONCE: Final = 200
"""So many traces are learned from in one round."""

LOOK_S: Final = 2.0
"""So long is between two looks."""

REST: Final = 4
"""With traces that were there before, it rests so many times as long as it has worked: they have time."""

PRUNE_BELOW: Final = 0.3
"""A pattern whose success rate is lower than that, with enough evidence, is not matched."""

_MARKS: Final = 200
_SEEN: Final = 10_000


class _Read(NamedTuple):
    """What a round goes by of its traces."""

    parts: Mapping[str, TraceParts]
    after: Mapping[str, After]
    told: Mapping[str, Told]
    lessons: Mapping[str, Lesson]


class Learner:
    """Learns from traces. Several processes may; one at a time writes, and what a trace teaches is there once.

    ``judging`` says which traces succeeded, ``features`` what a prompt is about, ``closest`` which patterns are nearest to it
    (None: those of the same words). ``keep`` is how a prompt is kept, None where none is.
    """

    def __init__(
        self,
        graph: Graph,
        judging: Judging,
        *,
        keep: Keeping | None,
        features: Features = features_of,
        closest: Closest | None = None,
        merge_at: float = MERGE_AT,
        prune_below: float = PRUNE_BELOW,
        lease: timedelta = LEASE,
    ) -> None:
        self._rounds = LearningRounds(graph, lease)
        self._marks = Rounds(graph)
        self._traces = TraceReads(graph)
        self._spans = graph.spans
        self._assigning = Assigning(self._rounds, closest, merge_at)
        self._judging = judging
        self._features = features
        self._keep = keep
        self._prune_below = prune_below
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._well_known: set[str] = set()
        self.looks = 0
        self.looked_at = 0
        """How many traces of before it has looked at."""

    async def run_forever(self) -> None:
        """Looks every ``LOOK_S`` until it is cancelled, and meanwhile goes through what was there before."""
        said = ""
        while True:
            began, rest = time.monotonic(), LOOK_S
            try:
                if not await self.look() and await self.look_back():
                    rest = min(LOOK_S, REST * (time.monotonic() - began))
                said = ""
            except Exception as error:
                if blame_of(error) is not Blame.GRAPH:
                    logger.exception("traces could not be learned from; trying again")
                elif said != str(error):
                    logger.warning("traces are learned from when the graph can: %s", error)
                said = str(error)
            self.looks += 1
            await asyncio.sleep(rest)

    async def look(self) -> int:
        """Learns from the traces that have ended, or about which something has changed; how many it has looked at."""
        count = 0
        while due := await self._rounds.due(AT_ONCE):
            if not await self.learn([one.correlation_id for one in due], due):
                return count
            count += len(due)
        seen, ended = await self._just_ended()
        if not ended or await self.learn(ended):
            count += len(ended)
            self._remember(seen)
        return count

    async def look_back(self) -> bool:
        """Learns from some of the traces that were there before anybody learned; whether there may be more."""
        turn = await self._rounds.current()
        if turn.backfilled_to == ALL:
            return False
        page = await self._rounds.page(turn.backfilled_to or "", AT_ONCE)
        if not await self.learn(page.teaching, backfilled_to=page.last or ALL):
            return False
        self.looked_at += len(page.teaching)
        return page.last is not None

    async def has_looked_back(self) -> bool:
        """Whether all traces of before are looked at, by whichever process."""
        return (await self._rounds.current()).backfilled_to == ALL

    async def _just_ended(self) -> tuple[dict[str, int], list[str]]:
        """Traces that have ended and are marked to be counted, behind the marks that said so: who counts waits until a trace is
        quiet, and then has it looked at again; an agent that asks for a plan need not wait so long."""
        marks = await self._marks.marks(_MARKS)
        fresh = [mark for mark in marks if self._seen.get(f"{mark.label}|{mark.key}", -1) < mark.last_ms]
        own = {mark.key for mark in fresh if mark.label in OF_TRACES}
        within = await self._marks.traces_with(mark for mark in fresh if mark.label not in OF_TRACES)
        ended = await self._rounds.ended(own | within)
        return {f"{mark.label}|{mark.key}": mark.last_ms for mark in fresh}, ended

    def _remember(self, seen: Mapping[str, int]) -> None:
        """What these marks told of is learned, until they are set anew."""
        self._seen.update(seen)
        while len(self._seen) > _SEEN:
            self._seen.popitem(last=False)

    async def learn(
        self, correlation_ids: Collection[str], due: Sequence[Due] = (), backfilled_to: str | None = None
    ) -> bool:
        """Looks at these traces, and at the prompts before them, which they may correct: what they teach from now on is written
        with all that follows from it. Whether it was its turn. One that cannot be learned from keeps no other from it, and is
        done with: it goes on teaching what it taught."""
        turn = await self._rounds.current()
        if turn.is_others:
            return False
        began, ids = time.monotonic(), list(dict.fromkeys(correlation_ids))
        change = Change(due=due, backfilled_to=backfilled_to)
        try:
            read = await self._read(ids)
            assigned = await self._changed(read, change)
            await self._teach(read, assigned, change)
            change.marked += await self._assigning.waiting_like(assigned)
            change.runs += self._runs(read)
            change.names |= await self._names(read)
            if change.is_empty or not await self._rounds.write(turn.round, change):
                return change.is_empty
            if change.creations or change.additions or change.teachings:  # a look that comes to nothing is not told of
                told = {"loopgraph.traces": len(ids), "loopgraph.patterns": len(change.creations)}
                self._spans.ended("learn", time.monotonic() - began, told, alone=True)
            return True
        except Exception as error:
            if blame_of(error) is Blame.GRAPH:
                raise
            if len(ids) < 2:
                logger.exception("the trace %r cannot be learned from", *ids or [""])
                without = Change(due=due, backfilled_to=backfilled_to)
                return without.is_empty or await self._rounds.write(turn.round, without)
        half = len(ids) // 2
        first = set(ids[:half])
        due_first = [one for one in due if one.correlation_id in first]
        due_rest = [one for one in due if one.correlation_id not in first]
        return await self.learn(ids[:half], due_first) and await self.learn(ids[half:], due_rest, backfilled_to)

    async def _read(self, correlation_ids: Collection[str]) -> _Read:
        ids = dict.fromkeys(correlation_ids)
        after = await self._rounds.after(ids)
        previous = {one.previous for one in after.values() if one.previous} - ids.keys()
        after |= await self._rounds.after(previous)
        parts = await self._traces.parts([*ids, *sorted(previous)], None)
        told = await self._rounds.told([*ids, *previous])
        lessons = await made_of(sum(len(one.hooks) for one in parts.values()), lambda: self._lessons(parts, after))
        return _Read(parts, after, told, lessons)

    def _lessons(self, parts: Mapping[str, TraceParts], after: Mapping[str, After]) -> dict[str, Lesson]:
        """What traces teach; those that cannot, or of which it is not known whether they succeeded, are absent."""
        able = [
            (one, after.get(id_, NOTHING_AFTER))
            for id_, one in parts.items()
            if teaches(one) and tells_enough(one.trace.prompt_text or "")
        ]
        lessons: dict[str, Lesson] = {}
        for (one, _), outcome in zip(able, judged(able, self._judging), strict=True):
            id_ = one.trace.correlation_id
            if outcome.role is None:
                continue
            try:
                lessons[id_] = Lesson(id_, time_key(one.trace.at, id_), outcome.role, self._plan(one))
            except Exception:
                logger.exception("the trace %r cannot be learned from", id_)
        return lessons

    def _plan(self, parts: TraceParts) -> TracePlan:
        plan = plan_of(parts)
        return plan if self._keep is not None else without_content(plan)

    async def _changed(self, read: _Read, change: Change) -> Assigned:
        """The patterns that change, with what they are taught now; and the traces that begin to teach, or cease to."""
        texts = {id_: plan_text(lesson.plan) for id_, lesson in read.lessons.items()}
        had = {id_: told.taught for id_, told in read.told.items() if told.taught.pattern_id}
        moved = {
            id_
            for id_, was in had.items()
            if id_ in read.lessons
            and (was.role is not read.lessons[id_].role or was.plan != texts[id_] or not read.told[id_].tied)
        }
        lost = {id_ for id_ in had if id_ not in read.lessons and not read.told[id_].pruned}
        if self._assigning.by_meaning:  # where it may be as a failed one, it need not be as a successful one
            better = {id_ for id_ in moved if had[id_].role is Role.FAILURE and read.lessons[id_].role is Role.SUCCESS}
            moved, lost = moved - better, lost | better
        drafts = await self._assigning.drafts_of({str(had[id_].pattern_id) for id_ in moved | lost})
        # A pattern of which no plan is in use stays as it is, and so does what its traces taught it.
        moved = {id_ for id_ in moved if had[id_].pattern_id in drafts}
        lost = {id_ for id_ in lost if had[id_].pattern_id in drafts}
        joined: dict[str, Draft] = {}
        for id_ in sorted(moved):
            draft = joined[id_] = drafts[str(had[id_].pattern_id)]
            draft.take(read.lessons[id_], had[id_].role)
        for id_ in sorted(lost):
            was = had[id_]
            assert was.role is not None
            drafts[str(was.pattern_id)].lose(id_, was.role)
        change.untied += sorted(moved | lost)
        waiting = {id_: told.taught for id_, told in read.told.items() if told.taught.waits_for}
        for id_ in sorted(id_ for id_ in {*lost, *waiting} if id_ not in read.lessons):
            change.teachings.append(Teaching(id_, "", Taught(), None))
        new = [id_ for id_ in read.lessons if id_ not in had or id_ in lost]
        newcomers = [self._newcomer(read.lessons[id_], read.parts[id_], read.after.get(id_)) for id_ in new]
        assigned = await self._assigning.assign(newcomers, drafts)
        for one in assigned.waiting:
            id_ = one.lesson.correlation_id
            taught = Taught(None, Role.FAILURE, texts[id_], one.waits_for)
            if waiting.get(id_) != taught:
                change.teachings.append(Teaching(id_, one.lesson.time_key, taught, taught.waits_for))
        return assigned._replace(joined={**joined, **assigned.joined})

    def _runs(self, read: _Read) -> list[RunChange]:
        """What traces count for the agents that did them, where that is not what they counted."""
        changes = []
        for id_ in {**read.lessons, **read.told}:
            told, lesson = read.told.get(id_), read.lessons.get(id_)
            was = told.run if told else None
            if lesson is None and (told is None or told.pruned):
                continue
            now = self._run(lesson, read, was) if lesson else None
            if now != was:
                changes.append(RunChange(id_, was, now))
        return changes

    async def _names(self, read: _Read) -> dict[str, Witnesses]:
        """Names that are known otherwise than before, by what these traces have of them now, and had."""
        come, gone = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
        for id_ in {**read.lessons, **read.told}:
            told, lesson = read.told.get(id_), read.lessons.get(id_)
            if lesson is None and (told is None or told.pruned):
                continue
            now = names_of(lesson.plan) if lesson else frozenset[str]()
            text = told.taught.plan if told else None
            had = names_of(TracePlan.model_validate_json(text)) if text and told and told.taught.role else now
            seen_in = witness(read.parts[id_].trace.session_id if id_ in read.parts else None, id_)
            for key in now - self._well_known:
                come[key].append(seen_in)
            for key in had - now:
                gone[key].append(seen_in)
        if not come and not gone:
            return {}
        before = await self._rounds.names(come.keys() | gone.keys())
        names = changed(before, come, gone)
        self._well_known |= {key for key, units in before.items() if len(units) >= MOST_UNITS}
        self._well_known -= gone.keys()
        return names

    def _run(self, lesson: Lesson, read: _Read, was: AgentRun | None) -> AgentRun | None:
        agent, id_ = agent_of(lesson.plan), lesson.correlation_id
        if agent is None:
            return None
        action = was.action if was else self._features(read.parts[id_].trace.prompt_text or "").action
        return AgentRun(agent, action, read.after.get(id_, NOTHING_AFTER).project, lesson.role)

    async def _teach(self, read: _Read, assigned: Assigned, change: Change) -> None:
        """What becomes of the patterns, and which traces taught them; those that began have the failed ones that waited."""
        begun = {
            key: draft
            for draft in assigned.drafts.values()
            if draft.known is None
            for key in (waiting_for(draft.features.action) + draft.feature_key, WAITS + draft.feature_key)
        }
        joined = dict(assigned.joined)
        waited = await self._rounds.samples(begun.keys())
        lessons = dict(read.lessons)
        for key, some in waited.items():
            for lesson in some:
                if lesson.correlation_id not in read.lessons:
                    draft = joined[lesson.correlation_id] = begun[key]
                    lessons[lesson.correlation_id] = lesson
                    draft.take(lesson, None)
        drafts = [draft for draft in assigned.drafts.values() if draft.changed]

        def write() -> None:
            for draft in drafts:
                draft.write(change, self._keep, self._prune_below)
            dropped = set(change.dropped)
            for id_, draft in joined.items():
                lesson = lessons[id_]
                taught = Taught(draft.pattern_id, lesson.role, plan_text(lesson.plan))
                sample = None if id_ in dropped else draft.pattern_id
                change.teachings.append(Teaching(id_, lesson.time_key, taught, sample))

        await made_of(sum(len(draft.before) + len(draft.changed) for draft in drafts) * 10, write)

    def _newcomer(self, lesson: Lesson, parts: TraceParts, after: After | None) -> Newcomer:
        prompt = parts.trace.prompt_text or ""
        features = self._features(prompt)
        project, domain = after.project if after else None, parts.trace.context.get("domain")
        told = plain_or_none(domain) if isinstance(domain, str) and self._keep is not None else None
        return Newcomer(lesson, prompt, features, MatchContext(domain=told, project=project, agent=lesson.plan.agent))
