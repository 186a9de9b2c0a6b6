"""Improvements as patches: git itself says whether they apply."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgraph.computes.loop.proposing.patches import changed_file, commit_message, patch, same_text
from loopgraph.contracts.loop.experiments import Decision
from loopgraph.contracts.loop.feedback import Improvement, ImprovementType, Reason, Verdict
from loopgraph.contracts.loop.risk import Risk
from loopgraph.errors import Conflict, InvalidInput
from support.repositories import Repo

BASE = "---\nname: triage\nmodel: haiku\n---\n# Triage\n\nRead it.\nSort it.\n"


def test_a_file_keeps_its_ends_of_lines_and_its_mark() -> None:
    new = BASE.replace("Sort it.", "Sort it twice.")
    assert changed_file("f", BASE, BASE, new, 1) == new
    assert changed_file("f", BASE.replace("\n", "\r\n"), BASE, new, 1) == new.replace("\n", "\r\n")
    assert changed_file("f", "\ufeff" + BASE, BASE, new, 1) == "\ufeff" + new
    assert changed_file("f", BASE, "\ufeff" + BASE.replace("\n", "\r\n"), new.replace("\n", "\r\n"), 1) == new
    assert changed_file("f", new, BASE, new, 1) == new
    assert changed_file("f", new.replace("\n", "\r\n"), BASE, new, 1) == new.replace("\n", "\r\n")


def test_a_candidate_that_is_a_body_leaves_the_front_matter() -> None:
    new = changed_file("f", BASE, BASE, "# Triage\n\nRead it twice.", 1)
    assert new == "---\nname: triage\nmodel: haiku\n---\n# Triage\n\nRead it twice.\n"
    spaced = BASE.replace("# Triage", "\n# Triage") + "\n"
    assert changed_file("f", spaced, spaced, "# Read.\n", 1) == "---\nname: triage\nmodel: haiku\n---\n\n# Read.\n\n"
    assert changed_file("f", "Read.\n", "Read.\n", BASE, 1) == BASE


def test_a_file_that_has_the_body_already_is_not_changed() -> None:
    given_back = "---\nname: triage\nmodel: haiku\n---\n# Triage\n\nRead it twice."
    assert changed_file("f", given_back, BASE, "# Triage\n\nRead it twice.\n", 1) == given_back
    assert changed_file("f", given_back, "# Triage", "# Triage\n\nRead it twice.\n", 1) == given_back


def test_a_candidate_of_a_base_that_is_a_body_leaves_the_front_matter_of_the_file() -> None:
    body = "# Triage\n\nRead it.\nSort it."
    new = "---\nname: triage\nmodel: haiku\n---\n# Triage\n\nRead it twice.\n"
    assert changed_file("f", BASE, body, "# Triage\n\nRead it twice.", 2) == new
    crlf = BASE.replace("\n", "\r\n")
    assert changed_file("f", crlf, body, "# Triage\n\nRead it twice.", 2) == new.replace("\n", "\r\n")
    with pytest.raises(Conflict, match="is not what version 2 was"):
        changed_file("f", BASE, "# Triage\n\nRead it.", "# Triage\n\nRead it twice.", 2)


def test_a_file_that_is_another_one_is_left_alone() -> None:
    with pytest.raises(Conflict, match="is not what version 3 was: somebody has changed it since"):
        changed_file("f", BASE + "More.\n", BASE, "new\n", 3)
    adopted = "---\nname: triage\n---\n!`loopgraph pattern render p --unit ${CLAUDE_SESSION_ID}`\n"
    with pytest.raises(InvalidInput, match=r"fetches the text of p for each session.*adopt --back f"):
        changed_file("f", adopted, BASE, "new\n", 3)


def applied(repo: Repo, path: str, before: str, after: str) -> bytes:
    repo.write(path, before)
    repo.git("apply", "--whitespace=nowarn", "-", stdin=patch(path, before, after).encode())
    return (repo.folder / path).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "a.md",
        ".claude/skills/my skill/SKILL.md",
        'odd"name\\.md',
        "tab\there.md",
        "größe.md",
        "line\nfeed.md",
        " blank .md",
    ],
)
def test_git_applies_a_patch_of_a_file_whatever_its_name(tmp_path: Path, path: str) -> None:
    assert applied(Repo(tmp_path / "repo"), path, "one\ntwo\n", "one\n2\n") == b"one\n2\n"


LINES = st.lists(
    st.sampled_from(["a", "b", "c", "", " ", "\r", "\x0c", "\u2028", "-- x", "+++ y", "@@", "é"]), max_size=12
)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n", "\r\n"]))


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return Repo(tmp_path_factory.mktemp("patches") / "repo")


@pytest.mark.lengthy
@settings(max_examples=60, deadline=None)
@given(TEXTS.filter(bool), TEXTS.filter(bool))
def test_git_makes_of_any_text_any_other(repo: Repo, before: str, after: str) -> None:
    if before == after:
        assert patch("f.md", before, after) == ""
    else:
        assert applied(repo, "f.md", before, after) == after.encode()


@pytest.mark.lengthy
@given(TEXTS, TEXTS, TEXTS)
def test_a_changed_file_says_what_was_wanted(text: str, base: str, candidate: str) -> None:
    if same_text(text, base) and "---" not in base:
        assert same_text(changed_file("f", text, base, candidate, 1), candidate)


def test_a_commit_says_what_speaks_for_it() -> None:
    at = datetime(2026, 5, 6, 7, 8, tzinfo=UTC)
    improvement = Improvement(
        improvement_id="i1",
        pattern_id="p1",
        candidate_node_id="v2",
        base_node_id="v1",
        improvement_type=ImprovementType.PERFORMANCE,
        source="endpoint/rewrite",
        description="say what to do when it fails, and nothing " + "else " * 20,
        proposed_changes={},
        risk=Risk.HIGH,
        risk_reasons=("a model wrote it", "90% of the words differ"),
        created_at=at,
        created_by="loop",
        updated_at=at,
    )
    decision = Decision(
        decision_id="d1", improvement_id="i1", verdict=Verdict.APPLY, reason=Reason.REVIEWED, decided_at=at, decided_by="ada",
        note="looks\ngood",
    )  # fmt: skip
    subject, blank, *rest = commit_message(improvement, "triage", [decision], 1, 2).splitlines()
    assert (len(subject), subject[-1], blank) == (72, "…", "")
    assert subject.startswith("triage: say what to do")
    assert rest[2:] == [
        "Decision: apply (reviewed) by ada, 2026-05-06 07:08 UTC",
        "Note: looks good",
        "Risk: high: a model wrote it; 90% of the words differ",
        "",
        "Pattern: p1, version 1 -> 2",
        "Improvement: i1, proposed by endpoint/rewrite",
    ]
    forged = decision.model_copy(update={"decided_by": "ada\nSigned-off-by: eve\x1b[2J"})
    lines = commit_message(improvement.model_copy(update={"source": "a\nb"}), "triage", [forged], 1, 2).splitlines()
    assert "Decision: apply (reviewed) by ada Signed-off-by: eve [2J, 2026-05-06 07:08 UTC" in lines
    assert lines[-1] == "Improvement: i1, proposed by a b"
    assert len(lines) == len(rest) + 2
    tested = decision.model_copy(update={"experiment_id": "e1", "reason": Reason.HIGH_RISK})
    reviewed = decision.model_copy(update={"experiment_id": "e1"})
    unsaid = improvement.model_copy(update={"description": ""})
    lines = commit_message(unsaid, "triage", [tested, reviewed], 1, 2).splitlines()
    assert lines[0] == "triage: improve performance"
    assert (lines.count("Experiment: e1"), sum(line.startswith("Decision: ") for line in lines)) == (1, 2)
