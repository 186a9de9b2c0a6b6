"""What one round changes of learned patterns, before it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from loopgraph.computes.learning.plans.merging import Merged, canonical, figures, merge, sequence_of
from loopgraph.computes.learning.plans.teaching import (
    LONGEST_EXEMPLAR,
    MOST_EXEMPLARS,
    is_new_prompt,
    keywords_of,
    name_of,
    sample_of,
)
from loopgraph.computes.learning.plans.versions import NewVersion, new_version
from loopgraph.computes.learning.upkeep import standing_of
from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.learning.features import MatchContext, PromptFeatures
from loopgraph.contracts.learning.lessons import LEARNER, Known, Lesson, PlainExemplar, Role
from loopgraph.contracts.learning.plans import PLAN, LearnedPattern, Standing
from loopgraph.contracts.lineage.changes import NewPattern, ParentLink
from loopgraph.contracts.lineage.changes import NewVersion as Wanted
from loopgraph.contracts.lineage.patterns import EvolutionType, RelationshipType
from loopgraph.effects.clock import new_id
from loopgraph.effects.learning.rounds import Change, Figures, NewSteps, Tie
from loopgraph.effects.lineage.additions import addition_of
from loopgraph.effects.lineage.creations import creation_of

ORIGIN = Origin(actor_type=ActorType.SYSTEM, actor_id=LEARNER)

Keeping = Callable[[str], str]
"""A prompt as it may be kept."""


@dataclass
class Draft:
    """A learned pattern as it is to be: one that is there (``known``), or a new one.

    ``before`` are the lessons that its plan was made of, ``changed`` those of this round (None: a lesson that it has no more),
    ``gained`` by how many its traces grow, by role. ``prompts`` are those of the traces that joined, ``projects`` where they were
    asked. ``absorbed`` are patterns that become part of it, ``split_from`` is the one that it was part of; ``given`` are the
    prompts that others kept and it keeps now, ``taken`` those that it keeps no more.
    """

    feature_key: str
    features: PromptFeatures
    context: MatchContext
    known: Known | None = None
    before: Sequence[Lesson] = ()
    changed: dict[str, Lesson | None] = field(default_factory=dict)
    gained: dict[Role, int] = field(default_factory=lambda: dict.fromkeys(Role, 0))
    prompts: list[tuple[str, PromptFeatures]] = field(default_factory=list)
    projects: set[str | None] = field(default_factory=set)
    absorbed: list[Known] = field(default_factory=list)
    split_from: Known | None = None
    given: list[PlainExemplar] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    new_id: str = field(default_factory=new_id)

    @property
    def pattern_id(self) -> str:
        """Its id; a new one has one already."""
        return self.known.pattern.pattern_id if self.known else self.new_id

    def take(self, lesson: Lesson, was: Role | None) -> None:
        """A trace teaches it; ``was`` is what the trace was to it before."""
        self.changed[lesson.correlation_id] = lesson
        self._count(was, lesson.role)

    def lose(self, correlation_id: str, was: Role) -> None:
        """A trace teaches it no more."""
        self.changed[correlation_id] = None
        self._count(was, None)

    def absorb(self, other: Known, lessons: Sequence[Lesson]) -> None:
        """All that taught another pattern teaches this one; ``lessons`` are those that its plan was made of."""
        self.absorbed.append(other)
        self.given += other.exemplars
        self.changed |= {lesson.correlation_id: lesson for lesson in lessons}
        self.gained[Role.SUCCESS] += other.pattern.successes
        self.gained[Role.FAILURE] += other.pattern.failures
        self.projects.add(other.pattern.project)

    def give(self, other: Draft, lessons: Sequence[Lesson], exemplar_ids: Collection[str]) -> None:
        """Some of its lessons and prompts become those of another, new one."""
        assert self.known is not None
        other.split_from = self.known
        other.given += [one for one in self.known.exemplars if one.exemplar_id in exemplar_ids]
        self.taken |= {one.exemplar_id for one in other.given}
        for lesson in lessons:
            self.lose(lesson.correlation_id, lesson.role)
            other.take(lesson, None)

    def _count(self, was: Role | None, now: Role | None) -> None:
        if was is not None:
            self.gained[was] -= 1
        if now is not None:
            self.gained[now] += 1

    def write(self, change: Change, keep: Keeping | None, prune_below: float) -> None:
        """Adds to a change what becomes of it. ``keep`` is None where prompts are not kept; below the rate of success
        ``prune_below`` it is not matched any more."""
        sample = sample_of(self.before, self.changed)
        change.dropped += sample.dropped
        successes = (self.known.pattern.successes if self.known else 0) + self.gained[Role.SUCCESS]
        failures = (self.known.pattern.failures if self.known else 0) + self.gained[Role.FAILURE]
        best = merge(sample.lessons)
        reason = self._reason(best, successes, sample.lessons)
        now = best if reason else self._as_it_is(sample.lessons)
        exemplars = self._exemplars(change, keep)
        pattern = self._pattern(successes, failures, now, exemplars, tells_words=keep is not None)
        pattern = pattern.model_copy(update={"standing": standing_of(pattern, prune_below)})
        node_id = self._version(change, pattern, now, reason)
        changed = None if reason else {id_ for id_, lesson in self.changed.items() if lesson is not None}
        for ties, lists in ((change.supporting, now.supporting), (change.failing, now.failing)):
            ties += [
                Tie(node_id, place, id_)
                for place, ids in enumerate(lists)
                for id_ in ids
                if changed is None or id_ in changed
            ]
        support = successes if reason else self.known.plan_support if self.known else 0
        revision = self.known.revision + 1 if self.known else 1
        change.figures.append(Figures(pattern, self.feature_key, revision, canonical(now.plan), support))

    def _reason(self, best: Merged, successes: int, lessons: Sequence[Lesson]) -> NewVersion | None:
        if self.known is None:
            return NewVersion.FIRST
        if self.absorbed:
            return NewVersion.MERGED
        if self.taken:
            return NewVersion.SPLIT
        if not successes:
            return None
        return new_version(self.known.plan, self.known.plan_support, best.plan, successes, lessons)

    def _as_it_is(self, lessons: Sequence[Lesson]) -> Merged:
        """The steps of the version in use, with the figures of now."""
        assert self.known is not None
        roles = {role: [lesson for lesson in lessons if lesson.role is role] for role in Role}
        return figures(sequence_of(self.known.plan), roles[Role.SUCCESS], roles[Role.FAILURE])

    def _exemplars(self, change: Change, keep: Keeping | None) -> list[PlainExemplar]:
        kept = [one for one in self.known.exemplars if one.exemplar_id not in self.taken] if self.known else []
        for one in self.given:
            if len(kept) < MOST_TOGETHER and is_new_prompt(one.text, one.text_digest, kept):
                kept.append(one)
                change.moved_exemplars.append((one.exemplar_id, self.pattern_id))
        for prompt, features in self.prompts if keep else ():
            text = keep(prompt)[:LONGEST_EXEMPLAR].strip() if keep else ""
            digest = hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()[:32]
            if text and len(kept) < MOST_EXEMPLARS and is_new_prompt(text, digest, kept):
                kept.append(PlainExemplar(new_id(), text, digest, features))
                change.exemplars.append((self.pattern_id, kept[-1]))
        return kept

    def _pattern(
        self, successes: int, failures: int, now: Merged, exemplars: Sequence[PlainExemplar], *, tells_words: bool
    ) -> LearnedPattern:
        counts = {"successes": max(0, successes), "failures": max(0, failures), "agent": now.plan.agent}
        if self.known is not None:
            before = self.known.pattern
            words = keywords_of(exemplars) or before.keywords
            return before.model_copy(update={**counts, "project": self._project(before.project), "keywords": words})
        return LearnedPattern(
            pattern_id=self.pattern_id,
            name=name_of(self.features, self.feature_key, tells_words=tells_words),
            node_id=new_id(),
            version=1,
            standing=Standing.ACTIVE,
            intent=self.features.intent,
            action=self.features.action,
            keywords=keywords_of(exemplars),
            domain=self.context.domain,
            project=self._project(self.context.project),
            **counts,
        )

    def _project(self, before: str | None) -> str | None:
        """The project that all its prompts were asked in, None if there are several."""
        return before if self.projects <= {before} else None

    def _version(self, change: Change, pattern: LearnedPattern, now: Merged, reason: NewVersion | None) -> str:
        """The version that has the steps now; a new one is added to the change."""
        if reason is None:
            return pattern.node_id
        wanted = Wanted(template_code=canonical(now.plan), change_summary=reason.value, activate=True)
        if self.known is None:
            new = NewPattern(
                pattern_id=self.pattern_id,
                name=pattern.name,
                pattern_type=PLAN,
                description=_DESCRIPTION,
                tags=("learned",),
            )
            first = wanted.model_copy(update={"node_id": pattern.node_id, "evolution_type": EvolutionType.CREATION})
            if self.split_from is not None:
                fork = ParentLink(
                    node_id=self.split_from.pattern.node_id, relationship_type=RelationshipType.FORKED_FROM
                )
                first = first.model_copy(update={"evolution_type": EvolutionType.FORK, "parents": (fork,)})
            change.creations.append(creation_of(new, first, ORIGIN))
            node_id = pattern.node_id
        else:
            if self.absorbed:
                merged = [
                    ParentLink(node_id=one.pattern.node_id, relationship_type=RelationshipType.MERGED_INTO)
                    for one in self.absorbed
                ]
                parents = (ParentLink(node_id=self.known.pattern.node_id), *merged)
                wanted = wanted.model_copy(update={"evolution_type": EvolutionType.MERGE, "parents": parents})
            addition = addition_of(self.pattern_id, wanted, ORIGIN)
            change.additions.append(addition)
            node_id = addition.node_id
        change.steps.append(NewSteps(node_id, now.plan))
        return node_id


MOST_TOGETHER: Final = 2 * MOST_EXEMPLARS
"""So many prompts a pattern keeps that others became part of."""

_DESCRIPTION = "How prompts of this kind were done, learned from traces."
