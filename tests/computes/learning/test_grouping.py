"""Which prompts are about the same, where no model says so."""

from __future__ import annotations

import itertools

import pytest

from loopgraph.computes.learning.grouping import feature_key, tells_enough
from loopgraph.contracts.learning.features import PromptFeatures

NOTHING = PromptFeatures(action="", intent="general", keywords=())


def test_the_same_words_are_about_the_same_in_whatever_order() -> None:
    one, other = (
        PromptFeatures(action="fix", intent="debugging", keywords=words) for words in (("a", "b"), ("b", "a"))
    )
    assert feature_key(one, "fix a of b") == feature_key(other, "please fix b, a")


def test_without_words_only_the_same_text_is_about_the_same() -> None:
    texts = ("修复登录超时问题", "添加用户导出功能", "удали все файлы проекта", "do it then", "do that then")
    for one, other in itertools.combinations(texts, 2):
        assert feature_key(NOTHING, one) != feature_key(NOTHING, other)
    assert feature_key(NOTHING, "Удали  все") == feature_key(NOTHING, "удали все\n")
    assert feature_key(NOTHING, "ｄｏ it") == feature_key(NOTHING, "do it")


@pytest.mark.parametrize(
    ("prompt", "enough"),
    [("y", False), ("1", False), ("👍", False), ("ok", False), ("", False), ("1234567 !!!!", False), ("Yes", False),
     ("fix it", True), ("удали", True), ("修复登录", True), ("修复", True), ("修", False)],
)  # fmt: skip
def test_a_few_letters_tell_nothing(prompt: str, enough: bool) -> None:
    assert tells_enough(prompt) is enough
