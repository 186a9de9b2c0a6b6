"""Messages whose templates are known are grouped by them: what agents, tools and services say when they fail."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable

from loopgraph.computes.analytics.templates import clusters, headline, masked

_WORDS = (
    "orders",
    "users",
    "alice",
    "bob",
    "billing",
    "staging",
    "cart",
    "report",
    "main",
    "carol",
    "dave",
    "inventory",
)


TRACEBACK = "Traceback (most recent call last):"


class _Values:
    """Values as they stand in messages."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def word(self) -> str:
        return self._chance.choice(_WORDS)

    def number(self) -> int:
        return self._chance.randrange(1, 10**6)

    def hex(self, digits: int = 8) -> str:
        return "".join(self._chance.choice("0123456789abcdef") for _ in range(digits))

    def path(self) -> str:
        return "/".join(["/home/dev", *self._chance.sample(_WORDS, self._chance.randrange(1, 4))]) + ".py"

    def host(self) -> str:
        return f"10.{self._chance.randrange(256)}.0.{self._chance.randrange(256)}:{self._chance.randrange(80, 9_999)}"

    def uuid(self) -> str:
        return "-".join(self.hex(digits) for digits in (8, 4, 4, 4, 12))


MESSAGES: tuple[Callable[[_Values], str], ...] = (
    lambda v: f"Exit code 1\nls: cannot access '{v.path()}': No such file or directory",
    lambda v: f"Exit code {v.number() % 9 + 2}\n/bin/bash: line {v.number() % 90}: {v.word()}: command not found",
    lambda v: f"Exit code 1\n{TRACEBACK}\n  File \"{v.path()}\", line {v.number()}, in f\n    g()\nKeyError: '{v.word()}'",
    lambda v: f"{TRACEBACK}\n  File \"{v.path()}\", line 1\n    x\nModuleNotFoundError: No module named '{v.word()}'",
    lambda v: f"{v.path()}:{v.number()}:{v.number()}: F401 '{v.word()}.{v.word()}' imported but unused",
    lambda v: f"String to replace not found in file.\nString: {v.word()} {v.number()}",
    lambda v: f"File {v.path()} has not been read yet. Read it first before writing to it.",
    lambda v: f"File does not exist: {v.path()}",
    lambda v: f"connect ECONNREFUSED {v.host()}",
    lambda v: f"getaddrinfo ENOTFOUND {v.word()}.example.com",
    lambda v: f"HTTP 404 Not Found: https://api.example.com/v{v.number() % 3 + 1}/{v.word()}/{v.number()}",
    lambda v: f"HTTP 500 Internal Server Error: https://api.example.com/v1/{v.word()}",
    lambda v: f"HTTP 429 Too Many Requests: retry after {v.number() % 60} seconds",
    lambda v: f"Request {v.uuid()} timed out after {v.number() % 90_000}ms",
    lambda v: f"prompt is too long: {v.number()} tokens > 200000 maximum",
    lambda v: f"Overloaded (request id: req_011{v.hex(20)})",
    lambda v: f'duplicate key value violates unique constraint "{v.word()}_pkey"',
    lambda v: f'relation "{v.word()}" does not exist at character {v.number()}',
    lambda v: f"deadlock detected: process {v.number()} waits for ShareLock on transaction {v.number()}",
    lambda v: f"permission denied for table {v.word()}",
    lambda v: f"User {v.word()} is not allowed to deploy to {v.word()}",
    lambda v: f"fatal: couldn't find remote ref {v.word()}",
    lambda v: f"error: pathspec '{v.word()}' did not match any file(s) known to git",
    lambda v: f"CONFLICT (content): Merge conflict in {v.path()}",
    lambda v: f"Commit {v.hex(7)} is not an ancestor of {v.hex(7)}",
    lambda v: f"2026-01-1{v.number() % 9}T10:11:12Z worker-{v.number() % 20} lost its lease on job {v.uuid()}",
    lambda v: f"Out of memory: killed process {v.number()} ({v.word()})",
    lambda v: f"Segmentation fault at address 0x{v.hex(12)}",
    lambda v: f"{v.number() % 40} failed, {v.number()} passed in {v.number() / 100}s",
    lambda v: f"InputValidationError: {v.word()} is required",
)  # fmt: skip


def labelled(each: int = 30, seed: int = 7) -> list[tuple[int, str]]:
    """Messages of each template, shuffled: the number of the template, and the message."""
    values = _Values(seed)
    found = [(number, make(values)) for number, make in enumerate(MESSAGES) for _ in range(each)]
    random.Random(seed).shuffle(found)
    return found


def grouping_accuracy(labels: list[int], groups: list[str]) -> float:
    """The share of messages whose group holds just those of their template (Zhu et al., ICSE-SEIP 2019)."""
    of_label, of_group = defaultdict(set), defaultdict(set)
    for number, (label, group) in enumerate(zip(labels, groups, strict=True)):
        of_label[label].add(number)
        of_group[group].add(number)
    return sum(of_label[label] == of_group[group] for label, group in zip(labels, groups, strict=True)) / len(labels)


def test_messages_are_grouped_by_their_templates() -> None:
    found = labelled()
    lines = [masked(headline(message)) for _, message in found]
    template = {line: cluster.template for cluster in clusters(Counter(lines)) for line in cluster.headlines}
    assert grouping_accuracy([label for label, _ in found], [template[line] for line in lines]) == 1.0


def test_masking_alone_would_not_do() -> None:
    found = labelled()
    lines = [masked(headline(message)) for _, message in found]
    assert grouping_accuracy([label for label, _ in found], lines) < 0.9
