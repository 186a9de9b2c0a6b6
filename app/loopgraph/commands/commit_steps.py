"""What ``loopgraph outcomes git`` asks the service: which steps ran ``git commit``, and what was told of their traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from loopgraph.contracts.loop.commits import CommitStep

Read = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""From a query and its variables to the data of the answer."""

_PAGE: Final = 50

_ROOTS: Final = """query ($filter: TraceFilterInput!, $first: Int!, $after: String) {
  traces(first: $first, after: $after, filter: $filter) {
    pageInfo { hasNextPage endCursor } edges { node { correlationId } }
  }
}"""
_STEPS: Final = """query ($id: ID!, $first: Int!, $after: String) {
  trace(correlationId: $id) {
    hookExecutionsConnection(first: $first, after: $after) {
      pageInfo { hasNextPage endCursor }
      edges { node { executionId correlationId toolInput toolResponse success startedAt completedAt } }
    }
  }
}"""
_CHILDREN: Final = """query ($id: ID!, $first: Int!, $after: String) {
  trace(correlationId: $id) {
    childTracesConnection(first: $first, after: $after) {
      pageInfo { hasNextPage endCursor } edges { node { correlationId } }
    }
  }
}"""
_OUTCOMES: Final = """query ($id: ID!, $first: Int!, $after: String) {
  trace(correlationId: $id) {
    outcomes(first: $first, after: $after) {
      pageInfo { hasNextPage endCursor }
      edges { node { outcomeId name holds evidence source counts executionId } }
    }
  }
}"""


def commit_steps(read: Read, projects: Sequence[str], since: datetime) -> list[CommitStep]:
    """The steps that ran ``git commit`` in the work of some projects since an instant, also those of subagents, in the order of
    time. Raises what ``read`` raises."""
    from loopgraph.computes.loop.told.commits import runs_commit, texts_of
    from loopgraph.contracts.loop.commits import CommitStep

    found: dict[str, CommitStep] = {}
    for trace in _traces(read, projects, since):
        for step in _pages(read, _STEPS, {"id": trace}, "trace", "hookExecutionsConnection"):
            if runs_commit(step["toolInput"]):
                found[step["executionId"]] = CommitStep(
                    step["executionId"],
                    step["correlationId"],
                    "\n".join(texts_of(step["toolResponse"])),
                    bool(step["success"]),
                    _instant(step["startedAt"]),
                    _instant(step["completedAt"]),
                )
    return sorted(found.values(), key=lambda step: (str(step.started_at), step.execution_id))


def counting_outcomes(read: Read, traces: Sequence[str], source: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The outcomes of a source that count now, by trace and name."""
    return {
        (trace, one["name"]): one
        for trace in traces
        for one in _pages(read, _OUTCOMES, {"id": trace}, "trace", "outcomes")
        if one["counts"] and one["source"] == source and one["executionId"] is None
    }


def _traces(read: Read, projects: Sequence[str], since: datetime) -> Iterator[str]:
    seen: set[str] = set()
    for project in projects:
        wanted = {
            "project": project,
            "since": since.isoformat(),
            "rootsOnly": True,
            "structure": {"has": {"textInInput": "commit"}},
        }
        waiting = [one["correlationId"] for one in _pages(read, _ROOTS, {"filter": wanted}, "traces")]
        while waiting:
            trace = waiting.pop()
            if trace not in seen:
                seen.add(trace)
                yield trace
                below = _pages(read, _CHILDREN, {"id": trace}, "trace", "childTracesConnection")
                waiting += [one["correlationId"] for one in below]


def _pages(read: Read, query: str, variables: Mapping[str, Any], *path: str) -> Iterator[dict[str, Any]]:
    """The nodes of a connection, page by page; none where what it belongs to is gone."""
    after = None
    while True:
        found: Any = read(query, {**variables, "first": _PAGE, "after": after})
        for name in path:
            found = found and found[name]
        if not found:
            return
        for edge in found["edges"]:
            yield edge["node"]
        if not found["pageInfo"]["hasNextPage"]:
            return
        after = found["pageInfo"]["endCursor"]


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
