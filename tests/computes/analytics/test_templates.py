"""Templates of messages: what is masked, what is merged, and that the order of messages does not matter."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.analytics.templates import clusters, covers, headline, masked, template_id

MASKED = {
    "Exit code 1\nls: cannot access '/x/y': No such file or directory": "ls: cannot access <str>: No such file or directory",
    'Exit code 2\nTraceback (most recent call last):\n  File "a.py", line 3, in <module>\n    foo()\nKeyError: \'abc\'\n\nmore':
        "KeyError: <str>",
    "\x1b[31mcannot open\x1b[0m /etc/passwd, it's locked": "cannot open <path>, it's locked",
    "connect ECONNREFUSED 127.0.0.1:5432": "connect ECONNREFUSED <ip>",
    "HTTP 404 Not Found: https://api.example.com/v1/u/123?x=1": "HTTP 404 Not Found: <url>",
    "status code: 503 after 3 tries": "status code: 503 after <n> tries",
    "request req_011CSHoEeqs5C35K2UUqR7Fy timed out after 30.5s": "request <id> timed out after <n>",
    "0191f0b2-6d4e-7a53-9c3e-2f1b4f0c9d10 is gone": "<id> is gone",
    "error in src/app/main.py:12:5 - TS2304: Cannot find name": "error in <path>:<n>:<n> - TS<n>: Cannot find name",
    "commit 9fceb02 at 0x7ffe00 not found": "commit <hex> at <hex> not found",
    "deadline 2026-01-02T10:11:12.345Z exceeded": "deadline <time> exceeded",
    "started 2026-01-02 10:11:12 ended 10:12:13": "started <time> ended <time>",
    "mail to dev@example.com bounced": "mail to <email> bounced",
    "worker-17 died (pid=2231)": "worker-<n> died (pid=<n>)",
    "anthropic/claude-3 is no model, read/write it": "anthropic/claude-<n> is no model, read/write it",
    "Command failed with exit code 127": "Command failed with exit code <n>",
    "token [REDACTED] expired": "token [REDACTED] expired",
    "   ": "",
}  # fmt: skip


@pytest.mark.parametrize("message", MASKED)
def test_what_looks_like_a_value_is_masked(message: str) -> None:
    assert masked(headline(message)) == MASKED[message]


LINES = (
    "user alice not found in realm main",
    "user bob not found in realm main",
    "user carol not found in realm main",
    "cannot read table orders",
    "cannot read table users",
    "disk full",
    "disk gone",
    "ENOENT: <path>",
    "EACCES: <path>",
)


def test_headlines_that_differ_in_few_words_are_merged() -> None:
    found = clusters(dict.fromkeys(LINES, 1))
    assert {cluster.template: len(cluster.headlines) for cluster in found} == {
        "user <*> not found in realm main": 3,
        "cannot read table <*>": 2,
        "disk full": 1,
        "disk gone": 1,
        "ENOENT: <path>": 1,
        "EACCES: <path>": 1,
    }


words = st.lists(
    st.sampled_from(["open", "read", "table", "user", "x1", "x2", "<n>", "<str>", "failed"]), min_size=1, max_size=5
)
headlines = st.lists(words.map(" ".join), max_size=25)


@pytest.mark.lengthy
@given(headlines, st.randoms(use_true_random=False))
def test_the_order_of_messages_does_not_matter(lines: list[str], chance: random.Random) -> None:
    shuffled = list(lines)
    chance.shuffle(shuffled)
    assert clusters(dict.fromkeys(lines, 1)) == clusters(dict.fromkeys(shuffled, 1))


@pytest.mark.lengthy
@given(headlines)
def test_each_headline_is_in_one_cluster_whose_template_covers_it(lines: list[str]) -> None:
    found = clusters(dict.fromkeys(lines, 1))
    assert sorted(text for cluster in found for text in cluster.headlines) == sorted(set(lines))
    for cluster in found:
        assert all(covers(cluster.template, text) for text in cluster.headlines)


@pytest.mark.lengthy
@given(st.text(alphabet="aB1 2-_./:'\"`<>@[]=Zx0~f", max_size=80))
def test_any_text_has_a_template(text: str) -> None:
    found = masked(headline(text))
    assert found == " ".join(found.split())
    assert bool(found) == bool(text.strip())


def test_covers() -> None:
    assert covers("user <*> not found", "user bob not found")
    assert not covers("user bob not found", "user <*> not found")
    assert not covers("user <*>", "user bob not found")


def test_ids_are_the_same_for_ever() -> None:
    """People's notes are found by them."""
    assert template_id("KeyError: <str>") == "bd85ed2d417ae88441bd339b3111da79"


@pytest.mark.parametrize(
    "text", ["a." * 2_000, "a-" * 2_000, "a/" * 2_000, "'" * 4_000, "a@" * 2_000, "1:" * 2_000, "f0" * 2_000]
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    masked(headline(text))
    assert time.process_time() - began < 0.5


@pytest.mark.lengthy
def test_thousands_of_different_headlines_take_seconds_at_most() -> None:
    chance = random.Random(3)
    vocabulary = [f"w{chr(97 + one)}{chr(97 + other)}" for one in range(26) for other in range(26)]
    many = {" ".join(chance.choices(vocabulary, k=8)): 1 for _ in range(20_000)}
    began = time.process_time()
    assert len(clusters(many)) > 19_000
    assert time.process_time() - began < 5
