"""Which steps made which commits, and what became of these: told from what steps printed and from what the repository has."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from loopgraph.contracts.loop.commits import (
    CommitFate,
    CommitRecord,
    CommitStep,
    CommitTie,
    OutcomeOfCommits,
    RepositoryView,
    TieRule,
)

_COMMITS: Final = re.compile(r"(?:^|[\s;&|(\"'])git(?:\s+-[cC]\s+\S+|\s+--?[\w-]+(?:=\S+)?)*\s+commit(?![\w-])")
_COMMITTED: Final = re.compile(r"^\s*\[[^\]\n]* ([0-9a-f]{7,64})\] ", re.MULTILINE)
"""``[main 1a2b3c4] Subject``, ``[main (root-commit) 1a2b3c4] …``, ``[detached HEAD 1a2b3c4] …``."""
_REVERTS: Final = re.compile(r"^This reverts commit ([0-9a-f]{7,64})", re.MULTILINE)
_FIXES: Final = re.compile(r"^Fixes: ([0-9a-f]{7,64})\b", re.MULTILINE | re.IGNORECASE)
_FIXUPS: Final = ("fixup! ", "squash! ", "amend! ")
_SECOND: Final = timedelta(seconds=1)
"""git keeps times to the second."""
_SHOWN: Final = 10
"""Hashes of so many digits, and so many of them, evidence shows."""

NAMES: Final = ("merged", "survived", "reverted", "lost", "fixed_up")
"""The outcomes of commits. For the first two, 1 is good."""


def runs_commit(tool_input: Any) -> bool:
    """Whether the input of a tool has a command that runs ``git commit``."""
    return any(_COMMITS.search(text) for text in texts_of(tool_input))


def texts_of(value: Any) -> list[str]:
    """All texts in a JSON value, in their order; an argument list is one text."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in texts_of(item)]
    if isinstance(value, Sequence):
        parts = [text for item in value for text in texts_of(item)]
        return [*parts, " ".join(parts)] if len(parts) > 1 else parts
    return []


def told_hashes(steps: Iterable[CommitStep]) -> list[str]:
    """The hashes that steps printed when they had committed, each once."""
    return list(dict.fromkeys(hash_ for step in steps for hash_ in _COMMITTED.findall(step.output)))


def ties(steps: Sequence[CommitStep], view: RepositoryView) -> list[CommitTie]:
    """Which steps made which commits, each commit once: by hashes that were printed, else by time (``TieRule``).

    A hash that the repository does not have ties nothing: it may be of another one.
    """
    tied: dict[str, CommitTie] = {}
    silent: list[CommitStep] = []
    for step in steps:
        hashes = _COMMITTED.findall(step.output)
        for hash_ in hashes:
            if record := view.known.get(hash_):
                tied.setdefault(record.sha, CommitTie(record.sha, step, TieRule.OUTPUT))
        if not hashes and step.succeeded:
            silent.append(step)
    for step in silent:
        made = _while(step, view)
        if len(made) == 1 and made[0].sha not in tied and len(_at_once(made[0], steps)) == 1:
            tied[made[0].sha] = CommitTie(made[0].sha, step, TieRule.TIME)
    return list(tied.values())


def _while(step: CommitStep, view: RepositoryView) -> list[CommitRecord]:
    return [record for record in view.reachable.values() if _spans(step, record)]


def _at_once(record: CommitRecord, steps: Sequence[CommitStep]) -> list[CommitStep]:
    return [step for step in steps if _spans(step, record)]


def _spans(step: CommitStep, record: CommitRecord) -> bool:
    if step.started_at is None or step.completed_at is None:
        return False
    return step.started_at - _SECOND < record.committed_at <= step.completed_at


