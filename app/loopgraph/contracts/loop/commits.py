"""Commits that agents made, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class CommitStep(NamedTuple):
    """A step that ran ``git commit``, with all texts that it printed. The times are None where they are not known."""

    execution_id: str
    correlation_id: str
    output: str
    succeeded: bool
    started_at: datetime | None
    completed_at: datetime | None


class TieRule(StrEnum):
    """On what it rests that a step made a commit."""

    OUTPUT = "exact: hash in output"
    """The step printed the line with which git says what it has committed, and the repository has a commit of that hash."""
    TIME = "inferred: time"
    """While the step ran, one commit was made in the repository, and no other step ran ``git commit`` at that time."""


class CommitTie(NamedTuple):
    """Which step made a commit, and on what that rests."""

    sha: str
    step: CommitStep
    rule: TieRule


class CommitRecord(NamedTuple):
    """A commit as git has it; ``author`` is the address of its author."""

    sha: str
    author: str
    authored_at: datetime
    committed_at: datetime
    subject: str
    body: str


class RepositoryView(NamedTuple):
    """What a repository has at one time.

    ``main`` are the commits of the main branch, the oldest first, ``reachable`` those of any branch, tag or remote, by sha; both
    may begin at an instant. ``known`` are the commits that were asked for, by the hash that was asked for, reachable or not.
    ``equal_in_main`` are those among them of whose change the main branch has an equal one, as ``git cherry`` tells, ``squashed``
    those that one commit of the main branch has with all else of their branch, with that commit.
    """

    main_name: str
    main: tuple[CommitRecord, ...]
    reachable: Mapping[str, CommitRecord]
    known: Mapping[str, CommitRecord]
    equal_in_main: Set[str] = frozenset()
    squashed: Mapping[str, str] = {}


class CommitFate(NamedTuple):
    """What became of a commit.

    ``merged``: the main branch has it, or its change. ``reverted``: a commit of the main branch reverts it, and is not reverted
    itself. ``rewritten_as``: the commit that took its place, with the same author, author date and subject. ``squashed_as``: the
    commit of the main branch that has all of its branch. ``lost``: nothing
    leads to it any more, nor to such a commit. ``fixed_up_by``: later commits of the main branch that say that they fix it.
    """

    sha: str
    merged: bool
    reverted: bool
    rewritten_as: str | None
    lost: bool
    fixed_up_by: tuple[str, ...]
    squashed_as: str | None = None

    @property
    def survived(self) -> bool | None:
        """Whether the main branch has it and has not taken it back; None while that is open."""
        if self.reverted or self.lost:
            return False
        return True if self.merged else None


class OutcomeOfCommits(NamedTuple):
    """What the commits of a trace come to, under a name; ``holds`` is None while that is open."""

    correlation_id: str
    name: str
    holds: bool | None
    rule: TieRule
    evidence: str
