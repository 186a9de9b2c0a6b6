"""What a scan for definitions found, place by place."""

from __future__ import annotations

from enum import StrEnum

from loopgraph.contracts.base import Contract, Id, Text
from loopgraph.contracts.lineage.definitions import Identity
from loopgraph.contracts.lineage.git import Count


class ScanState(StrEnum):
    """What a scan changed of a pattern."""

    NEW = "new"
    """It was not known."""
    CHANGED = "changed"
    """It has new versions, or another one is in use."""
    GONE = "gone"
    """Its file is not there any more; its versions stay, and none is in use."""
    UNCHANGED = "unchanged"


class ScannedPattern(Contract):
    """A definition that a scan found. ``versions``: how many it has now, ``new`` of them by this scan; ``uncommitted``: the one
    in use has no commit yet; ``other_files``: beside the skill's text lie other files than when it was scanned before."""

    identity: Identity
    path: Text
    pattern_id: Id
    state: ScanState
    versions: Count
    new: Count
    uncommitted: bool = False
    other_files: bool = False


class ScannedSource(Contract):
    """A repository, or a folder outside git. ``identity`` is the repository's; ``commits`` were read of its history; ``refused``
    says why nothing of it was recorded, ``notes`` what else its owner should know."""

    title: Text
    folder: Text
    identity: str | None = None
    commits: Count = 0
    patterns: tuple[ScannedPattern, ...] = ()
    notes: tuple[Text, ...] = ()
    refused: Text | None = None
