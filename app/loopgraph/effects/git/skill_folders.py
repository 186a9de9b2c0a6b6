"""What lay beside a skill in commits of a repository."""

from __future__ import annotations

from loopgraph.contracts.lineage.resources import MOST_FILES, SKILL_FILE, is_left_out, resources_digest
from loopgraph.effects.git.repository import GitRepository

_LINK = "120000"
_FOLDERS = "40000"

_Blobs = tuple[tuple[str, str], ...]


class SkillFolders:
    """Reads them; each tree once."""

    def __init__(self, repository: GitRepository) -> None:
        self._repository = repository
        self._known: dict[str, _Blobs] = {}

    async def digest(self, commit: str, folder: str) -> str | None:
        """The digest of what a commit has below a folder, beside its ``SKILL.md``; None for nothing, or too much."""
        entries = await self._repository.tree(f"{commit}:{folder}")
        blobs = await self._blobs(entries or [], top=True)
        return resources_digest(blobs) if len(blobs) <= MOST_FILES else None

    async def _blobs(self, entries: list[tuple[str, str, str]], *, top: bool = False) -> _Blobs:
        if not top and any(name == SKILL_FILE for _, name, _ in entries):
            return ()  # is another skill
        found: list[tuple[str, str]] = []
        for mode, name, sha in entries:
            if is_left_out(name) or len(found) > MOST_FILES:
                continue
            if mode == _FOLDERS:
                if sha not in self._known:
                    self._known[sha] = await self._blobs(await self._repository.tree(sha) or [])
                found += ((f"{name}/{path}", blob) for path, blob in self._known[sha])
            elif mode.startswith("100") or mode == _LINK:
                found.append((name, sha))
        return tuple(each for each in found if not top or each[0] != SKILL_FILE)
