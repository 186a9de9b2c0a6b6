"""A graph is copied to another database, of the same engine or another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from loopgraph.contracts.catalogue.nodes import KEYS
from loopgraph.effects.archive.copying import KINDS, LABELS, Kind, Whole
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema.schema import lay, look, record
from loopgraph.errors import ForeignData, GraphContended, InvalidInput, SetupError
from loopgraph.settings import EMBEDDED_SCHEME


class Copied(NamedTuple):
    """How many nodes and relationships were copied."""

    nodes: int
    relationships: int


async def copy(source: Graph, target: Graph, tell: Callable[[int, int], None] = lambda done, of: None) -> Copied:
    """Copies all that a graph holds to an empty database, and counts both afterwards. Nobody may write to either meanwhile.
    ``tell`` is told how many nodes and relationships are copied, and of how many.

    Raises SetupError for a source that is empty, or not up to date, or of which something cannot be copied, where somebody else
    writes to the target, too, and where the counts differ afterwards; InvalidInput for a target that is not empty: nothing was
    written to it then.
    """
    lacking = await look(source)
    if lacking is None:
        raise SetupError("the graph that is to be copied is empty")
    if lacking:
        raise SetupError("the graph that is to be copied is of an older loopgraph: run `loopgraph migrate` first")
    begun, it = Whole(source), Whole(target)
    counts, changes = await begun.counts(), await _changes(begun)
    await _check_known(begun, counts)
    await _check_empty(target)
    await lay(target)
    try:
        await _write(begun, it, counts, tell)
    except GraphContended as error:
        await _check_still(begun, changes, target)  # of a relationship that came later an end is not there
        raise SetupError(
            f"somebody else is writing to {target.named}, such as another copy: this one has ended, and what it wrote is there. "
            f"Let the other one end; where it has failed, too, {_emptying(target)}, and copy again"
        ) from error
    await _check_still(begun, changes, target)
    _check_same(await begun.counts(), await it.counts(), _emptying(target))
    await record(target)  # at last: what an interrupted copy leaves is no graph that a service takes for whole
    return Copied(sum(counts[label] for label in LABELS), sum(counts[kind] for kind in KINDS))


async def _write(
    source: Whole, target: Whole, counts: Mapping[str | Kind, int], tell: Callable[[int, int], None]
) -> None:
    """Writes all nodes, and then the relationships between them. The keys of one label at a time are held."""
    done, whole = 0, sum(counts.values())
    for label in LABELS:
        keys = await source.keys(label) if label in KEYS else None
        async for rows in source.nodes(label, keys):
            await target.create_nodes(label, rows)
            done += len(rows)
            tell(done, whole)
    for begin in LABELS:
        kinds = [kind for kind in KINDS if kind.begin == begin and counts[kind]]
        keys = await source.keys(begin) if kinds else []
        for kind in kinds:
            async for rows in source.relationships(kind, keys):
                await target.create_relationships(kind, rows)
                done += len(rows)
                tell(done, whole)


async def _changes(source: Whole) -> frozenset[str]:
    """What tells those who follow of each change: another one is there after whatever is written, also where no count differs."""
    return frozenset(await source.keys("Change"))


async def _check_still(source: Whole, changes: frozenset[str], target: Graph) -> None:
    """Raises SetupError for a source that has been written since it had these changes."""
    if await _changes(source) != changes:
        raise SetupError(
            f"the graph was written while it was copied: stop every service, {_emptying(target)}, and copy again"
        )


async def _check_empty(target: Graph) -> None:
    """Raises InvalidInput for a graph that holds something, and what ``look`` raises."""
    try:
        lacking = await look(target)
    except ForeignData as error:
        raise InvalidInput(
            "target",
            f"must be an empty database; {target.named} holds something else, or what a copy has left that was interrupted, or "
            f"what another copy is writing there: let that end, name another one, or {_emptying(target)}",
        ) from error
    if lacking is None:
        return
    if lacking:
        raise InvalidInput("target", "must be an empty database; it is one of an older loopgraph")
    for what, count in (await Whole(target).counts()).items():
        if count:
            raise InvalidInput("target", f"must be an empty database; it holds {what} ({count:,})")


def _emptying(target: Graph) -> str:
    return f"remove {target.named.removeprefix(EMBEDDED_SCHEME)}" if target.is_embedded else f"empty {target.named}"


async def _check_known(source: Whole, counts: dict[str | Kind, int]) -> None:
    """Raises SetupError for what is in no label or type that is known: it would be left behind."""
    nodes, relationships = await source.totals()
    if await source.counts() != counts:
        raise SetupError("the graph that is to be copied is being written: stop every service first")
    known = sum(counts[label] for label in LABELS), sum(counts[kind] for kind in KINDS)
    if known != (nodes, relationships):
        raise SetupError(
            f"the graph has {nodes:,} nodes and {relationships:,} relationships, of which only {known[0]:,} and {known[1]:,} "
            "are Loopgraph's; take away what others have written into it"
        )


def _check_same(source: Mapping[str | Kind, int], target: Mapping[str | Kind, int], emptying: str) -> None:
    for what, count in source.items():
        if target[what] != count:
            raise SetupError(
                f"the copy is not whole: {what} is there {count:,} times, and {target[what]:,} times in the copy; has anything "
                f"been written meanwhile? Stop every service, {emptying}, and copy again"
            )
