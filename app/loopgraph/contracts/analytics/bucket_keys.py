"""The keys of buckets.

The key of a bucket begins with its subject, so that its buckets over a time are a range of keys; the key of its kind begins with
the time, so that all subjects of a kind over a time are one, too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Grain

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)

HOURS: Final = {Grain.HOUR: 1, Grain.DAY: 24}
"""How many hours a bucket has."""

DIGITS: Final = {Grain.HOUR: 10, Grain.DAY: 8}
"""How long the stamp is that a key ends with."""

LONGEST_NAME: Final = 255
"""In characters, of which each takes up to twelve bytes of a key: Neo4j indexes keys of at most 8 kB."""

_DIGEST: Final = 16

_LETTERS: Final = {Grain.HOUR: "h", Grain.DAY: "d"}


class BucketId(NamedTuple):
    """A bucket: the hour or day of a subject that begins at ``hour`` (counted since 1970)."""

    grain: Grain
    subject: Subject
    hour: int

    @property
    def key(self) -> str:
        return f"{subject_prefix(self.grain, self.subject)}{stamp(self.grain, self.hour)}"

    @property
    def kind_key(self) -> str:
        return f"{kind_prefix(self.grain, self.subject.kind)}{stamp(self.grain, self.hour)}|{_named(self.subject)}"


def subject_prefix(grain: Grain, subject: Subject) -> str:
    """With what the keys of all buckets of a subject begin."""
    return f"{_LETTERS[grain]}|{subject.kind.value}|{_named(subject)}|"


def kind_prefix(grain: Grain, kind: SubjectKind) -> str:
    """With what the ``kind_key`` of all buckets of a kind begins."""
    return f"{_LETTERS[grain]}|{kind.value}|"


@lru_cache(maxsize=10_000)
def _named(subject: Subject) -> str:
    _, name, part = stored_as(subject)
    return f"{quote(part, safe='')}|{quote(name, safe='')}"


def stored_as(subject: Subject) -> Subject:
    """The subject as its keys name it: of a name that is longer than a key may be, the beginning and a digest."""
    return subject._replace(name=_shortened(subject.name), part=_shortened(subject.part))


def _shortened(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{name[: LONGEST_NAME - _DIGEST - 1]}~{digest}"


def subject_of(key: str) -> Subject:
    """The subject of a key, or of a key without its stamp."""
    _, kind, part, name, *_ = key.split("|")
    return Subject(SubjectKind(kind), unquote(name), unquote(part))


def hour_of(at: datetime) -> int:
    """The hour, counted since 1970, that an instant is in."""
    return (at - EPOCH) // HOUR


@lru_cache(maxsize=100_000)
def stamp(grain: Grain, hour: int) -> str:
    """An hour or day as a text that sorts by time: ``2026112913``, ``20261129``."""
    at = EPOCH + hour * HOUR
    day = f"{at.year:04d}{at.month:02d}{at.day:02d}"
    return f"{day}{at.hour:02d}" if grain is Grain.HOUR else day


def day_of(key: str) -> str:
    """The stamp of the day that the bucket with this key is, or is in."""
    return key.rpartition("|")[2][: DIGITS[Grain.DAY]]


@lru_cache(maxsize=100_000)
def instant_of(text: str) -> datetime:
    """When the hour or day begins that a stamp stands for."""
    return datetime(int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:] or 0), tzinfo=UTC)
