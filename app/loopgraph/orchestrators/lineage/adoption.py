"""Skills that fetch their text: their files are changed, and changed back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from loopgraph.computes.definitions.adoption import adopted, adopted_pattern, given_back
from loopgraph.computes.definitions.naming import meant
from loopgraph.computes.loop.proposing.texts import in_place_of
from loopgraph.contracts.lineage.bodies import body_of, digest_of_version
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.effects.definitions import replacing
from loopgraph.effects.definitions.backups import Backups
from loopgraph.effects.lineage.definitions import DefinitionReads
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.errors import InvalidInput, NotFound

_A_LINE: Final = "#\n"
"""A body as most files end: with the end of a line."""


class Adoption:
    """Adopts skills and gives them back."""

    def __init__(self, reads: LineageReads, definitions: DefinitionReads, backups: Backups) -> None:
        self._reads = reads
        self._definitions = definitions
        self._backups = backups

    async def adopt(self, skill: Path, pattern_id: str | None = None) -> tuple[str, Path | None]:
        """The pattern whose text the skill fetches from now on, and the copy of the file; None if it did before.

        ``pattern_id`` says which, where several have the text. Raises InvalidInput for a file that is no skill, for a text that
        is no version's, or none of that pattern's, and if several have it and none is said.
        """
        text = await asyncio.to_thread(replacing.read, skill)
        if there := adopted_pattern(text):
            return there, None
        if skill.name != "SKILL.md":
            raise InvalidInput(str(skill), "is no SKILL.md: only skills can run the command that fetches their text")
        digest = digest_of_version(DefinitionKind.SKILL, text)
        known = (await self._definitions.versions_of_bodies([digest])).get(digest, ()) if digest else ()
        ids = {one.pattern_id for one in known if one.pattern_type == DefinitionKind.SKILL}
        patterns = [one for one in (await self._reads.patterns(sorted(ids))).values() if one.current_node_id]
        if not patterns:
            problem = "is not the text of a pattern in use; `loopgraph patterns scan` records it, with its history"
            raise InvalidInput(str(skill), problem)
        if pattern_id is not None:
            patterns = [one for one in patterns if one.pattern_id == pattern_id]
            if not patterns:
                raise InvalidInput("--pattern", f"{pattern_id} is no pattern in use of which {skill} is a version")
        folder = await asyncio.to_thread(replacing.folder_of, skill)
        pattern = meant(patterns, folder, "say which with --pattern, by one of the ids")
        new = adopted(text, pattern.pattern_id)
        return pattern.pattern_id, await asyncio.to_thread(replacing.replace, skill, text, new, self._backups)

    async def give_back(self, skill: Path) -> tuple[str, Path | None]:
        """The pattern whose text in use the skill has from now on, and the copy of the file; None if it had one of its own.

        Where the graph has no text of the pattern any more, the skill gets the one that it had before it was adopted. Raises
        NotFound for a pattern that is not there, InvalidInput for one without a version in use, if no copy has that text either.
        """
        text = await asyncio.to_thread(replacing.read, skill)
        pattern_id = adopted_pattern(text)
        if pattern_id is None:
            return "", None
        copies = await asyncio.to_thread(replacing.texts_before, skill, self._backups)
        before = next((one for one in copies if adopted_pattern(one) is None), None)
        try:
            own = await self._text_in_use(skill, pattern_id)
        except (NotFound, InvalidInput):
            if before is None:
                raise
            own = before
        body = body_of(DefinitionKind.SKILL, own)
        if body == own:  # proposed as a body alone: it stands in the file as the one before did
            body = in_place_of(body_of(DefinitionKind.SKILL, before) if before is not None else _A_LINE, body)
        new = given_back(text, body)
        return pattern_id, await asyncio.to_thread(replacing.replace, skill, text, new, self._backups)

    async def _text_in_use(self, skill: Path, pattern_id: str) -> str:
        pattern = (await self._reads.patterns([pattern_id])).get(pattern_id)
        if pattern is None:
            raise NotFound("Pattern", pattern_id)
        if pattern.current_node_id is None:
            raise InvalidInput(str(skill), f"{pattern_id} has no version in use")
        return (await self._reads.versions([pattern.current_node_id]))[pattern.current_node_id].template_code
