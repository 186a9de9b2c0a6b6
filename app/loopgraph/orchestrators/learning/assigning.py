"""Which learned pattern a trace belongs to: one whose prompts ask for the same, or a new one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from loopgraph.computes.learning.grouping import SAME_WAY, feature_key, goes_the_same_way
from loopgraph.computes.learning.plans.alignment import similarity
from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.contracts.learning.features import MatchContext, PromptFeatures
from loopgraph.contracts.learning.lessons import Known, Lesson, Role
from loopgraph.contracts.learning.matching import MIN_CONFIDENCE, Asking, Closest
from loopgraph.effects.learning.prompts import WAITS
from loopgraph.effects.learning.rounds import LearningRounds
from loopgraph.orchestrators.learning.drafts import Draft

MOST_WAITING: Final = 200
"""So many failed traces that wait for a pattern are compared with the prompts of a round, of each action."""

NOWHERE: Final = MatchContext()

MERGE_AT: Final = 0.85
"""From this score of the match on, and if the action is the same, a trace is one more of a pattern and does not begin another."""


class Newcomer(NamedTuple):
    """A trace that has no pattern yet."""

    lesson: Lesson
    prompt: str
    features: PromptFeatures
    context: MatchContext

    @property
    def key(self) -> str:
        """The same of prompts about the same, in the same words."""
        return feature_key(self.features, self.prompt)

    @property
    def waits_for(self) -> str:
        """What it is kept under while it waits for the first success of its kind."""
        return f"{waiting_for(self.features.action)}{self.key}"


def waiting_for(action: str) -> str:
    """What the keys begin with of failed traces that wait, and whose prompts ask for this to be done."""
    return f"{WAITS}{action}|"


class Assigned(NamedTuple):
    """What became of newcomers: the patterns that they joined or began, by id, and the failed ones that wait for one."""

    drafts: dict[str, Draft]
    joined: dict[str, Draft]
    waiting: list[Newcomer]


class Assigning:
    """Finds patterns for traces. ``closest`` goes by meaning; without it, the same words decide, and the same way."""

    def __init__(self, rounds: LearningRounds, closest: Closest | None, merge_at: float = MERGE_AT) -> None:
        self._rounds = rounds
        self._closest = closest
        self._merge_at = merge_at

    async def assign(self, newcomers: Sequence[Newcomer], drafts: Mapping[str, Draft]) -> Assigned:
        """Finds the patterns of newcomers; successful ones first, so that failed ones of the same round find theirs. ``drafts``:
        those of this round so far."""
        near = await self._near(newcomers)
        alike = await self._among(newcomers)
        of_features = await self._rounds.of_features({one.key for one in newcomers})
        wanted = {id_ for ids in (*near.values(), *of_features.values()) for id_ in ids} - drafts.keys()
        known = await self._known(wanted)
        result = Assigned({**drafts}, {}, [])
        begun: dict[str, list[Draft]] = {}
        taken: dict[str, Draft] = {}  # by successful traces of this round: what their prompts are now prompts of
        for one in sorted(newcomers, key=lambda one: (one.lesson.role is not Role.SUCCESS, one.lesson.time_key)):
            scores = dict(near[one.lesson.correlation_id])
            for id_, total in alike[one.lesson.correlation_id].items():
                if id_ in taken:
                    scores[taken[id_].pattern_id] = max(total, scores.get(taken[id_].pattern_id, 0.0))
            by_meaning = sorted(scores, key=lambda id_: (-scores[id_], id_))
            ids = [*by_meaning, *of_features.get(one.key, ())]
            there = [result.drafts.get(id_) or known[id_] for id_ in ids if id_ in result.drafts or id_ in known]
            by_words = {*of_features.get(one.key, ()), *(draft.pattern_id for draft in begun.get(one.key, ()))}
            draft = _best(one, [*there, *begun.get(one.key, ())], by_meaning, by_words)
            if draft is None and one.lesson.role is Role.FAILURE:
                result.waiting.append(one)
                continue
            if draft is None:
                draft = Draft(one.key, one.features, one.context)
                begun.setdefault(one.key, []).append(draft)
            draft.take(one.lesson, None)
            draft.projects.add(one.context.project)
            if one.lesson.role is Role.SUCCESS:
                draft.prompts.append((one.prompt, one.features))
                taken[one.lesson.correlation_id] = draft
            result.drafts[draft.pattern_id] = result.joined[one.lesson.correlation_id] = draft
        return result

    @property
    def by_meaning(self) -> bool:
        """Whether prompts are compared by their meaning."""
        return self._closest is not None

    async def waiting_like(self, assigned: Assigned) -> list[str]:
        """Failed traces of before that wait for a pattern, and whose prompts match those that began or widened one now: they
        are to be looked at again."""
        if self._closest is None:
            return []
        fresh = defaultdict[str, list[Asking]](list)
        for draft in assigned.drafts.values():
            fresh[draft.features.action] += [Asking(text, features, NOWHERE) for text, features in draft.prompts]
        found: list[str] = []
        for action, prompts in fresh.items():
            waiting = await self._rounds.waiting(waiting_for(action), MOST_WAITING) if prompts else {}
            ids = [id_ for id_ in waiting if id_ not in assigned.joined]
            asking = [Asking(waiting[id_], features_of(waiting[id_]), NOWHERE) for id_ in ids]
            some = prompts[:MOST_WAITING]
            alike = await self._closest.among([*some, *asking], self._least(Role.FAILURE)) if ids else ()
            found += [
                id_ for id_, near in zip(ids, alike[len(some) :], strict=True) if any(at < len(some) for at in near)
            ]
        return found

    async def drafts_of(self, pattern_ids: Collection[str]) -> dict[str, Draft]:
        """Patterns that are there, as they are before this round changes them."""
        return await self._known(set(pattern_ids))

    async def _known(self, pattern_ids: Collection[str]) -> dict[str, Draft]:
        known = await self._rounds.patterns(pattern_ids)
        samples = await self._rounds.samples(known.keys())
        return {id_: _draft(one, samples.get(id_, ())) for id_, one in known.items()}

    async def _near(self, newcomers: Sequence[Newcomer]) -> dict[str, dict[str, float]]:
        """The patterns that prompts match by meaning, with their scores, by the traces of the prompts."""
        closest, found = self._closest, dict[str, dict[str, float]]()
        if closest is not None and newcomers:
            await closest.look()
            await closest.prepare([one.prompt for one in newcomers])
        for one in newcomers:
            scored = await closest.closest(one.prompt, one.features, one.context) if closest else ()
            least = self._least(one.lesson.role)
            found[one.lesson.correlation_id] = {id_: score for id_, score in scored if score >= least}
        return found

    def _least(self, role: Role) -> float:
        """From which score on a trace joins. A failed one counts for the pattern whose plan it would have been told: none of
        them begins a pattern, so else what failed in somewhat other words would count nowhere, and patterns do too well."""
        return self._merge_at if role is Role.SUCCESS else min(self._merge_at, MIN_CONFIDENCE)

    async def _among(self, newcomers: Sequence[Newcomer]) -> dict[str, dict[str, float]]:
        """Which of the others of this round prompts match by meaning, by the traces of the prompts: what is learned together is
        one pattern as it is when it comes one after the other."""
        ids = [one.lesson.correlation_id for one in newcomers]
        if self._closest is None:
            return {id_: {} for id_ in ids}
        asking = [Asking(one.prompt, one.features, one.context) for one in newcomers]
        alike = await self._closest.among(asking, self._least(Role.FAILURE))
        return {
            one.lesson.correlation_id: {
                ids[place]: total for place, total in some.items() if total >= self._least(one.lesson.role)
            }
            for one, some in zip(newcomers, alike, strict=True)
        }


def _draft(known: Known, lessons: Sequence[Lesson]) -> Draft:
    pattern = known.pattern
    return Draft(
        known.feature_key,
        PromptFeatures(action=pattern.action, intent=pattern.intent, keywords=pattern.keywords),
        MatchContext(domain=pattern.domain, project=pattern.project, agent=pattern.agent),
        known,
        lessons,
    )


def _best(
    one: Newcomer, drafts: Sequence[Draft], by_meaning: Collection[str], by_words: Collection[str]
) -> Draft | None:
    """The pattern that a trace joins. By meaning and the same action, whichever way it went; by words alone, a successful trace
    has to have gone much the same way."""
    for draft in drafts:
        if draft.pattern_id in by_meaning and draft.features.action == one.features.action:
            return draft
    alike = [draft for draft in drafts if draft.pattern_id in by_words]
    if one.lesson.role is Role.SUCCESS:
        alike = [draft for draft in alike if _goes_the_same_way(one.lesson, draft)]
    return max(alike, key=lambda draft: _similarity(one.lesson, draft), default=None)


def _goes_the_same_way(lesson: Lesson, draft: Draft) -> bool:
    if draft.known is not None:
        return goes_the_same_way(lesson.plan, draft.known.plan)
    return _similarity(lesson, draft) >= SAME_WAY


def _similarity(lesson: Lesson, draft: Draft) -> float:
    if draft.known is not None:
        return similarity(lesson.plan.sequence, [step.key for step in draft.known.plan.steps])
    first = next(one for one in draft.changed.values() if one is not None)
    return similarity(lesson.plan.sequence, first.plan.sequence)
