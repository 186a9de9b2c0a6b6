"""Bodies of definitions, and their digests."""

from __future__ import annotations

import hashlib

import pytest

from loopgraph.computes.definitions.bodies import body_digest, body_of, parted
from loopgraph.contracts.lineage.definitions import DefinitionKind


@pytest.mark.parametrize(
    ("text", "matter", "body"),
    [
        ("---\nname: triage\n---\n# Triage\n", "name: triage", "# Triage\n"),
        ("---\r\nname: triage\r\n---\r\n# Triage\r\n", "name: triage\r", "# Triage\r\n"),
        ("---\n---\nbody", "", "body"),
        ("---\nname: triage\n---", "name: triage", ""),
        ("# no front matter\n---\nnot: matter\n---\n", "", "# no front matter\n---\nnot: matter\n---\n"),
        ("---\nnever closed\n", "", "---\nnever closed\n"),
        ("\ufeff---\na: 1\n---\nbody", "a: 1", "body"),
        ("---\na: '---'\n---\nbody\n---\nrule", "a: '---'", "body\n---\nrule"),
        ("", "", ""),
    ],
)
def test_front_matter_stands_between_fences_at_the_beginning(text: str, matter: str, body: str) -> None:
    assert parted(text) == (matter, body)


def test_memory_has_no_front_matter() -> None:
    text = "---\nname: x\n---\nbody"
    assert body_of(DefinitionKind.MEMORY, text) == text
    assert body_of(DefinitionKind.SKILL, text) == "body"


def test_a_digest_leaves_out_how_lines_end_and_blank_space_around() -> None:
    expected = "sha256:" + hashlib.sha256(b"# Triage\n1. Restate.").hexdigest()
    for body in ("# Triage\n1. Restate.", "\n# Triage  \r\n1. Restate.\n\n", "\ufeff# Triage\r1. Restate.\t"):
        assert body_digest(body) == expected
    assert body_digest("# Triage\n 1. Restate.") != expected
    assert body_digest("# Triage\n\n1. Restate.") != expected
