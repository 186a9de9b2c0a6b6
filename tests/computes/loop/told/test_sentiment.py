"""What the words of comments say, and where they say nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loopgraph.computes.loop.told import sentiment as lexicon
from loopgraph.computes.loop.told.sentiment import sentiment_of
from loopgraph.contracts.loop.user_feedback import Sentiment

POSITIVE, NEUTRAL, NEGATIVE = Sentiment.POSITIVE, Sentiment.NEUTRAL, Sentiment.NEGATIVE


@pytest.mark.parametrize(
    ("comment", "sentiment"),
    [
        ("Great work, thanks!", POSITIVE),
        ("exactly what I asked for, works perfectly", POSITIVE),
        ("not bad at all", POSITIVE),
        ("No errors this time", POSITIVE),
        ("ran without any problems", POSITIVE),
        ("👍", POSITIVE),
        ("I can’t say it’s bad", POSITIVE),
        ("It's still failing on the same test", NEGATIVE),
        ("doesn't work", NEGATIVE),
        ("this did not really help, it was not very useful", NEGATIVE),
        ("Not good.", NEGATIVE),
        ("wrong file, I had to undo it", NEGATIVE),
        ("👎", NEGATIVE),
        ("not only fast but also correct", POSITIVE),
        ("it is not done, good try", POSITIVE),  # a comma ends what is negated
        ("not what I wanted but good", POSITIVE),
        ("good idea, bad result", NEUTRAL),
        ("ok", NEUTRAL),
        ("meh", NEUTRAL),
        ("ok, and well done", POSITIVE),
        ("no longer slow to read", POSITIVE),
        ("it no longer works", NEGATIVE),
        ("not as expected", NEGATIVE),
        ("I don't like it", NEGATIVE),
        ("fixed the error in the parser", None),
        ("it looks like a list", None),
        ("refactored the module, then wrote three tests", None),
        ("no", None),
        ("", None),
        ("   \n", None),
        ("unwell goodness", None),  # parts of words say nothing
    ],
)
def test_what_a_comment_says(comment: str, sentiment: Sentiment | None) -> None:
    assert sentiment_of(comment) is sentiment


def test_no_word_says_two_things() -> None:
    groups = (lexicon.POSITIVE, lexicon.NEGATIVE, lexicon.NEUTRAL, lexicon.FAULTS, lexicon.NEGATIONS)
    assert sum(map(len, groups)) == len(frozenset().union(*groups))
    assert all(2 <= len(phrase.split()) <= 3 for phrase in lexicon.PHRASES)


def test_every_word_is_found_by_itself() -> None:
    for word in lexicon.POSITIVE:
        assert sentiment_of(word) is POSITIVE, word
    for word in lexicon.NEGATIVE:
        assert sentiment_of(word) is NEGATIVE, word
    for word in lexicon.FAULTS:
        assert (sentiment_of(word), sentiment_of(f"no {word}")) == (None, POSITIVE), word
    for negation in lexicon.NEGATIONS:
        assert sentiment_of(f"{negation} good") is NEGATIVE, negation


def test_the_table_of_the_docs_is_the_lexicon() -> None:
    text = (Path(__file__).parents[4] / "docs" / "feedback.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\w+) \| (.+) \|$", text, re.MULTILINE))
    for name in ("POSITIVE", "NEGATIVE", "NEUTRAL", "FAULTS", "NEGATIONS"):
        assert frozenset(rows[name.lower()].split()) == getattr(lexicon, name), name
    phrases = {phrase for phrase, value in lexicon.PHRASES.items()}
    told = [phrase for kind in ("praise", "blame", "neither") for phrase in rows[kind].split(", ")]
    assert sorted(told) == sorted(phrases)
    for value, kind in ((1, "praise"), (-1, "blame"), (0, "neither")):
        assert {phrase for phrase, said in lexicon.PHRASES.items() if said == value} == set(rows[kind].split(", "))
