"""Which of several definitions of one name is meant: that of the project around, else the user's own, else a plugin's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loopgraph.contracts.lineage.definitions import DefinitionOrigin
from loopgraph.contracts.lineage.patterns import Pattern
from loopgraph.errors import InvalidInput

_ORDER: Final = (DefinitionOrigin.PROJECT, DefinitionOrigin.USER, DefinitionOrigin.PLUGIN)


def meant(
    patterns: Sequence[Pattern], folder: str | None, way_out: str = "give the kind, or one of the ids"
) -> Pattern:
    """The one of some patterns of one name that is meant in a folder. Raises InvalidInput, naming ``pattern``, if several are;
    ``way_out`` says what to do then, and is followed by the ids."""
    ranked = [(_rank(pattern, folder), pattern) for pattern in patterns]
    best = min(rank for rank, _ in ranked)
    first, *others = [pattern for rank, pattern in ranked if rank == best]
    if others:
        ids = ", ".join(pattern.pattern_id for pattern in (first, *others[:9]))
        raise InvalidInput("pattern", f"{first.name!r} is the name of several; {way_out} {ids}")
    return first


def _rank(pattern: Pattern, folder: str | None) -> int:
    """The less the closer; of projects, the innermost folder that holds the one that is asked for in."""
    origin, held = pattern.metadata.get("origin"), pattern.metadata.get("folders")
    folders = [one for one in held if isinstance(one, str)] if isinstance(held, list) else []
    if isinstance(scope := pattern.metadata.get("scope"), str) and scope.startswith("folder:"):
        folders.append(scope.removeprefix("folder:"))
    here = (folder or "").replace("\\", "/")
    depths = [
        len(one)
        for one in (each.replace("\\", "/").rstrip("/") for each in folders)
        if f"{here}/".startswith(f"{one}/")
    ]
    if depths:
        return -max(depths)
    if origin in _ORDER[1:]:
        return _ORDER.index(DefinitionOrigin(origin))
    return len(_ORDER) + (1 if folders and folder else 0)
