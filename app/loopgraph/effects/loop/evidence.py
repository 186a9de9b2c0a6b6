"""The executions that experiments rest on, page by page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from loopgraph.assets import query
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.traces.records import HookExecution
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.reads import reader_of
from loopgraph.effects.traces.recording import mapping

_EXECUTIONS = query("feedback/executions_of_experiments")


@dataclass(frozen=True)
class Evidence:
    """An execution of an experiment.

    ``decision_id`` is the decision that rests on it; None if there is none, or if the execution came after it.
    """

    execution: HookExecution
    decision_id: str | None

    @property
    def key(self) -> str:
        """Its place among those of its experiment: by version, then by time. What ``Page.after`` takes."""
        return f"{self.execution.node_id}|{time_key(self.execution.at, self.execution.execution_id)}"


@dataclass(frozen=True)
class EvidencePage:
    """Executions of an experiment, by version and then the oldest first, and whether more follow."""

    evidence: tuple[Evidence, ...]
    has_more: bool


class EvidenceReads:
    """Reads the executions of experiments."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def executions_of_experiments(
        self, experiment_ids: Collection[str], page: Page, principal: Principal | None
    ) -> dict[str, EvidencePage]:
        """One page of the finished executions of each experiment, in one statement; ``page.after`` is a ``key``."""
        rows = await self._graph.read(
            _EXECUTIONS,
            experiment_ids=list(experiment_ids),
            after=page.after or "",
            reader=reader_of(principal),
            limit=page.first + 1,
        )
        found: dict[str, list[Evidence]] = {id_: [] for id_ in experiment_ids}
        for row in rows:
            found[row["experiment_id"]] = [Evidence(mapping.hook(hook), id_) for hook, id_ in row["evidence"]]
        return {
            id_: EvidencePage(tuple(items[: page.first]), has_more=len(items) > page.first)
            for id_, items in found.items()
        }
