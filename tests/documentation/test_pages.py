"""Every block of code of the documentation, run where a reader would run it: shells, GraphQL and Python against a real service,
and what is shown of their output has its shape. What cannot be run here says why in the line above it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from documentation.blocks import COMMANDS, Block, blocks_in, blocks_of, steps
from documentation.place import READ, ROOT, RUN, SHOWN, Place
from documentation.shape import differs
from support.engines import Unavailable

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FIRST = ROOT / "README.md"
"""What a newcomer reads first. The other pages are run by the exhaustive tests: their queries are held to the schema by
tests/test_documentation.py, too."""

ELSEWHERE = {("analysts.md", "python"): "tests/analyst/test_documentation.py"}
"""The blocks of a page that other tests run, which know what they need."""


def blocks_here(page: Path) -> list[Block]:
    """The blocks of a page that are run here, or read by a parser."""
    return [
        block
        for block in blocks_of(page)
        if block.excuse is None and block.language in RUN and (page.name, block.language) not in ELSEWHERE
    ]


def example() -> Block:
    """What makes the pattern that the queries of several pages are about."""
    return next(block for block in blocks_of(ROOT / "docs" / "api.md") if block.language == "graphql")


def to_be_run() -> Iterator[object]:
    """The pages, with when they are run: what is only read by a parser, and the one that is read first, each time."""
    for page in PAGES:
        if blocks := blocks_here(page):
            seldom = page != FIRST and any(block.language not in READ for block in blocks)
            yield pytest.param(page, marks=pytest.mark.exhaustive if seldom else (), id=page.stem.lower())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The place of all pages that show no output."""
    place = Place(tmp_path_factory.mktemp("pages"))
    yield place
    place.leave()


def can_mount(folder: Path) -> bool:
    """Whether this user may mount a disk in memory."""
    place = folder / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], capture_output=True, check=False)
    return mounted.returncode == 0 and subprocess.run(["umount", str(place)], check=True).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("page", [*to_be_run()])
def test_every_block_of_a_page_runs_and_prints_what_is_shown(page: Path, shared: Place, tmp_path: Path) -> None:
    if page.name == "on-call.md" and not can_mount(tmp_path):
        pytest.skip("no small disk can be mounted here")
    blocks = blocks_here(page)
    shows = any(block.language == "console" for block in blocks)
    place = Place(tmp_path) if shows else shared
    wrong, lacking = [], ""
    try:
        if any(block.language not in READ for block in blocks):
            place.begin()
            if not shows:
                place.run(example())
        for block in blocks:
            try:
                place.run(block)
            except AssertionError as problem:
                wrong.append(f"{page.name}:{block.line}: {problem}")
            except Unavailable as reason:  # what the rest of the page is about cannot be had here
                lacking = f"{page.name}:{block.line} and what follows: {reason}"
                break
    finally:
        if shows:
            place.leave()
    assert not wrong, "\n\n".join(wrong)
    if lacking:
        pytest.skip(lacking)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem.lower())
def test_every_block_is_run_or_read_or_says_why_not(page: Path) -> None:
    """What has no language is what something prints."""
    blocks = blocks_of(page)
    assert [block.line for block in blocks if block.language not in (*RUN, *SHOWN)] == []
    typed = tuple(f"{command} " for command in COMMANDS)
    shown = [block for block in blocks if block.language == ""]
    assert [block.line for block in shown if any(line.startswith(typed) for line in block.text.splitlines())] == []


def test_what_is_run_elsewhere_is_there() -> None:
    for (name, language), test in ELSEWHERE.items():
        assert any(block.language == language for block in blocks_of(ROOT / "docs" / name))
        assert name in (ROOT / test).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem.lower())
def test_who_excuses_a_block_says_why_and_stands_above_one(page: Path) -> None:
    excuses = [block.excuse for block in blocks_of(page) if block.excuse is not None]
    assert page.read_text(encoding="utf-8").count("*Not run by the tests") == len(excuses)
    assert all(len(excuse) > 10 for excuse in excuses)


def test_blocks_are_told_apart() -> None:
    text = """
A list:

- one

  ```console
  $ loopgraph traces list \\
  >   --first 5
  3 traces
  $ loopgraph sessions
  ```

      LOOPGRAPH_PORT=1 loopgraph serve

*Not run by the tests: it needs
an account.*

```sh
a
```

```sh
loopgraph hooks install
LOOPGRAPH_ACCESS=tokens loopgraph serve   # in another shell
loopgraph sessions
```

    LOOPGRAPH_ACCESS=tokens
    LOOPGRAPH_PORT=1
"""
    first, second, third, fourth, fifth = blocks_in(text)
    assert [(step.command, step.shown) for step in steps(first)] == [
        ("loopgraph traces list \\\n  --first 5", "3 traces"),
        ("loopgraph sessions", ""),
    ]
    assert (second.language, second.excuse) == ("sh", None)
    assert (third.language, third.excuse) == ("sh", "it needs an account.")
    assert (fifth.language, fifth.text) == ("settings", "LOOPGRAPH_ACCESS=tokens\nLOOPGRAPH_PORT=1\n")
    assert [step.command.strip() for step in steps(fourth)] == [
        "loopgraph hooks install",
        "LOOPGRAPH_ACCESS=tokens loopgraph serve   # in another shell",
        "loopgraph sessions",
    ]


def test_what_changes_from_run_to_run_is_no_difference() -> None:
    shown = (
        "10 files read, 0 unchanged · 0.1 MB\ntriage  2 (562bd5309b3a)  100%   1.6 s  $0.0228  2026-11-29\n…\n5 tokens"
    )
    told = (
        "9 files read, 2 unchanged · 1.4 MB\ntriage 12 (0a2bd5309b3f) 7% 12 s $1 2027-01-02\nmore\nand more\n6 tokens\n"
    )
    assert differs(shown, told) is None
    assert (
        differs(
            "01a22ba6-0cac-7148-9975-12cc847694a6 stands for ann", "01a22ba6-0cac-7148-9975-00cc847694a6 stands for ann"
        )
        is None
    )
    assert differs("put aside in /data/dead …", "put aside in /tmp/x/dead letters") is None


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ("3 traces", "3 traces\nand a complaint"),
        ("3 traces\nthe end", "3 traces"),
        ("3 traces", "3 sessions"),
        ("", "something"),
        ("lgt_abc", "no token"),
        ("a …", "b c"),
    ],
)
def test_what_is_said_otherwise_is_one(shown: str, told: str) -> None:
    assert differs(shown, told) is not None
