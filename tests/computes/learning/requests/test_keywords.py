"""The words of a prompt that tell what it is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.learning.requests.keywords import MOST, keywords


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("fix the login timeout in auth.py", {"login", "timeout", "auth.py", "authentication", "python"}),
        ("auth.py times out on login", {"auth.py", "authentication", "python", "login", "timeout"}),
        ("rename getUserName to fetchUserName", {"getusername", "fetchusername", "fetch", "user", "name"}),
        ("add paging to the /api/users route", {"pagination", "endpoint", "users", "api", "user"}),
        ("lösche den Größencache", {"lösche", "den", "größencache"}),
        ("исправь таймаут в auth.py", {"исправь", "таймаут", "auth.py", "authentication", "python"}),
        ("修复登录超时", {"修复", "复登", "登录", "录超", "超时"}),
        ("ログを修正 loginBox", {"ログ", "グを", "を修", "修正", "loginbox", "login", "box"}),
        ("लॉगिन ठीक करें", {"लॉगिन", "ठीक", "करें"}),
        ("please delete it", set()),
        ("", set()),
    ],
)
def test_the_keywords_of_a_prompt(prompt: str, words: set[str]) -> None:
    assert set(keywords(prompt)) == words


def test_identifiers_come_first() -> None:
    assert keywords("the export of large orders in order_export.py is wrong")[0] == "order_export.py"


@pytest.mark.lengthy
@given(st.text(max_size=6_000))
def test_any_text_has_a_bounded_number_of_them_without_duplicates(text: str) -> None:
    found = keywords(text)
    assert len(found) <= MOST
    assert len(found) == len(set(found))
    assert all(word and word == word.lower() for word in found if word.isascii())
