"""Learned patterns that should be one, or two: looked for in the background, and carried out when somebody says so.

What it costs is bounded: each look reads so many patterns that were changed, compares so many prompts of each with the index in
this process, and proposes only as long as few proposals wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from loopgraph.computes.learning.doubling import (
    goes_other_ways,
    merge_evidence,
    smaller_first,
    split_evidence,
    two_kinds,
)
from loopgraph.computes.learning.grouping import feature_key
from loopgraph.computes.learning.plans.teaching import plan_text
from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.base import Page
from loopgraph.contracts.learning.embeddings import Vectors
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.lessons import Known, Lesson, Taught
from loopgraph.contracts.learning.plans import Standing
from loopgraph.contracts.learning.proposals import (
    MOST_OPEN,
    PlanProposal,
    ProposalEvidence,
    ProposalKind,
    ProposalStatus,
    proposal_id_of,
)
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.proposals import ProposalLog
from loopgraph.effects.learning.rounds import Change, LearningRounds, Teaching
from loopgraph.errors import Blame, Conflict, InvalidTransition, NotFound, ServiceError, blame_of
from loopgraph.orchestrators.learning.drafts import Draft, Keeping
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch

logger = logging.getLogger(__name__)

AT_ONCE: Final = 50
"""So many patterns are looked at together."""

PROMPTS: Final = 3
"""So many prompts of each are compared with those of others."""

LEAST_LESSONS: Final = 6
"""A pattern with fewer traces is of one kind."""

LOOK_S: Final = 10.0
"""So long is between two looks."""

PATIENCE: Final = 20
"""So often a round is tried that others get in before."""


class Upkeep:
    """Proposes and carries out. ``merge_at`` is the score from which on a trace joins a pattern, ``keep`` how prompts are kept
    (None: they are not), ``prune_below`` the success rate below which a pattern is not matched."""

    def __init__(
        self,
        graph: Graph,
        matching: Matching,
        search: PromptSearch,
        *,
        merge_at: float,
        prune_below: float,
        keep: Keeping | None,
        log: ProposalLog | None = None,
    ) -> None:
        self._log = log or ProposalLog(graph)
        self._rounds = LearningRounds(graph)
        self._matching = matching
        self._search = search
        self._merge_at = merge_at
        self._prune_below = prune_below
        self._keep = keep

    async def run_forever(self) -> None:
        """Looks every ``LOOK_S`` until it is cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:
                if blame_of(error) is Blame.GRAPH:
                    logger.debug("learned patterns are looked at when the graph can: %s", error)
                else:
                    logger.exception("learned patterns could not be looked at; trying again")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> int:
        """Looks at patterns that were changed, and proposes what there is to propose; at how many."""
        looked = await self._log.looked()
        if looked.is_others:
            return 0
        waiting = await self._log.open(MOST_OPEN)
        changed = await self._log.changed(looked, AT_ONCE) if len(waiting) < MOST_OPEN else []
        if not changed:
            return 0
        known = await self._rounds.patterns({one.pattern_id for one in changed})
        samples = await self._rounds.samples(known.keys())
        proposals = await self._merges(known, waiting)
        for one in known.values():
            if (split := await self._split(one, samples.get(one.pattern.pattern_id, ()))) is not None:
                proposals.append(split)
        free = MOST_OPEN - len(waiting)
        return len(changed) if await self._log.propose(looked, changed[-1], proposals[:free]) else 0

    async def page(self, kind: ProposalKind | None, status: ProposalStatus | None, page: Page) -> list[PlanProposal]:
        """Proposals, newest first, one more than the page has."""
        return await self._log.page(kind, status, page)

    async def accept(self, proposal_id: str, reason: str | None, origin: Origin) -> PlanProposal:
        """Carries a proposal out. Raises NotFound, InvalidTransition for one that is decided, Conflict where what it is about has
        changed so that it cannot be carried out (it is outdated then), and ServiceError."""
        for _ in range(PATIENCE):
            proposal = await self._open(proposal_id, ProposalStatus.ACCEPTED)
            turn = await self._rounds.current()
            decided = _decided(proposal, ProposalStatus.ACCEPTED, reason, origin)
            change = await (self._merge if proposal.kind is ProposalKind.MERGE else self._divide)(decided)
            if change is None:
                await self._log.decide(_decided(proposal, ProposalStatus.OUTDATED, reason, origin))
                raise Conflict("PlanProposal", proposal_id, "what it is about was merged, split or edited meanwhile")
            if await self._rounds.write(turn.round, change):
                assert change.decided is not None
                if proposal.kind is ProposalKind.MERGE:
                    await self._log.move_taught(proposal.pattern_id)
                return change.decided
            await asyncio.sleep(0.05)
        raise ServiceError("others are learning all the time; try again")

    async def dismiss(self, proposal_id: str, reason: str | None, origin: Origin) -> PlanProposal:
        """Says that a proposal is not to be carried out: it is not made again on the same evidence. Raises NotFound,
        InvalidTransition for one that is decided."""
        proposal = await self._open(proposal_id, ProposalStatus.DISMISSED)
        decided = _decided(proposal, ProposalStatus.DISMISSED, reason, origin)
        if not await self._log.decide(decided):
            await self._open(proposal_id, ProposalStatus.DISMISSED)
        return decided

    async def _open(self, proposal_id: str, wanted: ProposalStatus) -> PlanProposal:
        proposal = (await self._log.by_id([proposal_id])).get(proposal_id)
        if proposal is None:
            raise NotFound("PlanProposal", proposal_id)
        if proposal.status is not ProposalStatus.OPEN:
            raise InvalidTransition("PlanProposal", proposal_id, proposal.status, wanted)
        return proposal

    async def _merges(self, known: Mapping[str, Known], waiting: Sequence[PlanProposal]) -> list[PlanProposal]:
        """The patterns that should be part of others. Of each, one is proposed at a time."""
        about: set[str | None] = {one.pattern_id for one in waiting}
        scores: dict[tuple[str, str], float] = {}
        for id_, one in known.items():
            for other_id, score in (await self._nearest(one)).items():
                scores[id_, other_id] = score
        others = await self._rounds.patterns({other for _, other in scores} - known.keys())
        everyone = {**known, **others}
        possible = []
        for (id_, other_id), there in sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])):
            if other_id not in everyone or ((other_id, id_) in scores and id_ > other_id):
                continue
            one, other = everyone[id_], everyone[other_id]
            back = scores.get((other_id, id_)) or (await self._nearest(other)).get(id_, 0.0)
            merged, into = smaller_first(one, other)
            if min(there, back) < self._merge_at or about & {merged.pattern.pattern_id, into.pattern.pattern_id}:
                continue
            if (evidence := merge_evidence(merged, into, min(there, back))) is not None:
                possible.append(proposal_of(ProposalKind.MERGE, [merged, into], evidence))
        made = await self._log.by_id([one.proposal_id for one in possible])
        found = []
        for proposal in possible:  # what was decided on the same evidence keeps neither pattern from others
            both = {proposal.pattern_id, proposal.other_id}
            if proposal.proposal_id not in made and not about & both:
                about |= both
                found.append(proposal)
        return found

    async def _nearest(self, one: Known) -> dict[str, float]:
        """The other patterns that prompts of a pattern match, with the least of their scores for it."""
        pattern = one.pattern
        context = MatchContext(domain=pattern.domain, project=pattern.project, agent=pattern.agent)
        prompts = [exemplar.text for exemplar in one.exemplars[:PROMPTS]]
        await self._matching.prepare(prompts)
        found: list[dict[str, float]] = []
        for prompt in prompts:
            found.append(dict(await self._matching.closest(prompt, features_of(prompt), context)))
        every = set.intersection(*map(set, found)) if found else set()
        return {id_: min(scores[id_] for scores in found) for id_ in every - {pattern.pattern_id}}

    async def _split(self, one: Known, lessons: Sequence[Lesson]) -> PlanProposal | None:
        """Whether a pattern should be two, by the prompts of the traces that its plan was made of."""
        if len(lessons) < LEAST_LESSONS or len(one.exemplars) < 2 or not goes_other_ways(one.plan, lessons):
            return None
        prompts = await self._log.prompts([lesson.correlation_id for lesson in lessons])
        told = [lesson for lesson in lessons if lesson.correlation_id in prompts]
        texts = [prompts[lesson.correlation_id] for lesson in told]
        if len(told) < LEAST_LESSONS or len(set(texts)) < 2:
            return None
        compared = await self._search.compared([*texts, *(exemplar.text for exemplar in one.exemplars)])
        if compared is None:
            return None
        vectors, scale = compared.vectors[: len(texts)], compared.scale
        kinds = two_kinds(vectors)
        if kinds is None:
            return None
        goes = _of_second(vectors, kinds.second, compared.vectors[len(texts) :])
        ids = [exemplar.exemplar_id for exemplar, second in zip(one.exemplars, goes, strict=True) if second]
        if len(ids) == len(one.exemplars):
            return None
        evidence = split_evidence(told, kinds, scale.part(kinds.within), scale.part(kinds.between), ids)
        return proposal_of(ProposalKind.SPLIT, [one], evidence) if evidence else None

    async def _merge(self, decided: PlanProposal) -> Change | None:
        """What a merge writes; None where it cannot be carried out any more."""
        assert decided.other_id is not None
        known = await self._still(decided, decided.other_id)
        if known is None:
            return None
        merged, into = known[decided.pattern_id], known[decided.other_id]
        samples = await self._rounds.samples(known.keys())
        lessons = samples.get(decided.pattern_id, [])
        draft = _draft(into, samples.get(decided.other_id, ()))
        draft.absorb(merged, lessons)
        change = Change(merged={decided.pattern_id: decided.other_id})
        draft.write(change, self._keep, self._prune_below)
        _teach(change, draft, lessons)
        change.decided = decided.model_copy(update={"node_id": change.additions[-1].node_id})
        return change

    async def _divide(self, decided: PlanProposal) -> Change | None:
        """What a split writes; None where it cannot be carried out any more."""
        known = await self._still(decided)
        if known is None:
            return None
        one, wanted = known[decided.pattern_id], decided.evidence
        sample = (await self._rounds.samples([decided.pattern_id])).get(decided.pattern_id, [])
        lessons = [lesson for lesson in sample if lesson.correlation_id in wanted.trace_ids]
        given = [exemplar for exemplar in one.exemplars if exemplar.exemplar_id in wanted.exemplar_ids]
        if not lessons or not given or len(lessons) == len(sample) or len(given) == len(one.exemplars):
            return None
        draft, first = _draft(one, sample), given[0]
        context = MatchContext(domain=one.pattern.domain, project=one.pattern.project, agent=one.pattern.agent)
        new = Draft(feature_key(first.features, first.text), first.features, context)
        new.projects.add(one.pattern.project)
        draft.give(new, lessons, wanted.exemplar_ids)
        change = Change()
        for each in (draft, new):
            each.write(change, self._keep, self._prune_below)
        _teach(change, new, lessons)
        change.untied += [lesson.correlation_id for lesson in lessons]
        node_id = change.creations[-1].version.node_id
        change.decided = decided.model_copy(update={"other_id": new.pattern_id, "node_id": node_id})
        return change

    async def _still(self, proposal: PlanProposal, other_id: str | None = None) -> dict[str, Known] | None:
        """The patterns that a proposal is about, if all are there as learned ones that are part of no other, with the versions in
        use that it was made on."""
        pattern_ids = {proposal.pattern_id} | ({other_id} if other_id else set())
        known = await self._rounds.patterns(pattern_ids)
        whole = all(one.pattern.standing is not Standing.MERGED for one in known.values())
        was = set(proposal.evidence.node_ids)  # none of those that were made before they were told
        same = not was or {one.pattern.node_id for one in known.values()} == was
        return known if whole and same and known.keys() == pattern_ids else None


