"""Which traces may leave the graph, and how much of them at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from loopgraph.contracts.traces.retention import Kept, NodeId, Standing
from loopgraph.errors import InvalidInput

Units = dict[str, list[NodeId]]

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=365 * 1000)


def duration(text: str, field: str) -> timedelta:
    """The duration that a text such as ``90d``, ``12h``, ``2w`` or ``30m`` names. Raises InvalidInput, naming ``field``."""
    match = re.fullmatch(r"\s*([1-9]\d{0,8})\s*([mhdw])\s*", text, re.ASCII)
    if match is None:
        raise InvalidInput(field, f"{text!r} is not a duration; write a number and m, h, d or w, such as 90d or 12h")
    count, unit = int(match[1]), timedelta(**{_UNITS[match[2]]: 1})
    if count * unit.total_seconds() > _LONGEST.total_seconds():
        raise InvalidInput(field, f"{text!r} is more than a thousand years")
    return count * unit


def why_kept(standing: Standing, older_than: datetime) -> Kept | None:
    """Why a trace that began before ``older_than`` stays in the graph with those under it; None if it may go."""
    if standing.is_evidence:
        return Kept.EVIDENCE
    if standing.is_referred_to:
        return Kept.REFERRED_TO
    if standing.in_progress:
        return Kept.IN_PROGRESS
    return Kept.YOUNGER if standing.last_sign >= older_than else None


def packed(units: Mapping[str, Sequence[NodeId]], size: int) -> Iterator[Units]:
    """The units in packs of at most ``size`` nodes; a larger unit is a pack of its own."""
    pack: Units = {}
    count = 0
    for unit, ids in units.items():
        if pack and count + len(ids) > size:
            yield pack
            pack, count = {}, 0
        pack[unit] = list(ids)
        count += len(ids)
    if pack:
        yield pack


def sliced(pack: Units, size: int) -> list[Units]:
    """A pack in slices of at most ``size`` nodes: one, unless it is one unit that is larger."""
    if len(pack) > 1:
        return [pack]
    return [{unit: ids[start : start + size]} for unit, ids in pack.items() for start in range(0, len(ids), size)]
