"""What became of the commits that steps made: the repository is read, and told from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from loopgraph.computes.loop.told.commits import outcomes, ties, told_hashes
from loopgraph.contracts.loop.commits import CommitStep, CommitTie, OutcomeOfCommits, RepositoryView
from loopgraph.effects.git.commits import CommitReads, by_sha


async def commit_outcomes(
    reads: CommitReads, steps: Sequence[CommitStep], main: str, since: datetime
) -> tuple[list[CommitTie], list[OutcomeOfCommits]]:
    """Which steps made which commits of a repository, and what those of each trace come to now.

    Commits since an instant before the steps are looked at. Raises InvalidInput for a main branch that there is not.
    """
    on_main, reachable = await reads.of_branch(main, since), await reads.reachable(since)
    known = {}
    for hash_ in told_hashes(steps):
        if (record := await reads.known(hash_)) is not None:
            known[hash_] = known[record.sha] = record
    view = RepositoryView(main, tuple(on_main), by_sha(reachable), known)
    made, there = ties(steps, view), {record.sha for record in on_main}
    equal = frozenset([tie.sha for tie in made if tie.sha not in there and await reads.has_equal(main, tie.sha)])
    open_ = [tie.sha for tie in made if tie.sha not in there and tie.sha not in equal]
    squashed = await reads.squashed_in(main, open_) if open_ else {}
    return made, outcomes(made, view._replace(equal_in_main=equal, squashed=squashed))