def _draft(known: Known, lessons: Sequence[Lesson]) -> Draft:
    pattern = known.pattern
    features = features_of(known.exemplars[0].text) if known.exemplars else features_of(pattern.name)
    context = MatchContext(domain=pattern.domain, project=pattern.project, agent=pattern.agent)
    return Draft(known.feature_key, features, context, known, lessons)


def _teach(change: Change, draft: Draft, lessons: Sequence[Lesson]) -> None:
    """These lessons teach the pattern of a draft from now on."""
    dropped = set(change.dropped)
    for lesson in lessons:
        id_ = lesson.correlation_id
        taught = Taught(draft.pattern_id, lesson.role, plan_text(lesson.plan))
        change.teachings.append(Teaching(id_, lesson.time_key, taught, None if id_ in dropped else draft.pattern_id))


def _of_second(vectors: Vectors, second: Sequence[bool], others: Vectors) -> list[bool]:
    """Which of other prompts are nearest to one of the second kind."""
    return [second[int((vectors @ other).argmax())] for other in others]


def proposal_of(kind: ProposalKind, known: Sequence[Known], evidence: ProposalEvidence) -> PlanProposal:
    """A proposal about patterns: of a merge, what would be merged and into what."""
    node_ids = tuple(one.pattern.node_id for one in known)
    basis = [*node_ids, *(each.exemplar_id for one in known for each in one.exemplars)]
    return PlanProposal(
        proposal_id=proposal_id_of(kind, [*(one.pattern.pattern_id for one in known), *basis]),
        kind=kind,
        status=ProposalStatus.OPEN,
        pattern_id=known[0].pattern.pattern_id,
        other_id=known[1].pattern.pattern_id if len(known) > 1 else None,
        evidence=evidence.model_copy(update={"node_ids": node_ids}),
        created_at=now(),
    )


def _decided(proposal: PlanProposal, status: ProposalStatus, reason: str | None, origin: Origin) -> PlanProposal:
    return proposal.model_copy(
        update={
            "status": status,
            "decided_at": now(),
            "decided_by": origin.actor_id,
            "actor_type": origin.actor_type,
            "reason": reason,
        }
    )
