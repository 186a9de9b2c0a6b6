"""The exact index of vectors in this process: every vector is compared, so it finds what there is to find.

Vectors lie in shelves by the action of their prompts. Prompts that ask for another action are no match whatever their vectors
say, so the shelves of those are not looked at; a request whose action is not told looks at all. A shelf is a list of
matrices, each of which is filled and then left: what is added copies nothing.

To compare very many is to read all of their memory. So many vectors are arranged: turned (which changes no cosine) so that
most of what there is of them is in their first numbers, as their principal components say. These are read first, and the rest
only of those that may be among the nearest: what it adds to a cosine is no more than the product of the lengths of both rests.
So nothing is lost.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopgraph.contracts.learning.embeddings import Vectors

FIRST_ROWS: Final = 64
MOST_ROWS: Final = 4_096
"""The first matrix of a shelf has so many rows, each next one four times as many, up to the most. What is not used of it is no
memory yet."""
MANY_ROWS: Final = 20_000
"""So many rows take some milliseconds: they are compared by several threads, and are worth to be arranged."""
LEADING: Final = 5
"""Of the numbers of a vector that is arranged one in so many is read first."""
SAMPLE_ROWS: Final = 2_000
"""How vectors lie is seen by so many of them."""
MOST_TURNED: Final = 2_048
"""With more numbers, to turn vectors costs more than it saves."""
MOST_CHOSEN: Final = 0.4
"""If a greater share of all may be among the nearest, the rest of all is read in their order, which is quicker."""
_ROUNDED: Final = 1e-5
THREADS: Final = min(4, os.cpu_count() or 1)
_GONE: Final = -1


class Entry(NamedTuple):
    """A prompt as it is indexed."""

    exemplar_id: str
    pattern_id: str
    action: str


class Hit(NamedTuple):
    """A pattern, its nearest prompt, and the cosine of that."""

    pattern_id: str
    exemplar_id: str
    cosine: float


class _Turn(NamedTuple):
    """How vectors are turned: by an orthogonal matrix, after which the first ``leading`` numbers say most."""

    matrix: Vectors
    leading: int


class _Block:
    """A matrix of the shelf of an action; ``begins`` is the number of its first row among all. Rows of prompts that were taken
    away have no pattern, and are used again. Until it is arranged, all numbers of its vectors are leading ones."""

    def __init__(self, action: str, rows: int, dimension: int, begins: int, turn: _Turn | None) -> None:
        self.action = action
        self.patterns = np.full(rows, _GONE, dtype=np.int32)
        self.exemplars: list[str] = []
        self.begins = begins
        self.turn = turn
        leading = turn.leading if turn else dimension
        self.leading = np.zeros((rows, leading), dtype=np.float32)
        self.rest = np.zeros((rows, dimension - leading), dtype=np.float32)
        self.lengths = np.zeros(rows, dtype=np.float32)

    @property
    def nbytes(self) -> int:
        return self.leading.nbytes + self.rest.nbytes

    @property
    def rows(self) -> int:
        return len(self.patterns)

    def put(self, row: int, vector: NDArray[np.float32]) -> None:
        """Sets a row, to a vector that is turned as its vectors are."""
        leading = self.leading.shape[1]
        self.leading[row], self.rest[row] = vector[:leading], vector[leading:]
        self.lengths[row] = np.linalg.norm(vector[leading:])

    def arrange(self, turn: _Turn) -> None:
        """Turns its vectors."""
        used, leading = len(self.exemplars), turn.leading
        turned = self.leading[:used] @ turn.matrix
        self.turn = turn
        self.leading = np.zeros((self.rows, leading), dtype=np.float32)
        self.rest = np.zeros((self.rows, turned.shape[1] - leading), dtype=np.float32)
        self.leading[:used], self.rest[:used] = turned[:, :leading], turned[:, leading:]
        self.lengths[:used] = np.linalg.norm(self.rest[:used], axis=1)


class _Query(NamedTuple):
    """What is searched for, as the vectors of a block are kept."""

    leading: NDArray[np.float32]
    rest: NDArray[np.float32]
    length: float


class VectorIndex:
    """Vectors of one model. May be used by several threads: one at a time."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._lock = threading.Lock()
        self._shelves: dict[str, list[_Block]] = {}
        self._blocks: list[_Block] = []
        self._begins: list[int] = []
        self._free: dict[str, list[int]] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._rows: dict[str, int] = {}
        self._patterns: list[str] = []
        self._numbers: dict[str, int] = {}
        self._turn: _Turn | None = None
        self._of_pattern: dict[int, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def nbytes(self) -> int:
        """The bytes of its matrices."""
        return sum(block.nbytes for block in self._blocks)

    @property
    def wants_arranging(self) -> bool:
        """Whether there are so many that a search gets quicker when they are arranged."""
        many = len(self._rows) >= MANY_ROWS and self._dimension <= MOST_TURNED
        return many and any(block.turn is None for block in self._blocks)

    def arrange(self) -> None:
        """Arranges its vectors, one matrix after the other: whoever searches or adds meanwhile waits for one at most."""
        for block in list(self._blocks):
            with self._lock:
                self._turn = self._turn or self._seen()
                if block.turn is None:
                    block.arrange(self._turn)

    def _seen(self) -> _Turn:
        """How its vectors lie."""
        used = [block.leading[: len(block.exemplars)] for block in self._blocks if block.exemplars]
        step = max(1, len(self._rows) // SAMPLE_ROWS)
        sample = np.concatenate([vectors[::step] for vectors in used])
        _, matrix = np.linalg.eigh(sample.T @ sample)  # by what they account for, the least first
        return _Turn(np.ascontiguousarray(matrix[:, ::-1], dtype=np.float32), max(1, self._dimension // LEADING))

    def __contains__(self, exemplar_id: str) -> bool:
        return exemplar_id in self._rows

    def put(self, entries: Iterable[Entry], vectors: Vectors) -> None:
        """Adds prompts; of those that are there, pattern, action and vector become these."""
        with self._lock:
            turned = vectors @ self._turn.matrix if self._turn else vectors
            for entry, vector, other in zip(entries, vectors, turned, strict=True):
                at = self._rows.get(entry.exemplar_id)
                if at is None or not self._is(at, entry):
                    self._remove(entry.exemplar_id)
                    at = self._add(entry)
                block = self._block_of(at)
                block.put(at - block.begins, other if block.turn else vector)

    def keep_only(self, pattern_id: str, exemplar_ids: Iterable[str]) -> None:
        """Takes away the prompts of a pattern that are not among these."""
        with self._lock:
            kept = set(exemplar_ids)
            for exemplar_id in self._of_pattern.get(self._numbers.get(pattern_id, _GONE), ()):
                if exemplar_id not in kept:
                    self._remove(exemplar_id)

    def search(self, vector: NDArray[np.float32], most: int, passes: Callable[[str], bool]) -> list[Hit]:
        """The ``most`` patterns whose nearest prompts are nearest, among those whose action ``passes``, nearest first."""
        with self._lock:
            blocks = [block for action, shelf in self._shelves.items() if passes(action) for block in shelf]
            if not blocks or most < 1:
                return []
            queries = self._queries(blocks, vector)
            first = self._each(blocks, queries, _leading)
            rows = 4 * most
            while True:
                nearest = self._nearest(blocks, queries, first, rows)
                hits = self._hits(blocks, nearest)
                if len(hits) >= most or rows >= len(first):
                    return hits[:most]
                rows *= 4

    def _queries(self, blocks: list[_Block], vector: NDArray[np.float32]) -> list[_Query]:
        """What is searched for, for each block."""
        plain = _Query(vector, vector[:0], 0.0)
        if self._turn is None:
            return [plain] * len(blocks)
        turned, leading = vector @ self._turn.matrix, self._turn.leading
        arranged = _Query(turned[:leading], turned[leading:], float(np.linalg.norm(turned[leading:])))
        return [arranged if block.turn else plain for block in blocks]

    def _each(
        self, blocks: list[_Block], queries: list[_Query], compare: Callable[[_Block, _Query], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """What comparing comes to for all rows; of many, by several threads, each with a part of the blocks."""
        ends = np.cumsum([len(block.exemplars) for block in blocks])
        if ends[-1] < MANY_ROWS or len(blocks) < THREADS:
            return np.concatenate(list(map(compare, blocks, queries)))
        inner = [int(np.searchsorted(ends, ends[-1] * part / THREADS)) for part in range(1, THREADS)]
        cuts = [0, *inner, len(blocks)]

        def part(begin: int, end: int) -> list[NDArray[np.float32]]:
            return list(map(compare, blocks[begin:end], queries[begin:end]))

        self._threads = self._threads or ThreadPoolExecutor(THREADS, "vectors")
        return np.concatenate([one for some in self._threads.map(part, cuts[:-1], cuts[1:]) for one in some])

    def _nearest(
        self, blocks: list[_Block], queries: list[_Query], first: NDArray[np.float32], rows: int
    ) -> list[tuple[int, float]]:
        """The numbers of the nearest ``rows`` rows and their cosines, nearest first, without those that were taken away.
        ``first`` is what the leading numbers come to."""
        if not any(query.length for query in queries):
            return _best(np.arange(len(first)), first, rows)
        some = np.nonzero(first >= _about(first, 2 * rows))[0]
        known = self._completed(blocks, queries, first, some)
        least = float(np.partition(known, len(known) - rows)[len(known) - rows]) if len(known) > rows else -np.inf
        most = [
            block.lengths[: len(block.exemplars)] * query.length for block, query in zip(blocks, queries, strict=True)
        ]
        chosen = np.nonzero(first + np.concatenate(most) >= least - _ROUNDED)[0]
        if len(chosen) > MOST_CHOSEN * len(first):
            return _best(np.arange(len(first)), first + self._each(blocks, queries, _rest), rows)
        return _best(chosen, self._completed(blocks, queries, first, chosen), rows)

    @staticmethod
    def _completed(
        blocks: list[_Block], queries: list[_Query], first: NDArray[np.float32], places: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """The cosines of some rows, whose numbers rise."""
        cosines, begin = first[places], 0
        ends = np.searchsorted(places, np.cumsum([len(block.exemplars) for block in blocks]))
        row = 0
        for block, query, end in zip(blocks, queries, ends, strict=True):
            if begin < end:
                cosines[begin:end] += block.rest[places[begin:end] - row] @ query.rest
            begin, row = end, row + len(block.exemplars)
        return cosines

    def _hits(self, blocks: list[_Block], nearest: Iterable[tuple[int, float]]) -> list[Hit]:
        """The patterns of some rows, each with its nearest."""
        ends = np.cumsum([len(block.exemplars) for block in blocks])
        found: dict[int, Hit] = {}
        for place, cosine in nearest:
            at = int(np.searchsorted(ends, place, side="right"))
            block, row = blocks[at], int(place - (ends[at - 1] if at else 0))
            number = int(block.patterns[row])
            if number not in found:
                found[number] = Hit(self._patterns[number], block.exemplars[row], cosine)
        return list(found.values())

    def _add(self, entry: Entry) -> int:
        """The number of the row that is a prompt's now."""
        at = self._free_row(entry.action)
        block, number = self._block_of(at), self._number(entry.pattern_id)
        row = at - block.begins
        block.patterns[row] = number
        block.exemplars[row] = entry.exemplar_id
        self._rows[entry.exemplar_id] = at
        self._of_pattern[number] = (*self._of_pattern.get(number, ()), entry.exemplar_id)
        return at

    def _free_row(self, action: str) -> int:
        """The number of a row for a prompt of an action: one that was taken away, or the next of its shelf."""
        if free := self._free.get(action):
            return free.pop()
        shelf = self._shelves.setdefault(action, [])
        if not shelf or len(shelf[-1].exemplars) == shelf[-1].rows:
            rows = min(MOST_ROWS, 4 * shelf[-1].rows) if shelf else FIRST_ROWS
            begins = self._begins[-1] + self._blocks[-1].rows if self._blocks else 0
            shelf.append(_Block(action, rows, self._dimension, begins, self._turn))
            self._blocks.append(shelf[-1])
            self._begins.append(begins)
        shelf[-1].exemplars.append("")
        return shelf[-1].begins + len(shelf[-1].exemplars) - 1

    def _block_of(self, at: int) -> _Block:
        return self._blocks[bisect_right(self._begins, at) - 1]

    def _is(self, at: int, entry: Entry) -> bool:
        return self._block_of(at).action == entry.action and self._patterns[self._pattern_at(at)] == entry.pattern_id

    def _pattern_at(self, at: int) -> int:
        block = self._block_of(at)
        return int(block.patterns[at - block.begins])

    def _number(self, pattern_id: str) -> int:
        number = self._numbers.get(pattern_id)
        if number is None:
            number = self._numbers[pattern_id] = len(self._patterns)
            self._patterns.append(pattern_id)
        return number

    def _remove(self, exemplar_id: str) -> None:
        at = self._rows.pop(exemplar_id, None)
        if at is None:
            return
        block, number = self._block_of(at), self._pattern_at(at)
        self._of_pattern[number] = tuple(one for one in self._of_pattern[number] if one != exemplar_id)
        block.patterns[at - block.begins] = _GONE
        self._free.setdefault(block.action, []).append(at)


def _leading(block: _Block, query: _Query) -> NDArray[np.float32]:
    """What the leading numbers come to, -inf for rows that were taken away."""
    used = len(block.exemplars)
    first: NDArray[np.float32] = block.leading[:used] @ query.leading
    first[block.patterns[:used] == _GONE] = -np.inf
    return first


def _rest(block: _Block, query: _Query) -> NDArray[np.float32]:
    rest: NDArray[np.float32] = block.rest[: len(block.exemplars)] @ query.rest
    return rest


def _about(values: NDArray[np.float32], count: int) -> float:
    """A value that about so many are as great as, or more; by a sample, where there are very many."""
    step = max(1, len(values) // (32 * count))
    sample = values[::step]
    place = max(0, len(sample) - max(1, count // step))
    return float(np.partition(sample, place)[place])


def _best(places: NDArray[np.intp], cosines: NDArray[np.float32], rows: int) -> list[tuple[int, float]]:
    """The places with the greatest cosines, so many at most, the greatest first; without those that were taken away."""
    if len(cosines) > rows:
        nearest = np.argpartition(cosines, len(cosines) - rows)[len(cosines) - rows :]
        places, cosines = places[nearest], cosines[nearest]
    order = np.argsort(-cosines, kind="stable")
    return [(int(places[at]), float(cosines[at])) for at in order if cosines[at] != -np.inf]
