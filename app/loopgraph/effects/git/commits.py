"""Reads what a repository has of commits: on the main branch, on any, and by hash."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from loopgraph.contracts.loop.commits import CommitRecord
from loopgraph.effects.git.repository import GitRepository
from loopgraph.errors import InvalidInput

MOST_COMMITS: Final = 100_000
"""So many commits are read of a history, the newest."""

_MOST_TIPS: Final = 50
"""So many branches are looked at that may have a commit."""
_MOST_SQUASHES: Final = 2_000
"""So many commits since a branch was left are looked at that may be its squash."""
_FORMAT: Final = "--format=%H%n%ae%n%at%n%ct%n%s%n%b"
_MAINS: Final = ("main", "master", "trunk", "origin/HEAD")
_HASH: Final = re.compile(r"[0-9a-f]{7,64}")


class CommitReads:
    """Reads commits of an open repository."""

    def __init__(self, repository: GitRepository) -> None:
        self._repository = repository

    async def main_name(self) -> str:
        """The main branch: the first of ``main``, ``master``, ``trunk`` and what the remote says. Raises InvalidInput."""
        for name in _MAINS:
            try:
                await self._repository.resolve(name)
            except InvalidInput:
                continue
            return name
        raise InvalidInput("--main", f"the repository has none of {', '.join(_MAINS)}: name its main branch")

    async def folders(self) -> list[str]:
        """The top folders of all its work trees."""
        listed = await self._repository.text("worktree", "list", "--porcelain")
        return re.findall(r"^worktree (.+)$", listed, re.MULTILINE)

    async def of_branch(self, ref: str, since: datetime) -> list[CommitRecord]:
        """The commits of a branch since an instant, the oldest first. Raises InvalidInput for a ref that there is not."""
        return await self._log(await self._repository.resolve(ref), since=since)

    async def reachable(self, since: datetime) -> list[CommitRecord]:
        """The commits since an instant that a branch, a tag, a remote or a checked out head leads to."""
        return await self._log("--branches", "--tags", "--remotes", "HEAD", since=since)

    async def known(self, hash_: str) -> CommitRecord | None:
        """The commit of a full or abbreviated hash, reachable or not; None where the repository has none, or several."""
        if not _HASH.fullmatch(hash_):
            return None
        try:
            sha = await self._repository.resolve(hash_)
        except InvalidInput:
            return None
        [record] = await self._log("--no-walk", sha)
        return record

    async def has_equal(self, branch: str, sha: str) -> bool:
        """Whether a branch has a commit with the same change as this one: ``git cherry``. A root has none."""
        parents = (await self._repository.text("rev-list", "--parents", "-n", "1", sha)).split()[1:]
        if not parents:
            return False
        told = await self._repository.text("cherry", await self._repository.resolve(branch), sha, parents[0])
        return any(line == f"- {sha}" for line in told.splitlines())

    async def squashed_in(self, branch: str, shas: Sequence[str]) -> dict[str, str]:
        """The commits of a branch into which some commits, which are not in it, were squashed: by the sha of each such.

        A branch's whole change since it left ``branch`` must be that of one commit there, as ``git patch-id`` has it: of a branch
        that leads to the commit, or that ended with it or another of ``shas``.
        """
        onto, found = await self._repository.resolve(branch), dict[str, str]()
        squashes: dict[tuple[str, str], str | None] = {}
        for sha in shas:
            for tip in await self._tips(sha, shas):
                base = await self._base(onto, tip)
                if base is None or base == tip:
                    continue
                if (base, tip) not in squashes:
                    squashes[base, tip] = await self._squash(onto, base, tip)
                if squash := squashes[base, tip]:
                    found[sha] = squash
                    break
        return found

    async def _tips(self, sha: str, shas: Sequence[str]) -> list[str]:
        """Where a branch may have ended that has a commit: what leads to it now, and what of ``shas`` came of it."""
        refs = ("for-each-ref", f"--count={_MOST_TIPS}", f"--contains={sha}", "--format=%(objectname)")
        leading = (await self._repository.text(*refs, "refs/heads", "refs/remotes")).split()
        later = [other for other in shas[:_MOST_TIPS] if other != sha and await self._base(sha, other) == sha]
        return list(dict.fromkeys([*leading, *later, sha]))

    async def _base(self, one: str, other: str) -> str | None:
        try:
            return (await self._repository.text("merge-base", one, other)).strip() or None
        except InvalidInput:  # they have nothing in common
            return None

    async def _squash(self, onto: str, base: str, tip: str) -> str | None:
        plain = ("--no-ext-diff", "--no-textconv", "--no-renames", "--no-color", "--full-index")
        [whole] = (await self._repository.patch_ids("diff", *plain, base, tip, "--")).values() or [""]
        limits = ("--no-merges", f"--max-count={_MOST_SQUASHES}")
        made = await self._repository.patch_ids("log", "-p", *plain, *limits, f"{base}..{onto}", "--")
        return next((sha for sha, patch in made.items() if whole and patch == whole), None)

    async def _log(self, *what: str, since: datetime | None = None) -> list[CommitRecord]:
        bounds = [f"--max-count={MOST_COMMITS}", *([f"--since={int(since.timestamp())}"] if since else [])]
        told = await self._repository.text("log", "-z", _FORMAT, *bounds, *what, "--")
        return [_record(one) for one in reversed(told.split("\0")) if one]


def _record(text: str) -> CommitRecord:
    sha, author, authored, committed, subject, body = text.split("\n", 5)
    return CommitRecord(sha, author, _instant(authored), _instant(committed), subject, body)


def _instant(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def by_sha(records: Iterable[CommitRecord]) -> dict[str, CommitRecord]:
    """Commits by their hashes."""
    return {record.sha: record for record in records}
