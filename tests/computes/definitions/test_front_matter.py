"""Front matter as people write it."""

from __future__ import annotations

import pytest

from loopgraph.computes.definitions.front_matter import front_matter, text_of


@pytest.mark.parametrize(
    ("matter", "name", "description"),
    [
        ("name: triage\ndescription: Looks at failures", "triage", "Looks at failures"),
        ("name: triage\ndescription: >\n  Looks at\n  failures\n", "triage", "Looks at failures"),
        ('name: "triage"\ndescription: |\n  Looks\n  at\n', "triage", "Looks at"),
        ("name: no\ndescription: 2024-01-01", "no", "2024-01-01"),
        ("name: triage\ndescription: Use when: tests fail", "triage", "Use when: tests fail"),
        ("name: 'triage'\ndescription: a: b\n  and more\nmodel: x", "triage", "a: b and more"),
        ("name: fix\nargument-hint: [issue] [branch]\ndescription: Fixes", "fix", "Fixes"),
        ("name: fix\ndescription: @someone: does it", "fix", "@someone: does it"),
        ("\tname: fix\nname: fix\ndescription: a tab before", "fix", "a tab before"),
        ("name: fix\r\ndescription: a: b\r\n", "fix", "a: b"),
        ("name: x: >\ndescription: >\n  folded: once\n\n  twice\n", "x: >", "folded: once twice"),
        ("name: [a, b]\ndescription: {c: d}", "", ""),
        ("- a\n- b", "", ""),
        ("&a [*a, *a]", "", ""),
    ],
)
def test_what_it_says(matter: str, name: str, description: str) -> None:
    found = front_matter(f"---\n{matter}\n---\nbody\n")
    assert (text_of(found, "name"), text_of(found, "description")) == (name, description)


def test_without_any_there_is_nothing() -> None:
    assert front_matter("# A title\n") == {}
    assert front_matter("---\n\n---\nbody") == {}


@pytest.mark.slow
def test_what_is_too_long_or_too_deep_is_not_read() -> None:
    assert front_matter(f"---\nname: {'x' * 100_000}\n---\n") == {}
    assert text_of(front_matter(f"---\na: {'[' * 20_000}\nname: deep\n---\n"), "name") == "deep"


def test_of_a_toml_file_its_values() -> None:
    assert (
        text_of(front_matter('description = "Reviews"\nprompt = "x"', "commands/review.toml"), "description")
        == "Reviews"
    )
    assert front_matter("not = [toml", "commands/review.toml") == {}
