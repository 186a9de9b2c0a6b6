"""How alike texts are."""

from __future__ import annotations

import random

import pytest

from loopgraph.computes.definitions.similarity import NEARLY_SAME, nearly_same, similarity

WORDS = [f"word{number}" for number in range(400)]


def text(seed: int, words: int = 120) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def changed(original: str, places: int, seed: int = 0) -> str:
    words, rnd = original.split(), random.Random(seed)
    for place in rnd.sample(range(len(words)), places):
        words[place] = f"other{place}"
    return " ".join(words)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a b c d", "a b c d", 1.0),
        ("A, b c!  d", "a b\nc d", 1.0),
        ("a b c d", "a b c e", 1 / 3),
        ("a b", "a b", 1.0),
        ("a b", "b a", 0.0),
        ("", "--", 1.0),
        ("", "a", 0.0),
    ],
)
def test_the_shingles_that_both_have_over_those_that_either_has(one: str, other: str, expected: float) -> None:
    assert similarity(one, other) == similarity(other, one) == expected


def test_a_few_changed_words_leave_texts_nearly_the_same() -> None:
    original = text(1, 200)
    assert similarity(original, changed(original, 4)) >= NEARLY_SAME
    assert similarity(original, changed(original, 60)) < NEARLY_SAME
    assert similarity(original, text(2, 200)) < 0.05


@pytest.mark.lengthy
@pytest.mark.parametrize("at_least", [0.3, 0.8, 1.0])
def test_finds_the_pairs_that_a_comparison_of_all_with_all_finds(at_least: float) -> None:
    texts = {f"{seed}-{places}": changed(text(seed), places, seed) for seed in range(12) for places in (0, 2, 9, 40)}
    texts |= {"copy": texts["3-0"], "empty": "", "blank": " - "}
    firsts = [name for name in texts if name != "copy"]
    expected = {
        frozenset((one, other)): similarity(texts[one], texts[other])
        for one in firsts
        for other in firsts
        if one < other and texts[one].strip(" -") and similarity(texts[one], texts[other]) >= at_least
    }
    expected |= {frozenset(("3-0", "copy")): 1.0}
    found, whole = nearly_same(texts, at_least)
    assert whole
    assert {frozenset((str(pair.one), str(pair.other))): pair.similarity for pair in found} == expected
    assert [pair.similarity for pair in found] == sorted(expected.values(), reverse=True)
    assert expected


@pytest.mark.lengthy
def test_many_texts_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from loopgraph.computes.definitions import similarity as module

    compared = 0
    jaccard = module.jaccard

    def counting(one: module.Shingles, other: module.Shingles) -> float:
        nonlocal compared
        compared += 1
        return jaccard(one, other)

    monkeypatch.setattr(module, "jaccard", counting)
    texts = {seed: text(seed) for seed in range(600)} | {seed + 600: changed(text(seed), 1) for seed in range(20)}
    assert len(nearly_same(texts).pairs) == 20
    assert compared < 600


@pytest.mark.lengthy
def test_copies_of_one_text_are_no_pairs_of_each_other() -> None:
    found, whole = nearly_same({number: text(1) for number in range(2_000)}, most_pairs=5_000)
    assert whole
    assert {(pair.one, pair.similarity) for pair in found} == {(0, 1.0)}
    assert len(found) == 1_999


@pytest.mark.lengthy
def test_texts_that_are_all_alike_take_no_more_than_so_many_comparisons() -> None:
    texts = {number: changed(text(1, 300), 2, number) for number in range(1_000)} | {"far": text(2, 300)}
    found, whole = nearly_same(texts, most_pairs=50, most_compared=1_000_000)
    assert (len(found), whole) == (50, False)
    assert found[0].similarity >= found[-1].similarity >= NEARLY_SAME
    assert nearly_same({1: texts[1], 2: texts[2], 3: texts["far"]}).whole
