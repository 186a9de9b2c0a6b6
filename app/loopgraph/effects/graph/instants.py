"""Instants over Bolt, without the driver's detour.

The driver turns each datetime into a class of its own with nanoseconds and pytz zones, and back: some 50 µs each way, more than
all else that happens to an event in this process. We only ever send UTC and only ever want UTC back, which is a handful of
integers. ``quicken`` puts converters of ours into the codec of one connection, so that what is read through it needs no
``from_graph``; where the codec is not laid out as in the drivers that we know (5.28 and 6), it does nothing, and everything goes
on in the driver's way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from loopgraph.effects.graph.values import from_graph

Hydrator = Callable[..., Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MARK: Final = "_loopgraph_quickened"

_OTHERS: Final = frozenset((b"D", b"T", b"t", b"F", b"f", b"I", b"i"))
"""The structures of other times than the two that are converted fast."""


def codec_of(user: Any) -> Any:
    """The codec (the driver's ``hydration_handler``) of the connection of a transaction or a result; None if it has none."""
    return getattr(getattr(user, "_connection", None), "hydration_handler", None)


def quicken(handler: Any) -> bool:
    """Teaches the codec of a connection to convert instants fast; at most once. Whether it had been taught before: a result that
    was begun then has values as the service uses them.

    With UTC instants, that is Bolt 5 and patched Bolt 4.4, structures ``I`` are used, else the legacy ``F``, whose seconds
    are local ones; in UTC they are the same. Anything unusual (other zones, nanoseconds, years beyond 9999) stays with the
    driver's own functions.
    """
    if getattr(handler, _MARK, False):
        return True
    try:
        hydrators: dict[bytes, Hydrator] = handler.struct_hydration_functions
        dehydrators: dict[type, Hydrator] = handler.dehydration_hooks.exact_types
        slow = dehydrators[datetime]
        sample = slow(_EPOCH)
        structure, tag, fields = type(sample), sample.tag, tuple(sample.fields)
        if fields != (0, 0, 0) or tag not in (b"I", b"F") or structure(tag, 0, 0, 0) != sample:
            return False
        fast = {tag: _hydrator(hydrators[tag], local=tag == b"F"), b"d": _hydrator(hydrators[b"d"], local=False)}
        setattr(handler, _MARK, True)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    hydrators.update({tag: _converted(hydrators[tag]) for tag in _OTHERS & hydrators.keys() - fast.keys()} | fast)
    dehydrators[datetime] = _dehydrator(structure, tag, slow)
    return False


def _dehydrator(structure: Callable[..., Any], tag: bytes, slow: Hydrator) -> Hydrator:
    def dehydrate(value: datetime) -> Any:
        if value.tzinfo is not UTC:
            return slow(value)
        since = value - _EPOCH
        return structure(tag, since.days * 86_400 + since.seconds, since.microseconds * 1_000, 0)

    return dehydrate


def _converted(slow: Hydrator) -> Hydrator:
    return lambda *fields: from_graph(slow(*fields))


def _hydrator(slow: Hydrator, *, local: bool) -> Hydrator:
    """What makes an aware UTC datetime of seconds, nanoseconds and an offset in seconds; one without a zone counts as UTC."""

    def hydrate(*fields: Any) -> Any:
        seconds, nanoseconds = fields[:2]
        microseconds, rest = divmod(nanoseconds, 1_000)
        if rest:
            return from_graph(slow(*fields))
        try:
            return _EPOCH + timedelta(seconds=seconds - fields[2] if local else seconds, microseconds=microseconds)
        except OverflowError:
            return from_graph(slow(*fields))

    return hydrate