class Fates:
    """What became of commits in a repository."""

    def __init__(self, view: RepositoryView) -> None:
        self._view = view
        self._main = {record.sha: record for record in view.main}
        self._reverting: defaultdict[str, list[str]] = defaultdict(list)
        self._fixing: defaultdict[str, list[str]] = defaultdict(list)
        self._alike: defaultdict[tuple[Any, ...], list[CommitRecord]] = defaultdict(list)
        for record in view.reachable.values():
            self._alike[_likeness(record)].append(record)
        for record in view.main:
            for hash_ in _REVERTS.findall(record.body):
                self._reverting[hash_[:7]].append(record.sha)
            for hash_ in _FIXES.findall(record.body):
                self._fixing[hash_[:7]].append(record.sha)

    def of(self, sha: str) -> CommitFate:
        """What became of a commit that the view knows."""
        record = self._view.known.get(sha) or self._view.reachable[sha]
        there = sha in self._view.reachable
        others = [other for other in self._alike[_likeness(record)] if other.sha != sha]
        rewritten = (
            None
            if there or not others
            else max(others, key=lambda one: (one.sha in self._main, one.committed_at, one.sha))
        )
        squashed = self._view.squashed.get(sha)
        lives_as = {sha, *(other.sha for other in others if other.sha in self._main), *([squashed] if squashed else [])}
        merged = bool(squashed) or not lives_as.isdisjoint(self._main) or sha in self._view.equal_in_main
        return CommitFate(
            sha=sha,
            merged=merged,
            reverted=merged and any(self._is_reverted(one, frozenset()) for one in lives_as),
            rewritten_as=rewritten.sha if rewritten else None,
            lost=not (there or merged or rewritten),
            fixed_up_by=self._fixes(record, lives_as),
            squashed_as=squashed,
        )

    def _is_reverted(self, sha: str, seen: frozenset[str]) -> bool:
        """Whether the main branch has a commit that reverts this one, and that is not itself reverted."""
        if sha in seen:
            return False
        reverting = [one for one in self._reverting[sha[:7]] if self._names(self._main[one], _REVERTS, sha)]
        return any(not self._is_reverted(one, seen | {sha}) for one in reverting)

    def _fixes(self, record: CommitRecord, lives_as: set[str]) -> tuple[str, ...]:
        said = [one for sha in lives_as for one in self._fixing[sha[:7]] if self._names(self._main[one], _FIXES, sha)]
        marked = [
            later.sha
            for later in self._view.main
            if later.committed_at >= record.committed_at
            and any(later.subject == f"{mark}{record.subject}" for mark in _FIXUPS)
        ]
        return tuple(dict.fromkeys([*said, *marked]))

    @staticmethod
    def _names(record: CommitRecord, pattern: re.Pattern[str], sha: str) -> bool:
        return any(sha.startswith(hash_) for hash_ in pattern.findall(record.body))


def _likeness(record: CommitRecord) -> tuple[Any, ...]:
    """What ``commit --amend``, ``rebase`` and ``cherry-pick`` keep of a commit."""
    return record.author, record.authored_at, record.subject


def outcomes(made: Iterable[CommitTie], view: RepositoryView) -> list[OutcomeOfCommits]:
    """What the commits of each trace come to: ``merged`` and ``survived`` hold where they do for all of its commits,
    ``reverted``, ``lost`` and ``fixed_up`` where they do for any. The rule is the weakest by which any of them is tied.
    """
    fates, by_trace = Fates(view), defaultdict[str, list[CommitTie]](list)
    for tie in made:
        by_trace[tie.step.correlation_id].append(tie)
    found = []
    for correlation_id, its in sorted(by_trace.items()):
        its_fates = [fates.of(tie.sha) for tie in its]
        rule = TieRule.OUTPUT if all(tie.rule is TieRule.OUTPUT for tie in its) else TieRule.TIME
        evidence = _evidence(its, its_fates, view.main_name)
        survived = [fate.survived for fate in its_fates]
        holds = {
            "merged": all(fate.merged for fate in its_fates),
            "survived": False if False in survived else None if None in survived else True,
            "reverted": any(fate.reverted for fate in its_fates),
            "lost": any(fate.lost for fate in its_fates),
            "fixed_up": any(fate.fixed_up_by for fate in its_fates),
        }
        found += [OutcomeOfCommits(correlation_id, name, holds[name], rule, evidence) for name in NAMES]
    return found


def _evidence(its: Sequence[CommitTie], fates: Sequence[CommitFate], main: str) -> str:
    """What became of which commit, and the step that made it, in words."""
    told = [
        f"{tie.sha[:_SHOWN]} of step {tie.step.execution_id}: {', '.join(_words(fate, main))}"
        for tie, fate in list(zip(its, fates, strict=True))[:_SHOWN]
    ]
    more = [f"and {len(its) - _SHOWN} more"] if len(its) > _SHOWN else []
    return "; ".join([*told, *more])


def _words(fate: CommitFate, main: str) -> list[str]:
    words = [f"in {main}" if fate.merged else "lost" if fate.lost else f"not in {main}"]
    if fate.rewritten_as:
        words.append(f"rewritten as {fate.rewritten_as[:_SHOWN]}")
    if fate.squashed_as:
        words.append(f"squashed into {fate.squashed_as[:_SHOWN]}")
    if fate.reverted:
        words.append("reverted")
    if fate.fixed_up_by:
        words.append(f"fixed up by {fate.fixed_up_by[0][:_SHOWN]}")
    return words
