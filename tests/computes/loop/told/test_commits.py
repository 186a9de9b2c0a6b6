"""Which commands commit, and what their output says."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.computes.loop.told.commits import runs_commit, texts_of, told_hashes
from loopgraph.contracts.loop.commits import CommitStep


@pytest.mark.parametrize(
    ("tool_input", "commits"),
    [
        ({"command": "git commit -m 'x'"}, True),
        ({"command": "cd app && git add -A && git commit --amend --no-edit"}, True),
        ({"command": "git -C /src/app -c user.name=x commit -m x"}, True),
        ({"command": "git --no-pager commit -am x"}, True),
        ({"command": ["bash", "-lc", "git commit -m x"]}, True),
        ({"command": ["git", "commit", "-m", "x"]}, True),
        ("(git commit)", True),
        ({"command": "git log --grep commit"}, False),
        ({"command": "git commit-tree HEAD^{tree}"}, False),
        ({"command": "git show commit"}, False),
        ({"command": "legit commit"}, False),
        ({"file_path": "notes.md", "content": "Run gitcommit"}, False),
        (None, False),
    ],
)
def test_which_commands_commit(tool_input: Any, commits: bool) -> None:
    assert runs_commit(tool_input) is commits


def test_what_git_prints_when_it_has_committed() -> None:
    output = "\n".join(
        [
            "[main (root-commit) 1a2b3c4] begin",
            "[detached HEAD 2a2b3c4d] more",
            "[feature/x-1 3a2b3c4] again [main 4a2b3c4] quoted",
            "see [main 5a2b3c4] above",
            "[main 12] too short",
            "[main (root-commit) 1a2b3c4] begin",
        ]
    )
    step = CommitStep("s", "t", output, True, None, None)
    assert told_hashes([step, step]) == ["1a2b3c4", "2a2b3c4d", "3a2b3c4"]


def test_texts_of_json() -> None:
    assert texts_of({"stdout": "a", "lines": ["b", "c"], "code": 0, "none": None}) == ["a", "b", "c", "b c"]
