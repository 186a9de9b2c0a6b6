"""What lay beside the skills of a repository, or of a folder outside git, while each of their versions stood."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final

from loopgraph.contracts.lineage.git import CommitFiles, FileKey, FileVersion
from loopgraph.contracts.lineage.resources import SKILL_FILE, ResourceState
from loopgraph.effects.clock import now
from loopgraph.effects.definitions.resources import read_resources
from loopgraph.effects.git.repository import GitRepository
from loopgraph.effects.git.skill_folders import SkillFolders
from loopgraph.effects.lineage.imports import LineageImport

_MOST_FOLDERS: Final = 2_000
_BATCH: Final = 500
_SHORT: Final = 12
_SHA256: Final = 64

States = Mapping[str, Sequence[ResourceState]]
"""By the id of the version that stood."""


class ResourceHistory:
    """What lay beside the skills of one repository, commit by commit. It is told what each commit did, in two passes: first which
    folders have ever been those of skills, then what became of them."""

    def __init__(self, repository: GitRepository) -> None:
        self._repository = repository
        self._folders = SkillFolders(repository)
        self._ever: set[str] = set()
        self._touched: dict[str, set[str]] = {}
        self.states: defaultdict[FileKey, list[ResourceState]] = defaultdict(list)

    def look(self, change: CommitFiles) -> None:
        """The first pass."""
        self._ever.update(folder for version in change.versions if (folder := _folder(version.path)))

    async def prepare(self, tip: str) -> None:
        """What is between the passes: which commits changed anything in these folders."""
        folders = sorted(self._ever)[:_MOST_FOLDERS]
        if not folders:
            return
        async with aclosing(self._repository.touched(tip, folders)) as touched:
            async for sha, paths in touched:
                of = {folder for path in paths for folder in _above(path) if folder in self._ever}
                self._touched.setdefault(sha, set()).update(of)

    async def follow(self, change: CommitFiles, is_wanted: Callable[[FileVersion], bool]) -> None:
        """The second pass."""
        sha = change.commit.sha
        folders = {folder for version in change.versions if (folder := _folder(version.path))}
        for folder in sorted(folders | self._touched.get(sha, set())):
            file = change.files.get(f"{folder}/{SKILL_FILE}")
            if file is None or file.blob is None or not is_wanted(file):
                continue
            digest, states = await self._folders.digest(sha, folder), self.states[file.key]
            if not states or states[-1].digest != digest:
                states.append(ResourceState(digest=digest, since=change.commit.committed_at, label=sha[:_SHORT]))


def _folder(path: str) -> str | None:
    """The folder of a skill, by the path of its file; not one that is the whole repository."""
    folder, _, name = path.rpartition("/")
    return folder if folder and name == SKILL_FILE else None


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


async def seen_resources(file: Path, known: Sequence[ResourceState], *, sha: str = "") -> tuple[ResourceState, ...]:
    """What is known, with what lies beside the file of a skill now; ``sha`` is any of its repository."""
    found = await asyncio.to_thread(read_resources, file.parent, "sha256" if len(sha) == _SHA256 else "sha1")
    last = known[-1] if known else None
    if found is None or (last.digest if last else None) in (found.digest, found.in_lines):
        return tuple(known)
    changed = found.modified_at
    # What was taken away, or brought back, has no date of its own.
    since = changed if changed and (last is None or changed > last.since) else now()
    return (*known, ResourceState(digest=found.digest, since=since))


async def write_resources(history: LineageImport, states: States) -> frozenset[str]:
    """Writes what is new of it; the versions of which something else was known before."""
    changed: set[str] = set()
    ids = [id_ for id_, some in states.items() if some]
    for start in range(0, len(ids), _BATCH):
        changed |= await history.set_resources({id_: states[id_] for id_ in ids[start : start + _BATCH]})
    return frozenset(changed)
