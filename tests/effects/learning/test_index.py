"""The index finds what comparing every vector finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from loopgraph.contracts.learning.embeddings import of_length_one, packed, unpacked
from loopgraph.effects.learning.index import FIRST_ROWS, Entry, VectorIndex

DIMENSION = 16
ACTIONS = ("", "fix", "delete", "list")


def vectors_of(count: int, seed: int) -> NDArray[np.float32]:
    return of_length_one(np.random.default_rng(seed).standard_normal((count, DIMENSION)))


def expected(
    entries: list[Entry], vectors: NDArray[np.float32], query: NDArray[np.float32], actions: set[str]
) -> list[str]:
    """The patterns, nearest first, by comparing all."""
    best: dict[str, float] = {}
    for entry, vector in zip(entries, vectors, strict=True):
        if entry.action in actions:
            best[entry.pattern_id] = max(best.get(entry.pattern_id, -2.0), float(vector @ query))
    return sorted(best, key=lambda pattern_id: -best[pattern_id])


@pytest.mark.lengthy
@pytest.mark.parametrize("many", [1, 10**9], ids=["threads", "one thread"])
@given(
    count=st.integers(1, 4 * FIRST_ROWS),
    patterns=st.integers(1, 50),
    most=st.integers(1, 60),
    seed=st.integers(0, 10_000),
    actions=st.sets(st.sampled_from(ACTIONS)),
)
def test_a_search_is_exact(many: int, count: int, patterns: int, most: int, seed: int, actions: set[str]) -> None:
    vectors, rng = vectors_of(count + 1, seed), np.random.default_rng(seed)
    entries = [
        Entry(f"x{number}", f"p{rng.integers(patterns)}", ACTIONS[rng.integers(len(ACTIONS))])
        for number in range(count)
    ]
    index = VectorIndex(DIMENSION)
    index.put(entries, vectors[:count])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loopgraph.effects.learning.index.MANY_ROWS", many)
        hits = index.search(vectors[count], most, actions.__contains__)
    assert [hit.pattern_id for hit in hits] == expected(entries, vectors[:count], vectors[count], actions)[:most]
    by_id = {entry.exemplar_id: (entry, vector) for entry, vector in zip(entries, vectors[:count], strict=True)}
    for hit in hits:
        entry, vector = by_id[hit.exemplar_id]
        assert entry.pattern_id == hit.pattern_id
        assert abs(hit.cosine - float(vector @ vectors[count])) < 1e-5


@pytest.mark.lengthy
@given(
    count=st.integers(1, 5 * FIRST_ROWS),
    late=st.integers(0, FIRST_ROWS),
    most=st.integers(1, 40),
    noise=st.sampled_from([0.0, 0.02, 1.0]),
    seed=st.integers(0, 10_000),
    actions=st.sets(st.sampled_from(ACTIONS)),
)
def test_what_is_arranged_is_as_exact_and_so_is_what_comes_later_or_goes(
    count: int, late: int, most: int, noise: float, seed: int, actions: set[str]
) -> None:
    """Whether the first numbers of vectors say nearly all, as those of prompts do, or no more than others."""
    rng = np.random.default_rng(seed)
    few = rng.normal(size=(count + late + 1, 3)) @ rng.normal(size=(3, DIMENSION))
    few = few + noise * rng.normal(size=few.shape)
    vectors = (few / np.linalg.norm(few, axis=1, keepdims=True)).astype(np.float32)
    entries = [
        Entry(f"x{number}", f"p{rng.integers(20)}", ACTIONS[rng.integers(len(ACTIONS))])
        for number in range(count + late)
    ]
    index = VectorIndex(DIMENSION)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loopgraph.effects.learning.index.MANY_ROWS", 1)
        index.put(entries[:count], vectors[:count])
        assert index.wants_arranging
        index.arrange()
        assert not index.wants_arranging
        index.put(entries[count:], vectors[count:-1])
        changed = rng.integers(count + late, size=3)
        index.put([entries[at] for at in changed], vectors[changed])
        gone = entries[rng.integers(count + late)].pattern_id
        index.keep_only(gone, ())
        hits = index.search(vectors[-1], most, actions.__contains__)
    left = [number for number, entry in enumerate(entries) if entry.pattern_id != gone]
    kept = [entries[number] for number in left]
    best: dict[str, float] = {}
    for entry, vector in zip(kept, vectors[left], strict=True):
        if entry.action in actions:
            best[entry.pattern_id] = max(best.get(entry.pattern_id, -2.0), float(vector @ vectors[-1]))
    wanted = sorted(best.values(), reverse=True)[:most]
    assert [hit.cosine for hit in hits] == pytest.approx(wanted, abs=1e-5)
    assert [best[hit.pattern_id] for hit in hits] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.lengthy
def test_of_many_that_are_arranged_few_are_read_to_their_end() -> None:
    rng = np.random.default_rng(3)
    few = rng.normal(size=(9_000, 5)) @ rng.normal(size=(5, 64)) + 0.02 * rng.normal(size=(9_000, 64))
    vectors = (few / np.linalg.norm(few, axis=1, keepdims=True)).astype(np.float32)
    index, read = VectorIndex(64), list[int]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loopgraph.effects.learning.index.MANY_ROWS", 1_000)
        index.put([Entry(f"x{number}", f"p{number}", "fix") for number in range(9_000)], vectors)
        before = [hit.pattern_id for hit in index.search(vectors[7], 5, lambda action: True)]
        index.arrange()
        completed = VectorIndex._completed
        counted = lambda *given: (read.append(len(given[3])), completed(*given))[1]  # noqa: E731
        patch.setattr(VectorIndex, "_completed", staticmethod(counted))
        assert [hit.pattern_id for hit in index.search(vectors[7], 5, lambda action: True)] == before
    assert 20 <= sum(read) < 900


def test_what_is_put_again_is_there_once_and_what_is_taken_away_never_comes_back() -> None:
    index, vectors = VectorIndex(DIMENSION), vectors_of(4, 1)
    index.put([Entry(f"x{number}", "p", "fix") for number in range(3)], vectors[:3])
    index.put([Entry("x0", "q", "delete")], vectors[3:])
    assert len(index) == 3
    assert [hit.exemplar_id for hit in index.search(vectors[3], 5, lambda action: action == "delete")] == ["x0"]
    assert [hit.pattern_id for hit in index.search(vectors[0], 5, lambda _: True)] in (["p", "q"], ["q", "p"])
    index.keep_only("p", ["x2"])
    index.keep_only("q", [])
    assert [hit.exemplar_id for hit in index.search(vectors[1], 5, lambda _: True)] == ["x2"]
    index.keep_only("p", [])
    assert index.search(vectors[1], 5, lambda _: True) == []
    assert len(index) == 0


def test_an_empty_index_finds_nothing() -> None:
    assert VectorIndex(DIMENSION).search(vectors_of(1, 1)[0], 5, lambda _: True) == []


def test_a_vector_survives_being_stored_to_the_last_bit() -> None:
    vectors = vectors_of(7, 3)
    np.testing.assert_array_equal(unpacked([packed(vector) for vector in vectors], DIMENSION), vectors)


def test_what_changes_again_and_again_takes_no_more_room() -> None:
    index, vectors = VectorIndex(DIMENSION), vectors_of(FIRST_ROWS, 5)
    entries = [Entry(f"x{number}", f"p{number}", "fix") for number in range(FIRST_ROWS)]
    index.put(entries, vectors)
    room = index.nbytes
    for number in range(5):
        index.put(entries, vectors[::-1])
        index.put([entry._replace(pattern_id=f"q{number}") for entry in entries], vectors)
        index.keep_only(f"q{number}", [])
        index.put(entries, vectors)
    assert (index.nbytes, len(index)) == (room, FIRST_ROWS)
    assert index.search(vectors[3], 1, lambda _: True)[0].exemplar_id == "x3"
    index.put([entry._replace(action="delete") for entry in entries], vectors)
    index.put(entries, vectors)
    assert index.nbytes == 2 * room
    assert index.search(vectors[3], 1, lambda action: action == "delete") == []
