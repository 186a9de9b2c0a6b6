"""Reads of learned patterns. All take many ids at once, and those of traces who asks."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from loopgraph.assets import Query, query
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.learning.lessons import Role
from loopgraph.contracts.learning.plans import Exemplar, Plan, Standing
from loopgraph.contracts.learning.views import LearnedFilter, LearnedView, LearningHealth
from loopgraph.contracts.traces.records import Trace
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.learning import mapping
from loopgraph.effects.learning.prompts import WAITS
from loopgraph.effects.learning.rounds import ALL, LearningRounds
from loopgraph.effects.traces.reading.reads import LAST, reader_of
from loopgraph.effects.traces.reading.records import Items, page_of
from loopgraph.effects.traces.recording import mapping as traces

_PAGE = query("learning/learned_page")
_BY_ID = query("learning/learned_by_id")
_EXEMPLARS = query("learning/exemplars_of_patterns")
_OWN_EXEMPLARS = query("learning/own_exemplars")
_TRACES = query("learning/traces_of_patterns")
_SUPPORTING = query("learning/supporting_traces")
_FAILING = query("learning/failing_traces")
_HEALTH = query("learning/health")
_COUNT_WAITING = query("learning/count_waiting")


class LearnedReads:
    """Reads learned patterns, and how far the learner is."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._rounds = LearningRounds(graph)

    async def page(self, filter: LearnedFilter, page: Page) -> Items[LearnedView]:
        """One page of learned patterns, newest first. ``page.after`` is the time key of the last one seen."""
        wanted = filter.model_dump(mode="json")
        rows = await self._graph.read(_PAGE, before=page.after or LAST, limit=page.first + 1, **wanted)
        return page_of(list(map(_view, rows)), page)

    async def by_id(self, pattern_ids: Collection[str]) -> dict[str, LearnedView]:
        """Learned patterns; unknown ids are absent."""
        rows = await self._graph.read(_BY_ID, pattern_ids=sorted(set(pattern_ids)))
        return {view.pattern.pattern_id: view for view in map(_view, rows)}

    async def exemplars(
        self, pattern_ids: Collection[str], principal: Principal | None
    ) -> dict[str, tuple[Exemplar, ...]]:
        """The prompts that learned patterns keep, those that came first first; there are few of each. Left out are those that
        only traces had that the principal may not see."""
        found: dict[str, tuple[Exemplar, ...]] = dict.fromkeys(pattern_ids, ())
        for row in await self._graph.read(_EXEMPLARS, pattern_ids=sorted(found)):
            kept = sorted(row["exemplars"], key=lambda one: str(one["exemplar_id"]))
            names = Exemplar.model_fields
            found[row["pattern_id"]] = tuple(Exemplar(**{name: one[name] for name in names}) for one in kept)
        if (reader := reader_of(principal)) is None:
            return found
        rows = [one.model_dump() for each in found.values() for one in each]
        own = {row["exemplar_id"] for row in await self._graph.read(_OWN_EXEMPLARS, rows=rows, reader=reader)}
        return {id_: tuple(one for one in each if one.exemplar_id in own) for id_, each in found.items()}

    async def traces(
        self, pattern_ids: Iterable[str], role: Role | None, page: Page, principal: Principal | None
    ) -> dict[str, Items[Trace]]:
        """A page of the traces that taught each pattern in a role (None: any), newest first. ``page.after`` is the ``trace_key``
        of the last one seen."""
        return await self._pages(
            _TRACES, "pattern_ids", pattern_ids, page, principal, role=role.value if role else None
        )

    async def supporting(
        self, step_ids: Iterable[str], page: Page, principal: Principal | None
    ) -> dict[str, Items[Trace]]:
        """The same of the traces that support each step of a plan."""
        return await self._pages(_SUPPORTING, "step_ids", step_ids, page, principal)

    async def failing(
        self, step_ids: Iterable[str], page: Page, principal: Principal | None
    ) -> dict[str, Items[Trace]]:
        """The same of the traces in which each step failed and was not made good."""
        return await self._pages(_FAILING, "step_ids", step_ids, page, principal)

    async def health(self) -> LearningHealth:
        """How far the learner is."""
        [row] = await self._graph.read(_HEALTH, active=Standing.ACTIVE.value)
        [waiting] = await self._graph.read(_COUNT_WAITING, above=WAITS, below=WAITS[:-1] + "}")
        turn = await self._rounds.current()
        return LearningHealth(
            backlog=await self._rounds.count_due(),
            looks_back=turn.backfilled_to != ALL,
            waiting=waiting["waiting"],
            patterns=row["patterns"],
            active_patterns=row["active"] or 0,
            successes=row["successes"] or 0,
            failures=row["failures"] or 0,
            learned_at=row["learned_at"],
        )

    async def _pages(
        self,
        statement: Query,
        name: str,
        ids: Iterable[str],
        page: Page,
        principal: Principal | None,
        **more: str | None,
    ) -> dict[str, Items[Trace]]:
        found: dict[str, list[Trace]] = {id_: [] for id_ in ids}
        position = {"before": page.after or LAST, "reader": reader_of(principal), "limit": page.first + 1}
        for row in await self._graph.read(statement, **{name: list(found)}, **position, **more):
            found[row["id"]] = list(map(traces.trace, row["items"]))
        return {id_: page_of(items, page) for id_, items in found.items()}


def _view(row: Row) -> LearnedView:
    properties = row["learned"]
    return LearnedView(
        pattern=mapping.learned(row),
        plan=Plan.model_validate_json(properties["plan"]),
        time_key=properties["time_key"],
        updated_at=properties["updated_at"],
    )
