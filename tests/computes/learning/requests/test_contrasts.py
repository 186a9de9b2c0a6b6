"""What makes other work of the same words is seen, and another number or name is none of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from computes.learning.requests.prompts import pairs
from loopgraph.computes.learning.grouping import feature_key
from loopgraph.computes.learning.requests.actions import ACTIONS, INTENTS
from loopgraph.computes.learning.requests.contrasts import MOST, READ, apart, contrasts
from loopgraph.computes.learning.requests.opposites import CLOSE, ENVIRONMENTS, VERBS, WORDS
from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.contracts.learning.features import PromptFeatures


def key_of(prompt: str) -> str:
    return feature_key(features_of(prompt), prompt)


def told(one: str, other: str) -> str | None:
    mine, its = features_of(one), features_of(other)
    return apart(mine.contrasts, its.contrasts, mine.keywords, its.keywords)


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ("merge branch a into b", "merge branch b into a", "it goes from a to b, and not from b to a"),
        ("copy the db from alpha to beta", "copy the db from beta to alpha", "it goes from alpha to beta"),
        ("use poetry over pip", "use pip over poetry", "it goes from pip to poetry"),
        ("deploy the api to staging", "ship the api to prod", "it is about staging, and not about production"),
        ("foo the cache", "unfoo the cache", "unfoo is the opposite of foo"),
        ("push the branch", "force push the branch", "only one is done so: force"),
        ("push the branch", "push the branch with --force", "only one is done so: force"),
        ("muting the alerts", "unmute the alerts", "mute is the opposite of unmute"),
        ("scale the workers up", "scale the workers down", "up is the opposite of down"),
    ],
)
def test_what_sets_two_prompts_apart(one: str, other: str, words: str) -> None:
    assert words in (told(one, other) or "")
    assert told(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fix test_a", "fix test_b"),
        ("set the retries to 3", "set the retries to 0"),
        ("deploy the api to staging, then to production", "deploy the api to production"),
        ("add sso to the login", "fix the login with sso"),
        ("compare redis with valkey", "compare valkey with redis"),
        ("replace moment with dayjs", "use dayjs over moment"),
        ("from moment to dayjs", "replace moment with dayjs"),
        ("stop muting the alerts", "unmute the alerts"),
        ("debug the login", "fix the login bug"),
        ("the alert is muted, unmute it", "unmute the alert"),
    ],
)
def test_what_does_not(one: str, other: str) -> None:
    assert told(one, other) is None
    assert told(other, one) is None


def test_opposites_are_not_of_one_kind_and_other_arguments_may_be() -> None:
    opposite = [*pairs("opposites", "tuned"), *pairs("opposites", "held_out")]
    assert not [pair for pair in opposite if key_of(pair[0]) == key_of(pair[1])]
    assert key_of("fix test_a") == key_of("fix test_b")


def test_a_key_from_before_there_were_contrasts_stays() -> None:
    features = PromptFeatures(action="fix", intent="debugging", keywords=("login", "timeout"))
    assert feature_key(features, "fix the login timeout") == "d6bf47a28f1faf558ec67b7ea84e4e6a"


def test_every_line_of_opposites_has_two_sides() -> None:
    for text, parts in ((VERBS, 3), (WORDS, 2), (CLOSE, 2)):
        for line in text.strip().splitlines():
            sides = [side.split() for side in line.split("|")]
            assert len(sides) == parts
            assert all(sides)
            assert not set(sides[0]) & set(sides[1])
    assert ENVIRONMENTS.strip()
    for line in VERBS.strip().splitlines():
        one, other, [intent] = (side.split() for side in line.split("|"))
        if intent != "-":
            assert ACTIONS[(one[0],)] != ACTIONS[(other[0],)]
            assert {ACTIONS[(one[0],)], ACTIONS[(other[0],)]} <= INTENTS.keys()


@pytest.mark.lengthy
@given(st.text(max_size=2 * READ), st.text(max_size=200))
def test_any_text_has_a_bounded_number_of_them(text: str, other: str) -> None:
    found = contrasts(text)
    assert len(found) <= MOST
    assert list(found) == sorted(set(found))
    assert (told(text, other) is None) == (told(other, text) is None)
    assert told(text, text) is None
