"""Reads a graph whole, and writes it elsewhere: by the labels and types of the catalogue, whatever engine either is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final, NamedTuple

from loopgraph.assets import Query, query
from loopgraph.contracts.catalogue.nodes import KEYS, NODES
from loopgraph.contracts.catalogue.relationships import CONNECTIONS
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import CHUNK
from loopgraph.effects.graph.transaction import Row, Transaction

_KEYS = query("copying/keys")
_NODES = query("copying/nodes")
_ALL_NODES = query("copying/all_nodes")
_CREATE_NODES = query("copying/create_nodes")
_RELATIONSHIPS = query("copying/relationships")
_CREATE_RELATIONSHIPS = query("copying/create_relationships")
_COUNT_NODES = query("copying/count_nodes")
_COUNT_RELATIONSHIPS = query("copying/count_relationships")
_COUNT_ALL = query("copying/count_all")

OWN: Final = "SchemaVersion"
"""What a database says of its own schema: each has its own."""
LABELS: Final = tuple(node.label for node in NODES if node.label != OWN)
_WRITTEN: Final = 500
"""So many are written in one transaction."""


class Kind(NamedTuple):
    """A type of relationships between two labels."""

    begin: str
    type: str
    end: str

    def __str__(self) -> str:
        return f"({self.begin})-[{self.type}]->({self.end})"

    def of(self, query: Query) -> Query:
        """A statement about these."""
        return query.choose(
            ANY_LABEL=self.begin, ANY_TYPE=self.type, TO_LABEL=self.end,
            **{word: key for word, key in (("ANY_KEY", KEYS[self.begin]), ("TO_KEY", KEYS[self.end])) if word in query.choices},
        )  # fmt: skip


KINDS: Final = tuple(Kind(begin, one.type, end) for one in CONNECTIONS for begin, end in one.ends)


class Whole:
    """A graph, read and written as a whole."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def keys(self, label: str) -> list[Any]:
        """The keys of all nodes of a label, which has one."""
        return [row["key"] for row in await self._graph.read(_of_label(_KEYS, label))]

    async def nodes(self, label: str, keys: Sequence[Any] | None) -> AsyncIterator[list[Row]]:
        """The properties of the nodes of a label with these keys, some at a time; None: the label has no key, and all are
        read."""
        if keys is None:
            for some in _parts(
                [row["properties"] for row in await self._graph.read(_of_label(_ALL_NODES, label))], CHUNK
            ):
                yield some
            return
        for some in _parts(keys, CHUNK):
            yield [row["properties"] for row in await self._graph.read(_of_label(_NODES, label), keys=some)]

    async def relationships(self, kind: Kind, keys: Sequence[Any]) -> AsyncIterator[list[Row]]:
        """The relationships of a kind that begin at nodes with these keys, some at a time."""
        for some in _parts(keys, CHUNK):
            yield await self._graph.read(kind.of(_RELATIONSHIPS), keys=some)

    async def create_nodes(self, label: str, rows: Sequence[Row]) -> None:
        """Creates nodes with these properties."""
        await self._create(_of_label(_CREATE_NODES, label), rows)

    async def create_relationships(self, kind: Kind, rows: Sequence[Row]) -> None:
        """Creates relationships, whose ends are there."""
        await self._create(kind.of(_CREATE_RELATIONSHIPS), rows)

    async def _create(self, statement: Query, rows: Sequence[Row]) -> None:
        for some in _parts(rows, _WRITTEN):

            async def work(tx: Transaction, some: list[Row] = some) -> None:
                await tx.write(statement, some)

            await self._graph.transaction(work)

    async def counts(self) -> dict[str | Kind, int]:
        """How many nodes of each label, and relationships of each kind, are there."""
        found: dict[str | Kind, int] = {}
        for label in LABELS:
            found[label] = (await self._graph.read(_of_label(_COUNT_NODES, label)))[0]["count"]
        for kind in KINDS:
            found[kind] = (await self._graph.read(kind.of(_COUNT_RELATIONSHIPS)))[0]["count"]
        return found

    async def totals(self) -> tuple[int, int]:
        """How many nodes and relationships are there, of whatever label and type, without what the database says of its
        schema."""
        [row] = await self._graph.read(_COUNT_ALL)
        [own] = await self._graph.read(_of_label(_COUNT_NODES, OWN))
        return row["nodes"] - own["count"], row["relationships"]


def _of_label(query: Query, label: str) -> Query:
    return query.choose(ANY_LABEL=label, **({"ANY_KEY": KEYS[label]} if "ANY_KEY" in query.choices else {}))


def _parts(rows: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for begin in range(0, len(rows), size):
        yield list(rows[begin : begin + size])
