"""Explicit feedback: it is looked at what it is about, cleaned, given a sentiment, and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopgraph.computes.loop.told.ratings import summary
from loopgraph.computes.loop.told.sentiment import sentiment_of
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.changes import request_hash
from loopgraph.contracts.loop.user_feedback import Feedback, FeedbackSummary, NewFeedback, SaidAlike, SentimentSource
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.lineage.audit import make_event
from loopgraph.effects.loop.user_feedback import UserFeedbackReads, UserFeedbackWrites
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.loop.subjects import Subjects
from loopgraph.reducers.user_feedback import sums_of


class UserFeedback:
    """Takes feedback, and says what it comes to."""

    def __init__(
        self,
        privacy: Privacy,
        subjects: Subjects,
        reads: UserFeedbackReads,
        writes: UserFeedbackWrites,
    ) -> None:
        self._privacy = privacy
        self._subjects = subjects
        self._reads = reads
        self._writes = writes

    async def submit(self, new: NewFeedback, origin: Origin, principal: Principal | None) -> tuple[Feedback, bool]:
        """The feedback as it is kept, and whether it had been there already: the same with the same id changes nothing.

        Its content is kept as that of traces is: without secrets, cut, or not at all. The sentiment of a comment is told before.
        Raises NotFound for something that there is not, or that the principal may not see; Conflict for an id that is taken by
        other content; InvalidInput where nothing of it can be kept.
        """
        clean = self._privacy.clean(new)
        hash_ = request_hash(clean)
        if new.feedback_id and (earlier := await self._writes.known(new.feedback_id, hash_)):
            return earlier, True  # whatever has become of what it is about
        about = await self._subjects.named(
            principal,
            execution_id=new.execution_id,
            correlation_id=new.correlation_id,
            node_id=new.node_id,
        )
        sentiment, source = new.sentiment, SentimentSource.GIVEN
        if sentiment is None and new.comment is not None:
            sentiment, source = sentiment_of(new.comment), SentimentSource.COMMENT
        if clean.rating is None and sentiment is None and not clean.comment and not clean.tags:
            raise InvalidInput(
                "comment",
                "is not kept here (LOOPGRAPH_CAPTURE_CONTENT=none) and tells no sentiment: give a rating or one",
            )
        feedback = Feedback(
            feedback_id=new.feedback_id or new_id(),
            **clean.model_dump(exclude={"feedback_id", "sentiment"}),
            sentiment=sentiment,
            sentiment_source=source if sentiment is not None else None,
            created_at=now(),
            actor_type=origin.actor_type,
            created_by=origin.actor_id,
        )
        data = {"feedback_id": feedback.feedback_id}
        if feedback.execution_id:
            data["execution_id"] = feedback.execution_id
        event = make_event(
            EventType.FEEDBACK_SUBMITTED,
            origin.model_copy(update={"correlation_id": about.correlation_id or origin.correlation_id}),
            pattern_id=about.pattern_id,
            node_id=about.node_id,
            data=data,
        )
        return await self._writes.add(about.label, feedback, hash_, event)

    async def of_versions(self, node_ids: Sequence[str], principal: Principal | None) -> dict[str, FeedbackSummary]:
        """What feedback comes to, by version."""
        return _summaries(await self._reads.counts_of_versions(node_ids, principal))

    async def of_patterns(self, pattern_ids: Sequence[str], principal: Principal | None) -> dict[str, FeedbackSummary]:
        """What feedback comes to, by pattern."""
        return _summaries(await self._reads.counts_of_patterns(pattern_ids, principal))


def _summaries(counts: Mapping[str, Sequence[SaidAlike]]) -> dict[str, FeedbackSummary]:
    return {id_: summary(sums_of(said)) for id_, said in counts.items()}
