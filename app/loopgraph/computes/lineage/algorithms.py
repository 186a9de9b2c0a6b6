"""Graph algorithms over a subgraph in memory: what a traversal answers, once the engine has handed over the edges.

The engine finds the reached set and its edges (two linear statements); type, interval, depth, order and degrees are
decided here, the same for every engine. Everything is iterative and linear in the edges, but for the weighted path,
which is O(E log E): neither the number of paths nor the depth of the graph matters.

Edges point from the earlier version to the later. Where several answers are equally good, the order of ``edges`` decides,
so a caller that sorts them gets the same answer every time.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from loopgraph.contracts.lineage.patterns import (
    ANCESTRY,
    Direction,
    LineageEdge,
    PathMetric,
    RelationshipType,
    TraversalFilter,
)


@dataclass(frozen=True, slots=True)
class Reached:
    """What a traversal reached.

    ``order`` is breadth-first. ``depth`` is the fewest edges from a start. ``edges`` are the distinct edges between reached
    versions that the traversal may follow, in the order given; the degrees count these and have an entry for every
    reached version. ``cut``: more was reachable than ``max_nodes`` allowed. ``beyond`` are the next versions that the depth
    left out.
    """

    order: tuple[str, ...]
    depth: Mapping[str, int]
    edges: tuple[LineageEdge, ...]
    in_degree: Mapping[str, int]
    out_degree: Mapping[str, int]
    cut: bool
    beyond: frozenset[str]

    @property
    def truncated(self) -> bool:
        """Whether more was reachable than was reached."""
        return self.cut or bool(self.beyond)


class Followed:
    """The edges that a traversal may follow, found by where they end: made once for traversals from any number of starts.

    These are the distinct edges of some types that were valid at an instant.
    """

    def __init__(self, edges: Iterable[LineageEdge], types: Collection[RelationshipType], as_of: datetime) -> None:
        self._into: defaultdict[str, list[tuple[int, LineageEdge]]] = defaultdict(list)
        self._out_of: defaultdict[str, list[tuple[int, LineageEdge]]] = defaultdict(list)
        for place, edge in enumerate(_followed(edges, types, as_of)):
            self._into[edge.target_node_id].append((place, edge))
            self._out_of[edge.source_node_id].append((place, edge))

    def neighbours(self, node_id: str, direction: Direction) -> Iterator[str]:
        """The other ends of the edges that lead on from a version, in the order given."""
        if direction is Direction.ANCESTORS:
            return (edge.source_node_id for _, edge in self._into.get(node_id, ()))
        return (edge.target_node_id for _, edge in self._out_of.get(node_id, ()))

    def among(self, node_ids: Collection[str]) -> tuple[LineageEdge, ...]:
        """The edges between some versions, in the order given."""
        inside = [
            (place, edge)
            for node_id in node_ids
            for place, edge in self._into.get(node_id, ())
            if edge.source_node_id in node_ids
        ]
        return tuple(edge for _, edge in sorted(inside, key=itemgetter(0)))


def reach(
    start_ids: Sequence[str],
    edges: Iterable[LineageEdge] | Followed,
    filter: TraversalFilter,
    *,
    as_of: datetime,
    max_nodes: int,
) -> Reached:
    """The ``max_nodes`` versions nearest to the starts, breadth-first; the starts themselves are at depth 0.

    Only edges of the filter's types that were valid at ``as_of`` are followed, in its direction, to its depth. ``as_of`` is
    the filter's instant with None already replaced by now. The filter's statuses are not looked at: versions are walked
    through whatever their status, and the caller drops those it does not want. The cost is linear in the edges around what is
    reached; where ``edges`` are ``Followed`` already, others do not count.
    """
    followed = edges if isinstance(edges, Followed) else Followed(edges, filter.relationship_types, as_of)
    nearest = dict.fromkeys(start_ids, 0)
    cut, beyond = len(nearest) > max_nodes, frozenset[str]()
    depth = dict(list(nearest.items())[:max_nodes])
    queue = deque(depth)
    while queue and not cut:
        node = queue.popleft()
        if filter.max_depth is not None and depth[node] >= filter.max_depth:
            last = (node, *queue)  # breadth-first: the rest of the queue is as deep
            beyond = frozenset(end for one in last for end in followed.neighbours(one, filter.direction)) - depth.keys()
            break
        for neighbour in followed.neighbours(node, filter.direction):
            if neighbour in depth:
                continue
            if len(depth) >= max_nodes:
                cut = True
                break
            depth[neighbour] = depth[node] + 1
            queue.append(neighbour)

    inside = followed.among(depth.keys())
    into = Counter(edge.target_node_id for edge in inside)
    out_of = Counter(edge.source_node_id for edge in inside)
    return Reached(
        order=tuple(depth),
        depth=depth,
        edges=inside,
        in_degree={node: into[node] for node in depth},
        out_degree={node: out_of[node] for node in depth},
        cut=cut,
        beyond=beyond,
    )


def union(*answers: Reached, between: Iterable[LineageEdge] = (), max_nodes: int) -> Reached:
    """Several answers from the same starts as one: each version at its least depth, nearest first, each edge once.

    ``between`` are edges that no answer has, because each leads from a version of one answer to a version of another.
    """
    depth: dict[str, int] = {}
    for answer in answers:
        for node in answer.order:
            depth[node] = min(answer.depth[node], depth.get(node, answer.depth[node]))
    nearest = sorted(depth, key=lambda node: depth[node])[:max_nodes]  # stable: breadth-first order stays
    among = set(nearest)
    edges = {edge.edge_id: edge for answer in answers for edge in answer.edges}
    edges |= {edge.edge_id: edge for edge in between}
    inside = tuple(edge for edge in edges.values() if {edge.source_node_id, edge.target_node_id} <= among)
    into = Counter(edge.target_node_id for edge in inside)
    out_of = Counter(edge.source_node_id for edge in inside)
    return Reached(
        order=tuple(nearest),
        depth={node: depth[node] for node in nearest},
        edges=inside,
        in_degree={node: into[node] for node in nearest},
        out_degree={node: out_of[node] for node in nearest},
        cut=any(answer.cut for answer in answers) or len(depth) > max_nodes,
        beyond=frozenset(node for answer in answers for node in answer.beyond) - depth.keys(),
    )


def shortest_path(
    source: str,
    target: str,
    edges: Iterable[LineageEdge],
    metric: PathMetric,
    *,
    as_of: datetime,
    relationship_types: Collection[RelationshipType] = ANCESTRY,
) -> tuple[tuple[LineageEdge, ...], float] | None:
    """The best path along the edges and its cost, or None if there is none. From a version to itself: no edges, cost 0.

    HOPS counts edges. WEIGHT sums ``-ln(weight)`` (Dijkstra), so it maximises the product of the weights; of equally good
    paths the one with fewer edges is taken.
    """
    outgoing = _outgoing(_followed(edges, relationship_types, as_of))
    if metric is PathMetric.HOPS:
        path = _fewest_hops(source, target, outgoing)
        return None if path is None else (path, float(len(path)))
    return _least_cost(source, target, outgoing)


def common_ancestors(*depths: Mapping[str, int]) -> tuple[str, ...]:
    """The versions in every one of ``depths``, nearest first: by sum of depths, then greatest depth, then id.

    Each mapping is ``Reached.depth`` of the ancestors of one version. It holds that version at depth 0, so a version counts
    as its own ancestor: the common ancestors of a version and its descendant include the version.
    """
    if not depths:
        return ()
    common = set(depths[0]).intersection(*depths[1:])

    def distance(node: str) -> tuple[int, int, str]:
        far = [depth[node] for depth in depths]
        return sum(far), max(far), node

    return tuple(sorted(common, key=distance))


def nearest_common_ancestors(common: Sequence[str], edges: Iterable[LineageEdge]) -> tuple[str, ...]:
    """Those of the common ancestors that are no proper ancestor of another one, in the order of ``common``.

    The lowest common ancestors of a DAG, as ``git merge-base --all`` gives them; there may be several. ``common`` is the
    result of ``common_ancestors`` over complete traversals (no maximal depth, not truncated), ``edges`` the edges of any
    one of them. An ancestor of a common ancestor is then a common ancestor too, so whoever is a proper ancestor of
    another one has an edge to one: a single pass over the edges decides.
    """
    among = set(common)
    above = {
        edge.source_node_id
        for edge in edges
        if edge.source_node_id in among and edge.target_node_id in among and edge.source_node_id != edge.target_node_id
    }
    return tuple(node for node in common if node not in above)


def roots(ids: Sequence[str], edges: Iterable[LineageEdge]) -> tuple[str, ...]:
    """Those of ``ids`` that no ancestry edge enters from another of them, in the order of ``ids``.

    ``edges`` are those of a ``Reached``; of other types than ancestry none counts. Of a part of the graph these are the
    roots of that part.
    """
    entered = {edge.target_node_id for edge in _ancestry_within(ids, edges)}
    return tuple(node for node in ids if node not in entered)


def leaves(ids: Sequence[str], edges: Iterable[LineageEdge]) -> tuple[str, ...]:
    """Those of ``ids`` that no ancestry edge leaves to another of them, in the order of ``ids``; see ``roots``."""
    left = {edge.source_node_id for edge in _ancestry_within(ids, edges)}
    return tuple(node for node in ids if node not in left)


def _followed(
    edges: Iterable[LineageEdge], types: Collection[RelationshipType], as_of: datetime
) -> Collection[LineageEdge]:
    """The distinct edges of these types that were valid at ``as_of``."""
    return {edge.edge_id: edge for edge in edges if edge.relationship_type in types and edge.open_at(as_of)}.values()


def _ancestry_within(ids: Collection[str], edges: Iterable[LineageEdge]) -> Iterator[LineageEdge]:
    among = set(ids)
    for edge in edges:
        source, target = edge.source_node_id, edge.target_node_id
        if edge.relationship_type in ANCESTRY and source != target and source in among and target in among:
            yield edge


def _outgoing(edges: Iterable[LineageEdge]) -> Mapping[str, Sequence[LineageEdge]]:
    outgoing: defaultdict[str, list[LineageEdge]] = defaultdict(list)
    for edge in edges:
        outgoing[edge.source_node_id].append(edge)
    return outgoing


def _fewest_hops(
    source: str, target: str, outgoing: Mapping[str, Sequence[LineageEdge]]
) -> tuple[LineageEdge, ...] | None:
    """Breadth-first search that stops at the target."""
    arrived_by: dict[str, LineageEdge | None] = {source: None}
    queue = deque([source])
    while queue and target not in arrived_by:
        for edge in outgoing.get(queue.popleft(), ()):
            if edge.target_node_id not in arrived_by:
                arrived_by[edge.target_node_id] = edge
                queue.append(edge.target_node_id)
    return _trace_back(target, arrived_by) if target in arrived_by else None


def _least_cost(
    source: str, target: str, outgoing: Mapping[str, Sequence[LineageEdge]]
) -> tuple[tuple[LineageEdge, ...], float] | None:
    """Dijkstra's algorithm over (sum of ``-ln(weight)``, hops); weights are in (0, 1], so no cost is negative."""
    best = {source: (0.0, 0)}
    arrived_by: dict[str, LineageEdge | None] = {source: None}
    settled: set[str] = set()
    pushed = 0
    heap = [(0.0, 0, pushed, source)]
    while heap:
        cost, hops, _, node = heapq.heappop(heap)
        if node == target:
            return _trace_back(target, arrived_by), cost
        if node in settled:
            continue
        settled.add(node)
        for edge in outgoing.get(node, ()):
            neighbour = edge.target_node_id
            candidate = (cost - math.log(edge.weight), hops + 1)
            if neighbour not in best or candidate < best[neighbour]:
                best[neighbour] = candidate
                arrived_by[neighbour] = edge
                pushed += 1
                heapq.heappush(heap, (*candidate, pushed, neighbour))
    return None


def _trace_back(target: str, arrived_by: Mapping[str, LineageEdge | None]) -> tuple[LineageEdge, ...]:
    path: list[LineageEdge] = []
    edge = arrived_by[target]
    while edge is not None:
        path.append(edge)
        edge = arrived_by[edge.source_node_id]
    return tuple(reversed(path))
